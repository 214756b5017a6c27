// One model_list entry -> a Deployment: provider, address, credentials, limits, prices, and in words why it cannot answer yet.
import { createHash } from 'node:crypto';
import { durationMs } from '#lib/duration.ts';
import { isKnownMode, modeOf } from './deployment-modes.ts';
import { COMPLETION_PARAMETERS, HARMLESS, isPriceKey, NOT_YET } from './litellm-keys.ts';
import { PROVIDERS, type ProviderFacts, splitModel } from './providers.ts';
import { isRecord, type Section } from './section.ts';
import type { Deployment } from './settings.ts';

/** LiteLLM's default when neither the file nor AZURE_API_VERSION names one; the newest that needs no preview. */
const AZURE_DEFAULT_API_VERSION = '2024-10-21';
/** What the entries of a configuration have in common. */
export interface SharedByModels {
  readonly sslVerify: boolean | string;
  /** Parameters by the name that an entry gives as litellm_credential_name. */
  readonly credentials: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

export type DeploymentResult = { kind: 'deployment'; deployment: Deployment } | { kind: 'unsupported'; modelName: string; reason: string } | { kind: 'faulty' };

/** Reads `entry`; faults and remarks go to its notes. `taken` holds the ids given so far and makes repeated entries distinct. */
export function readDeployment(entry: Section, taken: Set<string>, shared: SharedByModels): DeploymentResult {
  const names = readNames(entry, shared.credentials);
  if (names === null) return { kind: 'faulty' };
  const { modelName, model, params, info } = names;
  if (model === null) return { kind: 'unsupported', modelName, reason: `${params.missing.join(', ')} is not set` };
  const split = splitModel(model, params.text('custom_llm_provider'));
  const mock = params.text('mock_response');
  const facts = factsFor(split.providerName, params, mock);
  const mode = info.text('mode') ?? params.text('mode');
  const reason = reasonAgainst({ facts, mode, model, providerName: split.providerName });
  if (facts === null || reason !== null) {
    params.warn('model', `${modelName} is left out: ${reason}`);
    return { kind: 'unsupported', modelName, reason: reason ?? '' };
  }
  const served = modeOf(mode, split.upstreamModel);
  const connection = readConnection(params, facts);
  const clouds = readCloud(params, facts);
  const deployment: Deployment = {
    id: identify(info, { modelName, model, apiBase: connection.apiBase, apiVersion: connection.apiVersion }, taken),
    modelName,
    provider: mock === null ? facts.kind : 'demo',
    providerName: split.providerName ?? 'openai',
    upstreamModel: split.upstreamModel,
    mode: served,
    ...connection,
    ...clouds,
    extraHeaders: readHeaders(params),
    defaultParameters: readDefaults(params),
    ...readPrices(params, info, served === 'moderation'),
    mockResponse: mock,
    ...readLimits(params),
    ...readDrops(params),
    budget: readBudget(params),
    tags: params.texts('tags'),
    ...readTagPatterns(params),
    sslVerify: readSslVerify(params) ?? shared.sslVerify,
    passThrough: params.boolean('use_in_pass_through') ?? false,
    info: readInfo(info),
    problem: mock === null ? (unlisted(names) ?? problemOf(params, facts, connection, clouds.cloud ?? {})) : null,
  };
  nameLeftOver(params);
  for (const key of entry.leftOver()) entry.warn(key, 'is not understood and has no effect');
  return { kind: 'deployment', deployment };
}

/** Another key must not silently take the place of the one that is meant. */
function unlisted({ unknownCredential }: Names): string | null {
  return unknownCredential === null ? null : `credential_list holds no ${unknownCredential}`;
}

interface Names {
  readonly modelName: string;
  readonly model: string | null;
  readonly params: Section;
  readonly info: Section;
  /** Named, and in no list. */
  readonly unknownCredential: string | null;
}

/** The entry's names and parts; null (with faults) when it cannot be a deployment at all. `model` is null when it stands in a variable that is not set. */
function readNames(entry: Section, credentials: SharedByModels['credentials']): Names | null {
  const modelName = entry.text('model_name');
  const stated = entry.section('litellm_params');
  const credential = stated.text('litellm_credential_name');
  const params = credential === null ? stated : stated.withDefaults(credentials.get(credential) ?? {});
  const unknownCredential = credential === null || credentials.has(credential) ? null : credential;
  const model = params.text('model');
  const modelMissing = model === null && params.missing.length === 0;
  if (modelName === null) entry.fault('model_name', 'is missing: the name that clients ask for');
  if (!entry.has('litellm_params')) entry.fault('litellm_params', 'is missing: it holds the model and its address');
  else if (modelMissing) params.fault('model', 'is missing, for example azure/gpt-4o-mini');
  return modelName === null || modelMissing ? null : { modelName, model, params, info: entry.section('model_info'), unknownCredential };
}

function reasonAgainst(what: { facts: ProviderFacts | null; mode: string | null; model: string; providerName: string | null }): string | null {
  if (what.facts === null) return unsupportedProvider(what.providerName, what.model);
  return what.mode !== null && !isKnownMode(what.mode) ? `mode "${what.mode}" is not built yet` : null;
}

function factsFor(providerName: string | null, params: Section, mock: string | null): ProviderFacts | null {
  const known = providerName === null ? undefined : PROVIDERS.get(providerName);
  if (known !== undefined) return known;
  // A mock answers for every provider, and a bare model name behind an address of its own can only be an OpenAI-compatible server.
  if (mock !== null) return PROVIDERS.get('demo') ?? null;
  if (providerName === null && params.has('api_base')) return PROVIDERS.get('custom_openai') ?? null;
  return null;
}

function unsupportedProvider(providerName: string | null, model: string): string {
  if (providerName === null) return `no provider can be told from "${model}"; write it as provider/model, for example openai/${model}`;
  return `the provider "${providerName}" is not built yet; if it has an OpenAI-compatible address, use openai/<model> with api_base`;
}

interface Connection {
  apiBase: string | null;
  apiKey: string | null;
  apiVersion: string | null;
  organization: string | null;
  azureAdToken: string | null;
}

function readConnection(params: Section, facts: ProviderFacts): Connection {
  const base = params.text('api_base') ?? params.text('base_url') ?? (namesVariable(params, 'api_base') ? null : firstSet(params, facts.baseVariables));
  const azure = facts.kind === 'azure';
  return {
    apiBase: base === null ? facts.base : normalizeBase(params, base, facts.baseSuffix ?? ''),
    apiKey: readKey(params, facts),
    apiVersion: params.text('api_version') ?? (azure ? (firstSet(params, ['AZURE_API_VERSION']) ?? AZURE_DEFAULT_API_VERSION) : null),
    organization: params.text('organization') ?? (facts.kind === 'openai' ? firstSet(params, ['OPENAI_ORGANIZATION']) : null),
    azureAdToken: params.text('azure_ad_token') ?? (isAzure(facts) ? firstSet(params, ['AZURE_AD_TOKEN']) : null),
  };
}

function isAzure({ kind }: ProviderFacts): boolean {
  return kind === 'azure' || kind === 'azure-ai';
}

/** An application of Entra ID that the entry states goes before a key that only the environment has. */
function readKey(params: Section, facts: ProviderFacts): string | null {
  const stated = params.text('api_key');
  if (stated !== null || namesVariable(params, 'api_key') || (isAzure(facts) && params.has('client_secret'))) return stated;
  return firstSet(params, facts.keyVariables);
}

/** What a cloud's address and credentials follow from; credentials may be written as a mapping. */
function readCloud(params: Section, facts: ProviderFacts): Pick<Deployment, 'cloud'> {
  if (facts.cloud === undefined) return {};
  const cloud: Record<string, string> = {};
  for (const [name, variables] of Object.entries(facts.cloud)) {
    const raw = params.raw(name);
    const value = isRecord(raw) ? JSON.stringify(raw) : (params.text(name) ?? (namesVariable(params, name) ? null : firstSet(params, variables)));
    if (value !== null && value !== '') cloud[name] = value;
  }
  for (const [name, variable] of Object.entries(facts.cloudVariables ?? {})) {
    const value = firstSet(params, [variable]);
    if (value !== null) cloud[name] = value;
  }
  return { cloud };
}

/** A key written as os.environ/NAME is meant: another variable must not silently take its place. */
function namesVariable(params: Section, key: string): boolean {
  return params.has(key);
}

function firstSet(params: Section, names: readonly string[]): string | null {
  for (const name of names) {
    const value = params.environment[name];
    if (value !== undefined && value !== '') return value;
  }
  return null;
}

function normalizeBase(params: Section, base: string, suffix: string): string | null {
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    params.fault('api_base', 'must be an http:// or https:// address');
    return null;
  }
  const trimmed = base.replace(/\/+$/, '');
  return suffix === '' || trimmed.endsWith(suffix) ? trimmed : trimmed + suffix;
}

