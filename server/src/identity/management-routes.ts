// Management by API: projects, keys and members by a key of the organisation, keys of an organisation by the master key (langfuse.md §1.1 rows 42 to 44, §1.12).
import type { Context } from 'hono';
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { isUniqueViolation } from '#stores/records/sql.ts';
import { mintProjectKeys } from './keys.ts';
import { managementBody, organizationOf } from './management-body.ts';
import {
  deleteKey,
  insertKey,
  insertProject,
  isTaken,
  type KeyOwner,
  type KeySummary,
  keysOf,
  type ManagedProject,
  organizationExists,
  projectOf,
  projectsOf,
  updateProject,
} from './management-sql.ts';
import { memberRoutes } from './member-routes.ts';
import { isPublicKey } from './project-keys.ts';
import { projectMemberRoutes } from './project-member-routes.ts';
import { projectPeopleRoutes } from './project-people-routes.ts';

/** Days that traces are kept: 0 for ever. */
const retention = z
  .number()
  .int()
  .max(36_500)
  .refine((days) => days === 0 || days >= 3, 'Retention must be 0 (for ever) or at least 3 days');
const name = z.string().trim().min(3).max(60);
const metadata = z.record(z.string(), z.json()).optional();
const createBody = z.object({ name, retention: retention.nullish(), metadata });
const updateBody = z.object({ name, retention: retention.nullish(), metadata });
const keyBody = z
  .object({
    note: z.string().max(1_000).nullish(),
    publicKey: z.string().startsWith('pk-lf-').nullish(),
    secretKey: z.string().startsWith('sk-lf-').min(20).nullish(),
  })
  .refine((body) => Boolean(body.publicKey) === Boolean(body.secretKey), 'Both publicKey and secretKey must be provided together');

/** The routes over the records. */
export function managementRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['organization-key'] } as const;
  const project = '/api/public/projects/:projectId';
  return [
    {
      ...common,
      method: 'GET',
      path: '/api/public/organizations/projects',
      summary: 'List projects of the organisation',
      handle: (context) => listProjects(records, context),
    },
    {
      ...common,
      method: 'GET',
      path: '/api/public/organizations/apiKeys',
      summary: 'List keys of the organisation',
      handle: (context) => listKeys(records, { organizationId: organizationOf(context) }, context.http),
    },
    { ...common, method: 'POST', path: '/api/public/projects', summary: 'Create a project', body: createBody, handle: (context) => create(records, context) },
    { ...common, method: 'PUT', path: project, summary: 'Change a project', body: updateBody, handle: (context) => update(records, context) },
    {
      ...common,
      method: 'GET',
      path: `${project}/apiKeys`,
      summary: 'List keys of a project',
      handle: async (context) => listKeys(records, await ownerOf(records, context), context.http),
    },
    {
      ...common,
      method: 'POST',
      path: `${project}/apiKeys`,
      summary: 'Create a pair of keys of a project',
      body: keyBody,
      handle: async (context) => createKey(records, await ownerOf(records, context), context.http),
    },
    {
      ...common,
      method: 'DELETE',
      path: `${project}/apiKeys/:keyId`,
      summary: 'Delete a pair of keys of a project',
      handle: async (context) => removeKey(records, await ownerOf(records, context), context.http),
    },
    ...memberRoutes(records),
    ...projectMemberRoutes(records),
    ...projectPeopleRoutes(records),
    ...organizationKeyRoutes(records),
  ];
}

/** Somebody has to make the first key of an organisation. */
function organizationKeyRoutes(records: Records): Route[] {
  const common = { surface: 'admin', dialect: 'langfuse', access: ['master'] } as const;
  const keys = '/api/admin/organizations/:organizationId/apiKeys';
  return [
    {
      ...common,
      method: 'GET',
      path: keys,
      summary: 'List keys of an organisation',
      handle: async ({ http }) => listKeys(records, await organizationIn(records, http), http),
    },
    {
      ...common,
      method: 'POST',
      path: keys,
      summary: 'Create a pair of keys of an organisation',
      body: keyBody,
      handle: async ({ http }) => createKey(records, await organizationIn(records, http), http),
    },
    {
      ...common,
      method: 'DELETE',
      path: `${keys}/:keyId`,
      summary: 'Delete a pair of keys of an organisation',
      handle: async ({ http }) => removeKey(records, await organizationIn(records, http), http),
    },
  ];
}

