// Looks after batches that nobody asks about: until they have ended and are counted. Woken by NOTIFY and by the next one that is due; with no open batch no timer runs.
// Each is taken by one process at a time (a lock that ends by itself), so that several gateways and a kill -9 make no difference.
import type { GatewayDeps } from '#gateway/deps.ts';
import type { Snapshot } from '#gateway/snapshot.ts';
import type { Target } from '#gateway/target.ts';
import { askUpstream } from '#gateway/upstream-request.ts';
import { type Fields, fieldsOf, objectsOf, parsed, textOf } from '#lib/json.ts';
import type { Batch } from './port.ts';
import { settleBatch } from './settle.ts';
import { hasEnded, nextLookMs, OUR_KEY, seenBatch } from './shown.ts';

export interface BatchRunner {
  /** What is under way is finished; what waits goes on with the next start. */
  close(): Promise<void>;
}

export interface RunnerParts {
  readonly deps: Pick<GatewayDeps, 'batches' | 'journal' | 'budgets' | 'prices' | 'clock' | 'log'>;
  /** Runs with the configuration of now, whose connections stay open meanwhile. */
  withSnapshot<Result>(work: (snapshot: Snapshot) => Promise<Result>): Promise<Result>;
  /** First wait after a look in vain, doubled each time; default 10 s. */
  readonly retryMs?: number;
}

const AT_ONCE = 4;
/** Longer than most looks take. A second one beside a longer one changes nothing: the ledger takes a call once. */
const LOCK_MS = 120_000;
const SHORTEST_SLEEP_MS = 50;
const LONGEST_SLEEP_MS = 300_000;
const LONGEST_RETRY_MS = 600_000;
const AGAIN_MS = 10_000;
const SWEEP_EVERY_MS = 3_600_000;
/** Then nobody will ever say what became of it: it stays counted at its reservation. */
const GIVEN_UP_MS = 30 * 86_400_000;
const PAGES_LOOKED_THROUGH = 20;
/** Clocks differ. */
const CLOCK_SKEW_MS = 600_000;

/** Starts working. Never throws: while the records are away it tries again. */
export async function startBatches(parts: RunnerParts): Promise<BatchRunner> {
  const runner = new Runner(parts);
  await runner.start();
  return runner;
}

class Runner implements BatchRunner {
  readonly #parts: RunnerParts;
  #stopListening: () => Promise<void> = async () => {};
  #timer: NodeJS.Timeout | null = null;
  #pumping: Promise<void> | null = null;
  #again = false;
  #closed = false;
  #sweptAtMs = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const wake = (): void => this.#pump();
    this.#stopListening = await this.#parts.deps.batches.listen(wake);
    this.#pump();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#stopListening();
    await this.#pumping;
  }

  /** One pass at a time, and one more when something happened meanwhile. */
  #pump(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#pumping ??= this.#passes().finally(() => {
      this.#pumping = null;
      if (this.#again) this.#pump();
    });
  }

  #sleep(ms: number): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pump(), Math.min(Math.max(ms, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS)).unref();
  }

  async #passes(): Promise<void> {
    const { batches, clock, log } = this.#parts.deps;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        for (let taken = AT_ONCE; taken === AT_ONCE && !this.#closed; ) {
          const due = await batches.claim(AT_ONCE, LOCK_MS);
          await Promise.all(due.map((batch) => this.#look(batch)));
          taken = due.length;
        }
        const dueMs = await batches.nextDueMs();
        if (dueMs !== null) this.#sleep(dueMs - clock.nowMs());
      }
      if (clock.nowMs() - this.#sweptAtMs >= SWEEP_EVERY_MS) {
        this.#sweptAtMs = clock.nowMs();
        await batches.sweep();
      }
    } catch (error) {
      log.warn('batches could not be looked at; tried again', { error });
      this.#sleep(AGAIN_MS);
    }
  }

  async #look(batch: Batch): Promise<void> {
    const { deps, withSnapshot, retryMs = 10_000 } = this.#parts;
    try {
      await withSnapshot((snapshot) => this.#lookNow(batch, snapshot.targetOf(batch.deploymentId)));
    } catch (error) {
      const nowMs = deps.clock.nowMs();
      if (nowMs - batch.createdAtMs > GIVEN_UP_MS) {
        deps.log.error('a batch is given up: nobody says what became of it, and it stays counted at its reservation', { batchId: batch.id, error });
        await deps.batches.settle(batch.id);
        return;
      }
      deps.log.warn('a batch could not be looked at; tried again', { batchId: batch.id, failures: batch.failures + 1, error });
      const wait = Math.min(LONGEST_RETRY_MS, retryMs * 2 ** Math.min(batch.failures, 16));
      await deps.batches.noteFailure(batch.id, (error as Error).message, nowMs + Math.round(wait * (0.9 + Math.random() * 0.2)));
    }
  }

  async #lookNow(batch: Batch, target: Target | null): Promise<void> {
    const { deps } = this.#parts;
    if (target?.upstream?.batchPath === undefined) throw new Error('the configuration has its deployment no more');
    const told = await this.#ask(batch, target);
    if (told === null) {
      // The upstream lists what it has, and this was never among it: nothing ran.
      await settleBatch(deps, { batch: { ...batch, status: 'failed' }, target: null });
      return;
    }
    const seen = await seenBatch(deps, batch, told);
    const ended = hasEnded(seen.status);
    await deps.batches.note(batch.id, { ...seen, nextAtMs: ended ? seen.nextAtMs : nextLookMs(batch, deps.clock.nowMs()) }, !ended);
    if (ended) await settleBatch(deps, { batch: { ...batch, ...seen }, target });
  }

  /** The batch as the upstream has it; null = it has no such batch and never had. */
  async #ask(batch: Batch, target: Target): Promise<Fields | null> {
    if (batch.upstreamId === null) return await this.#find(batch, target);
    return fieldsOf(parsed(await askUpstream(target, { endpoint: 'batches', below: `/${encodeURIComponent(batch.upstreamId)}`, method: 'GET' })));
  }

  /** Looks through the upstream's list for a batch whose creation was not answered. */
  async #find(batch: Batch, target: Target): Promise<Fields | null> {
    let after = '';
    for (let page = 0; page < PAGES_LOOKED_THROUGH; page++) {
      const query = new URLSearchParams({ limit: '100', ...(after === '' ? {} : { after }) });
      const list = fieldsOf(parsed(await askUpstream(target, { endpoint: 'batches', below: '', method: 'GET', query })));
      const found = objectsOf(list.data);
      const ours = found.find(({ metadata }) => fieldsOf(metadata)[OUR_KEY] === batch.id);
      if (ours !== undefined) return ours;
      const oldest = found.at(-1);
      if (oldest === undefined || list.has_more !== true || isBefore(oldest, batch.createdAtMs - CLOCK_SKEW_MS)) return null;
      after = textOf(oldest.id);
    }
    throw new Error('it is not among the newest batches of its upstream, whose list goes on');
  }
}

function isBefore({ created_at }: Fields, atMs: number): boolean {
  return typeof created_at === 'number' && created_at * 1000 < atMs;
}
