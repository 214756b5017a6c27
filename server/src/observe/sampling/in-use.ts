// Which traces people work with: comments, work queues, experiments and datasets hold on to them.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface Attachable {
  traceId: string;
  observationIds: readonly string[];
  sessionIds: readonly string[];
}

const IDS_A_QUESTION = 20_000;

/** Traces that, or whose session or an observation of which, somebody commented on, put into a work queue, ran in an experiment or made a dataset's item of. */
export async function tracesInUse(records: RecordsSession, projectId: string, traces: readonly Attachable[]): Promise<Set<string>> {
  const traceIds = traces.map(({ traceId }) => traceId);
  const linked = await records.query<{ id: string }>(sql`
    SELECT trace_id AS id FROM dataset_run_items WHERE project_id = ${projectId} AND trace_id = ANY (${traceIds}::text[])
    UNION SELECT source_trace_id FROM dataset_items WHERE project_id = ${projectId} AND source_trace_id = ANY (${traceIds}::text[])`);
  return new Set([
    ...linked.map(({ id }) => id),
    ...(await attached(
      records,
      projectId,
      'TRACE',
      ownersOf(traces, ({ traceId }) => [traceId]),
    )),
    ...(await attached(
      records,
      projectId,
      'SESSION',
      ownersOf(traces, ({ sessionIds }) => sessionIds),
    )),
    ...(await attached(
      records,
      projectId,
      'OBSERVATION',
      ownersOf(traces, ({ observationIds }) => observationIds),
    )),
  ]);
}

/** Traces by what may be attached to. */
function ownersOf(traces: readonly Attachable[], idsOf: (trace: Attachable) => readonly string[]): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const trace of traces) for (const id of idsOf(trace)) owners.set(id, [...(owners.get(id) ?? []), trace.traceId]);
  return owners;
}

async function attached(
  records: RecordsSession,
  projectId: string,
  type: 'TRACE' | 'SESSION' | 'OBSERVATION',
  owners: ReadonlyMap<string, readonly string[]>,
): Promise<string[]> {
  const ids = [...owners.keys()];
  const traces: string[] = [];
  for (let start = 0; start < ids.length; start += IDS_A_QUESTION) {
    const some = ids.slice(start, start + IDS_A_QUESTION);
    const found = await records.query<{ id: string }>(sql`
      SELECT object_id AS id FROM comments WHERE project_id = ${projectId} AND object_type = ${type} AND object_id = ANY (${some}::text[])
      UNION SELECT object_id FROM annotation_queue_items WHERE project_id = ${projectId} AND object_type = ${type} AND object_id = ANY (${some}::text[])`);
    for (const { id } of found) traces.push(...(owners.get(id) ?? []));
  }
  return traces;
}
