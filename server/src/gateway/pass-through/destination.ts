// Where a pass-through call goes and with whose credentials: a deployment that the configuration opens for it, or an endpoint that the configuration states. The client chooses neither host nor credential.
import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from '#gateway/call.ts';
import type { Upstream } from '#gateway/providers/provider.ts';
import type { Snapshot } from '#gateway/snapshot.ts';
import { Target } from '#gateway/target.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { checkPath, type PassThroughMatch, type ProviderDoor, passedQuery } from './doors.ts';

export interface Destination {
  readonly target: Target;
  readonly path: string;
  readonly headers: string[];
  /** Decimal; null = by its tokens. */
  readonly costPerRequest: string | null;
}

/** Client headers that concern the call and no credential. */
const PASSED = ['accept', 'anthropic-version', 'anthropic-beta', 'openai-beta', 'idempotency-key', 'x-client-request-id'];
/** Never passed on, whatever an endpoint of the configuration says. */
const KEPT_BACK =
  /^(authorization|proxy-authorization|cookie|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|api-key|x-api-key|x-goog-api-key|x-litellm-.*|ocp-apim-subscription-key|forwarded|x-forwarded-.*)$/;

/**
 * The destination of a call.
 * @throws AppError 400 for a path or place that is not to be passed on, 404 without an opened deployment, 405 for a method that is not.
 */
export function destinationOf(call: Call, match: PassThroughMatch, model: string | null): Destination {
  checkPath(match.rest);
  const query = (call.request.url ?? '').split('?').slice(1).join('?');
  if (match.provider === null) return statedDestination(call, match, query);
  const target = openedTarget(call.snapshot, match.provider, match.rest, model);
  const upstream = target.upstream as Upstream;
  const { deployment } = target;
  if (deployment.provider === 'bedrock' && call.request.method !== 'POST')
    throw new AppError('Use POST for this path.', { status: 405, code: 'bad_request_error' });
  const path =
    providerPath(upstream, deployment, match.rest) + (deployment.provider === 'bedrock' ? '' : passedQuery(query, versionFor(deployment, match.rest)));
  const own = /\/openai\//.test(match.rest) ? (upstream.endpointHeaders?.embeddings ?? upstream.headers) : upstream.headers;
  return {
    target: model === null ? target : forModel(target, model, call.snapshot),
    path,
    headers: headersFor(call.request.headers, own, PASSED),
    costPerRequest: null,
  };
}

