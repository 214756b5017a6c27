// GET and PUT of what is kept how long: of an organisation, and of a project with rules by environment and tag. Ours: Langfuse's project routes know one number of days only.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { type RetentionRule, retentionDays, retentionRules } from './policy.ts';

const organizationBody = z.strictObject({ retentionDays });
const projectBody = z.strictObject({ retentionDays: retentionDays.nullable(), rules: retentionRules.default([]) });

/** The routes over the records, for keys of an organisation. */
export function retentionRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['organization-key'] } as const;
  const [organization, project] = ['/api/public/organizations/retention', '/api/public/projects/:projectId/retention'];
  return [
    {
      ...common,
      method: 'GET',
      path: organization,
      summary: 'How long the organisation keeps traces',
      handle: (context) => showOrganization(records, context),
    },
    {
      ...common,
      method: 'PUT',
      path: organization,
      summary: 'Set how long the organisation keeps traces',
      body: organizationBody,
      handle: (context) => setOrganization(records, context),
    },
    {
      ...common,
      method: 'GET',
      path: project,
      summary: 'How long a project keeps traces, by environment and tag',
      handle: (context) => showProject(records, context),
    },
    {
      ...common,
      method: 'PUT',
      path: project,
      summary: 'Set how long a project keeps traces, by environment and tag',
      body: projectBody,
      handle: (context) => setProject(records, context),
    },
  ];
}

function organizationOf({ principal }: RouteContext): string {
  if (principal.kind === 'organization-key') return principal.organizationId;
  throw new AppError('Organization-scoped API key required for this operation.', { status: 403, code: 'ForbiddenError' });
}

async function showOrganization(records: Records, context: RouteContext): Promise<Response> {
  const [row] = await records.query<{ days: number }>(sql`SELECT coalesce(retention_days, 0) AS days FROM organizations WHERE id = ${organizationOf(context)}`);
  return context.http.json({ retentionDays: row?.days ?? 0 });
}

async function setOrganization(records: Records, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, organizationBody);
  await records.query(sql`UPDATE organizations SET retention_days = ${body.retentionDays} WHERE id = ${organizationOf(context)}`);
  return await showOrganization(records, context);
}

async function showProject(records: Records, context: RouteContext): Promise<Response> {
  const id = context.http.req.param('projectId') ?? '';
  const [row] = await records.query<{ own: number | null; days: number; rules: RetentionRule[] }>(sql`
    SELECT p.retention_days AS own, coalesce(p.retention_days, o.retention_days, 0) AS days, p.retention_rules AS rules
    FROM projects p JOIN organizations o ON o.id = p.organization_id WHERE p.id = ${id} AND o.id = ${organizationOf(context)}`);
  if (!row) throw new AppError('Project not found', { status: 404, code: 'LangfuseNotFoundError' });
  return context.http.json({ retentionDays: row.own, effectiveDays: row.days, rules: row.rules });
}

async function setProject(records: Records, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, projectBody);
  await records.query(sql`
    UPDATE projects SET retention_days = ${body.retentionDays}, retention_rules = ${JSON.stringify(body.rules)}::jsonb, updated_at = now()
    WHERE id = ${context.http.req.param('projectId') ?? ''} AND organization_id = ${organizationOf(context)}`);
  return await showProject(records, context);
}
