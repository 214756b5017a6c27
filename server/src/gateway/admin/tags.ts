// /tag/*: tags of calls that have a budget or limits, in LiteLLM's shapes.
import { z } from 'zod';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf } from '#identity/governing.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { id, json, levelFields, models, refuseUnstorable, text } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { deleteLevels, type LevelRecord, readLevel, readLevels, writeLevel } from './level-records.ts';
import { budgetTable, levelPatch, levelView, writtenBy } from './level-view.ts';

const body = z.looseObject({ name: id, description: text.nullish(), models, model_info: json, ...levelFields }).superRefine(refuseUnstorable);
const nameBody = z.looseObject({ name: id });
const namesBody = z.looseObject({ names: z.array(id).min(1).max(1_000) });

export function tagRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const post = { method: 'POST' } as const;
  return [
    adminRoute({ ...post, path: '/tag/new', summary: 'Set the rules of a tag', body, handle: on(create) }),
    adminRoute({ ...post, path: '/tag/update', summary: 'Change a tag: absent keeps, null clears', body, handle: on(update) }),
    adminRoute({ ...post, path: '/tag/info', summary: 'Some tags with their spend', body: namesBody, handle: on(info) }),
    adminRoute({ method: 'GET', path: '/tag/list', summary: 'Tags that have been created', handle: () => list(deps) }),
    adminRoute({ ...post, path: '/tag/delete', summary: 'Delete the rules of a tag', body: nameBody, handle: on(remove) }),
  ];
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const asked = await readJson(context.http, body);
  if ((await readLevel(deps.records, 'tag', asked.name)) !== null) throw badRequest(`Tag ${asked.name} already exists; change it with /tag/update.`, 'name');
  return await write(deps, context, asked, 'created');
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const asked = await readJson(context.http, body);
  await existing(deps, asked.name);
  return await write(deps, context, asked, 'updated');
}

async function write(deps: AdminDeps, context: RouteContext, asked: z.infer<typeof body>, done: string): Promise<Response> {
  const level = await levelPatch(deps, asked);
  const profile = Object.fromEntries(
    (['description', 'models', 'model_info'] as const).flatMap((name) => (asked[name] === undefined ? [] : [[name, asked[name]]])),
  );
  await writeLevel(deps.records, ['tag', asked.name], { ...level, profile }, actorOf(context));
  await deps.levelChanged('tag', asked.name);
  if (level.budgetDuration) deps.budgetResets.reschedule();
  const tag = await existing(deps, asked.name);
  return Response.json({ message: `Tag ${asked.name} ${done} successfully`, tag: view(tag, await sharedOf(deps, tag)) });
}

async function info(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { names } = await readJson(http, namesBody);
  await deps.ledger.flush();
  const tags = await Promise.all(names.map((name) => existing(deps, name)));
  return Response.json(Object.fromEntries(await Promise.all(tags.map(async (tag) => [tag.subject, view(tag, await sharedOf(deps, tag))]))));
}

async function list(deps: AdminDeps): Promise<Response> {
  await deps.ledger.flush();
  const [tags, budgets] = await Promise.all([readLevels(deps.records, 'tag'), readLevels(deps.records, 'budget')]);
  return Response.json([...tags.values()].map((tag) => view(tag, budgets.get(tag.budgetId ?? '') ?? null)));
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { name } = await readJson(http, nameBody);
  await existing(deps, name);
  await deleteLevels(deps.records, 'tag', [name]);
  await deps.levelChanged('tag', name);
  deps.budgets.forget(accountOf('tag', name));
  return Response.json({ message: `Tag ${name} deleted successfully` });
}

async function sharedOf(deps: AdminDeps, tag: LevelRecord): Promise<LevelRecord | null> {
  return tag.budgetId === null ? null : await readLevel(deps.records, 'budget', tag.budgetId);
}

function view(tag: LevelRecord, shared: LevelRecord | null): Record<string, unknown> {
  return {
    name: tag.subject,
    description: tag.profile.description ?? null,
    models: tag.profile.models ?? [],
    model_info: tag.profile.model_info ?? null,
    spend: levelView(tag).spend,
    budget_id: tag.budgetId,
    litellm_budget_table: budgetTable(tag, shared),
    ...writtenBy(tag),
  };
}

async function existing(deps: AdminDeps, name: string): Promise<LevelRecord> {
  const tag = await readLevel(deps.records, 'tag', name);
  if (tag === null) throw notFound(`Tag ${name} not found. List the tags with /tag/list.`, 'name');
  return tag;
}
