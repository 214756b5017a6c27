// LiteLLM's config.yaml -> GatewayConfig. Reads everything before it judges, so that one run shows every fault with its line; never throws.

import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { durationMs } from '#lib/duration.ts';
import { readAlerting } from './alerting.ts';
import { readCallbackTargets } from './callback-targets.ts';
import { decimal, duration, milliseconds, readDeployment, readSslVerify } from './deployment.ts';
import { readGuardrails } from './guardrails.ts';
import { readAccess } from './litellm-access.ts';
import { readCache } from './litellm-cache.ts';
import { HARMLESS, NOT_YET, PYTHON_HOOKS } from './litellm-keys.ts';
import { readFallbacks, readModelAliases } from './litellm-lists.ts';
import { readPassThroughs } from './litellm-pass-through.ts';
import { readRouting } from './litellm-routing.ts';
import { readMcpServers } from './mcp-servers.ts';
import type { Notes } from './notes.ts';
import { type Environment, isRecord, Section } from './section.ts';
import type { Deployment, GatewayConfig, StoredSections } from './settings.ts';
import { parseYaml } from './yaml-source.ts';

export interface ConfigInput {
  /** Text of the file. */
  text: string;
  /** Name shown in notes; `include` is resolved beside it. */
  path: string;
  environment: Environment;
  notes: Notes;
  /** Settings registered while the platform runs: they win over the file's, and their variables over the environment's. */
  stored?: StoredSections;
  /** Reads an included file; default: the file system. */
  readFile?: (path: string) => string;
}

export interface ConfigResult {
  gatewayConfig: GatewayConfig;
  /** general_settings.master_key. */
  masterKey: string | null;
  /** general_settings.max_request_size_mb in bytes. */
  maxRequestBytes: number | null;
  /** The file and all it includes: what a reload has to watch. */
  files: string[];
  /** environment_variables of the file: the lowest layer of the environment. */
  variables: Record<string, string>;
}

const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_IDLE_TIMEOUT_MS = 120_000;
/** The OpenAI client's default, which LiteLLM's router takes over. */
const DEFAULT_RETRIES = 2;
/** As long as OpenAI keeps them. */
const DEFAULT_RETENTION_MS = 30 * 86_400_000;
const MAX_INCLUDED_FILES = 50;

/** Reads a configuration; on faults (`notes`) the result holds what was usable. */
export function readLiteLlmConfig(input: ConfigInput): ConfigResult {
  const files: string[] = [];
  const fileRoots = readFiles(input, files);
  const variables = readVariables(fileRoots);
  const registered = storedRoot(input);
  // Real variables win: the file's are defaults (LiteLLM asks the environment first, too).
  const environment = { ...variables, ...withoutEmpty(input.environment), ...readVariables(registered) };
  const roots = [...registered, ...fileRoots];
  const sections = roots.map((root) => new Section(root.source, [], rootValues(root), { environment, notes: input.notes }));
  const general = mergedSections(sections, 'general_settings');
  const litellm = mergedSections(sections, 'litellm_settings');
  const router = mergedSections(sections, 'router_settings');
  const own = mergedSections(sections, 'genai_settings');
  const models = readModels(sections, readFirst(litellm, (section) => readSslVerify(section)) ?? sslVerifyVariable(environment) ?? true);
  const gatewayConfig = buildConfig({ roots: sections, general, litellm, router, own, configPath: input.path }, models, environment);
  refusePython(general);
  const masterKey = readMasterKey(general);
  const maxRequestMegabytes = readFirst(general, (section) => section.number('max_request_size_mb', { min: 0.001, max: 1024 }));
  for (const [name, list] of [
    ['general_settings', general],
    ['litellm_settings', litellm],
    ['router_settings', router],
    ['genai_settings', own],
  ] as const)
    for (const section of list) nameLeftOver(section, name);
  for (const section of sections) nameLeftOver(section, '');
  return { gatewayConfig, masterKey, maxRequestBytes: maxRequestMegabytes === null ? null : Math.round(maxRequestMegabytes * 1024 * 1024), files, variables };
}

/** What notes call the layer of registered settings. */
export const REGISTERED = 'registered settings';

function storedRoot({ stored, environment, notes }: ConfigInput): Section[] {
  const source = stored === undefined ? null : parseYaml(JSON.stringify(stored), REGISTERED, notes);
  return source === null || !isRecord(source.value) ? [] : [new Section(source, [], source.value, { environment, notes })];
}

interface PendingFile {
  path: string;
  text: string;
}

