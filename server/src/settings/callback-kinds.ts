// The receivers of finished calls that are built: LiteLLM's names for them, and the variables that tell where they are. Pure data and its reader.

/** Where finished calls are sent (callbacks, success_callback, failure_callback of LiteLLM; `logging` of a key or team). */
export interface CallbackTarget {
  readonly kind: CallbackKind;
  /** Its name in the configuration: the kind, or the name of an entry of callback_settings. */
  readonly name: string;
  readonly success: boolean;
  readonly failure: boolean;
  /** Upper-case names, LiteLLM's variables (LANGFUSE_HOST ...). Secrets: never shown. */
  readonly variables: Readonly<Record<string, string>>;
}

interface Kind {
  /** Variables that are read; the first of each inner list that is set counts under the first name. */
  readonly reads: readonly (readonly string[])[];
  /** Without these nothing can be sent. */
  readonly needs: readonly string[];
}

const LANGFUSE = [['LANGFUSE_PUBLIC_KEY'], ['LANGFUSE_SECRET_KEY', 'LANGFUSE_SECRET']];

const KINDS = {
  langfuse: { reads: [...LANGFUSE, ['LANGFUSE_HOST', 'LANGFUSE_BASE_URL']], needs: ['LANGFUSE_PUBLIC_KEY', 'LANGFUSE_SECRET_KEY'] },
  langfuse_otel: {
    reads: [...LANGFUSE, ['LANGFUSE_HOST', 'LANGFUSE_OTEL_HOST', 'LANGFUSE_BASE_URL']],
    needs: ['LANGFUSE_PUBLIC_KEY', 'LANGFUSE_SECRET_KEY'],
  },
  otel: {
    reads: [
      ['OTEL_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
      ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
      ['OTEL_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'],
      ['OTEL_SERVICE_NAME'],
      ['OTEL_EXPORTER', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    ],
    needs: [],
  },
  generic_api: { reads: [['GENERIC_LOGGER_ENDPOINT'], ['GENERIC_LOGGER_HEADERS'], ['GENERIC_LOGGER_FORMAT']], needs: ['GENERIC_LOGGER_ENDPOINT'] },
  s3_v2: {
    reads: [
      ['S3_BUCKET_NAME'],
      ['S3_REGION_NAME'],
      ['S3_ENDPOINT_URL'],
      ['S3_PATH'],
      ['S3_AWS_ACCESS_KEY_ID'],
      ['S3_AWS_SECRET_ACCESS_KEY'],
      ['S3_AWS_SESSION_TOKEN'],
    ],
    needs: [],
  },
} as const satisfies Record<string, Kind>;

export type CallbackKind = keyof typeof KINDS;

/** LiteLLM's older name of the same receiver. */
const ALIASES: Readonly<Record<string, CallbackKind>> = { s3: 's3_v2' };

export const CALLBACK_KINDS = Object.keys(KINDS) as CallbackKind[];

/** The kind that a name means; null for one that is not built. */
export function callbackKindOf(name: string): CallbackKind | null {
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name] as CallbackKind;
  return Object.hasOwn(KINDS, name) ? (name as CallbackKind) : null;
}

/**
 * The variables of a receiver out of a larger set (an environment, `callback_vars` in either case). `missing` names what it cannot do without.
 */
export function variablesOf(kind: CallbackKind, given: Readonly<Record<string, unknown>>): { variables: Record<string, string>; missing: string[] } {
  const upper = new Map(Object.entries(given).map(([name, value]) => [name.toUpperCase(), value]));
  const variables: Record<string, string> = {};
  for (const names of KINDS[kind].reads) {
    const value = names.map((name) => upper.get(name)).find((candidate) => typeof candidate === 'string' && candidate !== '');
    if (typeof value === 'string') variables[names[0] as string] = value;
  }
  const missing: string[] = KINDS[kind].needs.filter((name) => variables[name] === undefined);
  if (kind === 'otel' && variables.OTEL_ENDPOINT === undefined && variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT === undefined) missing.push('OTEL_ENDPOINT');
  return { variables, missing };
}
