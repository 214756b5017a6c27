// One page of the journal as the ledger reads it: which calls began and which were settled, without their bodies.
import type { CallSettled, CallStarted } from '#call-record.ts';
import { JournalKind, type JournalReader, type JournalRecord } from '#stores/journal/port.ts';

export type MoneyEvent =
  | { readonly kind: 'started'; readonly sequence: bigint; readonly record: CallStarted }
  | { readonly kind: 'settled'; readonly sequence: bigint; readonly record: CallSettled };

export interface MoneyPage {
  events: MoneyEvent[];
  /** Where the next page begins; `until` when there is nothing more. */
  lastSequence: bigint;
  /** Records whose header is not what a gateway writes. */
  unreadable: number;
}

const PAGE_BYTES = 4 << 20;
/** The file journal leaves bodies on the disk when asked for headers only; another adapter may give them, and they are not looked at. */
const READ_OPTIONS = { maxBytes: PAGE_BYTES, kinds: [JournalKind.callStarted, JournalKind.callSettled, JournalKind.callBilled], headersOnly: true };

/** Call records in (after, until]. @throws when the journal holds less than `until` although it said so. */
export async function readPage(reader: JournalReader, after: bigint, until: bigint): Promise<MoneyPage> {
  const read = await reader.read(after, READ_OPTIONS);
  const page: MoneyPage = { events: [], lastSequence: read.atEnd || read.lastSequence > until ? until : read.lastSequence, unreadable: 0 };
  if (page.lastSequence <= after) throw new Error(`the journal's reader makes no progress after ${after}`);
  for (const record of read.records) {
    if (record.sequence > until) break;
    const event = parse(record);
    if (event === null) page.unreadable += 1;
    else page.events.push(event);
  }
  return page;
}

function parse(record: JournalRecord): MoneyEvent | null {
  try {
    const header = JSON.parse((record.parts[0] as Buffer).toString('utf8')) as CallStarted | CallSettled;
    if (typeof header.callId !== 'string' || typeof header.path?.keyId !== 'string') return null;
    const { kind, sequence } = record;
    if (kind === JournalKind.callStarted) return { kind: 'started', sequence, record: header as CallStarted };
    return Array.isArray((header as CallSettled).attempts) ? { kind: 'settled', sequence, record: header as CallSettled } : null;
  } catch {
    return null;
  }
}
