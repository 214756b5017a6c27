// GET /api/public/traces/{traceId}/links: where a trace goes on in another project of the organisation, in both directions. Names and ids only: what lies there is read with that project's own rights. Ours.
import type { Route, RouteContext } from '#http/route.ts';
import { bounded, projectOf } from '#observe/filter/parameters.ts';
import { newestOf } from '#observe/store/newest.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql, text } from '#stores/analytics/sql.ts';
import type { Records } from '#stores/records/port.ts';
import { sql as recordsSql } from '#stores/records/sql.ts';

interface Row {
  project_id: string;
  id: string;
  parent_observation_id: string;
  call_id: string;
}

export interface TraceLink {
  /** calls: an observation here made a gateway call there; calledBy: a gateway call here was made by an observation there. */
  direction: 'calls' | 'calledBy';
  /** The observation of this trace. */
  observationId: string;
  project: { id: string; name: string };
  traceId: string;
  linkedObservationId: string;
}

export function linkRoutes(analytics: Analytics, records: Pick<Records, 'query'>): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/public/traces/:traceId/links',
      surface: 'observe',
      dialect: 'langfuse',
      access: ['project-key'],
      summary: 'Where a trace goes on in other projects of the organisation: gateway calls made under a traceparent, both ways',
      handle: (context) => bounded(() => links(analytics, records, context)),
    },
  ];
}

async function links(analytics: Analytics, records: Pick<Records, 'query'>, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const traceId = http.req.param('traceId') ?? '';
  const columns = sql`project_id, trace_id, id, parent_observation_id, call_id`;
  const rows = await analytics.query<Row>(sql`SELECT * FROM ${newestOf('observations', columns, sql`trace_id = ${text(traceId)}`)} LIMIT 100000`);
  const found = linksBetween(rows, projectId);
  const names = await namesOf(records, projectId, [...new Set(found.map(({ row }) => row.project_id))]);
  const data = found.flatMap(({ direction, own, row }): TraceLink[] => {
    const name = names.get(row.project_id);
    return name === undefined ? [] : [{ direction, observationId: own, project: { id: row.project_id, name }, traceId, linkedObservationId: row.id }];
  });
  return http.json({ data });
}

interface FoundLink {
  direction: TraceLink['direction'];
  /** The observation of this project. */
  own: string;
  /** That of the other. */
  row: Row;
}

/** Pairs of a gateway call and the span above it that lie in different projects, one of them this one. */
function linksBetween(rows: readonly Row[], projectId: string): FoundLink[] {
  const byId = Map.groupBy(rows, ({ id }) => id);
  const calls = rows.filter((row) => row.call_id !== '' && row.parent_observation_id !== '');
  return calls.flatMap((call) => {
    const callers = (byId.get(call.parent_observation_id) ?? []).filter((row) => row.project_id !== call.project_id && row.call_id === '');
    return callers.flatMap((caller): FoundLink[] => {
      if (caller.project_id === projectId) return [{ direction: 'calls', own: caller.id, row: call }];
      return call.project_id === projectId ? [{ direction: 'calledBy', own: call.id, row: caller }] : [];
    });
  });
}

/** Names of those that belong to the same organisation. */
async function namesOf(records: Pick<Records, 'query'>, projectId: string, others: readonly string[]): Promise<Map<string, string>> {
  if (others.length === 0) return new Map();
  const rows = await records.query<{ id: string; name: string }>(recordsSql`
    SELECT id, name FROM projects WHERE id = ANY (${[...others]}::text[]) AND organization_id = (SELECT organization_id FROM projects WHERE id = ${projectId})`);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
