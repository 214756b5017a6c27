// What sending a letter again means: an event for the journal, a row for its table, or nothing, and why. Pure.
import { decodeRecord } from '#observe/ingest/decode.ts';
import { decodeHeader, encodeHeader, type IngestHeader } from '#observe/ingest/header.ts';
import { parseStoredInstant } from '#observe/ingest/instants.ts';
import { endOfValue } from '#observe/ingest/json-spans.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import { TABLE_NAMES } from '#observe/store/tables.ts';
import { JournalKind } from '#stores/journal/port.ts';
import type { Letter } from './sql.ts';

/** A row that the store refused. */
interface RowPlan {
  table: (typeof TABLE_NAMES)[number];
}

interface EventPlan {
  kind: JournalKind;
  header: IngestHeader;
  body: Buffer;
}

export type Plan = RowPlan | EventPlan | { problem: string };

/** Content that is kept of a record is bounded (store/consumer.ts). */
const KEPT_BYTES = 8 * 1024 * 1024;
const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/x-protobuf';

/** What to do with a letter. */
export function planOf(letter: Letter): Plan {
  const plan = draftOf(letter);
  if (!('kind' in plan)) return plan;
  const parts = [encodeHeader(plan.header), plan.body];
  const { events, logs, points, undecodable } = decodeRecord({ sequence: BigInt(letter.sequence), kind: plan.kind, project: '', parts });
  const [still] = undecodable;
  if (still !== undefined) return { problem: `It still cannot be read: ${still.reason}` };
  return events.length + logs.length + points.length === 0 ? { problem: 'Nothing in it could be stored.' } : plan;
}

function draftOf(letter: Letter): Plan {
  const { place, content } = letter;
  if (place !== 'dead_letters' && TABLE_NAMES.some((table) => table === place)) return { table: place as RowPlan['table'] };
  if (place === 'ingestion') return batchPlan(letter);
  if (place === 'otlp') return exportPlan(letter, JournalKind.otlpTraces);
  if (place === 'otlp-logs') return exportPlan(letter, JournalKind.otlpLogs);
  if (place === 'otlp-metrics') return exportPlan(letter, JournalKind.otlpMetrics);
  const kind = /^fold:(\d+)$/.exec(place)?.[1];
  if (place === 'gateway' || kind === String(JournalKind.callSettled))
    return { problem: 'A gateway call is money and is never sent again; its bill stands in the ledger.' };
  if (
    kind !== undefined &&
    [JournalKind.ingestionBatch, JournalKind.otlpTraces, JournalKind.otlpLogs, JournalKind.otlpMetrics].some((one) => String(one) === kind)
  )
    return recordPlan(content, Number(kind) as JournalKind);
  return { problem: 'Only the name of what failed is kept here: send the event again from where it came.' };
}

function headerOf({ received_at: receivedAt }: Letter, contentType: string): IngestHeader {
  return { receivedAtUs: parseStoredInstant(receivedAt), contentType, sdk: { name: 're-drive', version: '', integration: '' }, refused: [] };
}

/** One event, or a whole batch that could not be read. */
function batchPlan(letter: Letter): Plan {
  const parsed = parseJson(letter.content);
  if (parsed === undefined) return { problem: 'It is not JSON: correct the sender and send it again.' };
  const isBatch = isObject(parsed) && Array.isArray(parsed.batch);
  const body = Buffer.from(isBatch ? letter.content : `{"batch":[${letter.content}]}`);
  return { kind: JournalKind.ingestionBatch, header: headerOf(letter, JSON_TYPE), body };
}

function exportPlan(letter: Letter, kind: JournalKind): Plan {
  if (parseJson(letter.content) !== undefined && letter.content.trimStart().startsWith('{'))
    return { kind, header: headerOf(letter, JSON_TYPE), body: Buffer.from(letter.content) };
  const body = Buffer.from(letter.content, 'base64');
  if (body.length === 0 || letter.content.trimStart().startsWith('['))
    return { problem: 'Only the name of what failed is kept here: send it again from where it came.' };
  return { kind, header: headerOf(letter, BINARY_TYPE), body };
}

/** A whole record in base64: its header is JSON, and what follows it the body. */
function recordPlan(content: string, kind: JournalKind): Plan {
  const bytes = Buffer.from(content, 'base64');
  if (bytes.length >= KEPT_BYTES) return { problem: 'It is larger than what is kept of such a record: send it again from where it came.' };
  const headerEnd = endOfValue(bytes.toString('latin1'), 0);
  try {
    return { kind, header: decodeHeader(bytes.subarray(0, headerEnd)), body: bytes.subarray(headerEnd) };
  } catch (error) {
    return { problem: `It cannot be read: ${(error as Error).message}` };
  }
}