function problemOf(params: Section, facts: ProviderFacts, connection: Connection, cloud: Readonly<Record<string, string>>): string | null {
  if (params.missing.length > 0) return `${params.missing.join(', ')} ${params.missing.length === 1 ? 'is' : 'are'} not set`;
  if (facts.kind === 'demo') return 'mock_response is missing: what the demo model is to answer';
  if (connection.apiBase === null && facts.baseOptional !== true) return orVariables('api_base is missing', facts.baseVariables);
  if (connection.azureAdToken?.startsWith('oidc/')) return 'an oidc/ token is not built; set AZURE_FEDERATED_TOKEN_FILE, tenant_id and client_id instead';
  if (isAzure(facts) && connection.apiKey === null && connection.azureAdToken === null) return entraProblem(params, facts, cloud);
  if (connection.apiKey === null && connection.azureAdToken === null && facts.keyOptional !== true)
    return orVariables('api_key is missing', facts.keyVariables);
  return null;
}

/** What an application of Entra ID lacks to ask for tokens. */
function entraProblem(params: Section, facts: ProviderFacts, cloud: Readonly<Record<string, string>>): string | null {
  if (params.has('azure_username')) return 'signing in to Azure as a user is not built; use api_key, azure_ad_token, or tenant_id, client_id and client_secret';
  const proof = cloud.client_secret !== undefined || cloud.azure_federated_token_file !== undefined;
  if (cloud.tenant_id !== undefined && cloud.client_id !== undefined && proof) return null;
  if (cloud.azure_credential === 'ManagedIdentityCredential' && !params.has('client_secret')) return null;
  if (!params.has('client_id') && !params.has('client_secret') && !params.has('tenant_id')) return orVariables('api_key is missing', facts.keyVariables);
  return 'tenant_id, client_id and client_secret belong together: one of them is missing';
}

