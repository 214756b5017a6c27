// The sampling rule of a project and what it left out: for keys of the organisation, and in the console, where those change it who administer the project. Ours: Langfuse samples in its clients only.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { notFound, projectOf } from '#observe/filter/parameters.ts';
import { administers } from '#observe/prompts/protected-labels.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { leftOutDays } from './left-out.ts';
import { type SamplingRule, samplingRule } from './rule.ts';

const ruleBody = z.strictObject({ rule: samplingRule.nullable() });
/** A year of both reasons. */
const DAYS_SHOWN = 732;

interface Place {
  organizationId: string;
  projectId: string;
}

export function samplingRoutes(records: RecordsSession): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse' } as const;
  const managed = { ...common, access: ['organization-key'], path: '/api/public/projects/:projectId/sampling' } as const;
  const own = { ...common, access: ['project-key'], path: '/api/public/sampling' } as const;
  return [
    {
      ...managed,
      method: 'GET',
      summary: 'Which traces a project keeps, and what was left out by day',
      handle: (context) => show(records, managedPlace(context), context),
    },
    {
      ...managed,
      method: 'PUT',
      summary: 'Set which traces a project keeps (tail sampling), or null for all',
      body: ruleBody,
      handle: async (context) => await set(records, managedPlace(context), context, await bodyOf(context.http, ruleBody)),
    },
    {
      ...own,
      method: 'GET',
      summary: 'Which traces the project keeps, and what was left out by day',
      handle: (context) => show(records, ownPlace(context), context),
    },
    {
      ...own,
      method: 'PUT',
      summary: 'Set which traces the project keeps: only administrators of the project, in the console',
      body: ruleBody,
      async handle(context) {
        const body = await bodyOf(context.http, ruleBody);
        if (!administers(context.principal))
          throw new AppError('Only an administrator of the project may do this, in the console.', { status: 403, code: 'ForbiddenError' });
        return await set(records, ownPlace(context), context, body);
      },
    },
  ];
}

function managedPlace({ http, principal }: RouteContext): Place {
  if (principal.kind === 'organization-key') return { organizationId: principal.organizationId, projectId: http.req.param('projectId') ?? '' };
  throw new AppError('Organization-scoped API key required for this operation.', { status: 403, code: 'ForbiddenError' });
}

function ownPlace({ principal }: RouteContext): Place {
  return { organizationId: principal.kind === 'project-key' ? principal.organizationId : '', projectId: projectOf(principal) };
}

async function show(records: RecordsSession, { organizationId, projectId }: Place, context: RouteContext): Promise<Response> {
  const [row] = await records.query<{ rule: SamplingRule | null; waiting: string }>(sql`
    SELECT p.sampling_rule AS rule, (SELECT count(*) FROM sampling_waiting w WHERE w.project_id = p.id) AS waiting
    FROM projects p WHERE p.id = ${projectId} AND p.organization_id = ${organizationId}`);
  if (!row) throw notFound('Project not found');
  return context.http.json({ rule: row.rule, waiting: Number(row.waiting), leftOut: await leftOutDays(records, projectId, DAYS_SHOWN) });
}

async function set(records: RecordsSession, place: Place, context: RouteContext, { rule }: z.output<typeof ruleBody>): Promise<Response> {
  const stored = rule === null ? null : JSON.stringify(rule);
  await records.query(sql`
    UPDATE projects SET sampling_rule = ${stored}::jsonb, updated_at = now() WHERE id = ${place.projectId} AND organization_id = ${place.organizationId}`);
  return await show(records, place, context);
}
