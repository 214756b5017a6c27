// The memory of traces that were deleted, or left out by a sampling rule: what is on its way of them is left out when rows are written.
import type { FoldedRows } from '#observe/rows.ts';
import type { Writer } from '#observe/store/writer.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface TraceName {
  projectId: string;
  traceId: string;
}

/** Rows of a remembered trace that came. */
export interface LateTrace extends TraceName {
  /** A sampling rule left it out; else somebody deleted it. */
  sampledOut: boolean;
  observations: number;
  scores: number;
  /** Observations of level ERROR. */
  errors: number;
  bytes: number;
}

export interface DeletedTraces {
  /** Remembers; known ones stay. */
  remember(projectId: string, traceIds: readonly string[]): Promise<void>;
  /** Remembers, in the transaction of a caller, traces that a sampling rule left out. */
  rememberSampledOut(session: RecordsSession, projectId: string, traceIds: readonly string[]): Promise<void>;
  /** Their stored rows are gone. */
  buried(projectId: string, traceIds: readonly string[]): Promise<void>;
  /** Remembered traces whose rows may still be stored: a deletion, or a settling of samples, that was broken off. */
  unburied(limit: number, why?: 'deleted' | 'sampled out'): Promise<TraceName[]>;
  /** The rows without those of remembered traces, and which of those had rows. */
  without(rows: FoldedRows): Promise<{ kept: FoldedRows; late: LateTrace[] }>;
}

/** The memory over the records. One process deletes and writes, so "nothing was ever deleted" needs to be asked once only. */
export function createDeletedTraces(records: Pick<Records, 'query'>): DeletedTraces {
  let any: boolean | null = null;
  return {
    remember: async (projectId, traceIds) => {
      any = true;
      await records.query(sql`
        INSERT INTO deleted_traces (project_id, trace_id) SELECT ${projectId}, * FROM unnest(${traceIds}::text[])
        ON CONFLICT (project_id, trace_id) DO UPDATE SET buried_at = NULL, sampled_out = false`);
    },
    rememberSampledOut: async (session, projectId, traceIds) => {
      any = true;
      // What somebody deleted stays deleted.
      await session.query(sql`
        INSERT INTO deleted_traces (project_id, trace_id, sampled_out) SELECT ${projectId}, id, true FROM unnest(${[...traceIds]}::text[]) AS id
        ON CONFLICT (project_id, trace_id) DO UPDATE SET buried_at = NULL`);
    },
    buried: async (projectId, traceIds) => {
      await records.query(sql`UPDATE deleted_traces SET buried_at = now() WHERE project_id = ${projectId} AND trace_id = ANY (${traceIds}::text[])`);
    },
    unburied: async (limit, why = 'deleted') => {
      const rows = await records.query<{ project_id: string; trace_id: string }>(
        sql`SELECT project_id, trace_id FROM deleted_traces WHERE buried_at IS NULL AND sampled_out = ${why === 'sampled out'} ORDER BY deleted_at LIMIT ${limit}`,
      );
      return rows.map((row) => ({ projectId: row.project_id, traceId: row.trace_id }));
    },
    without: async (rows) => {
      if (any === null) any = (await records.query(sql`SELECT 1 FROM deleted_traces LIMIT 1`)).length > 0;
      if (!any) return { kept: rows, late: [] };
      const names = namesIn(rows);
      const deleted = await deletedAmong(records, names);
      if (deleted.size === 0) return { kept: rows, late: [] };
      const stays = (projectId: string, traceId: string): boolean => traceId === '' || !deleted.has(keyOf(projectId, traceId));
      const kept = {
        ...rows,
        observations: rows.observations.filter((row) => stays(row.project_id, row.trace_id)),
        traces: rows.traces.filter((row) => stays(row.project_id, row.id)),
        scores: rows.scores.filter((row) => stays(row.project_id, row.trace_id)),
        otelLogs: rows.otelLogs.filter((row) => stays(row.project_id, row.trace_id)),
      };
      return { kept, late: lateTraces(rows, names, deleted) };
    },
  };
}

