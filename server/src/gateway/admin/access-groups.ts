// /access_group/*: named groups of models, kept where LiteLLM keeps them (model_info.access_groups of the registered models). Keys and teams name them like models.
import { z } from 'zod';
import type { StoredModel } from '#gateway/stored-models.ts';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { refuseUnstorable, text } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';

const names = z.array(text.min(1)).max(1_000).nullish();
const newBody = z.looseObject({ access_group: text.min(1), model_names: names, model_ids: names }).superRefine(refuseUnstorable);
const updateBody = z.looseObject({ model_names: names, model_ids: names }).superRefine(refuseUnstorable);
type Asked = z.infer<typeof updateBody>;

export function accessGroupRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const path = '/access_group/:group';
  return [
    adminRoute({ method: 'POST', path: '/access_group/new', summary: 'Make a group of registered models', body: newBody, handle: on(create) }),
    adminRoute({ method: 'GET', path: '/access_group/list', summary: 'Groups of models, also those of the configuration file', handle: on(list) }),
    adminRoute({ method: 'GET', path: `${path}/info`, summary: 'One group of models', handle: on(info) }),
    adminRoute({ method: 'PUT', path: `${path}/update`, summary: 'Say anew which registered models a group has', body: updateBody, handle: on(update) }),
    adminRoute({ method: 'DELETE', path: `${path}/delete`, summary: 'Take a group from all registered models', handle: on(remove) }),
  ];
}

interface Group {
  access_group: string;
  model_names: string[];
  deployment_count: number;
}

/** Every group that a deployment names, whether it stands in the file or was registered. */
function groupsOf(deps: AdminDeps): Group[] {
  const groups = new Map<string, { models: Set<string>; count: number }>();
  for (const { modelName, info: facts } of deps.config().deployments) {
    for (const name of groupNames(facts)) {
      const group = groups.get(name) ?? { models: new Set(), count: 0 };
      group.models.add(modelName);
      group.count += 1;
      groups.set(name, group);
    }
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { models, count }]) => ({ access_group: name, model_names: [...models], deployment_count: count }));
}

function groupNames(facts: Readonly<Record<string, unknown>>): string[] {
  return Array.isArray(facts.access_groups) ? [...new Set(facts.access_groups.filter((name) => typeof name === 'string'))] : [];
}

async function list(deps: AdminDeps): Promise<Response> {
  return Response.json({ access_groups: groupsOf(deps) });
}

async function info(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  return Response.json(existing(deps, http.req.param('group') ?? ''));
}

function existing(deps: AdminDeps, name: string): Group {
  const group = groupsOf(deps).find(({ access_group: known }) => known === name);
  if (group === undefined) throw notFound(`Access group '${name}' not found. List them with /access_group/list.`, 'access_group');
  return group;
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { access_group: name, ...asked } = await readJson(context.http, newBody);
  if (groupsOf(deps).some(({ access_group: known }) => known === name)) {
    throw badRequest(`Access group '${name}' exists already; change it with PUT /access_group/${encodeURIComponent(name)}/update.`, 'access_group');
  }
  return await write(deps, context, { name, asked });
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const name = context.http.req.param('group') ?? '';
  const asked = await readJson(context.http, updateBody);
  existing(deps, name);
  return await write(deps, context, { name, asked });
}

/** The group has these models and no other registered one. @throws AppError 400 for a model that is unknown or stands in the configuration file. */
async function write(deps: AdminDeps, context: RouteContext, { name, asked }: { name: string; asked: Asked }): Promise<Response> {
  const stored = await deps.storedModels.list();
  const wanted = new Set((asked.model_ids ?? []).map((id) => registered(deps, stored, { id }).id));
  for (const model of asked.model_names ?? []) {
    registered(deps, stored, { model });
    for (const { id, modelName } of stored) if (modelName === model) wanted.add(id);
  }
  if (wanted.size === 0) throw badRequest('Name the models of the group in "model_names" or "model_ids".', 'model_names');
  const count = await setGroup(deps, context, { name, stored, wanted });
  return Response.json({ access_group: name, model_names: asked.model_names ?? null, model_ids: asked.model_ids ?? null, models_updated: count });
}

function registered(deps: AdminDeps, stored: readonly StoredModel[], { id, model }: { id?: string; model?: string }): StoredModel {
  const found = stored.find((one) => (id === undefined ? one.modelName === model : one.id === id));
  if (found !== undefined) return found;
  const param = id === undefined ? 'model_names' : 'model_ids';
  const inFile = deps.config().deployments.some((one) => (id === undefined ? one.modelName === model : one.id === id));
  if (inFile) throw badRequest(`The model ${id ?? model} stands in the configuration file; write its model_info.access_groups there.`, param);
  throw badRequest(`Model ${id ?? model} not found. List the models with /model/info.`, param);
}

async function remove(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const name = context.http.req.param('group') ?? '';
  existing(deps, name);
  const stored = await deps.storedModels.list();
  const count = await setGroup(deps, context, { name, stored, wanted: new Set() });
  const left = groupsOf(deps).some(({ access_group: known }) => known === name);
  const message = left
    ? `Access group '${name}' was taken from the registered models; models of the configuration file keep it.`
    : `Access group '${name}' deleted successfully`;
  return Response.json({ access_group: name, models_updated: count, message });
}

/** Writes the models that change; gives how many have the group now, or had it when none has. */
async function setGroup(
  deps: AdminDeps,
  context: RouteContext,
  { name, stored, wanted }: { name: string; stored: readonly StoredModel[]; wanted: ReadonlySet<string> },
): Promise<number> {
  const changed = stored.filter((model) => groupNames(model.info).includes(name) !== wanted.has(model.id));
  for (const { id, modelName, params, info: facts } of changed) {
    const others = groupNames(facts).filter((known) => known !== name);
    const groups = wanted.has(id) ? [...others, name] : others;
    await deps.storedModels.write({ id, modelName, params, info: { ...facts, access_groups: groups } }, actorOf(context));
  }
  if (changed.length > 0) await deps.modelsChanged();
  return wanted.size > 0 ? wanted.size : changed.length;
}
