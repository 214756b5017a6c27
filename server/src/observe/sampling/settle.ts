// Quiet traces are judged and what is not kept leaves: the memory of it and its counts in one transaction, then tombstones as a deletion writes them. Broken off anywhere, it is ended by the next look.
import type { DeletedTraces } from '#observe/deletion/deleted-traces.ts';
import { bury, keysOfTraces } from '#observe/deletion/tombstones.ts';
import { unlinkTraces } from '#observe/life/media-left.ts';
import type { Consumer } from '#observe/store/consumer.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql, text, texts } from '#stores/analytics/sql.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import { bytesOf, factsOf, type StoredTrace } from './facts.ts';
import { countLeftOut, type LeftOutDay } from './left-out.ts';
import { type SamplingRule, verdictOn } from './rule.ts';
import { dueTraces, endWaiting, waitLonger } from './waiting.ts';

/** Of the process that stores, while it does. */
export interface Storing {
  consumer: Pick<Consumer, 'exclusively' | 'state'>;
  deleted: DeletedTraces;
}

export interface SettleDependencies {
  analytics: Analytics;
  records: Records;
  blobs: Blobs;
}

/** What was left out since the start of this process. */
export interface SamplingCounts {
  traces: number;
  observations: number;
  bytes: number;
  /** Rows that came after their trace was left out. */
  late: number;
  failures: number;
}

export const NO_SAMPLING_YET: SamplingCounts = { traces: 0, observations: 0, bytes: 0, late: 0, failures: 0 };

/** Bounds what a look reads at once, and how long rows wait meanwhile. */
const TRACES_A_BATCH = 200;
const WAIT_MS = 10_000;
/** A trace with an observation that has not ended waits so long for its end; then it never comes. */
const OPEN_WAIT_MS = 3_600_000;

/** Judges one batch of a project. Returns what was left out, or null when no more is due. @throws what the stores throw. */
export async function settleBatch(
  dependencies: SettleDependencies,
  { consumer, deleted }: Storing,
  { projectId, rule }: { projectId: string; rule: SamplingRule },
): Promise<Pick<SamplingCounts, 'traces' | 'observations' | 'bytes'> | null> {
  const { records } = dependencies;
  // A trace is quiet when nothing of it came until the end of the journal was seen, however far behind the rows were.
  const seenUntilMs = consumer.state().atEndAtMs;
  if ((await dueTraces(records, projectId, seenUntilMs, 1)).length === 0) return null;
  const judged = await consumer.exclusively(async () => {
    const leaving = await judge(dependencies, deleted, { projectId, rule, seenUntilMs });
    const traceIds = leaving.traces.map(({ traceId }) => traceId);
    await buryTraces(dependencies.analytics, projectId, traceIds);
    return { traceIds, amounts: leaving };
  }, WAIT_MS);
  await clear(dependencies, deleted, projectId, judged.traceIds);
  const { traces, bytes } = judged.amounts;
  return { traces: traces.length, observations: traces.reduce((sum, trace) => sum + trace.observations, 0), bytes };
}

interface Judging {
  projectId: string;
  rule: SamplingRule;
  seenUntilMs: number;
}

async function judge(
  dependencies: SettleDependencies,
  deleted: DeletedTraces,
  { projectId, rule, seenUntilMs }: Judging,
): Promise<{ traces: StoredTrace[]; bytes: number }> {
  const { analytics, records } = dependencies;
  const due = await dueTraces(records, projectId, seenUntilMs, TRACES_A_BATCH);
  const facts = await factsOf(
    dependencies,
    projectId,
    due.map(({ traceId }) => traceId),
  );
  const candidates = facts.filter((trace) => verdictOn(trace, rule) === 'left out');
  const open = new Set(candidates.filter((trace) => trace.open > 0).map(({ traceId }) => traceId));
  const waits = due
    .map(({ traceId, lastAtMs }) => ({ traceId, untilMs: lastAtMs + OPEN_WAIT_MS }))
    .filter((one) => open.has(one.traceId) && one.untilMs > seenUntilMs);
  const waiting = new Set(waits.map(({ traceId }) => traceId));
  const traces = candidates.filter(({ traceId }) => !waiting.has(traceId));
  const leaving = traces.map(({ traceId }) => traceId);
  const bytes = leaving.length === 0 ? new Map<string, number>() : await bytesOf(analytics, projectId, leaving);
  await records.transaction(async (session) => {
    if (leaving.length > 0) await deleted.rememberSampledOut(session, projectId, leaving);
    await countLeftOut(session, projectId, daysOf(traces, bytes));
    await waitLonger(session, projectId, waits);
    await endWaiting(
      session,
      projectId,
      due.map(({ traceId }) => traceId).filter((traceId) => !waiting.has(traceId)),
    );
  });
  return { traces, bytes: [...bytes.values()].reduce((sum, one) => sum + one, 0) };
}

function daysOf(traces: readonly StoredTrace[], bytes: ReadonlyMap<string, number>): LeftOutDay[] {
  return traces.map((trace) => ({
    day: trace.day,
    reason: 'share',
    traces: 1,
    observations: trace.observations,
    scores: trace.scores,
    errors: trace.errors,
    bytes: bytes.get(trace.traceId) ?? 0,
    cost: trace.costText,
  }));
}

async function buryTraces(analytics: Analytics, projectId: string, traceIds: readonly string[]): Promise<void> {
  if (traceIds.length === 0) return;
  for (const [table, keys] of keysOfTraces(projectId, traceIds)) await bury(analytics, table, keys);
}

/** What has no tombstone: log records (no read shows those of remembered traces) and media. Then nothing of the traces is left to do. */
async function clear({ analytics, records, blobs }: SettleDependencies, deleted: DeletedTraces, projectId: string, traceIds: readonly string[]): Promise<void> {
  if (traceIds.length === 0) return;
  const logs = sql`project_id = ${text(projectId)} AND trace_id IN ${texts(traceIds)}`;
  const [found] = await analytics.query<{ rows: string }>(sql`SELECT count() AS rows FROM otel_logs WHERE ${logs}`);
  if (Number(found?.rows ?? 0) > 0) await analytics.command(sql`ALTER TABLE otel_logs DELETE WHERE ${logs}`);
  await unlinkTraces({ records, blobs }, projectId, traceIds);
  await deleted.buried(projectId, traceIds);
}

/** Ends what an earlier process did not end. */
export async function resumeSettling(dependencies: SettleDependencies, { consumer, deleted }: Storing): Promise<void> {
  for (;;) {
    const names = await deleted.unburied(TRACES_A_BATCH, 'sampled out');
    if (names.length === 0) return;
    for (const [projectId, members] of Map.groupBy(names, (name) => name.projectId)) {
      const traceIds = members.map(({ traceId }) => traceId);
      await consumer.exclusively(() => buryTraces(dependencies.analytics, projectId, traceIds), WAIT_MS);
      await clear(dependencies, deleted, projectId, traceIds);
    }
  }
}
