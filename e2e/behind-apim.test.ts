// docs/clients/behind-apim.md, sentence by sentence: a proxy that does what API Management does stands in front of a started platform.
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call, generateKey } from './client.ts';
import { eventually } from './process.ts';
import { callIdOf, type ReliabilityRig, startRig } from './reliability-upstream.ts';

/** Where the proxy's own connections come from, on a machine whose whole 127/8 is loopback. */
const PROXY_ADDRESS = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1';
const SUBSCRIPTION = '0123456789abcdef0123456789abcdef';
const JWT = `eyJ${'a'.repeat(40)}.eyJ${'b'.repeat(40)}.${'c'.repeat(40)}`;
/** A connection that is silent for so long is dropped, as load balancers do after minutes. */
const IDLE_MS = 900;

let rig: ReliabilityRig;
let apim: Server;
let base: string;
let key: string;
beforeAll(async () => {
  rig = await startRig({
    flags: ['--root-path', '/llm', '--trusted-proxies', PROXY_ADDRESS],
    settings: 'litellm_settings: { sse_keepalive_ping_interval_seconds: 0.3 }\n',
  });
  apim = managedProxy(Number(new URL(rig.platform.gatewayUrl).port));
  await new Promise<void>((resolve) => apim.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(apim.address() as AddressInfo).port}`;
  key = await generateKey(rig.platform, { key_alias: 'team' });
});
afterAll(async () => {
  apim?.closeAllConnections();
  apim?.close();
  await rig?.close();
});
beforeEach(() => rig.upstream.reset());

/** Checks a JWT, keeps the path, adds the client's address, passes every header on, streams unbuffered, drops what is idle. */
function managedProxy(port: number): Server {
  return createServer((incoming, outgoing) => {
    if (incoming.headers.authorization !== `Bearer ${JWT}`) return void outgoing.writeHead(401).end('no valid JWT');
    const headers = {
      ...incoming.headers,
      'x-forwarded-for': `${incoming.headers['x-test-client'] ?? '198.51.100.1'}`,
      'ocp-apim-subscription-key': SUBSCRIPTION,
    };
    const forwarded = httpRequest({ host: '127.0.0.1', port, path: incoming.url, method: incoming.method, headers, localAddress: PROXY_ADDRESS }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      let idle = setTimeout(() => outgoing.destroy(), IDLE_MS);
      answer.on('data', (chunk) => {
        clearTimeout(idle);
        idle = setTimeout(() => outgoing.destroy(), IDLE_MS);
        outgoing.write(chunk);
      });
      answer.on('end', () => {
        clearTimeout(idle);
        outgoing.end();
      });
      outgoing.on('close', () => {
        clearTimeout(idle);
        forwarded.destroy();
      });
    });
    const waiting = setTimeout(() => outgoing.destroy(), IDLE_MS);
    forwarded.on('response', () => clearTimeout(waiting));
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
}

const BODY = { model: 'once', messages: [{ role: 'user', content: 'hello' }] };
const through = (path: string, options: { headers?: Record<string, string>; body?: object } = {}) =>
  call(`${base}${path}`, { headers: { authorization: `Bearer ${JWT}`, 'x-litellm-api-key': key, ...options.headers }, body: options.body ?? BODY });

describe('behind API Management', () => {
  it('the JWT stays with the proxy: the virtual key stands in x-litellm-api-key, and neither goes upstream', async () => {
    const answer = await through('/llm/v1/chat/completions');
    expect(answer.status).toBe(200);
    const { headers } = rig.upstream.requests[0] as { headers: Record<string, string> };
    expect(headers.authorization).toBe('Bearer sk-upstream');
    expect(JSON.stringify(headers)).not.toMatch(new RegExp(`${JWT}|${key}|${SUBSCRIPTION}|198\\.51`));
  });

  it('a subscription key is no virtual key: without one the call is refused as without a key, and the subscription key is not repeated', async () => {
    const direct = (headers: Record<string, string>) => call(`${rig.platform.gatewayUrl}/llm/v1/chat/completions`, { headers, body: BODY });
    const answer = await direct({ 'ocp-apim-subscription-key': SUBSCRIPTION });
    expect([answer.status, answer.text.includes('No api key passed in'), answer.text.includes(SUBSCRIPTION)]).toEqual([401, true, false]);
    expect((await direct({ 'ocp-apim-subscription-key': SUBSCRIPTION, authorization: `Bearer ${key}` })).status).toBe(200);
    expect((await direct({ 'ocp-apim-subscription-key': key })).status).toBe(200);
    // Google's clients write the key into the address: the subscription key beside it does not hide it.
    const google = await call(`${rig.platform.gatewayUrl}/llm/v1beta/models/once:generateContent?key=${key}`, {
      headers: { 'ocp-apim-subscription-key': SUBSCRIPTION },
      body: { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] },
    });
    expect(google.status).toBe(200);
  });

  it('every path answers below the prefix and without it; one that only begins alike does not', async () => {
    for (const path of ['/llm/v1/chat/completions', '/llm/chat/completions', '/llm/openai/deployments/once/chat/completions', '/v1/chat/completions'])
      expect((await through(path)).status, path).toBe(200);
    expect((await through('/llmx/v1/chat/completions')).status).toBe(404);
    expect((await through('/llm/llm/v1/chat/completions')).status).toBe(404);
    expect((await call(`${rig.platform.gatewayUrl}/llm/health/readiness`)).status).toBe(200);
    expect((await call(`${rig.platform.observeUrl}/llm/api/public/health`)).status).toBe(200);
    const client = new OpenAI({ apiKey: JWT, baseURL: `${base}/llm/v1`, defaultHeaders: { 'x-litellm-api-key': key }, maxRetries: 0 });
    expect((await client.chat.completions.create({ model: 'once', messages: [{ role: 'user', content: 'x' }] })).choices).toHaveLength(1);
  });

  it('the client’s address is what a listed proxy says, and nobody else', async () => {
    const addressOf = async (answer: { headers: Headers }) => {
      const id = callIdOf(answer);
      const rows = await eventually('the row', async () => {
        const { body } = await call(`${rig.platform.gatewayUrl}/spend/logs?request_id=${id}`, { key: rig.platform.keys.masterKey });
        return (body as unknown as { requester_ip_address: string }[])[0];
      });
      return rows.requester_ip_address;
    };
    expect(await addressOf(await through('/llm/v1/chat/completions', { headers: { 'x-test-client': '203.0.113.7' } }))).toBe('203.0.113.7');
    const forged = await call(`${rig.platform.gatewayUrl}/v1/chat/completions`, { key, headers: { 'x-forwarded-for': '203.0.113.7' }, body: BODY });
    if (PROXY_ADDRESS !== '127.0.0.1') expect(await addressOf(forged)).toBe('127.0.0.1');
  });

  it('streams are not held back: the first event is here while the upstream still speaks', async () => {
    rig.upstream.script('sse;deltas=10;pace=100');
    const response = await fetch(`${base}/llm/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${JWT}`, 'x-litellm-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ ...BODY, stream: true }),
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    expect(rig.upstream.requests[0]?.finished).toBe(false);
    expect([response.headers.get('x-accel-buffering'), response.headers.get('cache-control')]).toEqual(['no', 'no-cache']);
    await reader.cancel();
  });

  it('comments hold a silent stream through the proxy’s idle limit, before its first event and between two', async () => {
    rig.upstream.script('sse;delay=2000', 'fixed;delay=2000');
    const answer = await through('/llm/v1/chat/completions', { body: { ...BODY, stream: true } });
    expect([answer.status, answer.text.startsWith(': ping\n\n'), answer.text.endsWith('data: [DONE]\n\n')]).toEqual([200, true, true]);
    // A whole answer has nothing to send meanwhile: such calls need a longer limit in front, or a stream.
    await expect(through('/llm/v1/chat/completions')).rejects.toThrow();
  });
});
