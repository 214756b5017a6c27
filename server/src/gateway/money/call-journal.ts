// Writes a call's two records into the journal: `started` before dispatch, `settled` before the last byte leaves; content gives way to money when the journal is full.
import type { CallSettled, CallStarted } from '#call-record.ts';
import type { CallJournal } from '#gateway/ports.ts';
import { AppError } from '#lib/errors.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';

/** Who hears of the records as they are written; the ledger. Never throws, never waits. */
export interface MoneyListener {
  /** The record is with the operating system. */
  began(sequence: bigint, record: CallStarted): void;
  /** The record is durable. */
  ended(sequence: bigint, record: CallSettled): void;
  /** The settled record could not be made durable: the call stays open for the replay. */
  lost(callId: string): void;
}

export interface CallJournalOptions {
  writer: JournalWriter;
  listener: MoneyListener;
  /** Counts calls whose content was left out because the payload journal is full. */
  onContentDropped: () => void;
}

/** On this machine's disk `started` never waits. */
export interface DiskCallJournal extends CallJournal {
  started(record: CallStarted): void;
}

/** The gateway's journal over the store. Costs a call one JSON.stringify of a flat object for each record (a few microseconds). */
export function createCallJournal(options: CallJournalOptions): DiskCallJournal {
  const { writer, listener } = options;
  return {
    started(record) {
      const sequence = writer.appendNow(JournalKind.callStarted, record.path.projectId, [encode(record)]);
      listener.began(sequence, record);
    },
    settled(record, request, answer, done) {
      const project = record.path.projectId;
      let sequence: bigint | null = null;
      let written = record;
      const finished = (error: Error | null): void => {
        if (error === null) listener.ended(sequence as bigint, written);
        else listener.lost(record.callId);
        done(error);
      };
      if (record.content === 'full') {
        const parts = [encode(record), request ?? EMPTY, joined(answer)];
        if (writer.accepts('payload', sizeOf(parts))) sequence = writer.append('payload', JournalKind.callSettled, project, parts, finished);
        if (sequence !== null) return;
        options.onContentDropped();
        written = { ...record, content: 'metadata_only', answerFormat: 'none' };
      }
      sequence = writer.append('money', JournalKind.callSettled, project, [encode(written)], finished);
      if (sequence !== null) return;
      listener.lost(record.callId);
      done(new AppError('The journal has no room left for money: free disk space in the data folder.', { status: 503, code: 'service_unavailable' }));
    },
  };
}

const EMPTY = Buffer.alloc(0);
const encode = (record: CallStarted | CallSettled): Buffer => Buffer.from(JSON.stringify(record));
const joined = (chunks: readonly Uint8Array[]): Uint8Array => (chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks));

function sizeOf(parts: readonly Uint8Array[]): number {
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.byteLength;
  return sizeBytes;
}
