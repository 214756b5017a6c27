// /unstable/saved-views: views of the lists that a project keeps under names; everybody of the project sees them.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf, conflict } from '#observe/api/body.ts';
import { notFound, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

const list = z.enum(['traces', 'observations', 'sessions', 'scores']);
/** What a page's link holds, by name. */
const state = z
  .record(z.string().min(1).max(60), z.string().max(10_000))
  .refine((values) => Object.keys(values).length <= 40, 'A view holds at most 40 values')
  .refine((values) => !JSON.stringify(values).includes('\\u0000'), 'A view holds no NUL characters');
const viewBody = z.strictObject({ list, name: z.string().trim().min(1).max(100), state });
const listParameters = z.object({ list });
const MOST_VIEWS = 200;

interface ViewRow {
  id: string;
  list: string;
  name: string;
  state: Record<string, string>;
  created_by: string | null;
  updated_at: Date;
}

/** The routes over the records. */
export function savedViewRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse-unstable', access: ['project-key'] } as const;
  const all = '/api/public/unstable/saved-views';
  return [
    { ...common, method: 'GET', path: all, summary: 'Saved views of a list', query: listParameters, handle: (context) => listViews(records, context) },
    {
      ...common,
      method: 'POST',
      path: all,
      summary: 'Keep a view under a name; a known name is changed',
      body: viewBody,
      handle: (context) => put(records, context),
    },
    { ...common, method: 'DELETE', path: `${all}/:viewId`, summary: 'Remove a saved view', handle: (context) => remove(records, context) },
  ];
}

const COLUMNS = sql`id, list, name, state, created_by, updated_at`;

function viewOf(row: ViewRow): Record<string, unknown> {
  return { id: row.id, list: row.list, name: row.name, state: row.state, createdBy: row.created_by, updatedAt: row.updated_at.toISOString() };
}

async function listViews(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, listParameters);
  const rows = await records.query<ViewRow>(
    sql`SELECT ${COLUMNS} FROM saved_views WHERE project_id = ${projectOf(principal)} AND list = ${asked.list} ORDER BY name, id LIMIT ${MOST_VIEWS}`,
  );
  return http.json({ data: rows.map(viewOf) });
}

async function put(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, viewBody);
  const projectId = projectOf(principal);
  const person = principal.kind === 'project-key' ? (principal.person?.userId ?? null) : null;
  const row = await records.transaction(async (session) => {
    // Writers of one list take turns, so that the bound holds.
    await session.query(sql`SELECT pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['saved views', projectId, body.list])}, 0))`);
    const [count] = await session.query<{ others: string }>(
      sql`SELECT count(*) AS others FROM saved_views WHERE project_id = ${projectId} AND list = ${body.list} AND name <> ${body.name}`,
    );
    if (Number(count?.others ?? 0) >= MOST_VIEWS) throw conflict(`This list has ${MOST_VIEWS} views already: remove one first.`);
    const [stored] = await session.query<ViewRow>(sql`
      INSERT INTO saved_views (id, project_id, list, name, state, created_by)
      VALUES (${randomUUID()}, ${projectId}, ${body.list}, ${body.name}, ${JSON.stringify(body.state)}::jsonb, ${person})
      ON CONFLICT (project_id, list, name) DO UPDATE SET state = EXCLUDED.state, updated_at = now() RETURNING ${COLUMNS}`);
    return stored as ViewRow;
  });
  return http.json(viewOf(row));
}

async function remove(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const removed = await records.query(
    sql`DELETE FROM saved_views WHERE project_id = ${projectOf(principal)} AND id = ${http.req.param('viewId') ?? ''} RETURNING id`,
  );
  if (removed.length === 0) throw notFound('There is no such view in this project.');
  return http.json({ success: true });
}