function orVariables(text: string, variables: readonly string[]): string {
  return variables.length === 0 ? text : `${text} and ${variables[0]} is not set`;
}

function readTagPatterns(params: Section): Pick<Deployment, 'tagPatterns'> {
  const patterns = params.texts('tag_regex').filter((pattern, index) => {
    try {
      return new RegExp(pattern) !== null;
    } catch (error) {
      params.fault(['tag_regex', index], `is no regular expression: ${(error as Error).message}`);
      return false;
    }
  });
  return patterns.length === 0 ? {} : { tagPatterns: patterns };
}

function readHeaders(params: Section): Record<string, string> {
  const value = params.raw('extra_headers');
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) {
    params.fault('extra_headers', 'must be a mapping of header names to text');
    return {};
  }
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (text === null) continue;
    const usable = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && ['string', 'number', 'boolean'].includes(typeof text) && !/[\r\n\0]/.test(String(text));
    if (usable) headers[name.toLowerCase()] = String(text);
    else params.fault(['extra_headers', name], 'must be a header name with text in one line');
  }
  return headers;
}

function readDefaults(params: Section): Record<string, unknown> {
  const present = params.keys().filter((key) => COMPLETION_PARAMETERS.has(key) && params.has(key));
  return Object.fromEntries(present.map((key) => [key, params.raw(key)]));
}

type BatchPrices = 'inputCostPerTokenBatches' | 'outputCostPerTokenBatches';

/** What is free costs nothing unless a price is stated. */
function readPrices(
  params: Section,
  info: Section,
  free: boolean,
): Pick<Deployment, 'baseModel' | 'inputCostPerToken' | 'outputCostPerToken' | 'cacheReadInputTokenCost' | 'inputCostPerQuery' | 'unitPrices' | BatchPrices> {
  const price = (key: string): string | null => decimal(params, key) ?? decimal(info, key);
  return {
    baseModel: info.text('base_model') ?? params.text('base_model'),
    inputCostPerToken: price('input_cost_per_token') ?? (free ? '0' : null),
    outputCostPerToken: price('output_cost_per_token') ?? (free ? '0' : null),
    cacheReadInputTokenCost: price('cache_read_input_token_cost'),
    inputCostPerQuery: price('input_cost_per_query'),
    ...readUnitPrices(price),
    inputCostPerTokenBatches: price('input_cost_per_token_batches'),
    outputCostPerTokenBatches: price('output_cost_per_token_batches'),
  };
}

/** What pictures and sound may be priced by. */
const UNIT_PRICES = ['image', 'pixel', 'character', 'second', 'image_token', 'audio_token'].flatMap((unit) => [
  `input_cost_per_${unit}`,
  `output_cost_per_${unit}`,
]);

