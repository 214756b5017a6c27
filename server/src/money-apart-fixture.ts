// For tests: the money of a gateway apart in this process, on records that can be taken away from it, and how to end it as a crash would.
import path from 'node:path';
import type { CallSettled, CallStarted } from '#call-record.ts';
import { createLedger } from '#gateway/money/ledger.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import type { Records } from '#stores/records/port.ts';
import { createLog } from '#telemetry/log.ts';
import { createMetrics } from '#telemetry/metrics.ts';
import { type MoneyApart, openMoneyApart } from './money-apart.ts';
import { startMoneyRecovery } from './money-recovery.ts';

/** The records as one process reaches them. */
export class Reach {
  /** refuse: every statement fails; hang: it is not answered until the reach is open again, and then carried out. */
  mode: 'open' | 'refuse' | 'hang' = 'open';
  readonly records: Records;

  constructor(records: Records) {
    const passed = async (): Promise<void> => {
      const deadline = Date.now() + 3_000;
      while (this.mode === 'hang' && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
      if (this.mode !== 'open') throw new Error('no way to the records');
    };
    this.records = {
      ...records,
      query: (statement) => passed().then(() => records.query(statement)),
      transaction: (work) => passed().then(() => records.transaction(work)),
      ping: (timeoutMs) => passed().then(() => records.ping(timeoutMs)),
      listen: records.listen.bind(records),
      close: async () => {},
    };
  }
}

export interface ApartProcess {
  readonly reach: Reach;
  readonly money: MoneyApart;
  lines: string[];
  begin(started: CallStarted): Promise<void>;
  /** Resolves when the last byte may leave. */
  settle(record: CallSettled): Promise<void>;
  close(): Promise<void>;
  /** Nothing of it reaches the records any more; its disk stays. */
  crash(): Promise<void>;
}

export interface ApartSettings {
  whenAway?: 'local' | 'refuse';
  graceMs?: number;
  patienceMs?: number;
}

/** Starts a gateway's money on `folder`. */
export async function startApart(folder: string, shared: Records, settings: ApartSettings = {}): Promise<ApartProcess> {
  const reach = new Reach(shared);
  const { records } = reach;
  const lines: string[] = [];
  const log = createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } });
  const journal = await openJournalWriter(folder, { payloadLimitBytes: 1 << 26, moneyReserveBytes: 1 << 20, segmentBytes: 64 * 1024 });
  const reader = openJournalReader(folder);
  const local = createLedger({ records, reader, writer: journal, log, consumer: `ledger@${path.basename(folder)}` });
  await local.start();
  const recovery = startMoneyRecovery({ records, log, lookMs: 50, graceMs: settings.graceMs ?? 3_600_000 });
  const money = await openMoneyApart({
    records,
    moneyRecords: records,
    journal,
    local,
    recovery,
    nameFile: path.join(folder, 'money-writer'),
    holder: 'test',
    whenAway: settings.whenAway ?? 'local',
    onSettled: () => {},
    onContentDropped: () => {},
    metrics: createMetrics(),
    log,
    patienceMs: settings.patienceMs ?? 100,
  });
  return {
    reach,
    money,
    lines,
    begin: async (started) => await money.callJournal.started(started),
    settle: (record) =>
      new Promise((resolve, reject) => {
        money.callJournal.settled(record, Buffer.from('{}'), [Buffer.from('answer')], (error) => (error === null ? resolve() : reject(error)));
      }),
    close: async () => {
      await recovery.close();
      await money.ledger.close();
      await journal.close();
      await reader.close();
    },
    crash: async () => {
      reach.mode = 'refuse';
      money.callJournal.close();
      await recovery.close();
      await journal.close();
      await reader.close();
    },
  };
}
