// /key/*: virtual keys in LiteLLM's shapes (litellm.md §1.5). A change is true for the very next request in this process.
import { z } from 'zod';
import { nextReset, replaceSpend } from '#gateway/money/budget-resets.ts';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf } from '#identity/governing.ts';
import { isReplaced } from '#identity/regenerate.ts';
import {
  deleteVirtualKeys,
  getVirtualKey,
  insertVirtualKey,
  listVirtualKeys,
  setBlocked,
  updateVirtualKey,
  type VirtualKeyRecord,
} from '#identity/virtual-keys.ts';
import { AppError } from '#lib/errors.ts';
import { actorOf, adminRoute, badRequest, OWNERS } from './admin-route.ts';
import { loggingOf, shownMetadata } from './callbacks.ts';
import type { AdminDeps } from './deps.ts';
import { type GenerateBody, generateBody, keptKeyFields, toKeyFields, type UpdateBody, unenforced, updateBody } from './key-body.ts';
import { keyListQuery, toKeyQuery } from './key-list-query.ts';
import { keyView } from './key-view.ts';
import { readLevel } from './level-records.ts';
import { noBudget } from './level-view.ts';
import { checkChange, managerOf, maySee } from './managers.ts';
import { ownedChange, ownedNewKey } from './owned-keys.ts';
import { visibleKeys } from './visible-keys.ts';

const keyBody = z.looseObject({ key: z.string().min(1).max(1_000) });
const infoQuery = z.looseObject({ key: z.string().min(1).max(1_000).optional() });
const names = z.array(z.string().min(1).max(1_000)).max(1_000).nullish();
const deleteBody = z
  .looseObject({ keys: names, key_aliases: names })
  .refine((body) => (body.keys?.length ?? 0) + (body.key_aliases?.length ?? 0) > 0, 'give the keys to delete in "keys" or "key_aliases"');

/** The routes of /key/*: the master key or an administrator's session for all keys, an owner for his own and those of his teams (managers.ts); a virtual key may read itself. */
export function keyRoutes(deps: AdminDeps): Route[] {
  const route = adminRoute;
  return [
    route({
      method: 'POST',
      path: '/key/generate',
      ...OWNERS,
      summary: 'Create a virtual key',
      body: generateBody,
      handle: (context) => generate(deps, context),
    }),
    route({
      method: 'GET',
      path: '/key/info',
      ...OWNERS,
      summary: 'A virtual key by itself or its hash; without `key`, the caller’s own',
      query: infoQuery,
      handle: (context) => info(deps, context),
    }),
    route({
      method: 'POST',
      path: '/key/update',
      ...OWNERS,
      summary: 'Change a key: absent keeps, null clears',
      body: updateBody,
      handle: (context) => update(deps, context),
    }),
    route({ method: 'POST', path: '/key/delete', ...OWNERS, summary: 'Delete keys', body: deleteBody, handle: (context) => remove(deps, context) }),
    route({ method: 'GET', path: '/key/list', ...OWNERS, summary: 'Page through keys', query: keyListQuery, handle: (context) => list(deps, context) }),
    route({ method: 'POST', path: '/key/block', ...OWNERS, summary: 'Block a key', body: keyBody, handle: (context) => block(deps, context, true) }),
    route({ method: 'POST', path: '/key/unblock', ...OWNERS, summary: 'Unblock a key', body: keyBody, handle: (context) => block(deps, context, false) }),
  ];
}

async function generate(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const body = await ownedNewKey(deps, owner, await readJson(context.http, generateBody));
  return withUnenforced(Response.json(await createKey(deps, body, actorOf(context))), unenforced(body, tellsBudgets(deps)));
}