function notFound(message: string): AppError {
  return new AppError(message, { status: 404, code: 'LangfuseNotFoundError' });
}

async function organizationIn(records: Records, http: Context): Promise<KeyOwner> {
  const organizationId = http.req.param('organizationId') ?? '';
  if (!(await organizationExists(records, organizationId))) throw notFound('Organization not found');
  return { organizationId };
}

async function foundProject(records: Records, context: RouteContext): Promise<ManagedProject> {
  const project = await projectOf(records, organizationOf(context), context.http.req.param('projectId') ?? '');
  if (project === null) throw notFound('Project not found');
  return project;
}

async function ownerOf(records: Records, context: RouteContext): Promise<KeyOwner> {
  const project = await foundProject(records, context);
  return { projectId: project.id, organizationId: project.organization_id };
}

function projectShape(row: ManagedProject): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    organization: { id: row.organization_id, name: row.organization_name },
    metadata: row.metadata,
    ...(row.retention_days === 0 ? {} : { retentionDays: row.retention_days }),
  };
}

async function listProjects(records: Records, context: RouteContext): Promise<Response> {
  const rows = await projectsOf(records, organizationOf(context));
  const projects = rows.map(({ id, name: projectName, metadata: fields, created_at: createdAt, updated_at: updatedAt }) => ({
    id,
    name: projectName,
    metadata: fields,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }));
  return context.http.json({ projects });
}

/** Two projects of one name would be told apart by nobody. */
async function refuseName(records: Records, organizationId: string, wished: string, exceptId: string | null): Promise<void> {
  const taken = (await projectsOf(records, organizationId)).some((row) => row.name === wished && row.id !== exceptId);
  if (taken) throw new AppError('A project with this name already exists in your organization', { status: 409, code: 'LangfuseConflictError' });
}

async function create(records: Records, context: RouteContext): Promise<Response> {
  const organizationId = organizationOf(context);
  const body = await managementBody(context.http, createBody);
  await refuseName(records, organizationId, body.name, null);
  const id = await insertProject(records, organizationId, { name: body.name, retentionDays: body.retention ?? null, metadata: body.metadata ?? null });
  return context.http.json(projectShape((await projectOf(records, organizationId, id)) as ManagedProject), 201);
}

async function update(records: Records, context: RouteContext): Promise<Response> {
  const before = await foundProject(records, context);
  const body = await managementBody(context.http, updateBody);
  await refuseName(records, before.organization_id, body.name, before.id);
  await updateProject(records, before.id, { name: body.name, retentionDays: body.retention ?? null, metadata: body.metadata ?? null });
  return context.http.json(projectShape((await projectOf(records, before.organization_id, before.id)) as ManagedProject));
}

function keyShape(row: KeySummary): Record<string, unknown> {
  return {
    id: row.id,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    note: row.note,
    publicKey: row.public_key,
    displaySecretKey: row.display_secret_key,
  };
}

async function listKeys(records: Records, owner: KeyOwner, http: Context): Promise<Response> {
  return http.json({ apiKeys: (await keysOf(records, owner)).map(keyShape) });
}

/** The secret is in this answer and nowhere else. */
async function createKey(records: Records, owner: KeyOwner, http: Context): Promise<Response> {
  const body = await managementBody(http, keyBody);
  const pair = body.publicKey && body.secretKey ? { publicKey: body.publicKey, secretKey: body.secretKey } : mintProjectKeys();
  if (!isPublicKey(pair.publicKey))
    throw new AppError('The public key must be 1 to 256 visible ASCII characters without a colon.', { status: 400, code: 'InvalidRequestError' });
  const taken = new AppError('An API key with the provided public key already exists', { status: 409, code: 'LangfuseConflictError' });
  if (await isTaken(records, pair.publicKey)) throw taken;
  try {
    const row = await insertKey(records, owner, { ...pair, note: body.note ?? null });
    const { id, created_at: createdAt, display_secret_key: displaySecretKey, note } = row;
    return http.json({ id, createdAt: createdAt.toISOString(), ...pair, displaySecretKey, note }, 201);
  } catch (error) {
    if (isUniqueViolation(error)) throw taken;
    throw error;
  }
}

async function removeKey(records: Records, owner: KeyOwner, http: Context): Promise<Response> {
  if (!(await deleteKey(records, owner, http.req.param('keyId') ?? ''))) throw notFound('API key not found');
  return http.json({ success: true });
}
