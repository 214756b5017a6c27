// Money of a gateway apart: a writer in the shared records with its ledger, begun anew when this process was taken for dead; and the money of processes that are.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CallSettled } from '#call-record.ts';
import type { MoneyState } from '#gateway/admin/deps.ts';
import type { MoneyListener } from '#gateway/money/call-journal.ts';
import { createLedger, type Ledger, type LedgerStatus } from '#gateway/money/ledger.ts';
import { createSharedCallJournal, type SharedCallJournal, type SharedMoney } from '#gateway/money/shared-call-journal.ts';
import type { JournalWriter } from '#stores/journal/port.ts';
import { abandonWriter, forgetPosition, forgetWriter, forgetWritten, openMoneyReader, registerWriter } from '#stores/journal/records-journal.ts';
import { RecordsMoneyWriter } from '#stores/journal/records-writer.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { consumerOf, type MoneyRecovery } from './money-recovery.ts';

export interface MoneyApartOptions {
  records: Records;
  /** Connections for money alone. */
  moneyRecords: Records;
  journal: JournalWriter;
  /** The ledger of `journal`. */
  local: Ledger;
  recovery: MoneyRecovery;
  /** File that remembers this folder's last writer, so that a restart carries on at once. */
  nameFile: string;
  holder: string;
  whenAway: 'local' | 'refuse';
  onSettled: (record: CallSettled) => void;
  onContentDropped: () => void;
  metrics: Metrics;
  log: Log;
  /** See RecordsMoneyWriter. */
  patienceMs?: number;
}

export interface MoneyApart {
  callJournal: SharedCallJournal;
  /** The ledger of the shared writer and of the local journal together. */
  ledger: Ledger;
  state(): MoneyState;
}

/** One writer in the shared records with what belongs to it. */
interface Epoch extends SharedMoney {
  readonly writer: bigint;
  readonly appender: RecordsMoneyWriter;
  readonly ledger: Ledger;
}

const TIDY_MS = 5_000;
const REOPEN_MS = 1_000;

/** Opens a writer and carries what earlier starts of this folder left into the ledger. @throws AppError 503 when the records are away. */
export async function openMoneyApart(options: MoneyApartOptions): Promise<MoneyApart> {
  const money = new ApartMoney(options);
  await money.open();
  return money;
}

