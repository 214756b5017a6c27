// /model/new, /model/update, /model/delete and /credentials: models that live in the records, served at once and without a restart.

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { StoredModel } from '#gateway/stored-models.ts';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { wordOf } from '#lib/json.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { id, json, refuseUnstorable, text } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { publicBase } from './model-view.ts';

const params = z.record(z.string(), z.unknown()).refine((value) => !JSON.stringify(value).includes('os.environ/'), {
  message: 'must not name variables of the process (os.environ/…): give the value, or a litellm_credential_name',
});
const newBody = z
  .looseObject({ model_name: text.min(1), litellm_params: params, model_info: z.looseObject({ id: id.nullish() }).nullish() })
  .superRefine(refuseUnstorable);
const updateBody = z
  .looseObject({ model_name: text.min(1).nullish(), litellm_params: params.nullish(), model_info: z.looseObject({ id: id.nullish() }).nullish() })
  .superRefine(refuseUnstorable);
const deleteBody = z.looseObject({ id });
const blockBody = z.looseObject({ model_id: id });
const credentialBody = z.looseObject({ credential_name: id, credential_values: params, credential_info: json }).superRefine(refuseUnstorable);
const credentialPatch = z.looseObject({ credential_values: params.nullish(), credential_info: json }).superRefine(refuseUnstorable);

/** Shown as they are; everything else of a credential or of params that could be one is masked. */
const PUBLIC_PARAMS = new Set(
  `model api_base api_version base_model rpm tpm weight order timeout stream_timeout max_retries tags custom_llm_provider region_name aws_region_name
  vertex_project vertex_location litellm_credential_name input_cost_per_token output_cost_per_token mode temperature max_tokens organization`.split(/\s+/),
);

export function modelWriteRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const post = { method: 'POST' } as const;
  return [
    adminRoute({ ...post, path: '/model/new', summary: 'Register a model; it is served at once', body: newBody, handle: on(create) }),
    adminRoute({ ...post, path: '/model/update', summary: 'Change a registered model: absent keeps, null clears', body: updateBody, handle: on(update) }),
    adminRoute({ method: 'PATCH', path: '/model/:id/update', summary: 'The same with the id in the path', body: updateBody, handle: on(update) }),
    adminRoute({ ...post, path: '/model/delete', summary: 'Delete a registered model', body: deleteBody, handle: on(remove) }),
    adminRoute({
      ...post,
      path: '/model/block',
      summary: 'Let a registered model serve no call',
      body: blockBody,
      handle: (context) => block(deps, context, true),
    }),
    adminRoute({ ...post, path: '/model/unblock', summary: 'Let it serve again', body: blockBody, handle: (context) => block(deps, context, false) }),
    adminRoute({ ...post, path: '/credentials', summary: 'Register a credential that models name', body: credentialBody, handle: on(createCredential) }),
    adminRoute({ method: 'GET', path: '/credentials', summary: 'Credentials with their values masked', handle: on(listCredentials) }),
    adminRoute({ method: 'GET', path: '/credentials/by_name/:name', summary: 'One credential, masked', handle: on(oneCredential) }),
    adminRoute({ method: 'PATCH', path: '/credentials/:name', summary: 'Change a credential', body: credentialPatch, handle: on(updateCredential) }),
    adminRoute({ method: 'DELETE', path: '/credentials/:name', summary: 'Delete a credential that no model names', handle: on(removeCredential) }),
  ];
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, newBody);
  const { id: asked, ...info } = body.model_info ?? {};
  const modelId = asked ?? randomUUID();
  if (deps.config().deployments.some((one) => one.id === modelId)) throw badRequest(`The model id ${modelId} is taken; choose another.`, 'model_info.id');
  return await write(deps, context, { id: modelId, modelName: body.model_name, params: withoutNull(body.litellm_params), info });
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, updateBody);
  const { id: asked, ...info } = body.model_info ?? {};
  const modelId = context.http.req.param('id') ?? asked ?? null;
  if (modelId === null) throw badRequest('Name the model by model_info.id.', 'model_info.id');
  const before = await existing(deps, modelId);
  return await write(deps, context, {
    id: modelId,
    modelName: body.model_name ?? before.modelName,
    params: withoutNull({ ...before.params, ...body.litellm_params }),
    info: withoutNull({ ...before.info, ...info }),
  });
}

type Written = Pick<StoredModel, 'id' | 'modelName' | 'params' | 'info'>;

