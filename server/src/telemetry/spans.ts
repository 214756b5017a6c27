// Traces of the platform itself: one span a request and one a try of a call, sent by OTLP/HTTP (JSON) to wherever the operator says, which may be this platform.
// By hand and not by the SDK: two kinds of spans need no context propagation, and the front has memory for nothing more.
import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import type { Metrics } from './metrics.ts';

export interface Span {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits; newSpanId() where it has no id of its own. */
  spanId: string;
  parentSpanId: string | null;
  name: string;
  kind: 'server' | 'client';
  startUs: number;
  endUs: number;
  attributes: Readonly<Record<string, string | number | boolean | null>>;
  isError: boolean;
}

export interface Spans {
  /** False = nothing is collected; callers need not make spans. */
  readonly enabled: boolean;
  /** Whether spans of this trace are kept. */
  keeps(traceId: string): boolean;
  record(span: Span): void;
  /** Sends what is left, at most for some seconds. */
  close(): Promise<void>;
}

export interface SpanOptions {
  /** Spans go to `<endpoint>/v1/traces`. */
  endpoint: string;
  headers: Readonly<Record<string, string>>;
  /** 0 to 1: the part of the traces that is kept, decided by the trace id, so that every process decides alike. */
  ratio: number;
  version: string;
  role: string;
  metrics: Metrics;
}

/**
 * Sent with every export. A process of ours that gets it makes no span of that request: else an export to ourselves would be the cause of the next one, for ever.
 */
export const OWN_TELEMETRY_HEADER = 'x-genai-own-telemetry';

const MAX_QUEUED = 2_048;
const BATCH = 512;
const FLUSH_MS = 2_000;
const TIMEOUT_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
const LONGEST_TEXT = 200;
const KINDS = { server: 2, client: 3 } as const;

/** Collects nothing. */
export const NO_SPANS: Spans = { enabled: false, keeps: () => false, record: () => undefined, close: async () => undefined };

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

export function openSpans(options: SpanOptions): Spans {
  return new OtlpSpans(options);
}

class OtlpSpans implements Spans {
  readonly enabled = true;
  readonly #options: SpanOptions;
  readonly #count: (amount: number, result: 'sent' | 'dropped') => void;
  #queue: Span[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> = Promise.resolve();
  #pauseMs = FLUSH_MS;

  constructor(options: SpanOptions) {
    this.#options = options;
    const counter = options.metrics.counter({
      name: 'genai_telemetry_spans_total',
      help: 'Spans of the platform itself by what became of them.',
      labels: ['result'],
    });
    for (const result of ['sent', 'dropped']) counter.add(0, result);
    this.#count = (amount, result) => counter.add(amount, result);
  }

  keeps(traceId: string): boolean {
    return Number.parseInt(traceId.slice(-8), 16) < this.#options.ratio * 0x1_0000_0000;
  }

  record(span: Span): void {
    if (!this.keeps(span.traceId)) return;
    if (this.#queue.length >= MAX_QUEUED) this.#count(1, 'dropped');
    else this.#queue.push(span);
    // No timer while there is nothing to send: an idle platform is idle.
    this.#timer ??= setTimeout(() => this.#flush(), this.#pauseMs).unref();
  }

  async close(): Promise<void> {
    this.#flush();
    await this.#sending;
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending = this.#sending.then(() => this.#sendAll());
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH);
      if (!(await this.#send(batch))) {
        // They stay until there is room for no more; the next try is later and later.
        this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
        return;
      }
      this.#pauseMs = FLUSH_MS;
      this.#queue = this.#queue.slice(batch.length);
      this.#count(batch.length, 'sent');
    }
  }

  async #send(batch: readonly Span[]): Promise<boolean> {
    const { endpoint, headers } = this.#options;
    try {
      const answer = await request(`${endpoint.replace(/\/+$/, '')}/v1/traces`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', [OWN_TELEMETRY_HEADER]: '1' },
        body: JSON.stringify(exportOf(batch, this.#options)),
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        signal: AbortSignal.timeout(2 * TIMEOUT_MS),
      });
      await answer.body.dump();
      // A refusal that will not change with time must not hold the queue for ever.
      const isFinal = answer.statusCode >= 400 && answer.statusCode < 500 && answer.statusCode !== 429 && answer.statusCode !== 408;
      if (isFinal) {
        this.#queue = this.#queue.slice(batch.length);
        this.#count(batch.length, 'dropped');
      }
      return answer.statusCode < 300;
    } catch {
      return false;
    }
  }
}

/** The export in OTLP's JSON form (opentelemetry-proto, trace service). Texts are cut; no content and no header is ever in an attribute. */
export function exportOf(spans: readonly Span[], { version, role }: Pick<SpanOptions, 'version' | 'role'>): object {
  const resource = { 'service.name': 'genai-platform', 'service.version': version, 'genai.role': role };
  return {
    resourceSpans: [
      { resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope: { name: 'genai.platform', version }, spans: spans.map(spanOf) }] },
    ],
  };
}

function spanOf(span: Span): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === null ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name.slice(0, LONGEST_TEXT),
    kind: KINDS[span.kind],
    startTimeUnixNano: `${Math.round(span.startUs)}000`,
    endTimeUnixNano: `${Math.round(span.endUs)}000`,
    attributes: attributesOf(span.attributes),
    status: span.isError ? { code: 2 } : {},
  };
}

function attributesOf(values: Span['attributes']): object[] {
  return Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [{ key, value: otlpValue(value) }]));
}

function otlpValue(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'string') return { stringValue: value.slice(0, LONGEST_TEXT) };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
