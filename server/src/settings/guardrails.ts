// `guardrails:` of LiteLLM's config.yaml: which guards there are, when they look, and what each needs.
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type PresidioConfig, readPresidio } from './presidio.ts';
import { isRecord, type Section } from './section.ts';

export type GuardAction = 'MASK' | 'BLOCK';

interface Common {
  readonly name: string;
  readonly modes: ReadonlySet<'pre_call' | 'during_call' | 'post_call' | 'pre_mcp_call' | 'during_mcp_call'>;
  readonly defaultOn: boolean;
  readonly failOpen: boolean;
  readonly timeoutMs: number;
  /** The refusal in the operator's words; null = the guard's own. */
  readonly violation: string | null;
  /** What was written as `guardrail`. */
  readonly provider: string;
}

export type GuardConfig = Common &
  (
    | { readonly kind: 'personal_data'; readonly entities: ReadonlyMap<string, GuardAction> }
    | { readonly kind: 'secrets'; readonly action: GuardAction }
    | { readonly kind: 'injection' }
    | {
        readonly kind: 'content_filter';
        readonly patterns: readonly { readonly name: string; readonly pattern: RegExp; readonly action: GuardAction }[];
        readonly prebuilt: readonly { readonly entity: string; readonly action: GuardAction }[];
        readonly words: readonly { readonly keyword: string; readonly action: GuardAction }[];
      }
    | { readonly kind: 'azure_shield'; readonly apiBase: string; readonly apiKey: string; readonly apiVersion: string | null }
    | {
        readonly kind: 'azure_moderation';
        readonly apiBase: string;
        readonly apiKey: string;
        readonly apiVersion: string | null;
        readonly categories: readonly string[];
        readonly outputType: string;
        readonly blocklists: readonly string[];
        readonly haltOnBlocklistHit: boolean;
        readonly threshold: (category: string) => number;
      }
    | {
        readonly kind: 'bedrock';
        readonly identifier: string;
        readonly version: string;
        readonly region: string;
        readonly endpoint: string | null;
        readonly cloud: Readonly<Record<string, string>>;
        readonly maskRequests: boolean;
        readonly maskAnswers: boolean;
      }
    | {
        readonly kind: 'http';
        readonly apiBase: string;
        readonly apiKey: string | null;
        readonly headers: Readonly<Record<string, string>>;
        readonly parameters: Readonly<Record<string, unknown>>;
      }
    | PresidioConfig
    | { readonly kind: 'module'; readonly file: string }
  );

/** Found by form; what else Presidio knows (PERSON, LOCATION ...) only its analyzer finds. */
const ENTITIES = new Set(['EMAIL_ADDRESS', 'PHONE_NUMBER', 'CREDIT_CARD', 'JP_MY_NUMBER', 'JP_POSTAL_CODE', 'JP_ADDRESS', 'US_SSN', 'IBAN_CODE', 'IP_ADDRESS']);
/** Names of LiteLLM's prebuilt patterns. */
const PREBUILT: Readonly<Record<string, string>> = {
  email: 'EMAIL_ADDRESS',
  us_ssn: 'US_SSN',
  credit_card: 'CREDIT_CARD',
  visa: 'CREDIT_CARD',
  mastercard: 'CREDIT_CARD',
  phone: 'PHONE_NUMBER',
  us_phone: 'PHONE_NUMBER',
  ipv4: 'IP_ADDRESS',
  iban: 'IBAN_CODE',
  jp_my_number: 'JP_MY_NUMBER',
  jp_postal_code: 'JP_POSTAL_CODE',
  aws_access_key: 'SECRET',
  github_token: 'SECRET',
  generic_api_key: 'SECRET',
};
const MODES = new Set(['pre_call', 'during_call', 'post_call', 'pre_mcp_call', 'during_mcp_call']);
const DEFAULT_TIMEOUT_SECONDS = 10;
const MODULE_FILE = /\.(ts|mts|js|mjs)$/;

/** Reads all files' guards. `callbacks` may hold LiteLLM's detect_prompt_injection. A guard that cannot be used is a fault: going on without it would open what it was to close. */
export function readGuardrails(roots: readonly Section[], configPath: string, callbacks: readonly string[]): GuardConfig[] {
  const guards: GuardConfig[] = [];
  for (const root of roots) {
    for (const entry of root.sections('guardrails')) {
      const guard = readGuard(entry, configPath);
      if (guard !== null) guards.push(guard);
    }
  }
  if (callbacks.includes('detect_prompt_injection')) guards.push({ ...defaults('detect_prompt_injection'), defaultOn: true, kind: 'injection' });
  return guards;
}

function defaults(name: string): Common {
  const modes: Common['modes'] = new Set(['pre_call'] as const);
  return { name, modes, defaultOn: false, failOpen: false, timeoutMs: DEFAULT_TIMEOUT_SECONDS * 1000, violation: null, provider: name };
}

