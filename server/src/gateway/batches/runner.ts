// Looks after batches that nobody asks about: until they have ended and are counted.
import type { GatewayDeps } from '#gateway/deps.ts';
import { type JobRunner, startJobs } from '#gateway/jobs/runner.ts';
import type { Snapshot } from '#gateway/snapshot.ts';
import type { Target } from '#gateway/target.ts';
import { askUpstream } from '#gateway/upstream-request.ts';
import { type Fields, fieldsOf, objectsOf, parsed, textOf } from '#lib/json.ts';
import type { Batch } from './port.ts';
import { settleBatch } from './settle.ts';
import { hasEnded, nextLookMs, OUR_KEY, seenBatch } from './shown.ts';

export interface RunnerParts {
  readonly deps: Pick<GatewayDeps, 'batches' | 'journal' | 'budgets' | 'prices' | 'clock' | 'log'>;
  /** Runs with the configuration of now, whose connections stay open meanwhile. */
  withSnapshot<Result>(work: (snapshot: Snapshot) => Promise<Result>): Promise<Result>;
  /** First wait after a look in vain, doubled each time; default 10 s. */
  readonly retryMs?: number;
}

const LONGEST_RETRY_MS = 600_000;
const GIVEN_UP_MS = 30 * 86_400_000;
const PAGES_LOOKED_THROUGH = 20;
/** Clocks differ. */
const CLOCK_SKEW_MS = 600_000;

/** Starts working. Never throws: while the records are away it tries again. */
export function startBatches({ deps, withSnapshot, retryMs = 10_000 }: RunnerParts): Promise<JobRunner> {
  return startJobs({
    ...{ name: 'a batch', queue: deps.batches, clock: deps.clock, log: deps.log, retryMs, longestRetryMs: LONGEST_RETRY_MS, givenUpMs: GIVEN_UP_MS },
    look: (batch) => withSnapshot((snapshot) => look(deps, batch, snapshot.targetOf(batch.deploymentId))),
  });
}

async function look(deps: RunnerParts['deps'], batch: Batch, target: Target | null): Promise<void> {
  if (target?.upstream?.batchPath === undefined) throw new Error('the configuration has its deployment no more');
  const told = await ask(batch, target);
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
async function ask(batch: Batch, target: Target): Promise<Fields | null> {
  if (batch.upstreamId === null) return await find(batch, target);
  return fieldsOf(parsed(await askUpstream(target, { endpoint: 'batches', below: `/${encodeURIComponent(batch.upstreamId)}`, method: 'GET' })));
}

/** Looks through the upstream's list for a batch whose creation was not answered. */
async function find(batch: Batch, target: Target): Promise<Fields | null> {
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

function isBefore({ created_at }: Fields, atMs: number): boolean {
  return typeof created_at === 'number' && created_at * 1000 < atMs;
}
