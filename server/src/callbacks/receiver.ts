// One receiver of finished calls: what it is sent for some calls, and the sending. Its address and keys stay here; what waits on disk holds neither.
import type { CallbackTarget } from '#settings/callback-kinds.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import { langfuseBatch } from './langfuse-batch.ts';
import type { LoggedCall } from './logged-call.ts';
import { otlpExport } from './otlp-export.ts';
import { objectKey, standardPayload } from './standard-payload.ts';

/** What is sent in one piece. */
export interface Delivery {
  /** The same for the same calls: an idempotency key. */
  readonly id: string;
  readonly calls: number;
  readonly contentType: string;
  /** Key of the object; null where the receiver is an address. */
  readonly key: string | null;
  readonly body: Buffer;
}

export interface Receiver {
  render(calls: readonly LoggedCall[]): Delivery[];
  /** Resolves when the receiver has it. @throws Refused when it will never take it, anything else when it may later. */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<void>;
  /** Asks it something that changes nothing. @throws Error when it does not answer as it should. */
  check(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The receiver understood and does not want it; sending it again is of no use. */
export class Refused extends Error {}

/** How receivers are reached. */
export interface Outside {
  /** One GET without redirects. */
  get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<{ status: number; text: string }>;
  /** One POST without redirects. */
  post(url: string, headers: Record<string, string>, body: Buffer, signal: AbortSignal): Promise<{ status: number; text: string }>;
  /** A bucket by the variables of `s3_v2`; the platform's own blob store when they name none. */
  objects(variables: Readonly<Record<string, string>>): Promise<Blobs>;
  /** True when the address is this platform's own, which traces every call anyway. */
  isSelf(host: string): Promise<boolean>;
}

const MOST_CALLS = 100;
const MOST_BYTES = 3 << 20;

/** @throws TypeError when an address among the variables is not one. */
export function openReceiver(target: CallbackTarget, outside: Outside): Receiver {
  switch (target.kind) {
    case 'langfuse':
      return langfuse(target, outside);
    case 'langfuse_otel':
      return otlp(langfuseOtlp(target), outside);
    case 'otel':
      return otlp(collector(target), outside);
    case 'generic_api':
      return webhook(target, outside);
    case 's3_v2':
      return objects(target, outside);
  }
}

const LANGFUSE_CLOUD = 'https://cloud.langfuse.com';

function langfuse({ variables }: CallbackTarget, outside: Outside): Receiver {
  const host = baseOf(variables.LANGFUSE_HOST ?? LANGFUSE_CLOUD);
  const publicKey = variables.LANGFUSE_PUBLIC_KEY ?? '';
  const headers = { authorization: basic(variables), 'content-type': 'application/json', 'x-langfuse-sdk-name': 'genai-platform' };
  return {
    render: (calls) => inBatches(calls, (part) => langfuseBatch(part, publicKey)),
    async deliver({ body }, signal) {
      if (await outside.isSelf(host)) return;
      const { status, text } = await outside.post(`${host}/api/public/ingestion`, headers, body, signal);
      judge(status, text);
      judgeEvents(text);
    },
    check: (signal) => checkLangfuse(host, { authorization: basic(variables) }, outside, signal),
    close: async () => {},
  };
}

async function checkLangfuse(host: string, headers: Record<string, string>, outside: Outside, signal: AbortSignal): Promise<void> {
  const { status, text } = await outside.get(`${host}/api/public/projects`, headers, signal);
  judge(status, text);
}

interface OtlpPlace {
  url: string;
  headers: Record<string, string>;
  serviceName: string;
  /** Base of the Langfuse, when it is one. */
  langfuse: string | null;
}

function langfuseOtlp({ variables }: CallbackTarget): OtlpPlace {
  const host = baseOf(variables.LANGFUSE_HOST ?? LANGFUSE_CLOUD);
  const base = host.replace(/\/api\/public\/otel(\/v1\/traces)?$/, '');
  return { url: `${base}/api/public/otel/v1/traces`, headers: { authorization: basic(variables) }, serviceName: 'litellm', langfuse: base };
}

function collector({ variables }: CallbackTarget): OtlpPlace {
  const exact = variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  const base = baseOf(exact ?? variables.OTEL_ENDPOINT ?? '');
  // As OpenTelemetry has it: a base gets the signal's path, the traces' own address is taken as it is.
  const url = exact !== undefined || base.endsWith('/v1/traces') ? base : `${base}/v1/traces`;
  return { url, headers: headersOf(variables.OTEL_HEADERS), serviceName: variables.OTEL_SERVICE_NAME ?? 'litellm', langfuse: null };
}

function otlp(place: OtlpPlace, outside: Outside): Receiver {
  const headers = { ...place.headers, 'content-type': 'application/json' };
  return {
    render: (calls) => inBatches(calls, (part) => otlpExport(part, { serviceName: place.serviceName, langfuse: place.langfuse !== null })),
    async deliver({ body }, signal) {
      if (place.langfuse !== null && (await outside.isSelf(place.langfuse))) return;
      const { status, text } = await outside.post(place.url, headers, body, signal);
      judge(status, text);
    },
    async check(signal) {
      const { status, text } = await outside.post(place.url, headers, Buffer.from('{"resourceSpans":[]}'), signal);
      judge(status, text);
    },
    close: async () => {},
  };
}

function webhook({ variables }: CallbackTarget, outside: Outside): Receiver {
  const url = baseOf(variables.GENERIC_LOGGER_ENDPOINT ?? '');
  const format = variables.GENERIC_LOGGER_FORMAT ?? 'json_array';
  const headers = headersOf(variables.GENERIC_LOGGER_HEADERS);
  const render = (calls: readonly LoggedCall[]): Delivery[] => {
    if (format === 'single') return calls.map((call) => deliveryOf([call], Buffer.from(JSON.stringify(standardPayload(call))), JSON_TYPE));
    if (format === 'ndjson') return inBatches(calls, (part) => part.map((call) => JSON.stringify(standardPayload(call))).join('\n'), 'application/x-ndjson');
    return inBatches(calls, (part) => part.map(standardPayload));
  };
  return {
    render,
    async deliver({ id, body, contentType }, signal) {
      const { status, text } = await outside.post(url, { ...headers, 'content-type': contentType, 'idempotency-key': id }, body, signal);
      judge(status, text);
    },
    async check(signal) {
      const { status, text } = await outside.post(url, { ...headers, 'content-type': JSON_TYPE }, Buffer.from('[]'), signal);
      judge(status, text);
    },
    close: async () => {},
  };
}

function objects({ variables }: CallbackTarget, outside: Outside): Receiver {
  const prefix = variables.S3_BUCKET_NAME === undefined ? `callbacks/${variables.S3_PATH ?? ''}` : (variables.S3_PATH ?? '');
  let bucket: Promise<Blobs> | null = null;
  return {
    render: (calls) =>
      calls.map((call) => ({ ...deliveryOf([call], Buffer.from(JSON.stringify(standardPayload(call))), JSON_TYPE), key: objectKey(call, prefix) })),
    async deliver({ key, body, contentType }) {
      bucket ??= outside.objects(variables);
      try {
        await (await bucket).put(key as string, body, { contentType });
      } catch (error) {
        // A bucket that could not be opened is tried anew.
        await bucket.catch(() => (bucket = null));
        throw error;
      }
    },
    async check() {
      await (await outside.objects(variables)).list(prefix, { limit: 1 });
    },
    async close() {
      const opened = await bucket?.catch(() => null);
      if (variables.S3_BUCKET_NAME !== undefined) await opened?.close();
    },
  };
}

const JSON_TYPE = 'application/json';

/** Bodies of at most so many calls, and of fewer when they are large. */
function inBatches(calls: readonly LoggedCall[], body: (calls: readonly LoggedCall[]) => object | string, contentType = JSON_TYPE): Delivery[] {
  const whole = body(calls);
  const bytes = Buffer.from(typeof whole === 'string' ? whole : JSON.stringify(whole));
  if (calls.length <= 1 || (calls.length <= MOST_CALLS && bytes.length <= MOST_BYTES)) return [deliveryOf(calls, bytes, contentType)];
  const middle = Math.ceil(calls.length / 2);
  return [...inBatches(calls.slice(0, middle), body, contentType), ...inBatches(calls.slice(middle), body, contentType)];
}

function deliveryOf(calls: readonly LoggedCall[], body: Buffer, contentType: string): Delivery {
  return { id: `${calls[0]?.record.callId ?? ''}-${calls.length}`, calls: calls.length, contentType, key: null, body };
}

/** What is wrong with the body will be wrong again; everything else (keys, limits, outages) can be mended at the other end. */
const HOPELESS = new Set([400, 413, 415, 422]);

function judge(status: number, text: string): void {
  if (status >= 200 && status < 300) return;
  const said = `HTTP ${status}: ${text.slice(0, 300)}`;
  throw HOPELESS.has(status) ? new Refused(said) : new Error(said);
}

/** 207: each event has its own answer. */
function judgeEvents(text: string): void {
  let errors: { status?: number; message?: string }[] = [];
  try {
    errors = (JSON.parse(text) as { errors?: typeof errors }).errors ?? [];
  } catch {
    return;
  }
  const later = errors.find(({ status }) => !HOPELESS.has(status ?? 500));
  if (later !== undefined) throw new Error(`an event was not taken: ${later.status} ${later.message ?? ''}`);
  if (errors[0] !== undefined) throw new Refused(`an event was refused: ${errors[0].status} ${errors[0].message ?? ''}`);
}

function basic(variables: Readonly<Record<string, string>>): string {
  return `Basic ${Buffer.from(`${variables.LANGFUSE_PUBLIC_KEY}:${variables.LANGFUSE_SECRET_KEY}`).toString('base64')}`;
}

/** Without the slash at its end. @throws TypeError when it is no http(s) address. */
function baseOf(address: string): string {
  const { protocol } = new URL(address);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${protocol} is not an address that calls can be sent to`);
  return address.replace(/\/+$/, '');
}

/** `name=value,name2=value2`, as OTEL_EXPORTER_OTLP_HEADERS has them: values may be URL-encoded. */
export function headersOf(text: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of (text ?? '').split(',')) {
    const [, name, value] = /^\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*[=:]\s*(.*?)\s*$/.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) headers[name.toLowerCase()] = decoded(value);
  }
  return headers;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