function readGuard(entry: Section, configPath: string): GuardConfig | null {
  const name = entry.text('guardrail_name');
  const params = entry.section('litellm_params');
  const provider = params.text('guardrail');
  entry.ignore(['guardrail_info']);
  if (name === null) entry.fault('guardrail_name', 'must be set');
  if (provider === null) params.fault('guardrail', 'must be set');
  if (name === null || provider === null) return null;
  const modes = readModes(params);
  if (modes === null) return null;
  const common: Common = {
    name,
    provider,
    modes,
    defaultOn: params.boolean('default_on') ?? false,
    failOpen: (params.text('unreachable_fallback') ?? 'fail_closed') === 'fail_open',
    timeoutMs: (params.number('timeout', { min: 0.1, max: 600 }) ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    violation: params.text('violation_message') ?? params.text('violation_message_template'),
  };
  return readKind(provider, params, { common, configPath });
}

function readModes(params: Section): Common['modes'] | null {
  const wanted = params.has('mode') ? params.texts('mode') : ['pre_call'];
  const known = wanted.filter((mode) => MODES.has(mode));
  for (const mode of wanted) if (!MODES.has(mode)) params.fault('mode', `"${mode}" is not built; there are ${[...MODES].join(', ')}`);
  return known.length === wanted.length ? (new Set(known) as Common['modes']) : null;
}

interface Reading {
  common: Common;
  configPath: string;
}

function readKind(provider: string, params: Section, { common, configPath }: Reading): GuardConfig | null {
  switch (provider) {
    case 'genai_personal_data':
      return readPersonalData(params, common);
    case 'presidio':
      return analyzerOf(params, common, configPath) ?? readPersonalData(params, common);
    case 'hide-secrets':
    case 'genai_secrets':
      return { ...common, kind: 'secrets', action: readAction(params, 'action') ?? 'MASK' };
    case 'genai_injection':
    case 'prompt_injection':
      return { ...common, kind: 'injection' };
    case 'litellm_content_filter':
      return readContentFilter(params, common, configPath);
    case 'azure/prompt_shield':
    case 'azure/text_moderations':
      return readAzure(provider, params, common);
    case 'bedrock':
      return readBedrock(params, common);
    case 'generic_guardrail_api':
      return readHttp(params, common);
    default:
      if (MODULE_FILE.test(provider)) return { ...common, kind: 'module', file: isAbsolute(provider) ? provider : join(dirname(configPath), provider) };
      params.fault(
        'guardrail',
        /^\w+(\.\w+)+$/.test(provider) ? `names Python code, which cannot run here; write it as a TypeScript file` : `"${provider}" is not built`,
      );
      return null;
  }
}

/** Null: no analyzer is named. */
function analyzerOf(params: Section, common: Common, configPath: string): GuardConfig | null {
  const presidio = readPresidio(params, configPath);
  return presidio === null ? null : { ...common, ...presidio };
}

function readAction(params: Section, key: string): GuardAction | null {
  const value = params.text(key)?.toUpperCase() ?? null;
  if (value === null || value === 'MASK' || value === 'BLOCK') return value;
  params.fault(key, 'must be MASK or BLOCK');
  return null;
}

function readPersonalData(params: Section, common: Common): GuardConfig {
  const given = params.raw('pii_entities_config');
  const entities = new Map<string, GuardAction>();
  for (const [entity, action] of Object.entries(isRecord(given) ? given : Object.fromEntries([...ENTITIES].map((name) => [name, 'MASK'])))) {
    if (action !== 'MASK' && action !== 'BLOCK') params.fault(['pii_entities_config', entity], 'must be MASK or BLOCK');
    else if (ENTITIES.has(entity)) entities.set(entity, action);
    else
      params.warn(
        ['pii_entities_config', entity],
        `is not found by this guard (there are ${[...ENTITIES].join(', ')}); names need Presidio's analyzer (presidio_analyzer_api_base)`,
      );
  }
  if (common.provider === 'presidio') {
    params.ignore(['presidio_anonymizer_api_base', 'presidio_language', 'presidio_score_thresholds']);
    params.warn(
      'guardrail',
      'personal data is found in this process by form and check digit: presidio_analyzer_api_base (or PRESIDIO_ANALYZER_API_BASE) names no analyzer',
    );
  }
  if (params.boolean('output_parse_pii')) params.warn('output_parse_pii', 'is not built: masked values stay masked in the answer');
  return { ...common, kind: 'personal_data', entities };
}

function readContentFilter(params: Section, common: Common, configPath: string): GuardConfig {
  const patterns: { name: string; pattern: RegExp; action: GuardAction }[] = [];
  const prebuilt: { entity: string; action: GuardAction }[] = [];
  for (const entry of params.sections('patterns')) {
    const action = readAction(entry, 'action') ?? 'BLOCK';
    const name = entry.text('name') ?? entry.text('pattern_name') ?? 'PATTERN';
    if ((entry.text('pattern_type') ?? 'regex') === 'prebuilt') {
      const entity = PREBUILT[entry.text('pattern_name') ?? ''];
      if (entity === undefined) entry.fault('pattern_name', `must be one of ${Object.keys(PREBUILT).join(', ')}`);
      else prebuilt.push({ entity, action });
      continue;
    }
    const pattern = readPattern(entry);
    if (pattern !== null) patterns.push({ name, pattern, action });
  }
  return { ...common, kind: 'content_filter', patterns, prebuilt, words: readWords(params, configPath) };
}

function readPattern(entry: Section): RegExp | null {
  const text = entry.text('pattern');
  if (text === null) {
    entry.fault('pattern', 'must be set');
    return null;
  }
  try {
    // Python writes the flag inside.
    const inline = /^\(\?([ims]+)\)/.exec(text);
    return new RegExp(inline === null ? text : text.slice(inline[0].length), `g${inline?.[1] ?? ''}`);
  } catch (error) {
    entry.fault('pattern', `is no pattern: ${(error as Error).message}`);
    return null;
  }
}

function readWords(params: Section, configPath: string): { keyword: string; action: GuardAction }[] {
  const words = params.sections('blocked_words').flatMap((entry) => {
    const keyword = entry.text('keyword');
    if (keyword === null) entry.fault('keyword', 'must be set');
    return keyword === null ? [] : [{ keyword, action: readAction(entry, 'action') ?? ('BLOCK' as const) }];
  });
  const file = params.text('blocked_words_file');
  if (file === null) return words;
  try {
    const lines = readFileSync(isAbsolute(file) ? file : join(dirname(configPath), file), 'utf8').split('\n');
    const listed = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    return [...words, ...listed.map((keyword) => ({ keyword, action: 'BLOCK' as const }))];
  } catch (error) {
    params.fault('blocked_words_file', `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`);
    return words;
  }
}

function readAzure(provider: string, params: Section, common: Common): GuardConfig | null {
  const apiBase = address(params, 'api_base');
  const apiKey = needed(params, 'api_key');
  if (apiBase === null || apiKey === null) return null;
  const apiVersion = params.text('api_version');
  if (provider === 'azure/prompt_shield') return { ...common, kind: 'azure_shield', apiBase, apiKey, apiVersion };
  const severity = params.number('severity_threshold', { min: 0, max: 7 }) ?? 2;
  const given = params.raw('severity_threshold_by_category');
  const byCategory = isRecord(given) ? given : {};
  const categories = params.texts('categories');
  return {
    ...common,
    kind: 'azure_moderation',
    apiBase,
    apiKey,
    apiVersion,
    categories: categories.length > 0 ? categories : ['Hate', 'SelfHarm', 'Sexual', 'Violence'],
    outputType: params.text('outputType') ?? 'FourSeverityLevels',
    blocklists: params.texts('blocklistNames'),
    haltOnBlocklistHit: params.boolean('haltOnBlocklistHit') ?? false,
    threshold: (category) => (typeof byCategory[category] === 'number' ? (byCategory[category] as number) : severity),
  };
}

function readBedrock(params: Section, common: Common): GuardConfig | null {
  const identifier = needed(params, 'guardrailIdentifier');
  const version = params.text('guardrailVersion') ?? 'DRAFT';
  const region = params.text('aws_region_name') ?? params.environment.AWS_REGION ?? params.environment.AWS_DEFAULT_REGION ?? null;
  if (region === null) params.fault('aws_region_name', 'must be set, here or as AWS_REGION');
  if (identifier === null || region === null) return null;
  const cloud: Record<string, string> = {};
  for (const key of params.keys()) {
    const value = key.startsWith('aws_') ? params.text(key) : null;
    if (value !== null) cloud[key] = value;
  }
  return {
    ...common,
    kind: 'bedrock',
    identifier,
    version,
    region,
    endpoint: params.has('aws_bedrock_runtime_endpoint') ? address(params, 'aws_bedrock_runtime_endpoint') : null,
    cloud,
    maskRequests: params.boolean('mask_request_content') ?? false,
    maskAnswers: params.boolean('mask_response_content') ?? false,
  };
}

function readHttp(params: Section, common: Common): GuardConfig | null {
  const apiBase = address(params, 'api_base');
  if (apiBase === null) return null;
  const headers = params.raw('headers');
  const parameters = params.raw('additional_provider_specific_params');
  return {
    ...common,
    kind: 'http',
    apiBase,
    apiKey: params.text('api_key'),
    headers: isRecord(headers) ? Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])) : {},
    parameters: isRecord(parameters) ? parameters : {},
  };
}

function needed(params: Section, key: string): string | null {
  const value = params.text(key);
  if (value === null) params.fault(key, params.missing.length > 0 ? `${params.missing.join(', ')} is not set` : 'must be set');
  return value;
}

function address(params: Section, key: string): string | null {
  const value = needed(params, key);
  if (value === null) return null;
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  params.fault(key, 'must be an http(s) address');
  return null;
}