function readFiles(input: ConfigInput, files: string[]): Section[] {
  const roots: Section[] = [];
  const pending: PendingFile[] = [{ path: input.path, text: input.text }];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    files.push(next.path);
    const root = readRoot(input, next);
    if (root === null) continue;
    roots.push(root);
    const known = new Set([...files, ...pending.map((waiting) => waiting.path)]);
    if (known.size < MAX_INCLUDED_FILES) pending.push(...readIncluded(input, root, { from: next.path, known }));
  }
  return roots;
}

function readRoot(input: ConfigInput, file: PendingFile): Section | null {
  const source = parseYaml(file.text, shownName(input.path, file.path), input.notes);
  if (source === null || source.value === null || source.value === undefined) return null;
  if (isRecord(source.value)) return new Section(source, [], source.value, { environment: input.environment, notes: input.notes });
  input.notes.error({ file: source.file, path: '', line: 1 }, 'must be a mapping at the top: model_list, litellm_settings, general_settings ...');
  return null;
}

function readIncluded(input: ConfigInput, root: Section, place: { from: string; known: Set<string> }): PendingFile[] {
  const readFile = input.readFile ?? ((path: string) => readFileSync(path, 'utf8'));
  return root.texts('include').flatMap((name, index) => {
    const path = resolve(dirname(place.from), name);
    if (place.known.has(path)) return [];
    place.known.add(path);
    try {
      return [{ path, text: readFile(path) }];
    } catch (error) {
      root.fault(['include', index], `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'} ${path}`);
      return [];
    }
  });
}

function shownName(main: string, path: string): string {
  return path === main ? basename(main) : path;
}

function rootValues(root: Section): Record<string, unknown> {
  return root.source.value as Record<string, unknown>;
}

function withoutEmpty(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}

function readVariables(roots: readonly Section[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const root of roots) {
    const section = root.section('environment_variables');
    for (const name of section.keys()) {
      const value = section.text(name);
      if (value !== null) variables[name] = value;
    }
  }
  return variables;
}

/** The same section of all files; later (included) files are asked after earlier ones. */
function mergedSections(roots: readonly Section[], name: string): Section[] {
  return roots.map((root) => root.section(name));
}

/** First file that says something decides; every file is still read, so that faults in all are named. */
function readFirst<Value>(sections: readonly Section[], read: (section: Section) => Value | null): Value | null {
  const values = sections.map(read);
  return values.find((value) => value !== null) ?? null;
}

function sslVerifyVariable(environment: Environment): boolean | string | null {
  const value = environment.SSL_VERIFY;
  if (value === undefined || value === '') return null;
  return /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value;
}

/** credential_list of all files: what a model gets that names one of them. */
function readCredentials(sections: readonly Section[]): Map<string, Readonly<Record<string, unknown>>> {
  const credentials = new Map<string, Readonly<Record<string, unknown>>>();
  for (const root of sections) {
    for (const entry of root.sections('credential_list')) {
      const name = entry.text('credential_name');
      entry.ignore(['credential_info']);
      if (name === null) entry.fault('credential_name', 'must be set');
      else credentials.set(name, entry.section('credential_values').written());
    }
  }
  return credentials;
}

interface Models {
  deployments: Deployment[];
  unsupported: Record<string, string>;
}

function readModels(sections: readonly Section[], sslVerify: boolean | string): Models {
  const models: Models = { deployments: [], unsupported: {} };
  const taken = new Set<string>();
  const credentials = readCredentials(sections);
  for (const root of sections) {
    for (const entry of root.sections('model_list')) {
      const result = readDeployment(entry, taken, { sslVerify, credentials });
      if (result.kind === 'deployment') models.deployments.push(result.deployment);
      if (result.kind === 'unsupported')
        Object.defineProperty(models.unsupported, result.modelName, { value: result.reason, enumerable: true, configurable: true });
    }
  }
  // A name with at least one served deployment answers; only names with none are unsupported.
  for (const deployment of models.deployments) delete models.unsupported[deployment.modelName];
  return models;
}

interface Groups {
  /** The files themselves. */
  roots: Section[];
  /** Files that guards name lie beside it. */
  configPath: string;
  general: Section[];
  litellm: Section[];
  router: Section[];
  own: Section[];
}

