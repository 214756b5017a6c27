// The storing consumer of the shared journal in a worker: runs while this process holds the shard's lease, and tidies the journal meanwhile.
import { AppError } from '#lib/errors.ts';
import type { Consumer, ConsumerState } from '#observe/store/consumer.ts';
import type { Positions } from '#observe/store/positions.ts';
import type { Writer } from '#observe/store/writer.ts';
import { LEASE_SECONDS, type ShardLease } from '#stores/journal/shard-lease.ts';
import { placeOf } from '#stores/journal/shared-object.ts';
import type { Log } from '#telemetry/log.ts';

export interface LeasedConsumerOptions {
  lease: ShardLease;
  /** Starts the consumer with an empty memory: what another process stored meanwhile must be looked up. */
  begin: () => Consumer;
  /** The consumer has ended: another process may store. */
  end: () => void;
  /** What is registered beyond an object. */
  backlogAfter: (number: bigint) => Promise<{ records: number; oldestAt: Date | null }>;
  /** Registers strays and releases what lies at or before the sequence. */
  tidy: (consumedSequence: bigint) => Promise<void>;
  log: Log;
}

const RENEW_MS = (LEASE_SECONDS * 1000) / 5;
const TIDY_EVERY_MS = 15_000;

/** Never throws; a lease that cannot be renewed ends the consumer before somebody else may begin. */
export function startLeasedConsumer(options: LeasedConsumerOptions): Consumer {
  return new LeasedConsumer(options);
}

/** Positions that move only while the lease is held. */
export function leasedPositions(lease: ShardLease, name: string, stored: Positions): Positions {
  return {
    load: () => stored.load(),
    async save(sequence) {
      if (!(await lease.savePosition(name, sequence))) throw leaseLost();
    },
  };
}

/** A writer that begins nothing when the lease may end before the insert does. */
export function leasedWriter(lease: ShardLease, writer: Writer): Writer {
  return {
    ...writer,
    async write(...args) {
      if (!lease.isSafe()) throw leaseLost();
      return await writer.write(...args);
    },
  };
}

function leaseLost(): AppError {
  return new AppError('Another worker stores the events now.', { status: 503, code: 'lease_lost', retryAfterSeconds: 2 });
}

class LeasedConsumer implements Consumer {
  readonly #options: LeasedConsumerOptions;
  #current: Consumer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #turn: Promise<void>;
  #stopped = false;
  #tidyAtMs = 0;
  #tidying: Promise<void> = Promise.resolve();
  #lag = { lagRecords: 0, lagMs: 0 };

  constructor(options: LeasedConsumerOptions) {
    this.#options = options;
    this.#turn = this.#take();
  }

  wake(): void {
    this.#current?.wake();
  }

  state(): ConsumerState {
    const idle = { consumedSequence: 0n, writtenRows: 0, deadLetters: 0, failedRounds: 0, atEndAtMs: 0 };
    return { ...idle, ...this.#current?.state(), ...this.#lag };
  }

  async reached(sequence: bigint, timeoutMs: number): Promise<boolean> {
    return (await this.#current?.reached(sequence, timeoutMs)) ?? false;
  }

  async exclusively<Result>(work: () => Promise<Result>, timeoutMs: number): Promise<Result> {
    if (this.#current === null) throw leaseLost();
    return await this.#current.exclusively(work, timeoutMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#turn;
    await this.#end();
    await this.#tidying;
    await this.#options.lease.release().catch(() => {});
  }

  async #take(): Promise<void> {
    const { lease, log } = this.#options;
    try {
      const holds = await lease.take();
      if (holds && this.#current === null) {
        log.info('this worker stores the events of the shared journal');
        this.#current = this.#options.begin();
      } else if (!holds && this.#current !== null) {
        log.warn('another worker stores the events now');
        await this.#end();
      }
      if (this.#current !== null) await this.#look(this.#current);
    } catch (error) {
      log.warn('the lease of the shared journal could not be renewed', { error });
      if (!lease.isSafe()) await this.#end();
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#take();
    }, RENEW_MS).unref();
  }

  async #look(consumer: Consumer): Promise<void> {
    const { consumedSequence } = consumer.state();
    const backlog = await this.#options.backlogAfter(placeOf(consumedSequence).number);
    this.#lag = { lagRecords: backlog.records, lagMs: backlog.oldestAt === null ? 0 : Math.max(0, Date.now() - backlog.oldestAt.getTime()) };
    if (Date.now() < this.#tidyAtMs) return;
    this.#tidyAtMs = Date.now() + TIDY_EVERY_MS;
    // A slow store must not keep the lease from being renewed.
    this.#tidying = this.#tidying
      .then(() => this.#options.tidy(consumedSequence))
      .catch((error: unknown) => this.#options.log.warn('the shared journal could not be tidied; tried again', { error }));
  }

  async #end(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    await current?.stop();
    if (current !== null) this.#options.end();
  }
}