/** Makes a key and gives LiteLLM's answer to /key/generate: the only time that the key itself is told. @throws AppError 400. */
export async function createKey(deps: AdminDeps, asked: GenerateBody, actor: string): Promise<Record<string, unknown>> {
  const body = { ...asked, metadata: await shownMetadata(deps, ['key', null], asked.metadata) };
  const key = body.key ?? null;
  const made = key === null ? deps.keyMaker.mint() : { key, hash: deps.keyMaker.hash(key), name: deps.keyMaker.nameOf(key) };
  if (await isReplaced(deps.records, made.hash)) throw badRequest('This key was replaced by another; choose a new one.', 'key');
  await checkBudget(deps, body.budget_id);
  const record = await insertVirtualKey(deps.keyStore, {
    ...toKeyFields(body, Date.now()),
    ...(await windowFields(deps, body)),
    id: made.hash,
    name: made.name,
    otherFields: keptKeyFields(body),
    organizationId: body.organization_id ?? deps.home.organizationId,
    projectId: body.project_id ?? deps.home.projectId,
    createdBy: actor,
  });
  deps.budgets.adopt(accountOf('key', record.id), record.spendPicos);
  await deps.callbacks.replace('key', record.id, loggingOf(asked.metadata) ?? []);
  if (record.budgetResetAt !== null) deps.budgetResets.reschedule();
  return { ...keyView(record), key: made.key, token_id: record.id, duration: body.duration ?? null };
}

async function checkBudget(deps: AdminDeps, budgetId: string | null | undefined): Promise<void> {
  if (budgetId && (await readLevel(deps.records, 'budget', budgetId)) === null) throw noBudget(budgetId);
}

async function info(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { http, principal } = context;
  const { key } = readQuery(http, infoQuery);
  const own = principal.kind === 'virtual-key' ? principal.key.id : null;
  if (key === undefined && own === null) {
    throw new AppError('Name the key: /key/info?key=<key or its hash>.', { status: 400, code: 'bad_request_error', param: 'key' });
  }
  const id = key === undefined ? (own as string) : idOf(deps, key);
  const owner = own !== null && id !== own ? await managerOf(deps, context) : null;
  await deps.ledger.flush();
  const record = await getVirtualKey(deps.records, id);
  if (owner !== null && (record === null || !maySee(owner, record))) {
    throw new AppError('A virtual key may only read itself, its owner’s keys, and those of his teams.', { status: 403, code: 'auth_error', param: 'key' });
  }
  if (record === null) notFound();
  const { token, ...view } = keyView(record);
  return Response.json({ key: key ?? token, info: view });
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const asked = await readJson(context.http, updateBody);
  const before = await named(deps, asked);
  const body = ownedChange(deps, owner, { before, body: asked, permission: '/key/update' });
  const { token, ...view } = keyView(await changeKey(deps, before, body, actorOf(context)));
  return withUnenforced(Response.json({ ...view, key: body.key ?? token }), unenforced(body, tellsBudgets(deps)));
}

/** Changes what a body names: absent keeps, null clears. @throws AppError 400. */
export async function changeKey(deps: AdminDeps, before: VirtualKeyRecord, asked: UpdateBody, actor: string): Promise<VirtualKeyRecord> {
  const body = asked.metadata === undefined ? asked : { ...asked, metadata: await shownMetadata(deps, ['key', before.id], asked.metadata) };
  await checkBudget(deps, body.budget_id);
  // The alias names the key when `key` does not: then it is not a change.
  const { key_alias: alias, ...rest } = body;
  const { spendPicos, ...changes } = toKeyFields(body.key ? body : rest, Date.now());
  const fields = { ...changes, ...(await windowFields(deps, body)), otherFields: keptKeyFields(body, before.otherFields) };
  if (spendPicos !== undefined) await replaceKeySpend(deps, before, spendPicos ?? 0n);
  // Before the key: a mask in the new entries stands for a secret of the old ones.
  if (asked.metadata !== undefined) await deps.callbacks.replace('key', before.id, loggingOf(asked.metadata) ?? []);
  const record = (await updateVirtualKey(deps.keyStore, before.id, fields, actor)) ?? notFound();
  if (body.budget_duration !== undefined) deps.budgetResets.reschedule();
  return record;
}

