// GET, POST /api/public/prompt-protected-labels and DELETE of one (ours: Langfuse sets them in its console only).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { notFound, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { creatorOf } from './creator.ts';
import { administers, type ProtectedLabel, protectedLabels, protectLabel, releaseLabel } from './protected-labels.ts';
import { LATEST, promptLabel } from './schema.ts';

const body = z.object({ label: promptLabel.refine((label) => label !== LATEST, "Label 'latest' follows the newest version and cannot be protected") });

export function protectedLabelRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  const all = '/api/public/prompt-protected-labels';
  return [
    { ...common, method: 'GET', path: all, summary: 'List protected labels of prompts', handle: (context) => list(records, context) },
    {
      ...common,
      method: 'POST',
      path: all,
      summary: 'Protect a label: only administrators of the project, in the console',
      body,
      handle: (context) => protect(records, context),
    },
    {
      ...common,
      method: 'DELETE',
      path: `${all}/:label`,
      summary: 'Protect a label no longer: only administrators of the project, in the console',
      handle: (context) => release(records, context),
    },
  ];
}

function shape({ label, created_at: createdAt, created_by: createdBy }: ProtectedLabel): Record<string, unknown> {
  return { label, createdAt: createdAt.toISOString(), createdBy };
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  return http.json({ data: (await protectedLabels(records, projectOf(principal))).map(shape) });
}

/** A key is no administrator, so that what is deployed by a protected label is no key's to change. */
function refuseOthers({ principal }: RouteContext): void {
  if (administers(principal)) return;
  // Nobody learns from the status what a body would have to look like; the route itself is open to the project.
  throw new AppError('Only an administrator of the project may do this, in the console.', { status: 403, code: 'ForbiddenError' });
}

async function protect(records: Records, context: RouteContext): Promise<Response> {
  const { label } = await bodyOf(context.http, body);
  refuseOthers(context);
  const projectId = projectOf(context.principal);
  await protectLabel(records, projectId, label, creatorOf(context.principal));
  const stored = (await protectedLabels(records, projectId)).find((one) => one.label === label);
  return context.http.json(shape(stored as ProtectedLabel), 201);
}

async function release(records: Records, context: RouteContext): Promise<Response> {
  const projectId = projectOf(context.principal);
  const label = context.http.req.param('label') ?? '';
  if (!(await protectedLabels(records, projectId)).some((one) => one.label === label)) throw notFound(`The label '${label}' is not protected`);
  refuseOthers(context);
  await releaseLabel(records, projectId, label);
  return context.http.json({ message: `Label '${label}' is protected no longer` });
}
