// GET and PUT of a project's masking rules, for keys of the organisation: the project's own keys cannot loosen them.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { notFound } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { type MaskingRule, maskingRules } from './rules.ts';

const rulesBody = z.strictObject({ rules: maskingRules });

export function maskingRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['organization-key'], path: '/api/public/projects/:projectId/masking' } as const;
  return [
    { ...common, method: 'GET', summary: 'What a project replaces before it is stored', handle: (context) => show(records, context) },
    {
      ...common,
      method: 'PUT',
      summary: 'Set what a project replaces before it is stored',
      body: rulesBody,
      async handle(context) {
        const { rules } = await bodyOf(context.http, rulesBody);
        await records.query(sql`
          UPDATE projects SET masking_rules = ${JSON.stringify(rules)}::jsonb, updated_at = now() WHERE id = ${projectOf(context)} AND organization_id = ${organizationOf(context)}`);
        return await show(records, context);
      },
    },
  ];
}

const projectOf = ({ http }: RouteContext): string => http.req.param('projectId') ?? '';

function organizationOf({ principal }: RouteContext): string {
  if (principal.kind === 'organization-key') return principal.organizationId;
  throw new AppError('Organization-scoped API key required for this operation.', { status: 403, code: 'ForbiddenError' });
}

async function show(records: Records, context: RouteContext): Promise<Response> {
  const [row] = await records.query<{ rules: MaskingRule[] }>(
    sql`SELECT masking_rules AS rules FROM projects WHERE id = ${projectOf(context)} AND organization_id = ${organizationOf(context)}`,
  );
  if (!row) throw notFound('Project not found');
  return context.http.json({ rules: row.rules });
}
