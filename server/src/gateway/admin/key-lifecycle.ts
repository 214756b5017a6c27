// What happens to keys after they were made: a new secret, another spend, many at once, keys of services; and the names that they have.
import { z } from 'zod';
import { replaceSpend } from '#gateway/money/budget-resets.ts';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { regenerateVirtualKey } from '#identity/regenerate.ts';
import { getVirtualKey, listVirtualKeys, type VirtualKeyRecord } from '#identity/virtual-keys.ts';
import { durationMs } from '#lib/duration.ts';
import { AppError } from '#lib/errors.ts';
import { parsePicos, picosToNumber } from '#lib/money.ts';
import { actorOf, adminRoute, badRequest, notFound, OWNERS } from './admin-route.ts';
import { duration } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { generateBody, updateBody } from './key-body.ts';
import { keyView } from './key-view.ts';
import { changeKey, createKey } from './keys.ts';
import { managerOf } from './managers.ts';
import { ownedChange, ownedNewKey } from './owned-keys.ts';
import { pageNumber } from './query-fields.ts';

const keyText = z.string().min(1).max(1_000);
const regenerateBody = updateBody.safeExtend({ key: keyText.nullish(), new_key: generateBody.shape.key, grace_period: duration });
const bulkBody = z.looseObject({
  keys: z
    .array(updateBody.safeExtend({ key: keyText }))
    .min(1)
    .max(500),
});
const resetBody = z.looseObject({ reset_to: z.number().min(0) });
const aliasQuery = z.looseObject({
  page: pageNumber(1, 1_000_000),
  size: pageNumber(50, 1_000),
  search: z.string().max(800).optional(),
  team_id: z.string().max(800).optional(),
});

export function keyLifecycleRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const post = { method: 'POST' } as const;
  return [
    adminRoute({ ...post, path: '/key/regenerate', ...OWNERS, summary: 'Give a key a new secret', body: regenerateBody, handle: on(regenerate) }),
    adminRoute({
      ...post,
      path: '/key/:key/regenerate',
      ...OWNERS,
      summary: 'The same with the key in the path',
      body: regenerateBody,
      handle: on(regenerate),
    }),
    adminRoute({ ...post, path: '/key/bulk_update', summary: 'Change many keys, each by itself', body: bulkBody, handle: on(updateMany) }),
    adminRoute({ ...post, path: '/key/:key/reset_spend', summary: 'Lower what a key has spent', body: resetBody, handle: on(resetSpend) }),
    adminRoute({
      ...post,
      path: '/key/service-account/generate',
      ...OWNERS,
      summary: 'Create a key that belongs to a team and to nobody',
      body: generateBody,
      handle: on(serviceAccount),
    }),
    adminRoute({ method: 'GET', path: '/key/aliases', summary: 'Aliases of keys, in pages', query: aliasQuery, handle: on(aliases) }),
    adminRoute({
      ...post,
      path: '/key/health',
      access: ['virtual-key', 'master'],
      summary: 'Whether the presented key works, and its receivers',
      handle: on(health),
    }),
  ];
}

async function regenerate(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const { new_key: newKey, grace_period: grace, ...asked } = await readJson(context.http, regenerateBody);
  const named = context.http.req.param('key') ?? asked.key ?? null;
  if (named === null) throw badRequest('Name the key to regenerate in "key" (the key or its hash).', 'key');
  const before = await existing(deps, named);
  const body = ownedChange(deps, owner, { before, body: asked, permission: '/key/regenerate' });
  const actor = actorOf(context);
  const made = newKey ? { key: newKey, hash: deps.keyMaker.hash(newKey), name: deps.keyMaker.nameOf(newKey) } : deps.keyMaker.mint();
  const revokeAt = new Date(Date.now() + (grace ? (durationMs(grace) as number) : 0));
  const regenerated = await regenerateVirtualKey(deps.keyStore, before.id, { id: made.hash, name: made.name, revokeAt, updatedBy: actor });
  if (regenerated === null) throw noKey();
  await deps.callbacks.move('key', before.id, regenerated.id);
  const { key: _named, ...changes } = body;
  const record = Object.keys(changes).length === 0 ? regenerated : await changeKey(deps, regenerated, { ...changes, key: made.key }, actor);
  return Response.json({ ...keyView(record), key: made.key, token_id: record.id });
}

