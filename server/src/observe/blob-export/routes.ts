// GET, PUT /api/public/integrations/blob-storage, GET and DELETE of one (langfuse.md §1.1 row 46): scheduled exports of projects, by a key of their organisation.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { notFound } from '#observe/filter/parameters.ts';
import { sql } from '#stores/records/sql.ts';
import { deleteIntegration, type IntegrationRow, integrationById, integrationsOf } from './integrations-sql.ts';
import { type SaveParts, saveIntegration } from './save.ts';
import { integrationBody } from './schema.ts';
import { integrationView, statusView } from './view.ts';

export function blobExportRoutes(parts: SaveParts): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['organization-key'] } as const;
  const path = '/api/public/integrations/blob-storage';
  return [
    { ...common, method: 'GET', path, summary: 'Scheduled exports of the organisation', handle: (context) => list(parts, context) },
    {
      ...common,
      method: 'PUT',
      path,
      summary: 'Export a project to a bucket by the hour, day or week',
      body: integrationBody,
      handle: (context) => put(parts, context),
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/:id`,
      summary: 'How far a scheduled export has come',
      handle: async (context) => context.http.json(statusView(await found(parts, context))),
    },
    { ...common, method: 'DELETE', path: `${path}/:id`, summary: 'End a scheduled export; its files stay', handle: (context) => remove(parts, context) },
  ];
}

function organizationOf({ principal }: RouteContext): string {
  if (principal.kind === 'organization-key') return principal.organizationId;
  throw new AppError('Organization-scoped API key required for this operation.', { status: 403, code: 'ForbiddenError' });
}

async function list({ records }: SaveParts, context: RouteContext): Promise<Response> {
  return context.http.json({ data: (await integrationsOf(records, organizationOf(context))).map(integrationView) });
}

async function put(parts: SaveParts, context: RouteContext): Promise<Response> {
  const organizationId = organizationOf(context);
  const { projectId, ...body } = await bodyOf(context.http, integrationBody);
  const projects = await parts.records.query(sql`SELECT 1 FROM projects WHERE id = ${projectId} AND organization_id = ${organizationId}`);
  if (projects.length === 0) throw notFound('Project not found');
  return context.http.json(integrationView(await saveIntegration(parts, projectId, body)));
}

async function found({ records }: SaveParts, context: RouteContext): Promise<IntegrationRow> {
  const row = await integrationById(records, organizationOf(context), context.http.req.param('id') ?? '');
  if (row === null) throw notFound('Blob storage integration not found');
  return row;
}

async function remove(parts: SaveParts, context: RouteContext): Promise<Response> {
  const { id } = await found(parts, context);
  await deleteIntegration(parts.records, id);
  return context.http.json({ message: 'Blob storage integration successfully deleted' });
}
