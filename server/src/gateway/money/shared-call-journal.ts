// A call's records where a machine may be lost with its disk: money goes to the store that machines share before dispatch and before the last byte; bodies go by way of
// this process's disk, and nobody waits for them. While the shared store is away, money stays on the disk too, or calls are refused.
import type { CallSettled, CallStarted } from '#call-record.ts';
import type { CallJournal } from '#gateway/ports.ts';
import { AppError } from '#lib/errors.ts';
import { JournalKind, type JournalWriter, type MoneyAppender } from '#stores/journal/port.ts';
import { createCallJournal, type DiskCallJournal, type MoneyListener } from './call-journal.ts';

/** The shared store as it is now: another one after this process was taken for dead. */
export interface SharedMoney {
  readonly appender: MoneyAppender;
  /** Hears of what the shared store has. */
  readonly listener: MoneyListener;
}

export interface SharedCallJournalOptions {
  shared: () => SharedMoney;
  /** This process's journal: bodies on their way, and money while the shared store is away. */
  writer: JournalWriter;
  /** The ledger of `writer`. */
  localListener: MoneyListener;
  /** Counts every settled call once, wherever its money lies. */
  onSettled: (record: CallSettled) => void;
  onContentDropped: () => void;
  whenAway: 'local' | 'refuse';
}

export interface SharedCallJournal extends CallJournal {
  /** Calls that began in the shared store and whose end it does not know yet, because it was away then. */
  owed(): number;
  /** Calls whose money lies on this machine's disk alone, since the start of the process. */
  localCalls(): number;
  /** Tells the shared store the ends that it missed, as far as it answers. */
  repay(): Promise<void>;
  close(): void;
}

const REPAY_MS = 500;
const NO_LISTENER: MoneyListener = { began() {}, ended() {}, lost() {} };

export function createSharedCallJournal(options: SharedCallJournalOptions): SharedCallJournal {
  return new SharedJournal(options);
}

class SharedJournal implements SharedCallJournal {
  readonly #options: SharedCallJournalOptions;
  /** Writes bodies for the trace; the money in these records is counted where it is acknowledged. */
  readonly #bodies: DiskCallJournal;
  /** Writes a whole call on this machine's disk. */
  readonly #local: DiskCallJournal;
  /** Calls in flight whose `started` lies on this machine's disk. */
  readonly #began = new Set<string>();
  readonly #owed = new Map<string, CallSettled>();
  readonly #timer: NodeJS.Timeout;
  #localCalls = 0;
  #repaying: Promise<void> | null = null;

  constructor(options: SharedCallJournalOptions) {
    this.#options = options;
    const { writer, onContentDropped, localListener } = options;
    this.#bodies = createCallJournal({ writer, listener: NO_LISTENER, onContentDropped });
    this.#local = createCallJournal({ writer, listener: localListener, onContentDropped });
    this.#timer = setInterval(() => void this.repay(), REPAY_MS).unref();
  }

  started(record: CallStarted): void | Promise<void> {
    const { appender, listener } = this.#options.shared();
    // Once on the disk, a call stays there with all its tries.
    if (appender.isAway() || this.#began.has(record.callId)) return this.#startLocally(record);
    return new Promise((resolve, reject) => {
      const sequence = appender.append(JournalKind.callStarted, JSON.stringify(record), (error) => {
        try {
          if (error === null) listener.began(sequence, record);
          else this.#startLocally(record);
          resolve();
        } catch (refusal) {
          reject(refusal);
        }
      });
    });
  }

  settled(record: CallSettled, request: Uint8Array | null, answer: readonly Uint8Array[], done: (error: Error | null) => void): void {
    const finished = (error: Error | null): void => {
      if (error === null) this.#options.onSettled(record);
      done(error);
    };
    if (this.#began.delete(record.callId)) {
      this.#local.settled(record, request, answer, finished);
      // An earlier try may have begun in the shared store.
      if (record.attempts.length > 1) this.#owed.set(record.callId, record);
      return;
    }
    this.#bodies.settled(record, request, answer, () => {});
    const { appender, listener } = this.#options.shared();
    const sequence = appender.append(JournalKind.callSettled, JSON.stringify(record), (error) => {
      if (error === null) {
        listener.ended(sequence, record);
        finished(null);
      } else this.#settleLocally(record, finished);
    });
  }

  owed(): number {
    return this.#owed.size;
  }

  localCalls(): number {
    return this.#localCalls;
  }

  repay(): Promise<void> {
    this.#repaying ??= this.#repayNow().finally(() => {
      this.#repaying = null;
    });
    return this.#repaying;
  }

  async #repayNow(): Promise<void> {
    const { appender, listener } = this.#options.shared();
    if (appender.isAway()) return;
    const telling = [...this.#owed.values()].map(
      (record) =>
        new Promise<void>((resolve) => {
          const sequence = appender.append(JournalKind.callSettled, JSON.stringify(record), (error) => {
            if (error === null) {
              listener.ended(sequence, record);
              this.#owed.delete(record.callId);
            }
            resolve();
          });
        }),
    );
    await Promise.all(telling);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #startLocally(record: CallStarted): void {
    if (this.#options.whenAway === 'refuse') {
      const message = 'The database that keeps what calls cost does not answer; try again in a few seconds.';
      throw new AppError(message, { status: 503, code: 'no_db_connection', retryAfterSeconds: 2 });
    }
    this.#local.started(record);
    if (!this.#began.has(record.callId)) this.#localCalls += 1;
    this.#began.add(record.callId);
  }

  /** The call was made: its money is kept here, whatever the setting says, and told to the shared store later. */
  #settleLocally(record: CallSettled, finished: (error: Error | null) => void): void {
    const { writer, localListener, shared } = this.#options;
    const metadata: CallSettled = { ...record, content: 'off', answerFormat: 'none' };
    const kept = (error: Error | null): void => {
      if (error === null) {
        this.#localCalls += 1;
        this.#owed.set(record.callId, record);
        localListener.ended(sequence as bigint, metadata);
      } else shared().listener.lost(record.callId);
      finished(error);
    };
    const parts = [Buffer.from(JSON.stringify(metadata))];
    const sequence = writer.append('money', JournalKind.callBilled, record.path.projectId, parts, kept);
    if (sequence === null)
      kept(new AppError('The journal has no room left for money: free disk space in the data folder.', { status: 503, code: 'service_unavailable' }));
  }
}