async function updateMany(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { keys } = await readJson(context.http, bulkBody);
  const actor = actorOf(context);
  const successful: unknown[] = [];
  const failed: unknown[] = [];
  for (const body of keys) {
    let before: VirtualKeyRecord | null = null;
    try {
      before = await existing(deps, body.key);
      const { token, ...info } = keyView(await changeKey(deps, before, body, actor));
      successful.push({ key: body.key, key_info: info });
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      failed.push({ key: body.key, key_info: before === null ? null : keyView(before), failed_reason: error.message });
    }
  }
  return Response.json({ total_requested: keys.length, successful_updates: successful, failed_updates: failed });
}

async function resetSpend(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { reset_to: resetTo } = await readJson(http, resetBody);
  await deps.ledger.flush();
  const before = await existing(deps, http.req.param('key') ?? '');
  const target = parsePicos(resetTo);
  if (target > before.spendPicos) {
    throw badRequest(`reset_to (${resetTo}) must be <= the current spend (${picosToNumber(before.spendPicos)}); /key/update sets any spend.`, 'reset_to');
  }
  const replaced = await replaceSpend(deps.records, before.id, target);
  if (replaced !== null) deps.budgets.adjust(before.claims[0]?.account ?? '', target - replaced);
  const view = keyView(await existing(deps, before.id));
  return Response.json({
    key_hash: before.id,
    spend: view.spend,
    previous_spend: picosToNumber(before.spendPicos),
    max_budget: view.max_budget,
    budget_reset_at: view.budget_reset_at,
  });
}

async function serviceAccount(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const asked = await readJson(context.http, generateBody);
  const body = asked.team_id ? await ownedNewKey(deps, owner, asked, '/key/service-account/generate') : asked;
  if (!body.team_id) throw badRequest('team_id is required for service account keys. Please specify `team_id` in the request body.', 'team_id');
  const metadata = { ...body.metadata, service_account_id: body.key_alias ?? body.metadata?.service_account_id ?? null };
  return Response.json(await createKey(deps, { ...body, metadata, user_id: null }, actorOf(context)));
}

async function aliases(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const query = readQuery(http, aliasQuery);
  const filters = {
    hasAlias: true,
    ...(query.search === undefined ? {} : { aliasContains: query.search }),
    ...(query.team_id === undefined ? {} : { teamId: query.team_id }),
  };
  const page = await listVirtualKeys(deps.records, { page: query.page, size: query.size, filters, orderBy: 'alias', ascending: true });
  return Response.json({
    aliases: page.keys.map(({ alias }) => alias),
    total_count: page.totalCount,
    current_page: page.page,
    total_pages: page.totalPages,
    size: query.size,
  });
}

/** The door has authenticated the key; what is left to tell is how its own receivers are doing. */
async function health(deps: AdminDeps, { principal }: RouteContext): Promise<Response> {
  if (principal.kind !== 'virtual-key') return Response.json({ key: 'healthy', logging_callbacks: null });
  const entries = await deps.callbacks.of('key', principal.key.id);
  if (entries.length === 0) return Response.json({ key: 'healthy', logging_callbacks: null });
  const ill = deps.callbacks.states().filter(({ scope, lastError }) => scope === `key:${principal.key.id}` && lastError !== null);
  const details = ill.length === 0 ? null : ill.map(({ name, lastError }) => `${name}: ${lastError}`).join('; ');
  const callbacks = { callbacks: entries.map((entry) => entry.callback_name), status: ill.length === 0 ? 'healthy' : 'unhealthy', details };
  return Response.json({ key: ill.length === 0 ? 'healthy' : 'unhealthy', logging_callbacks: callbacks });
}

async function existing(deps: AdminDeps, key: string): Promise<VirtualKeyRecord> {
  const record = await getVirtualKey(deps.records, deps.keyMaker.isHash(key) ? key : deps.keyMaker.hash(key));
  if (record === null) throw noKey();
  return record;
}

function noKey(): AppError {
  return notFound('Key not found in database. List the keys with /key/list.', 'key');
}