/** @throws AppError 400 when the model could not be served. */
async function write(deps: AdminDeps, context: RouteContext, model: Written): Promise<Response> {
  const problem = await deps.storedModels.problemOf(model);
  if (problem !== null) throw badRequest(`The model cannot be served: ${problem}.`, 'litellm_params');
  await deps.storedModels.write(model, actorOf(context));
  await deps.modelsChanged();
  return Response.json(view(await existing(deps, model.id)));
}

function withoutNull(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { id: modelId } = await readJson(http, deleteBody);
  await existing(deps, modelId);
  await deps.storedModels.remove(modelId);
  await deps.modelsChanged();
  return Response.json({ message: `Model: ${modelId} deleted successfully` });
}

/** In force in every process when it is answered; calls under way end as they began. */
async function block(deps: AdminDeps, context: RouteContext, blocked: boolean): Promise<Response> {
  const { model_id: modelId } = await readJson(context.http, blockBody);
  await existing(deps, modelId);
  await deps.storedModels.block(modelId, blocked, actorOf(context));
  await deps.modelsChanged();
  return Response.json(view(await existing(deps, modelId)));
}

async function existing(deps: AdminDeps, modelId: string): Promise<StoredModel> {
  const model = await deps.storedModels.find(modelId);
  if (model !== null) return model;
  if (deps.config().deployments.some((one) => one.id === modelId)) {
    throw badRequest(`The model ${modelId} stands in the configuration file; change it there.`, 'model_info.id');
  }
  throw notFound(`Model id = ${modelId} not found. List the models with /model/info.`, 'model_info.id');
}

function view(model: StoredModel): Record<string, unknown> {
  return {
    model_id: model.id,
    model_name: model.modelName,
    litellm_params: masked(model.params),
    model_info: { ...model.info, id: model.id, db_model: true },
    blocked: model.blocked,
    created_at: model.createdAt.toISOString(),
    created_by: model.createdBy,
    updated_at: model.updatedAt.toISOString(),
    updated_by: model.updatedBy,
  };
}

function masked(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(name, value)]));
}

function shown(name: string, value: unknown): unknown {
  if (!PUBLIC_PARAMS.has(name)) return '****';
  return name === 'api_base' ? publicBase(wordOf(value)) : value;
}

async function createCredential(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, credentialBody);
  if ((await deps.storedModels.credentials()).some(({ name }) => name === body.credential_name)) {
    throw badRequest(`The credential ${body.credential_name} exists already; change it with PATCH /credentials/${body.credential_name}.`, 'credential_name');
  }
  const credential = { name: body.credential_name, values: withoutNull(body.credential_values), info: body.credential_info ?? {} };
  await deps.storedModels.writeCredential(credential, actorOf(context));
  await deps.modelsChanged();
  return Response.json({ success: true, message: 'Credential created successfully' });
}

async function listCredentials(deps: AdminDeps): Promise<Response> {
  return Response.json({ success: true, credentials: (await deps.storedModels.credentials()).map(credentialView) });
}

async function oneCredential(deps: AdminDeps, context: RouteContext): Promise<Response> {
  return Response.json(credentialView(await namedCredential(deps, context)));
}

async function updateCredential(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, credentialPatch);
  const before = await namedCredential(deps, context);
  const values = withoutNull({ ...before.values, ...body.credential_values });
  await deps.storedModels.writeCredential({ name: before.name, values, info: body.credential_info ?? before.info }, actorOf(context));
  await deps.modelsChanged();
  return Response.json({ success: true, message: 'Credential updated successfully' });
}

async function removeCredential(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { name } = await namedCredential(deps, context);
  const user = await deps.storedModels.modelNaming(name);
  if (user !== null) throw badRequest(`The model ${user} uses the credential ${name}; change or delete it first.`, 'credential_name');
  await deps.storedModels.removeCredential(name);
  await deps.modelsChanged();
  return Response.json({ success: true, message: 'Credential deleted successfully' });
}

async function namedCredential(
  deps: AdminDeps,
  { http }: RouteContext,
): Promise<{ name: string; values: Readonly<Record<string, unknown>>; info: Readonly<Record<string, unknown>> }> {
  const name = http.req.param('name') ?? '';
  const found = (await deps.storedModels.credentials()).find((candidate) => candidate.name === name);
  if (found === undefined) throw notFound(`Credential ${name} not found. List them with /credentials.`, 'credential_name');
  return found;
}

function credentialView(credential: {
  name: string;
  values: Readonly<Record<string, unknown>>;
  info: Readonly<Record<string, unknown>>;
}): Record<string, unknown> {
  return { credential_name: credential.name, credential_values: masked(credential.values), credential_info: credential.info };
}
