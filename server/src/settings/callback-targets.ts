// Which receivers the configuration names: callbacks, success_callback, failure_callback and callback_settings of LiteLLM, with the variables that they need.
import { CALLBACK_KINDS, type CallbackKind, type CallbackTarget, callbackKindOf, variablesOf } from './callback-kinds.ts';
import { type Environment, isRecord, type Section } from './section.ts';

/** Names that need no receiver: their data is kept or shown by the platform itself. */
const BUILT_IN = new Set(['langfuse', 'langfuse_otel', 'prometheus', 'detect_prompt_injection']);

interface Named {
  success: boolean;
  failure: boolean;
  section: Section;
  path: [string, number];
}

const LISTS = [
  { key: 'callbacks', success: true, failure: true },
  { key: 'success_callback', success: true, failure: false },
  { key: 'failure_callback', success: false, failure: true },
] as const;

export interface ReadCallbacks {
  /** Every name that is listed. */
  names: string[];
  targets: CallbackTarget[];
}

/** Reads the lists of all files. Python instances are faults: they cannot run here. `roots` are the files themselves, for callback_settings. */
export function readCallbackTargets(litellm: readonly Section[], roots: readonly Section[], environment: Environment): ReadCallbacks {
  const named = readNames(litellm);
  const own = readSettings(roots);
  const parameters = parametersOf(litellm);
  const targets = [...named].map(([name, place]) => targetOf(name, place, { own, environment, parameters })).filter((target) => target !== null);
  return { names: [...named.keys()], targets };
}

function readNames(litellm: readonly Section[]): Map<string, Named> {
  const named = new Map<string, Named>();
  for (const section of litellm) {
    for (const { key, success, failure } of LISTS) {
      for (const [index, name] of section.texts(key).entries()) {
        if (refusePython(section, [key, index], name)) continue;
        const before = named.get(name) ?? { success: false, failure: false, section, path: [key, index] };
        named.set(name, { ...before, success: success || before.success, failure: failure || before.failure });
      }
    }
  }
  return named;
}

function refusePython(section: Section, path: [string, number], name: string): boolean {
  if (!/^[A-Za-z_][\w/]*(\.\w+)+$/.test(name)) return false;
  section.fault(path, `names Python code (${name.split('.').slice(0, -1).join('/')}.py), which cannot run here; remove it`);
  return true;
}

interface Sources {
  own: ReadonlyMap<string, Record<string, unknown>>;
  environment: Environment;
  parameters: Readonly<Record<string, unknown>>;
}

function targetOf(name: string, named: Named, sources: Sources): CallbackTarget | null {
  const settings = sources.own.get(name) ?? {};
  const kind = callbackKindOf(typeof settings.callback_type === 'string' ? settings.callback_type : name);
  if (kind === null) {
    if (!BUILT_IN.has(name))
      named.section.warn(named.path, `the callback "${name}" is not built; nothing is sent to it (there are: ${CALLBACK_KINDS.join(', ')}, prometheus)`);
    return null;
  }
  const { variables, missing } = variablesOf(kind, given(kind, settings, sources));
  if (!isUsable(kind, { missing, hasHost: variables.LANGFUSE_HOST !== undefined }, { name, named })) return null;
  const exporter = variables.OTEL_EXPORTER ?? '';
  if (kind === 'otel' && /grpc|console|in_memory/.test(exporter))
    named.section.warn(named.path, `the callback "${name}" sends OTLP over HTTP; the exporter ${exporter} is not built`);
  const events = Array.isArray(settings.event_types) ? settings.event_types : ['llm_api_success', 'llm_api_failure'];
  return {
    kind,
    name,
    success: named.success && events.includes('llm_api_success'),
    failure: named.failure && events.includes('llm_api_failure'),
    variables,
  };
}

function isUsable(
  kind: CallbackKind,
  { missing, hasHost }: { missing: readonly string[]; hasHost: boolean },
  { name, named }: { name: string; named: Named },
): boolean {
  if (missing.length === 0) return true;
  // Without any of its variables Langfuse is this platform, which traces every call anyway.
  const isOurs = BUILT_IN.has(kind) && !hasHost && missing.includes('LANGFUSE_PUBLIC_KEY') && missing.includes('LANGFUSE_SECRET_KEY');
  if (!isOurs) named.section.warn(named.path, `the callback "${name}" sends nothing: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`);
  return false;
}

/** What is known under the variables' names: the environment, over it the receiver's own settings. */
function given(kind: CallbackKind, settings: Record<string, unknown>, { environment, parameters }: Sources): Record<string, unknown> {
  // AWS's own variables are the chain's business; a bucket is only what the parameters name.
  if (kind === 's3_v2') return { ...parameters };
  if (kind !== 'generic_api') return { ...environment };
  const headers = isRecord(settings.headers) ? Object.entries(settings.headers).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`) : [];
  return {
    ...environment,
    ...(typeof settings.endpoint === 'string' ? { GENERIC_LOGGER_ENDPOINT: settings.endpoint } : {}),
    ...(headers.length === 0 ? {} : { GENERIC_LOGGER_HEADERS: headers.join(',') }),
    ...(typeof settings.log_format === 'string' ? { GENERIC_LOGGER_FORMAT: settings.log_format } : {}),
  };
}

/** callback_settings by name; LiteLLM has it at the top and under litellm_settings. */
function readSettings(roots: readonly Section[]): Map<string, Record<string, unknown>> {
  const settings = new Map<string, Record<string, unknown>>();
  for (const root of roots) {
    const value = root.raw('callback_settings');
    for (const [name, entry] of Object.entries(isRecord(value) ? value : {})) if (isRecord(entry) && !settings.has(name)) settings.set(name, entry);
  }
  return settings;
}

function parametersOf(litellm: readonly Section[]): Record<string, unknown> {
  for (const section of litellm) {
    const value = section.raw('s3_callback_params');
    if (isRecord(value)) return value;
  }
  return {};
}
