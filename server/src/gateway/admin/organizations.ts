// /organization/*: organisations with their rules, teams and members in LiteLLM's shapes.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf } from '#identity/governing.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { id, json, keptFields, levelFields, models, refuseUnstorable, text } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { type LevelRecord, readLevels, writeLevel } from './level-records.ts';
import { budgetTable, levelPatch, levelView } from './level-view.ts';
import {
  deleteOrganization,
  deleteOrganizationMember,
  insertOrganization,
  insertOrganizationMember,
  type OrganizationMember,
  type OrganizationPatch,
  type OrganizationRow,
  readOrganizationMembers,
  readOrganizations,
  updateOrganization,
  updateOrganizationMember,
} from './organization-records.ts';
import { readTeams } from './team-records.ts';
import { readTeamParts, teamView } from './team-view.ts';
import { userIdOfEmail } from './user-records.ts';

const fields = { models, metadata: json, ...levelFields };
const newBody = z.looseObject({ organization_alias: text.min(1), organization_id: id.nullish(), ...fields }).superRefine(refuseUnstorable);
const updateBody = z.looseObject({ organization_id: id, organization_alias: text.min(1).nullish(), ...fields }).superRefine(refuseUnstorable);
const deleteBody = z.looseObject({ organization_ids: z.array(id).min(1).max(1_000) });
const infoQuery = z.looseObject({ organization_id: id });
const infoBody = z.looseObject({ organizations: z.array(id).min(1).max(1_000) });
const listQuery = z.looseObject({ org_id: id.optional(), org_alias: z.string().max(800).optional() });
const role = z.enum(['org_admin', 'internal_user', 'internal_user_viewer', 'user', 'admin']);
const member = z
  .looseObject({ user_id: id.nullish(), user_email: text.nullish(), role })
  .refine((one) => Boolean(one.user_id ?? one.user_email), 'name the member by user_id or user_email');
const memberAddBody = z.looseObject({ organization_id: id, member: z.union([member, z.array(member).min(1).max(1_000)]) }).superRefine(refuseUnstorable);
const named = { organization_id: id, user_id: id.nullish(), user_email: text.nullish() };
const memberUpdateBody = z.looseObject({ ...named, role });
const memberDeleteBody = z.looseObject(named);
const OWN_FIELDS = new Set([...Object.keys(fields), 'organization_id', 'organization_alias']);

export function organizationRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const route = (method: Route['method'], name: string, line: Pick<Route, 'summary' | 'handle'> & Partial<Route>): Route =>
    adminRoute({ method, path: `/organization/${name}`, ...line });
  return [
    route('POST', 'new', { summary: 'Create an organisation', body: newBody, handle: on(create) }),
    route('PATCH', 'update', { summary: 'Change an organisation: absent keeps, null clears', body: updateBody, handle: on(update) }),
    route('DELETE', 'delete', { summary: 'Delete organisations that hold nothing any more', body: deleteBody, handle: on(remove) }),
    route('GET', 'list', { summary: 'Organisations with members and teams', query: listQuery, handle: on(list) }),
    route('GET', 'info', { summary: 'An organisation with members and teams', query: infoQuery, handle: on(info) }),
    route('POST', 'info', { summary: 'Some organisations', body: infoBody, handle: on(infoOfSome) }),
    route('POST', 'member_add', { summary: 'Add members to an organisation', body: memberAddBody, handle: on(addMembers) }),
    route('PATCH', 'member_update', { summary: 'Change a member’s role', body: memberUpdateBody, handle: on(changeMember) }),
    route('DELETE', 'member_delete', { summary: 'Remove a member from an organisation', body: memberDeleteBody, handle: on(removeMember) }),
  ];
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, newBody);
  const actor = actorOf(context);
  const organizationId = body.organization_id ?? randomUUID();
  const level = await levelPatch(deps, body);
  await deps.records.transaction(async (session) => {
    await insertOrganization(session, organizationId, { ...toPatch(body), name: body.organization_alias }, actor);
    await writeLevel(session, ['organization', organizationId], level, actor);
  });
  await changed(deps, organizationId, level);
  return Response.json(await viewOf(deps, organizationId));
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, updateBody);
  const actor = actorOf(context);
  const before = await existing(deps, body.organization_id);
  const level = await levelPatch(deps, body);
  await deps.records.transaction(async (session) => {
    await updateOrganization(session, before.id, toPatch(body, before.other_fields), actor);
    await writeLevel(session, ['organization', before.id], level, actor);
  });
  await changed(deps, before.id, level);
  return Response.json(await viewOf(deps, before.id));
}

async function changed(deps: AdminDeps, organizationId: string, level: { budgetDuration?: string | null }): Promise<void> {
  await deps.levelChanged('organization', organizationId);
  if (level.budgetDuration) deps.budgetResets.reschedule();
}

function toPatch(body: z.infer<typeof newBody> | z.infer<typeof updateBody>, before: Readonly<Record<string, unknown>> = {}): OrganizationPatch {
  const patch: OrganizationPatch = { otherFields: keptFields(body, OWN_FIELDS, before) };
  if (body.organization_alias) patch.name = body.organization_alias;
  if (body.models !== undefined) patch.models = body.models ?? [];
  if (body.metadata !== undefined) patch.metadata = body.metadata ?? {};
  return patch;
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { organization_ids: ids } = await readJson(http, deleteBody);
  const views: Record<string, unknown>[] = [];
  for (const organizationId of ids) {
    if (organizationId === deps.home.organizationId) throw badRequest('The organisation of the master key cannot be deleted.', 'organization_ids');
    views.push(await viewOf(deps, organizationId));
  }
  await deps.records.transaction(async (session) => {
    for (const organizationId of ids) await deleteOrganization(session, organizationId);
  });
  for (const organizationId of ids) {
    deps.budgets.forget(accountOf('organization', organizationId));
    await deps.levelChanged('organization', organizationId);
  }
  return Response.json(views);
}