class ApartMoney implements MoneyApart {
  readonly #options: MoneyApartOptions;
  readonly #meters: ReturnType<typeof meters>;
  #epoch: Epoch | null = null;
  #callJournal: SharedCallJournal | null = null;
  #timer: NodeJS.Timeout | null = null;
  #tidying: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: MoneyApartOptions) {
    this.#options = options;
    this.#meters = meters(options.metrics, () => ({ ...this.state(), localCalls: this.callJournal.localCalls() }));
  }

  get callJournal(): SharedCallJournal {
    return this.#callJournal as SharedCallJournal;
  }

  async open(): Promise<void> {
    const { records, nameFile, journal, local, whenAway, onSettled, onContentDropped, recovery } = this.#options;
    const earlier = existsSync(nameFile) ? BigInt(readFileSync(nameFile, 'utf8')) : null;
    if (earlier !== null) {
      // The folder's lock says that nobody writes under it any more.
      await abandonWriter(records, earlier);
      await recovery.recover(earlier);
    }
    await this.#begin();
    this.#callJournal = createSharedCallJournal({
      shared: () => this.#current(),
      writer: journal,
      localListener: local.listener,
      onSettled,
      onContentDropped,
      whenAway,
    });
    this.#timer = setInterval(() => this.#tidySoon(), TIDY_MS).unref();
  }

  readonly ledger: Ledger = {
    // Listeners are given with each journal.
    listener: { began() {}, ended() {}, lost() {} },
    start: async () => ({ applied: 0, unknownCalls: 0 }),
    flush: async () => {
      await Promise.all([this.#options.local.flush(), this.#current().ledger.flush()]);
    },
    consumed: () => this.#options.local.consumed(),
    status: () => this.#status(),
    close: () => this.#close(),
  };

  state(): MoneyState {
    return { away: this.#current().appender.isAway(), whenAway: this.#options.whenAway, owed: this.callJournal.owed() };
  }

  #current(): Epoch {
    return this.#epoch as Epoch;
  }

  #status(): LedgerStatus {
    const [local, shared] = [this.#options.local.status(), this.#current().ledger.status()];
    return {
      position: local.position,
      queued: local.queued + shared.queued,
      openCalls: local.openCalls + shared.openCalls,
      behind: local.behind || shared.behind,
      unknownCalls: local.unknownCalls + shared.unknownCalls + this.#options.recovery.unknownCalls(),
      refusedRows: local.refusedRows + shared.refusedRows,
    };
  }

  async #begin(): Promise<void> {
    const { records, moneyRecords, nameFile, holder, log, patienceMs } = this.#options;
    const writer = await registerWriter(records, holder);
    writeFileSync(nameFile, String(writer), { mode: 0o600 });
    const appender = new RecordsMoneyWriter({
      records: moneyRecords,
      writer,
      onAway: (error) => log.error('PostgreSQL does not take what calls cost: it stays on this machine, or calls are refused', { error }),
      onBack: () => log.info('PostgreSQL takes what calls cost again'),
      onFenced: () => void this.#beginAgain(),
      onCommit: this.#meters.committed,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    const ledger = createLedger({ records, reader: openMoneyReader(records, writer), writer: appender, log, consumer: consumerOf(writer) });
    await ledger.start();
    const listener: MoneyListener = ledger.listener;
    this.#epoch = { writer, appender, ledger, listener };
  }

  /** This process was silent for so long that another one bills what it left open; what it settles from now on corrects that. */
  async #beginAgain(): Promise<void> {
    const old = this.#current();
    this.#options.log.warn('this process was taken for dead and begins a new record of what calls cost', { writer: old.writer });
    while (!this.#closed) {
      try {
        await this.#begin();
        break;
      } catch (error) {
        this.#options.log.warn('the records do not take a new writer of money; tried again', { error });
        await new Promise((resolve) => setTimeout(resolve, REOPEN_MS).unref());
      }
    }
    await old.appender.close();
    // Its rows are the other process's to apply; here they would only be applied twice, which changes nothing.
    await old.ledger.close();
    await forgetPosition(this.#options.records, old.writer, consumerOf(old.writer)).catch(() => {});
  }

  #tidySoon(): void {
    this.#tidying = this.#tidying.then(async () => {
      const { writer, ledger } = this.#current();
      // Tried again in a moment.
      await forgetWritten(this.#options.records, writer, ledger.consumed()).catch(() => {});
    });
  }

  async #close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#tidying;
    await this.callJournal.repay();
    this.callJournal.close();
    this.#closed = true;
    const { appender, ledger, writer } = this.#current();
    await appender.close();
    await ledger.close();
    const { queued, openCalls, behind } = ledger.status();
    const isWhole = queued === 0 && openCalls === 0 && !behind && this.callJournal.owed() === 0;
    const { records, local, log } = this.#options;
    await (isWhole ? forgetWriter(records, writer, consumerOf(writer)) : abandonWriter(records, writer)).catch((error: unknown) =>
      log.warn('money in the records is left to another process', { error }),
    );
    await local.close();
  }
}

/** Latencies of commits in seconds. */
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 2.5];

function meters(metrics: Metrics, read: () => MoneyState & { localCalls: number }) {
  const commits = metrics.histogram({
    name: 'genai_money_commit_seconds',
    help: 'Time of the group commits of what calls cost in PostgreSQL.',
    buckets: BUCKETS,
  });
  const committed = metrics.counter({ name: 'genai_money_records_total', help: 'Records of what calls cost that PostgreSQL took.' });
  const away = metrics.gauge({ name: 'genai_money_away', help: '1 while PostgreSQL does not take what calls cost.' });
  const owed = metrics.gauge({ name: 'genai_money_owed_calls', help: 'Calls whose end PostgreSQL has not heard of yet because it was away.' });
  const local = metrics.gauge({
    name: 'genai_money_local_calls',
    help: 'Calls since the start whose money was kept on this machine because PostgreSQL was away.',
  });
  metrics.onCollect(() => {
    const state = read();
    away.set(state.away ? 1 : 0);
    owed.set(state.owed);
    local.set(state.localCalls);
  });
  return {
    committed(records: number, seconds: number): void {
      commits.observe(seconds);
      committed.add(records);
    },
  };
}