/** What Azure's paths need and clients of other clouds do not write. */
function versionFor({ provider, apiVersion }: Deployment, rest: string): Record<string, string> {
  if (provider === 'azure' && !/^\/openai\/v1\//.test(rest)) return { 'api-version': apiVersion ?? '2024-10-21' };
  if (provider === 'azure-ai' && rest.startsWith('/models/')) return { 'api-version': apiVersion ?? '2024-05-01-preview' };
  return {};
}

function statedDestination(call: Call, { route, rest }: PassThroughMatch, query: string): Destination {
  const stated = call.snapshot.passThroughs.get(route);
  if (stated === undefined) throw new AppError('This path is not passed on any more.', { status: 404, code: 'not_found_error' });
  const { endpoint, target } = stated;
  if (endpoint.methods !== null && !endpoint.methods.includes(call.request.method ?? ''))
    throw new AppError(`Use ${endpoint.methods.join(' or ')} for this path.`, { status: 405, code: 'bad_request_error' });
  const url = new URL(endpoint.target);
  const fixed = Object.fromEntries(url.searchParams);
  const below = rest === '/' ? '' : rest;
  const path = url.pathname.replace(/\/+$/, '') + below || '/';
  const own = Object.entries(endpoint.headers).flat();
  const names = endpoint.forwardHeaders ? Object.keys(call.request.headers).filter((name) => !KEPT_BACK.test(name)) : PASSED;
  return {
    target,
    path: path + passedQuery(query, { ...endpoint.query, ...fixed }),
    headers: headersFor(call.request.headers, ['accept-encoding', 'identity', ...own], names),
    costPerRequest: endpoint.costPerRequest,
  };
}

/** Configured headers win; the body's type is the client's. */
function headersFor(client: IncomingHttpHeaders, own: readonly string[], names: readonly string[]): string[] {
  const headers = new Map<string, string>();
  for (const name of ['content-type', ...names]) {
    const value = client[name];
    if (typeof value === 'string' && value !== '') headers.set(name, value);
  }
  for (let index = 0; index < own.length; index += 2) {
    const name = (own[index] as string).toLowerCase();
    if (name !== 'content-type') headers.set(name, own[index + 1] as string);
  }
  return [...headers].flat();
}

/** The deployment that calls the model itself, else the first one that is open. */
function openedTarget(snapshot: Snapshot, provider: ProviderDoor, rest: string, model: string | null): Target {
  const open: Target[] = [];
  for (const group of snapshot.groups.values()) for (const target of group.targets) if (opens(target, provider) && isAtPlace(target, rest)) open.push(target);
  const found = open.find(({ deployment }) => deployment.upstreamModel === model) ?? open[0];
  if (found !== undefined) return found;
  const message = `/${provider.name} is not open here${provider.kind === 'vertex' ? ' for this project and location' : ''}: an administrator opens it with litellm_params.use_in_pass_through: true at a ${provider.name} deployment.`;
  throw new AppError(message, { status: 404, code: 'not_found_error' });
}

/** Whether a deployment lends its credentials to a provider's door. */
export function isOpen(snapshot: Snapshot, provider: ProviderDoor): boolean {
  for (const group of snapshot.groups.values()) if (group.targets.some((target) => opens(target, provider))) return true;
  return false;
}

function opens({ deployment, upstream, problem, dispatcher }: Target, { kind, prefixes }: ProviderDoor): boolean {
  if (deployment.passThrough !== true || upstream === null || problem !== null || dispatcher === null) return false;
  return deployment.provider === kind && (prefixes === null || prefixes.includes(deployment.providerName));
}

/** Google's paths name a project and a location: they must be the deployment's own. */
function isAtPlace({ deployment, upstream }: Target, rest: string): boolean {
  if (deployment.provider !== 'vertex') return true;
  const place = /\/projects\/[^/]+\/locations\/[^/]+\//.exec((upstream as Upstream).path('chat', 'm'))?.[0];
  return place !== undefined && /^\/v1(?:beta1)?\/projects\/[^/]+\/locations\/[^/]+\//.exec(rest)?.[0].replace(/^\/v1(?:beta1)?/, '') === place;
}

/** Parts of a base that the client writes itself. */
const WRITTEN_BY_CLIENTS = /\/(?:v1|v1beta|v1beta1|openai(?:\/.*)?|compatibility\/v1|v1\/messages)$/;

function providerPath({ apiBase, origin }: Upstream, { provider }: Deployment, rest: string): string {
  const prefix = apiBase.slice(origin.length).replace(WRITTEN_BY_CLIENTS, '');
  // OpenAI's clients write their base with the version, LiteLLM's users often without.
  const versioned = provider === 'openai' && !/^\/v\d/.test(rest) ? `/v1${rest}` : rest;
  return prefix + versioned;
}

const BY_MODEL = new WeakMap<Snapshot, Map<string, Target>>();
const MOST_MODELS = 500;

/** The same upstream under another model's name and price. */
function forModel(target: Target, model: string, snapshot: Snapshot): Target {
  if (target.deployment.upstreamModel === model) return target;
  const known = BY_MODEL.get(snapshot) ?? new Map<string, Target>();
  BY_MODEL.set(snapshot, known);
  const key = `${target.deployment.id} ${model}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const deployment = {
    ...target.deployment,
    upstreamModel: model,
    baseModel: null,
    inputCostPerToken: null,
    outputCostPerToken: null,
    cacheReadInputTokenCost: null,
  };
  const made = new Target(deployment, snapshot.config, target.reach);
  if (known.size < MOST_MODELS) known.set(key, made);
  return made;
}
