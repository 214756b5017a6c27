// GET /unstable/members: the people of the project's organisation, id and name, so that a page can say who wrote a comment or may work on a queue.
import type { Route, RouteContext } from '#http/route.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

const MOST_MEMBERS = 1_000;

/** The route over the records. */
export function memberRoutes(records: Pick<Records, 'query'>): Route[] {
  return [
    {
      surface: 'observe',
      dialect: 'langfuse-unstable',
      access: ['project-key'],
      method: 'GET',
      path: '/api/public/unstable/members',
      summary: 'The people of a project by id and name',
      handle: (context) => list(records, context),
    },
  ];
}

/** Without e-mail addresses: who has no name is called by what stands before the @. */
async function list(records: Pick<Records, 'query'>, { http, principal }: RouteContext): Promise<Response> {
  const rows = await records.query<{ id: string; name: string }>(sql`
    SELECT u.id, coalesce(nullif(u.name, ''), split_part(u.email, '@', 1)) AS name
    FROM memberships m JOIN projects p ON p.organization_id = m.organization_id JOIN users u ON u.id = m.user_id
    WHERE p.id = ${projectOf(principal)} ORDER BY name, u.id LIMIT ${MOST_MEMBERS}`);
  return http.json({ data: rows });
}