/** The stored spend and the account in memory change by the same amount: calls on their way to the records are neither lost nor counted twice. */
async function replaceKeySpend(deps: AdminDeps, key: VirtualKeyRecord, spendPicos: bigint): Promise<void> {
  const beforePicos = await replaceSpend(deps.records, key.id, spendPicos);
  if (beforePicos !== null) deps.budgets.adjust(key.claims[0]?.account ?? '', spendPicos - beforePicos);
}

/** When the budget's window ends, for a body that sets one; null with it. */
async function windowFields(deps: AdminDeps, body: { budget_duration?: string | null | undefined }): Promise<{ budgetResetAt?: Date | null }> {
  if (body.budget_duration === undefined) return {};
  return { budgetResetAt: body.budget_duration === null ? null : await nextReset(deps.records, body.budget_duration, deps.timezone) };
}

async function remove(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const body = await readJson(context.http, deleteBody);
  const wanted = new Map((body.keys ?? []).map((key) => [idOf(deps, key), key]));
  for (const alias of body.key_aliases ?? []) {
    const record = await byAlias(deps, alias);
    if (record !== null && !wanted.has(record.id)) wanted.set(record.id, alias);
  }
  // All or none: a list with a key of somebody else deletes nothing.
  for (const id of owner === null ? [] : wanted.keys()) checkChange(owner, (await getVirtualKey(deps.records, id)) ?? notFound(), '/key/delete');
  const deleted = await deleteVirtualKeys(deps.keyStore, { ids: [...wanted.keys()] });
  if (deleted.length === 0) notFound();
  for (const id of deleted) deps.budgets.forget(accountOf('key', id));
  return Response.json({ deleted_keys: deleted.map((id) => wanted.get(id) ?? id) });
}

async function list(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const query = readQuery(context.http, keyListQuery);
  if (query.return_full_object) await deps.ledger.flush();
  const page = await listVirtualKeys(deps.records, visibleKeys(owner, toKeyQuery(query, new Date())));
  return Response.json({
    keys: query.return_full_object ? page.keys.map(keyView) : page.keys.map((record) => record.id),
    total_count: page.totalCount,
    current_page: page.page,
    total_pages: page.totalPages,
  });
}

async function block(deps: AdminDeps, context: RouteContext, blocked: boolean): Promise<Response> {
  const owner = await managerOf(deps, context);
  const id = idOf(deps, (await readJson(context.http, keyBody)).key);
  if (owner !== null) checkChange(owner, (await getVirtualKey(deps.records, id)) ?? notFound(), blocked ? '/key/block' : '/key/unblock');
  const record = await setBlocked(deps.keyStore, id, blocked, actorOf(context));
  return Response.json(keyView(record ?? notFound()));
}

/** The key that an update means: by `key`, else by `key_alias`. */
async function named(deps: AdminDeps, body: UpdateBody): Promise<VirtualKeyRecord> {
  if (body.key) return (await getVirtualKey(deps.records, idOf(deps, body.key))) ?? notFound();
  if (body.key_alias) return (await byAlias(deps, body.key_alias)) ?? notFound();
  throw new AppError('Name the key to change in "key" (the key or its hash) or "key_alias".', { status: 400, code: 'bad_request_error', param: 'key' });
}

async function byAlias(deps: AdminDeps, alias: string): Promise<VirtualKeyRecord | null> {
  const { keys } = await listVirtualKeys(deps.records, { page: 1, size: 1, filters: { alias } });
  return keys[0] ?? null;
}

const idOf = (deps: AdminDeps, key: string): string => (deps.keyMaker.isHash(key) ? key : deps.keyMaker.hash(key));

/** Whether somebody hears of soft budgets. */
function tellsBudgets(deps: AdminDeps): boolean {
  const { alerting } = deps.config();
  return alerting !== null && (alerting.webhook !== null || alerting.slack.budget_alerts.length > 0);
}

function withUnenforced(response: Response, fields: readonly string[]): Response {
  if (fields.length > 0) response.headers.set('x-genai-unenforced-fields', fields.join(','));
  return response;
}

function notFound(): never {
  throw new AppError('Key not found in database. List the keys with /key/list.', { status: 404, code: 'not_found_error', param: 'key' });
}
