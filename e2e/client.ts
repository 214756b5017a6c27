// Small typed calls that the end-to-end tests share: admin API, public reads, console login. Plain fetch, as a user's script would.
import type { Platform } from './process.ts';

/** A JSON call; the answer's status, headers and parsed body. */
export async function call(
  url: string,
  options: { method?: string; key?: string; basic?: [string, string]; headers?: Record<string, string>; body?: unknown } = {},
) {
  const headers: Record<string, string> = { ...options.headers };
  if (options.key !== undefined) headers.authorization = `Bearer ${options.key}`;
  if (options.basic !== undefined) headers.authorization = `Basic ${Buffer.from(options.basic.join(':')).toString('base64')}`;
  if (options.body !== undefined) headers['content-type'] ??= 'application/json';
  const raw = typeof options.body === 'string' || options.body instanceof Uint8Array;
  const response = await fetch(url, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers,
    ...(options.body === undefined ? {} : { body: raw ? (options.body as string) : JSON.stringify(options.body) }),
  });
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Not every answer is JSON: pages, metrics.
  }
  return { status: response.status, headers: response.headers, text, body: body as Record<string, never> & { [key: string]: unknown } };
}

/** Makes a virtual key with the master key. */
export async function generateKey(platform: Platform, body: Record<string, unknown> = {}): Promise<string> {
  const answer = await call(`${platform.gatewayUrl}/key/generate`, { key: platform.keys.masterKey, body });
  if (answer.status !== 200) throw new Error(`/key/generate answered ${answer.status}: ${answer.text}`);
  return answer.body.key as unknown as string;
}

/** A public read with the first project's keys. */
export function observe(platform: Platform, path: string) {
  return call(`${platform.observeUrl}${path}`, { basic: [platform.keys.publicKey, platform.keys.secretKey] });
}

/** One chat call with the seed's message; `extra.body` adds fields. */
export function chat(platform: Platform, key: string, model: string, extra: { body?: Record<string, unknown>; headers?: Record<string, string> } = {}) {
  return call(`${platform.gatewayUrl}/v1/chat/completions`, {
    key,
    headers: extra.headers ?? {},
    body: { model, messages: [{ role: 'user', content: 'こんにちは！LiteLLMのテストです。' }], ...extra.body },
  });
}