function buildConfig(groups: Groups, models: Models, environment: Environment): GatewayConfig {
  const { roots, general, litellm, router, own, configPath } = groups;
  const both = [...router, ...litellm];
  const routerTimeoutMs = readFirst(router, (section) => milliseconds(section, 'timeout'));
  const requestTimeoutMs = readFirst(litellm, (section) => milliseconds(section, 'request_timeout'));
  const callbacks = readCallbackTargets(litellm, [...roots, ...litellm], environment);
  return {
    deployments: models.deployments,
    unsupportedModels: models.unsupported,
    routing: readRouting(router, both),
    fallbacks: readFallbacks(both),
    modelAliases: readModelAliases([
      ...router.map((section) => ({ section, key: 'model_group_alias' })),
      ...litellm.map((section) => ({ section, key: 'model_alias_map' })),
    ]),
    retries: readFirst(both, (section) => section.number('num_retries', { integer: true, min: 0, max: 100 })) ?? DEFAULT_RETRIES,
    endUserRequired: readFirst(general, (section) => section.boolean('enforce_user_param')) ?? false,
    clientTagsRefused: readFirst(general, (section) => section.boolean('reject_clientside_metadata_tags')) ?? false,
    dropParams: readFirst(litellm, (section) => section.boolean('drop_params')) ?? false,
    requestTimeoutMs: routerTimeoutMs ?? requestTimeoutMs ?? DEFAULT_TIMEOUT_MS,
    streamTimeoutMs: readFirst(router, (section) => milliseconds(section, 'stream_timeout')),
    connectTimeoutMs: readFirst(own, (section) => milliseconds(section, 'connect_timeout')) ?? DEFAULT_CONNECT_TIMEOUT_MS,
    idleTimeoutMs: readFirst(own, (section) => milliseconds(section, 'idle_timeout')) ?? DEFAULT_IDLE_TIMEOUT_MS,
    pingMs: readFirst(litellm, (section) => milliseconds(section, 'sse_keepalive_ping_interval_seconds')),
    budgetMode: readFirst(own, (section) => oneOf(section, 'budget_mode', ['reserve', 'strict'] as const)) ?? 'reserve',
    keyHeaderName: readFirst(general, (section) => headerName(section, 'litellm_key_header_name')),
    contentOff: readFirst(litellm, (section) => section.boolean('turn_off_message_logging')) ?? false,
    cache: readCache(litellm, own),
    passThroughEndpoints: readPassThroughs(general),
    unreadPassThrough: readFirst(own, (section) => oneOf(section, 'unread_pass_through', ['pass', 'refuse'] as const)) ?? 'pass',
    realtime: readRealtime(own),
    mcpServers: readMcpServers(roots, litellm),
    responsesRetentionMs: readFirst(own, retention) ?? DEFAULT_RETENTION_MS,
    maxBudget: readFirst(litellm, (section) => decimal(section, 'max_budget')),
    budgetDuration: readFirst(litellm, (section) => duration(section, 'budget_duration')),
    callbacks: callbacks.names,
    callbackTargets: callbacks.targets,
    endUserMetrics: readFirst(litellm, (section) => section.boolean('enable_end_user_cost_tracking_prometheus_only')) ?? false,
    backgroundHealth: readBackgroundHealth(general),
    drainEndpoint: readDrainEndpoint(general, environment),
    guardrails: readGuardrails(roots, configPath, callbacks.names),
    alerting: readAlerting(general, environment),
    access: readAccess(general, litellm),
    compat: readCompat(own),
    foreignDatabaseUrl: foreignDatabase(general, environment),
  };
}

/** A taken-over configuration points at LiteLLM's database (the seed's at one that Langfuse shares): it is named, and left alone. */
function foreignDatabase(general: readonly Section[], environment: Environment): string | null {
  const fromFile = readFirst(general, (section) => {
    const url = section.text('database_url');
    if (url !== null) section.warn('database_url', foreignRemark(url));
    return url;
  });
  const fromVariable = environment.DATABASE_URL || null;
  if (fromFile === null && fromVariable !== null) general[0]?.notes.warning({ path: 'DATABASE_URL' }, foreignRemark(fromVariable));
  return fromFile ?? fromVariable;
}

function foreignRemark(url: string): string {
  const place = URL.canParse(url) ? ` (${new URL(url).host}${new URL(url).pathname})` : '';
  return `names the database of another application${place}: nothing is read from it or written to it; an own PostgreSQL is chosen with --records-url`;
}

function readRealtime(own: readonly Section[]): NonNullable<GatewayConfig['realtime']> {
  return {
    unreadAudio: readFirst(own, (section) => oneOf(section, 'unread_realtime_audio', ['pass', 'refuse'] as const)) ?? 'refuse',
    idleMs: readFirst(own, (section) => milliseconds(section, 'realtime_idle_timeout')) ?? DEFAULT_REALTIME_IDLE_MS,
    longestMs: readFirst(own, (section) => milliseconds(section, 'realtime_session_timeout')) ?? DEFAULT_REALTIME_MS,
  };
}

