// /model/info, /v1/model/info and /model_group/info: what is configured, seen by the key that asks, without secrets.
import { z } from 'zod';
import { mayUseModel } from '#gateway/access.ts';
import { accessGroupsOf } from '#gateway/snapshot.ts';
import { readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import type { AdminDeps } from './deps.ts';
import { modelInfo, priceAndLimits } from './model-view.ts';

const infoQuery = z.looseObject({ litellm_model_id: z.string().max(200).optional() });
const groupQuery = z.looseObject({ model_group: z.string().max(500).optional() });

export function modelRoutes(deps: AdminDeps): Route[] {
  const shared = {
    method: 'GET',
    surface: 'admin',
    dialect: 'litellm',
    access: ['master', 'virtual-key', 'user-admin', 'user-member', 'user-viewer'],
  } as const;
  const info = { ...shared, summary: 'The configured models, without secrets', query: infoQuery, handle: (context: RouteContext) => models(deps, context) };
  return [
    { ...info, path: '/model/info' },
    { ...info, path: '/v1/model/info' },
    {
      ...shared,
      path: '/model_group/info',
      summary: 'The models that a client can name, with limits and prices',
      query: groupQuery,
      handle: (context) => groups(deps, context),
    },
  ];
}

function models(deps: AdminDeps, { http, principal }: RouteContext): Response {
  const { litellm_model_id: id } = readQuery(http, infoQuery);
  const visible = visibleTo(principal, deps.config()).filter((deployment) => id === undefined || deployment.id === id);
  if (id !== undefined && visible.length === 0) {
    throw new AppError(`Model id = ${id} not found on the proxy. List the models with /model/info.`, {
      status: 404,
      code: 'not_found_error',
      param: 'litellm_model_id',
    });
  }
  return Response.json({ data: visible.map((deployment) => modelInfo(deployment, deps.prices)) });
}

function groups(deps: AdminDeps, { http, principal }: RouteContext): Response {
  const { model_group: wanted } = readQuery(http, groupQuery);
  const data = modelGroups(deps, visibleTo(principal, deps.config()), (name) => wanted === undefined || name === wanted);
  return Response.json({ data });
}

/** LiteLLM's ModelGroupInfoProxy of the groups that are shown. */
export function modelGroups(deps: AdminDeps, deployments: readonly Deployment[], isShown: (name: string) => boolean): Record<string, unknown>[] {
  const byName = Map.groupBy(deployments, (deployment) => deployment.modelName);
  return [...byName].filter(([name]) => isShown(name)).map(([name, members]) => group(name, members, deps));
}

function group(name: string, members: readonly Deployment[], deps: AdminDeps): Record<string, unknown> {
  const known = members.map((member) => priceAndLimits(member, deps.prices));
  // The dearest and the widest of the group, as LiteLLM tells it.
  const most = (field: string): number | null => {
    const values = known.map((member) => member[field]).filter((value) => typeof value === 'number');
    return values.length === 0 ? null : Math.max(...values);
  };
  const sum = (values: readonly (number | null)[]): number | null =>
    values.every((value) => value === null) ? null : values.reduce<number>((total, value) => total + (value ?? 0), 0);
  return {
    model_group: name,
    providers: [...new Set(members.map((member) => member.providerName))],
    max_input_tokens: most('max_input_tokens'),
    max_output_tokens: most('max_output_tokens'),
    input_cost_per_token: most('input_cost_per_token'),
    output_cost_per_token: most('output_cost_per_token'),
    mode: members[0]?.mode ?? null,
    tpm: sum(members.map((member) => member.tpm)),
    rpm: sum(members.map((member) => member.rpm)),
    supports_vision: members.some((member) => member.info.supports_vision === true),
    supports_function_calling: members.some((member) => member.info.supports_function_calling === true),
    is_public_model_group: deps.config().access?.publicModels.includes(name) ?? false,
    supports_parallel_function_calling: members.some((member) => member.info.supports_parallel_function_calling === true),
  };
}

/** A virtual key sees what it may call; everybody else sees everything. */
export function visibleTo(principal: Principal, config: GatewayConfig): readonly Deployment[] {
  if (principal.kind !== 'virtual-key') return config.deployments;
  const names = { config, accessGroups: accessGroupsOf(config) };
  return config.deployments.filter(({ modelName }) => mayUseModel(principal.key, modelName, names));
}
