// Traces that are not in their project's share, as the records keep them until they are quiet: nothing is forgotten by a restart.
import { namesIn, type TraceName } from '#observe/deletion/deleted-traces.ts';
import type { FoldedRows } from '#observe/rows.ts';
import type { Writer } from '#observe/store/writer.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { isInShare, type SamplingRule } from './rule.ts';

/** Notes that rows of these traces come now. */
export async function noteWaiting(session: RecordsSession, names: readonly (TraceName & { quietSeconds: number })[], nowMs: number): Promise<void> {
  const [projects, traces] = [names.map(({ projectId }) => projectId), names.map(({ traceId }) => traceId)];
  const due = names.map(({ quietSeconds }) => new Date(nowMs + quietSeconds * 1_000).toISOString());
  await session.query(sql`
    INSERT INTO sampling_waiting (project_id, trace_id, last_at, due_at)
    SELECT project_id, trace_id, ${new Date(nowMs).toISOString()}::timestamptz, due_at FROM unnest(${projects}::text[], ${traces}::text[], ${due}::timestamptz[]) AS noted (project_id, trace_id, due_at)
    ON CONFLICT (project_id, trace_id) DO UPDATE SET last_at = EXCLUDED.last_at, due_at = EXCLUDED.due_at`);
}

export interface DueTrace {
  traceId: string;
  lastAtMs: number;
}

/** Traces of a project that were quiet long enough at an instant, the longest first. */
export async function dueTraces(session: RecordsSession, projectId: string, nowMs: number, limit: number): Promise<DueTrace[]> {
  const rows = await session.query<{ trace_id: string; last_at: Date }>(sql`
    SELECT trace_id, last_at FROM sampling_waiting WHERE project_id = ${projectId} AND due_at <= ${new Date(nowMs).toISOString()}::timestamptz ORDER BY due_at LIMIT ${limit}`);
  return rows.map((row) => ({ traceId: row.trace_id, lastAtMs: row.last_at.getTime() }));
}

/** When the next trace of these projects is due; null = none waits. Those of other projects, whose rule is gone, are kept and wait no longer. */
export async function nextDue(session: RecordsSession, projects: readonly string[]): Promise<number | null> {
  await session.query(sql`DELETE FROM sampling_waiting WHERE NOT (project_id = ANY (${[...projects]}::text[]))`);
  const [row] = await session.query<{ due_at: Date | null }>(sql`SELECT min(due_at) AS due_at FROM sampling_waiting`);
  return row?.due_at?.getTime() ?? null;
}

export async function waitLonger(session: RecordsSession, projectId: string, traces: readonly { traceId: string; untilMs: number }[]): Promise<void> {
  if (traces.length === 0) return;
  const until = traces.map(({ untilMs }) => new Date(untilMs).toISOString());
  await session.query(sql`
    UPDATE sampling_waiting AS waiting SET due_at = later.due_at
    FROM unnest(${traces.map(({ traceId }) => traceId)}::text[], ${until}::timestamptz[]) AS later (trace_id, due_at)
    WHERE waiting.project_id = ${projectId} AND waiting.trace_id = later.trace_id`);
}

export async function endWaiting(session: RecordsSession, projectId: string, traceIds: readonly string[]): Promise<void> {
  if (traceIds.length === 0) return;
  await session.query(sql`DELETE FROM sampling_waiting WHERE project_id = ${projectId} AND trace_id = ANY (${[...traceIds]}::text[])`);
}

/** The same writer; before rows are written, their traces are noted that the share does not keep. */
export function notingWaiting(writer: Writer, records: RecordsSession, ruleOf: (projectId: string) => SamplingRule | undefined, onNoted: () => void): Writer {
  const candidates = (rows: FoldedRows): (TraceName & { quietSeconds: number })[] =>
    [...namesIn(rows).values()].flatMap((name) => {
      const rule = ruleOf(name.projectId);
      return rule === undefined || isInShare(name.traceId, rule.share) ? [] : [{ ...name, quietSeconds: rule.quietSeconds }];
    });
  return {
    write: async (rows, options) => {
      const noted = candidates(rows);
      if (noted.length > 0) {
        await noteWaiting(records, noted, Date.now());
        onNoted();
      }
      return await writer.write(rows, options);
    },
  };
}