const DEFAULT_REALTIME_IDLE_MS = 900_000;
/** As OpenAI's own sessions. */
const DEFAULT_REALTIME_MS = 3_600_000;
const DEFAULT_HEALTH_SECONDS = 300;

function readBackgroundHealth(general: readonly Section[]): GatewayConfig['backgroundHealth'] {
  const seconds = readFirst(general, (section) => section.number('health_check_interval', { min: 1 })) ?? DEFAULT_HEALTH_SECONDS;
  return readFirst(general, (section) => section.boolean('background_health_checks')) ? { intervalMs: seconds * 1000 } : null;
}

function readDrainEndpoint(general: readonly Section[], environment: Environment): GatewayConfig['drainEndpoint'] {
  const token = readFirst(general, (section) => section.text('drain_endpoint_token')) ?? (environment.DRAIN_ENDPOINT_TOKEN || null);
  const enabled = readFirst(general, (section) => section.boolean('enable_drain_endpoint')) ?? false;
  if (enabled && token === null) general[0]?.warn('enable_drain_endpoint', 'lets everybody who reaches this port end the process: set drain_endpoint_token');
  return enabled ? { token } : null;
}

function oneOf<Choice extends string>(section: Section, key: string, choices: readonly Choice[]): Choice | null {
  const value = section.text(key);
  if (value === null) return null;
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) section.fault(key, `must be one of ${choices.join(', ')}`);
  return choice ?? null;
}

/** A duration, or `off`. */
function retention(section: Section): number | null {
  const value = section.text('responses_retention');
  if (value === null) return null;
  // YAML 1.1 reads a bare off as false.
  if (value === 'off' || value === 'false') return 0;
  const ms = durationMs(value);
  if (ms === null) section.fault('responses_retention', 'must be a duration such as "12h" or "30d", or "off"');
  return ms;
}

function headerName(section: Section, key: string): string | null {
  const value = section.text(key);
  if (value === null || /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value)) return value?.toLowerCase() ?? null;
  section.fault(key, 'must be a header name');
  return null;
}

/** Status codes that LiteLLM changed between versions; single codes win over the version. */
function readCompat(own: readonly Section[]): GatewayConfig['compat'] {
  const sections = own.map((section) => section.section('compat'));
  const version = readFirst(sections, (section) => oneOf(section, 'litellm_version', ['1.81', 'latest'] as const)) ?? '1.81';
  const status = (key: string): number | null => readFirst(sections, (section) => section.number(key, { integer: true, min: 400, max: 499 }));
  const compat = {
    budgetStatus: status('budget_status') ?? (version === '1.81' ? 400 : 429),
    modelDeniedStatus: status('model_denied_status') ?? (version === '1.81' ? 401 : 403),
  };
  for (const section of sections) nameLeftOver(section, 'genai_settings');
  return compat;
}

function refusePython(general: readonly Section[]): void {
  for (const section of general) {
    for (const key of PYTHON_HOOKS) {
      const value = section.text(key);
      if (value !== null)
        section.fault(key, `names Python code (${pythonFile(value)}), which cannot run here; remove the key, or keep that check in front of this gateway`);
    }
  }
}

/** custom_auth.user_api_key_auth -> custom_auth.py */
function pythonFile(dotted: string): string {
  return `${dotted.split('.').slice(0, -1).join('/') || dotted}.py`.slice(0, 100);
}

function readMasterKey(general: readonly Section[]): string | null {
  for (const section of general) {
    const key = section.text('master_key');
    if (key === null && section.has('master_key'))
      section.warn('master_key', `${section.missing.join(', ')} is not set; LITELLM_MASTER_KEY or a generated key is used`);
    if (key !== null && !key.startsWith('sk-')) section.warn('master_key', 'should start with "sk-"; some clients refuse other keys');
    if (section.has('salt_key')) {
      section.ignore(['salt_key']);
      section.warn('salt_key', 'has no effect here, nor in LiteLLM, which reads it only from LITELLM_SALT_KEY');
    }
  }
  return readFirst(general, (section) => section.text('master_key'));
}

function nameLeftOver(section: Section, name: string): void {
  for (const key of section.leftOver()) {
    // Top-level "x-..." keys hold anchors by convention.
    if (HARMLESS[name]?.has(key) || (name === '' && key.startsWith('x-'))) continue;
    if (NOT_YET[name]?.has(key)) section.warn(key, 'is a LiteLLM setting that this version does not act on yet');
    else section.warn(key, 'is not understood and has no effect');
  }
}