const keyOf = (projectId: string, traceId: string): string => JSON.stringify([projectId, traceId]);

/** Who is late, with how much. */
function lateTraces(rows: FoldedRows, names: ReadonlyMap<string, TraceName>, deleted: ReadonlyMap<string, boolean>): LateTrace[] {
  const late = new Map<string, LateTrace>();
  for (const [key, sampledOut] of deleted) late.set(key, { ...(names.get(key) as TraceName), sampledOut, observations: 0, scores: 0, errors: 0, bytes: 0 });
  const count = (projectId: string, traceId: string, row: object, add: (trace: LateTrace) => void): void => {
    const trace = late.get(keyOf(projectId, traceId));
    if (trace === undefined) return;
    trace.bytes += Buffer.byteLength(JSON.stringify(row));
    add(trace);
  };
  for (const row of rows.traces) count(row.project_id, row.id, row, () => {});
  for (const row of rows.otelLogs) count(row.project_id, row.trace_id, row, () => {});
  for (const row of rows.scores) {
    count(row.project_id, row.trace_id, row, (trace) => {
      trace.scores += 1;
    });
  }
  for (const row of rows.observations)
    count(row.project_id, row.trace_id, row, (trace) => {
      trace.observations += 1;
      if (row.level === 'ERROR') trace.errors += 1;
    });
  return [...late.values()];
}

/** The traces that rows belong to. */
export function namesIn(rows: FoldedRows): Map<string, TraceName> {
  const names = new Map<string, TraceName>();
  const add = (projectId: string, traceId: string): void => {
    if (traceId !== '') names.set(keyOf(projectId, traceId), { projectId, traceId });
  };
  for (const row of rows.observations) add(row.project_id, row.trace_id);
  for (const row of rows.traces) add(row.project_id, row.id);
  for (const row of rows.scores) add(row.project_id, row.trace_id);
  for (const row of rows.otelLogs) add(row.project_id, row.trace_id);
  return names;
}

/** Those of the traces that were deleted, among the ids of rows that carry no tombstone. */
export async function deletedTraceIds(records: Pick<Records, 'query'>, projectId: string, traceIds: readonly string[]): Promise<Set<string>> {
  const ids = [...new Set(traceIds)].filter((id) => id !== '');
  if (ids.length === 0) return new Set();
  const rows = await records.query<{ trace_id: string }>(
    sql`SELECT trace_id FROM deleted_traces WHERE project_id = ${projectId} AND trace_id = ANY (${ids}::text[])`,
  );
  return new Set(rows.map((row) => row.trace_id));
}

async function deletedAmong(records: Pick<Records, 'query'>, names: ReadonlyMap<string, TraceName>): Promise<Map<string, boolean>> {
  if (names.size === 0) return new Map();
  const projects = [...names.values()].map((name) => name.projectId);
  const traces = [...names.values()].map((name) => name.traceId);
  const rows = await records.query<{ project_id: string; trace_id: string; sampled_out: boolean }>(sql`
    SELECT project_id, trace_id, sampled_out FROM deleted_traces WHERE (project_id, trace_id) IN (SELECT * FROM unnest(${projects}::text[], ${traces}::text[]))`);
  return new Map(rows.map((row) => [keyOf(row.project_id, row.trace_id), row.sampled_out]));
}

export interface LeftOut {
  rows: number;
  traces: readonly LateTrace[];
  /** Place of the journal up to which they came. */
  lastSequence: bigint;
}

/** The same writer, without rows of remembered traces. */
export function withoutDeleted(writer: Writer, deleted: DeletedTraces, onLeftOut: (leftOut: LeftOut) => void | Promise<void>): Writer {
  const count = (rows: FoldedRows): number => rows.observations.length + rows.traces.length + rows.scores.length + rows.otelLogs.length;
  return {
    write: async (rows, options) => {
      const { kept, late } = await deleted.without(rows);
      if (late.length > 0) await onLeftOut({ rows: count(rows) - count(kept), traces: late, lastSequence: options.lastSequence });
      return await writer.write(kept, options);
    },
  };
}
