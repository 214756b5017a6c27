// /config/update and its like: settings that are registered while the platform runs, sealed in the records, in force in every process. Values come back masked.
import { z } from 'zod';
import { type SettingChange, type SettingSection, withChanges } from '#gateway/stored-settings.ts';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import type { StoredSections } from '#settings/settings.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { refuseUnstorable } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';

const section = z.record(z.string().min(1).max(200), z.unknown()).nullish();
const updateBody = z
  .looseObject({
    litellm_settings: section,
    general_settings: section,
    router_settings: section,
    environment_variables: z.record(z.string().regex(/^[A-Za-z_]\w{0,199}$/, 'is not a name of a variable'), z.string().max(20_000).nullable()).nullish(),
  })
  .superRefine(refuseUnstorable);
const deleteCallbackBody = z.looseObject({ callback_name: z.string().min(1).max(200) });
const typeQuery = z.looseObject({ config_type: z.literal('general_settings').optional() });
const nameQuery = z.looseObject({ field_name: z.string().min(1).max(200) });
const fieldBody = z.looseObject({
  field_name: z.string().min(1).max(200),
  field_value: z.unknown(),
  config_type: z.literal('general_settings').default('general_settings'),
});

const deleteFieldBody = fieldBody.omit({ field_value: true });

/** What decides who may come in, or where data lies, is not changed by a request. */
const REFUSED = new Set(['master_key', 'salt_key', 'database_url', 'custom_auth', 'custom_key_generate', 'custom_sso', 'pass_through_endpoints']);
const LISTS = ['callbacks', 'success_callback', 'failure_callback'] as const;
const MASK = '****';

export function configRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const post = { method: 'POST' } as const;
  const get = { method: 'GET' } as const;
  return [
    adminRoute({ ...post, path: '/config/update', summary: 'Register settings and variables, in force at once', body: updateBody, handle: on(update) }),
    adminRoute({ ...post, path: '/config/callback/delete', summary: 'Take a registered callback away', body: deleteCallbackBody, handle: on(removeCallback) }),
    adminRoute({ ...get, path: '/get/config/callbacks', summary: 'Callbacks with their variables masked, alerts, routing', handle: on(callbacks) }),
    adminRoute({ ...get, path: '/config/list', summary: 'Registered general settings', query: typeQuery, handle: on(list) }),
    adminRoute({ ...get, path: '/config/field/info', summary: 'One registered general setting', query: nameQuery, handle: on(field) }),
    adminRoute({ ...post, path: '/config/field/update', summary: 'Register one general setting', body: fieldBody, handle: on(updateField) }),
    adminRoute({ ...post, path: '/config/field/delete', summary: 'Take one registered general setting away', body: deleteFieldBody, handle: on(deleteField) }),
  ];
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, updateBody);
  const stored = await deps.settings.stored.all();
  const changes = changesOf(body, stored);
  const warnings = await applySettings(deps, context, changes);
  return Response.json({ message: 'Config updated successfully', ...(warnings.length === 0 ? {} : { warnings }) });
}

/** @throws AppError 400 for what may not be changed here. */
function changesOf(body: z.infer<typeof updateBody>, stored: StoredSections): SettingChange[] {
  const changes: SettingChange[] = [];
  for (const name of ['litellm_settings', 'general_settings', 'router_settings', 'environment_variables'] as const) {
    for (const [setting, value] of Object.entries(body[name] ?? {})) {
      refuse(setting, value);
      // What a client was shown and sends back changes nothing.
      if (typeof value === 'string' && value.endsWith(MASK)) continue;
      changes.push({ section: name, name: setting, value: combined(name, setting, { value, stored }) });
    }
  }
  if (Object.hasOwn(body, 'model_list')) throw badRequest('Models are registered with /model/new, not here.', 'model_list');
  return changes;
}

function refuse(setting: string, value: unknown): void {
  if (REFUSED.has(setting)) throw badRequest(`${setting} is set in the configuration file or the environment, not by a request.`, setting);
  // Who may register settings must not read the process's variables by them.
  if (JSON.stringify(value ?? null).includes('os.environ/'))
    throw badRequest(`${setting} must not name variables of the process (os.environ/…): give the value.`, setting);
}

/** Lists of callbacks grow, as LiteLLM's do; everything else is replaced. */
function combined(name: SettingSection, setting: string, { value, stored }: { value: unknown; stored: StoredSections }): unknown {
  if (name !== 'litellm_settings' || !(LISTS as readonly string[]).includes(setting) || value === null) return value ?? null;
  const before = stored.litellm_settings[setting];
  return [...new Set([...(Array.isArray(before) ? before : []), ...(Array.isArray(value) ? value : [value])])];
}

