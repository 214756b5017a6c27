// What a check of `verify` is: it looks at one thing of a running platform and says passed, failed, or not checked because something was not given.
import type { Answer } from '#http.ts';
import type { MessageCode } from '#messages.ts';

type CheckState = 'passed' | 'failed' | 'not-checked';

export interface Outcome {
  state: CheckState;
  /** What was seen; never a credential. */
  detail: string;
}

export interface CheckResult extends Outcome {
  id: string;
  title: MessageCode;
  elapsedMs: number;
}

/** Where to look and with what. URLs are without a trailing slash. */
export interface Target {
  gatewayUrl: string;
  observeUrl: string;
  key: string | null;
  publicKey: string | null;
  secretKey: string | null;
  email: string | null;
  password: string | null;
  model: string | null;
  /** Longest wait for a row or a trace; null = 5 s on this platform, 30 s elsewhere (LiteLLM writes its log every 10 s). */
  waitMs: number | null;
  clickhouse: { url: string; user: string; password: string } | null;
  /** Admin socket of the process behind these URLs, when it runs on this machine. */
  adminSocket: string | null;
  /** Keys of a second project, to be registered at run time with a key of their own. */
  second: { publicKey: string; secretKey: string } | null;
  /** The buckets behind an environment on AWS. */
  buckets: Buckets | null;
}

export interface Buckets {
  eventsName: string;
  clickhouseName: string;
  /** Keys of up to `limit` objects under the events prefix. */
  events(limit: number): Promise<{ key: string; modifiedAt: Date }[]>;
  /** First path parts of the ClickHouse bucket, up to `limit`. */
  clickhousePrefixes(limit: number): Promise<string[]>;
}

/** What earlier checks found and later ones need. */
export interface Facts {
  /** True when the OpenAPI page names this platform. */
  isOurs: boolean;
  models: string[];
  call: { model: string; callId: string | null; responseId: string | null; traceId: string; startedAtMs: number } | null;
  traceFound: boolean;
  rowsBefore: number | null;
  /** Temporary keys, removed at the end. */
  temporaryKeys: { key: string; alias: string }[];
  /** Traces that the checks made, with the keys of their project; removed at the end. */
  traces: { id: string; publicKey: string; secretKey: string }[];
}

export interface Check {
  id: string;
  title: MessageCode;
  /** Whether it makes sense for a target; always when absent. */
  applies?(target: Target): boolean;
  run(target: Target, facts: Facts): Promise<Outcome>;
}

export function passed(detail: string): Outcome {
  return { state: 'passed', detail };
}
export function failed(detail: string): Outcome {
  return { state: 'failed', detail };
}
export function needs(what: string): Outcome {
  return { state: 'not-checked', detail: `needs ${what}` };
}

/** A short account of an unexpected answer: status and the server's own words, cut, with anything that looks like a key taken out. */
export function describe(answer: Answer): string {
  const words = answer.text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\b(sk|pk)-[\w-]{4,}/g, '$1-...')
    .replace(/\s+/g, ' ')
    .trim();
  return `HTTP ${answer.status} ${words.slice(0, 200)}`.trim();
}

export function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

export function basic(publicKey: string, secretKey: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}` };
}

/** Walks into unknown JSON: `at(value, 'choices', 0, 'message')`. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let current = value;
  for (const key of path) current = typeof current === 'object' && current !== null ? (current as Record<string | number, unknown>)[key] : undefined;
  return current;
}

/** Asks until the answer is not null or the time is over. */
export async function poll<Value>(waitMs: number, ask: () => Promise<Value | null>): Promise<Value | null> {
  const deadline = performance.now() + waitMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(1000, pauseMs * 1.5)) {
    const value = await ask();
    if (value !== null || performance.now() + pauseMs > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

export function waitOf(target: Target, facts: Facts): number {
  return target.waitMs ?? (facts.isOurs ? 5000 : 30_000);
}