async function list(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const query = readQuery(http, listQuery);
  await deps.ledger.flush();
  const rows = await readOrganizations(deps.records, { ids: query.org_id === undefined ? undefined : [query.org_id], nameContains: query.org_alias });
  return Response.json(await viewsOf(deps, rows));
}

async function info(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { organization_id: organizationId } = readQuery(http, infoQuery);
  await deps.ledger.flush();
  return Response.json(await viewOf(deps, organizationId));
}

async function infoOfSome(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { organizations } = await readJson(http, infoBody);
  await deps.ledger.flush();
  return Response.json(await viewsOf(deps, await readOrganizations(deps.records, { ids: organizations })));
}

async function addMembers(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const body = await readJson(http, memberAddBody);
  const { id: organizationId } = await existing(deps, body.organization_id);
  const members = Array.isArray(body.member) ? body.member : [body.member];
  const resolved = await Promise.all(
    members.map(async (one) => {
      const userId = one.user_id ?? (await userIdOfEmail(deps.records, one.user_email ?? ''));
      if (userId === null) throw badRequest(`No user has the address ${one.user_email}; create one with /user/new.`, 'user_email');
      return { organization_id: organizationId, user_id: userId, email: one.user_email ?? null, role: one.role };
    }),
  );
  await deps.records.transaction(async (session) => {
    for (const one of resolved) await insertOrganizationMember(session, one);
  });
  const all = await readOrganizationMembers(deps.records, [organizationId]);
  const added = all.filter(({ user_id: userId }) => resolved.some((one) => one.user_id === userId)).map(memberView);
  return Response.json({
    organization_id: organizationId,
    updated_users: added.map((one) => ({ user_id: one.user_id, user_email: one.user_email })),
    updated_organization_memberships: added,
  });
}

async function changeMember(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const body = await readJson(http, memberUpdateBody);
  const before = await memberOf(deps, body);
  await updateOrganizationMember(deps.records, [before.organization_id, before.user_id], body.role);
  return Response.json(memberView(await memberOf(deps, body)));
}

async function removeMember(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const before = await memberOf(deps, await readJson(http, memberDeleteBody));
  await deleteOrganizationMember(deps.records, before.organization_id, before.user_id);
  return Response.json(memberView(before));
}

async function memberOf(
  deps: AdminDeps,
  body: { organization_id: string; user_id?: string | null | undefined; user_email?: string | null | undefined },
): Promise<OrganizationMember> {
  await existing(deps, body.organization_id);
  const members = await readOrganizationMembers(deps.records, [body.organization_id]);
  const found = members.find((one) => (body.user_id ? one.user_id === body.user_id : Boolean(body.user_email) && one.email === body.user_email));
  if (found === undefined) throw badRequest(`User not found in organization. Passed user_id=${body.user_id ?? null}.`, 'user_id');
  return found;
}

function memberView(one: OrganizationMember): Record<string, unknown> {
  return {
    user_id: one.user_id,
    user_email: one.email,
    organization_id: one.organization_id,
    user_role: one.role,
    spend: 0,
    budget_id: null,
    created_at: one.created_at.toISOString(),
    updated_at: one.updated_at.toISOString(),
  };
}

async function viewOf(deps: AdminDeps, organizationId: string): Promise<Record<string, unknown>> {
  const [view] = await viewsOf(deps, [await existing(deps, organizationId)]);
  return view as Record<string, unknown>;
}

async function viewsOf(deps: AdminDeps, rows: readonly OrganizationRow[]): Promise<Record<string, unknown>[]> {
  const ids = rows.map((row) => row.id);
  const [levels, members, budgets] = await Promise.all([
    readLevels(deps.records, 'organization', ids),
    readOrganizationMembers(deps.records, ids),
    readLevels(deps.records, 'budget'),
  ]);
  const teams = await Promise.all(ids.map((organizationId) => readTeams(deps.records, { organizationId }, { limit: 1_000, offset: 0 })));
  const parts = await readTeamParts(
    deps,
    teams.flatMap((page) => page.teams),
  );
  return rows.map((row, index) => ({
    ...organizationView(row, levels.get(row.id) ?? null, budgets),
    members: members.filter((one) => one.organization_id === row.id).map(memberView),
    teams: teams[index]?.teams.map((team) => teamView(team, parts)) ?? [],
  }));
}

function organizationView(row: OrganizationRow, level: LevelRecord | null, budgets: ReadonlyMap<string, LevelRecord>): Record<string, unknown> {
  return {
    ...row.other_fields,
    organization_id: row.id,
    organization_alias: row.name,
    budget_id: level?.budgetId ?? null,
    spend: levelView(level).spend,
    metadata: row.metadata,
    models: row.models,
    litellm_budget_table: budgetTable(level, budgets.get(level?.budgetId ?? '') ?? null),
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
    updated_at: row.updated_at.toISOString(),
    updated_by: row.updated_by,
  };
}

async function existing(deps: AdminDeps, organizationId: string): Promise<OrganizationRow> {
  const [row] = await readOrganizations(deps.records, { ids: [organizationId] });
  if (row === undefined) throw notFound(`Organization not found for organization_id=${organizationId}. List them with /organization/list.`, 'organization_id');
  return row;
}