/** Writes what would be a good configuration, and lets every process take it over; gives remarks. @throws AppError 400 with all faults. */
export async function applySettings(deps: AdminDeps, context: RouteContext, changes: readonly SettingChange[]): Promise<string[]> {
  if (changes.length === 0) return [];
  const next = withChanges(await deps.settings.stored.all(), changes);
  const { faults, warnings } = deps.settings.attempt(next);
  if (faults.length > 0) throw badRequest(`Not registered: ${faults.join('; ')}.`);
  await deps.settings.stored.write(changes, actorOf(context));
  await deps.settings.changed();
  return warnings;
}

async function removeCallback(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { callback_name: name } = await readJson(context.http, deleteCallbackBody);
  const stored = await deps.settings.stored.all();
  const changes = LISTS.flatMap((list): SettingChange[] => {
    const before = stored.litellm_settings[list];
    if (!Array.isArray(before) || !before.includes(name)) return [];
    const left = before.filter((entry) => entry !== name);
    return [{ section: 'litellm_settings', name: list, value: left.length === 0 ? null : left }];
  });
  if (changes.length === 0) {
    if (deps.config().callbacks.includes(name)) throw badRequest(`The callback ${name} stands in the configuration file; change it there.`, 'callback_name');
    throw notFound(`Callback '${name}' not found in active callbacks. GET /callbacks/list lists them.`, 'callback_name');
  }
  await applySettings(deps, context, changes);
  return Response.json({
    message: `Successfully deleted callback: ${name}`,
    removed_callback: name,
    remaining_callbacks: deps.config().callbacks,
    deleted_at: new Date().toISOString(),
  });
}

async function callbacks(deps: AdminDeps): Promise<Response> {
  const { alerting, callbacks: names, routing, retries, fallbacks, requestTimeoutMs } = deps.config();
  const targets = deps.callbacks.configured();
  const typeOf = (success: boolean, failure: boolean) => (success && failure ? 'success_and_failure' : failure ? 'failure' : 'success');
  const listed = names.map((name) => {
    const target = targets.find((one) => one.name === name);
    return { name, variables: target?.variables ?? {}, type: target === undefined ? 'success' : typeOf(target.success, target.failure) };
  });
  const active = alerting === null ? [] : Object.entries(alerting.slack).flatMap(([type, urls]) => (urls.length === 0 ? [] : [type]));
  return Response.json({
    status: 'success',
    callbacks: listed,
    alerts: alerting === null ? [] : [{ name: 'slack', variables: { SLACK_WEBHOOK_URL: active.length === 0 ? null : MASK }, active_alerts: active }],
    router_settings: {
      routing_strategy: routing.strategy,
      num_retries: retries,
      timeout: requestTimeoutMs / 1000,
      fallbacks: Object.entries(fallbacks).map(([model, list]) => ({ [model]: list })),
    },
  });
}

async function list(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  readQuery(http, typeQuery);
  const { general_settings: settings } = await deps.settings.stored.all();
  return Response.json(Object.entries(settings).map(([name, value]) => ({ field_name: name, field_value: shown(name, value), stored_in_db: true })));
}

async function field(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { field_name: name } = readQuery(http, nameQuery);
  const { general_settings: settings } = await deps.settings.stored.all();
  if (!Object.hasOwn(settings, name))
    throw notFound(`The general setting ${name} is not registered; what the configuration file says is not told here.`, 'field_name');
  return Response.json({ field_name: name, field_value: shown(name, settings[name]) });
}

async function updateField(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { field_name: name, field_value: value } = await readJson(context.http, fieldBody);
  refuse(name, value);
  const warnings = await applySettings(deps, context, [{ section: 'general_settings', name, value: value ?? null }]);
  return Response.json({ message: `Field '${name}' updated`, ...(warnings.length === 0 ? {} : { warnings }) });
}

async function deleteField(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { field_name: name } = await readJson(context.http, deleteFieldBody);
  const { general_settings: settings } = await deps.settings.stored.all();
  if (!Object.hasOwn(settings, name)) throw notFound(`Field '${name}' not in config.`, 'field_name');
  await applySettings(deps, context, [{ section: 'general_settings', name, value: null }]);
  return Response.json({ message: `Field '${name}' deleted` });
}

/** Names that may hold a secret are never told. */
function shown(name: string, value: unknown): unknown {
  if (/key|secret|token|password|url|webhook|credential/i.test(name)) return MASK;
  return typeof value === 'string' && /:\/\/|^sk-/.test(value) ? MASK : value;
}
