// DELETE /api/public/projects/{projectId} (langfuse.md §1.12): its keys and records are gone with the answer, its rows, archive and media follow by the purge; with the receipts of an organisation.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { conflict } from '#observe/api/body.ts';
import { notFound } from '#observe/filter/parameters.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { requestDeletion } from './receipts.ts';
import { organizationReceipts } from './routes.ts';

export interface ProjectDeletionDependencies {
  records: Records;
  /** Where calls without a project of their own go: the house needs it. */
  homeProjectId: () => string;
}

export function projectDeletionRoutes(dependencies: ProjectDeletionDependencies): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['organization-key'] } as const;
  return [
    {
      ...common,
      method: 'DELETE',
      path: '/api/public/projects/:projectId',
      summary: 'Delete a project with everything in it',
      handle: (context) => remove(dependencies, context),
    },
    {
      ...common,
      method: 'GET',
      path: '/api/public/organizations/deletions',
      summary: 'Receipts of what was deleted in the organisation',
      handle: (context) => organizationReceipts(dependencies.records, organizationOf(context), context),
    },
  ];
}

function organizationOf({ principal }: RouteContext): string {
  if (principal.kind === 'organization-key') return principal.organizationId;
  throw new AppError('Organization-scoped API key required for this operation.', { status: 403, code: 'ForbiddenError' });
}

async function remove({ records, homeProjectId }: ProjectDeletionDependencies, context: RouteContext): Promise<Response> {
  const id = context.http.req.param('projectId') ?? '';
  const organizationId = organizationOf(context);
  const receipt = await records.transaction(async (session) => {
    const found = await session.query(sql`SELECT 1 FROM projects WHERE id = ${id} AND organization_id = ${organizationId} FOR UPDATE`);
    if (found.length === 0) throw notFound('Project not found');
    if (id === homeProjectId()) throw conflict('Calls of the master key are kept in this project: it cannot be deleted.');
    await refuseUsed(session, id);
    const deletion = await requestDeletion(session, { projectId: id, kind: 'project', subjects: [id] });
    // The content of media is removed by what these rows name, so the purge takes their blobs by prefix.
    await session.query(sql`DELETE FROM projects WHERE id = ${id}`);
    return deletion;
  });
  context.http.header('x-genai-deletion-id', receipt);
  return context.http.json({ success: true, message: 'Project deletion has been initiated and is being processed asynchronously' }, 202);
}

async function refuseUsed(session: RecordsSession, projectId: string): Promise<void> {
  const [keys] = await session.query<{ count: string }>(sql`SELECT count(*) AS count FROM virtual_keys WHERE project_id = ${projectId}`);
  const count = Number(keys?.count ?? 0);
  if (count > 0) throw conflict(`${count} virtual keys of the gateway keep their calls in this project: delete them or give them another project first.`);
}