function readUnitPrices(price: (key: string) => string | null): Pick<Deployment, 'unitPrices'> {
  const stated = UNIT_PRICES.flatMap((key) => {
    const amount = price(key);
    return amount === null ? [] : [[key, amount] as const];
  });
  return stated.length === 0 ? {} : { unitPrices: Object.fromEntries(stated) };
}

/** A price as decimal text (never a float: 1e-7 stays exact). */
export function decimal(section: Section, key: string): string | null {
  const text = section.text(key);
  if (text === null) return null;
  if (/^\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(text.trim())) return text.trim();
  section.fault(key, 'must be an amount of 0 or more, for example 0.00000015');
  return null;
}

const RETRIES = { integer: true, min: 0, max: 100 } as const;

function readDrops(params: Section): Pick<Deployment, 'dropParams' | 'additionalDrops'> {
  const given = params.texts('additional_drop_params');
  const plain = given.filter((name) => /^\w+$/.test(name));
  for (const name of given) if (!plain.includes(name)) params.warn('additional_drop_params', `${name}: only whole parameters are left out, not parts of them`);
  const dropParams = params.boolean('drop_params');
  return { ...(dropParams === null ? {} : { dropParams }), ...(plain.length === 0 ? {} : { additionalDrops: plain }) };
}

function readLimits(params: Section): Pick<Deployment, 'timeoutMs' | 'streamTimeoutMs' | 'maxRetries' | 'weight' | 'rpm' | 'tpm' | 'order'> {
  return {
    timeoutMs: milliseconds(params, 'timeout') ?? milliseconds(params, 'request_timeout'),
    streamTimeoutMs: milliseconds(params, 'stream_timeout'),
    maxRetries: params.number('max_retries', RETRIES) ?? params.number('num_retries', RETRIES),
    weight: params.number('weight', { min: 0 }),
    rpm: params.number('rpm', { integer: true, min: 0 }),
    tpm: params.number('tpm', { integer: true, min: 0 }),
    order: params.number('order', { integer: true }),
  };
}

/** max_budget with its budget_duration (LiteLLM's names). */
function readBudget(params: Section): NonNullable<Deployment['budget']> | null {
  const max = decimal(params, 'max_budget');
  const length = duration(params, 'budget_duration');
  if (max !== null && length === null && !params.has('budget_duration')) params.fault('max_budget', 'needs a budget_duration, for example "1d" or "30d"');
  return max === null || length === null ? null : { max, duration: length };
}

/** A duration of LiteLLM ("30s", "12h", "30d", "1mo"), kept as it is written. */
export function duration(section: Section, key: string): string | null {
  const value = section.text(key);
  if (value === null || durationMs(value) !== null) return value;
  section.fault(key, 'must be a duration such as "30s", "12h", "30d" or "1mo"');
  return null;
}

/** Longest wait that timers can hold (2^31 - 1 ms). */
const MAX_TIMEOUT_SECONDS = 2_147_483;

/** A duration written in seconds, in milliseconds. */
export function milliseconds(section: Section, key: string): number | null {
  const seconds = section.number(key, { min: 0.001, max: MAX_TIMEOUT_SECONDS });
  return seconds === null ? null : Math.max(1, Math.round(seconds * 1000));
}

/** ssl_verify: true or false, or the path of a PEM file. */
export function readSslVerify(section: Section): boolean | string | null {
  const value = section.raw('ssl_verify');
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && value !== '') return /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value;
  section.fault('ssl_verify', 'must be true, false or the path of a PEM file');
  return null;
}

function readInfo(info: Section): Record<string, unknown> {
  return Object.fromEntries(info.keys().map((key) => [key, info.raw(key) ?? null]));
}

function identify(info: Section, facts: { modelName: string; model: string; apiBase: string | null; apiVersion: string | null }, taken: Set<string>): string {
  const given = info.text('id');
  if (given !== null) {
    if (taken.has(given)) info.fault('id', 'is used by another entry; each entry needs an id of its own');
    taken.add(given);
    return given;
  }
  // Entries alike in all four differ by their place among their equals, so that adding an unrelated model renames nobody.
  for (let place = 0; ; place += 1) {
    const id = createHash('sha256')
      .update(JSON.stringify([facts.modelName, facts.model, facts.apiBase, facts.apiVersion, place]))
      .digest('hex')
      .slice(0, 32);
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}

function nameLeftOver(params: Section): void {
  for (const key of params.leftOver()) {
    if (HARMLESS.litellm_params?.has(key)) continue;
    if (NOT_YET.litellm_params?.has(key) || isPriceKey(key)) params.warn(key, 'is a LiteLLM setting that this version does not act on yet');
    else params.warn(key, 'is not understood and is not sent upstream');
  }
}
