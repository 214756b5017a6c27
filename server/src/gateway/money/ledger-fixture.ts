// For tests: a process's money parts (journal, call journal, ledger) on a folder and a records store, and how to end them as a crash would.

import type { CallSettled } from '#call-record.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import type { JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import type { Records } from '#stores/records/port.ts';
import { createLog } from '#telemetry/log.ts';
import { createCallJournal, type DiskCallJournal } from './call-journal.ts';
import { createLedger, type Ledger, type LedgerOptions } from './ledger.ts';

export interface MoneyProcess {
  journal: DiskCallJournal;
  ledger: Ledger;
  writer: JournalWriter;
  /** Log lines written so far. */
  lines: string[];
  /** Settles and waits until the record is durable. */
  settle(record: CallSettled): Promise<void>;
  close(): Promise<void>;
  /** Closes the journal's files without telling the ledger: what was in memory is gone. */
  crash(): Promise<void>;
}

export async function startMoney(folder: string, records: Records, options: Partial<LedgerOptions> = {}): Promise<MoneyProcess> {
  const writer = await openJournalWriter(folder, { payloadLimitBytes: 1 << 26, moneyReserveBytes: 1 << 20, segmentBytes: 64 * 1024 });
  const reader = openJournalReader(folder);
  const lines: string[] = [];
  const log = createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } });
  let alive = true;
  // A crashed process sends no more statements, although its timers live on in this one.
  const connection: Pick<Records, 'query' | 'transaction'> = {
    query: (statement) => (alive ? records.query(statement) : Promise.reject(new Error('crashed'))),
    transaction: (work) => (alive ? records.transaction(work) : Promise.reject(new Error('crashed'))),
  };
  const ledger = createLedger({ records: Object.assign(Object.create(records) as Records, connection), reader, writer, log, groupMs: 1, ...options });
  const journal = createCallJournal({ writer, listener: ledger.listener, onContentDropped: () => {} });
  return {
    journal,
    ledger,
    writer,
    lines,
    settle: (record) =>
      new Promise((resolve, reject) => journal.settled(record, Buffer.from('{}'), [Buffer.from('answer')], (error) => (error ? reject(error) : resolve()))),
    close: async () => {
      await ledger.close();
      await writer.close();
      await reader.close();
    },
    crash: async () => {
      alive = false;
      await writer.close();
      await reader.close();
    },
  };
}
