// The platform seen from outside: one wide line a call without content or keys, metrics whose series stay bounded and that the alerts name rightly, and traces of itself that are never the cause of further ones.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { call, chat, generateKey, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const PUBLIC_KEY = 'pk-lf-own-telemetry';
const SECRET_KEY = 'sk-lf-own-telemetry-secret';
const config = `
model_list:
  - model_name: priced
    litellm_params: { model: openai/priced, mock_response: "an answer that nobody logs", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
`;

interface Sent {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string }[];
}

describe('the platform that watches itself', () => {
  let platform: Platform;
  let relay: Server;
  let key: string;
  const exports: string[] = [];
  const spans = () => exports.flatMap((body) => JSON.parse(body).resourceSpans[0].scopeSpans[0].spans as Sent[]);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const atRest = () =>
    eventually(
      'no export for three rounds',
      async () => {
        const before = exports.length;
        await pause(7_000);
        return exports.length === before;
      },
      90_000,
    );

  beforeAll(async () => {
    // Stands before the platform's own door, because its port is not known before it starts; notes what passes.
    relay = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const body = Buffer.concat(chunks);
        exports.push(body.toString('utf8'));
        const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
        const answer = await fetch(`${platform.observeUrl}${request.url}`, { method: 'POST', headers: headers as Record<string, string>, body }).catch(
          () => null,
        );
        // The last export of an ending platform finds its door shut.
        response.writeHead(answer?.status ?? 503).end(await answer?.text());
      });
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const { port } = relay.address() as AddressInfo;
    platform = await startPlatform({
      config,
      environment: {
        LANGFUSE_INIT_PROJECT_PUBLIC_KEY: PUBLIC_KEY,
        LANGFUSE_INIT_PROJECT_SECRET_KEY: SECRET_KEY,
        GENAI_OTLP_ENDPOINT: `http://127.0.0.1:${port}/api/public/otel`,
        GENAI_OTLP_HEADERS: `Authorization=Basic%20${encodeURIComponent(Buffer.from(`${PUBLIC_KEY}:${SECRET_KEY}`).toString('base64'))}`,
      },
    });
    key = await generateKey(platform, { key_alias: 'watched' });
  }, 180_000);
  afterAll(async () => {
    await platform?.stop();
    relay?.close();
  });

  it('tells of a call in one line, and in spans that hang under the caller’s, without content or keys', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await chat(platform, key, 'priced', { headers: { traceparent } });
    expect(answer.status).toBe(200);
    const callId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
    const line = await eventually('the line', async () =>
      platform
        .output()
        .split('\n')
        .find((text) => text.includes(callId) && text.includes('"msg":"call"')),
    );
    const event = JSON.parse(line) as Record<string, unknown>;
    expect(event).toMatchObject({
      endpoint: 'chat',
      model: 'priced',
      status: 200,
      attempts: 1,
      keyAlias: 'watched',
      traceId: '0af7651916cd43dd8448eb211c80319c',
    });
    expect(event.cost).toMatch(/^0\.\d+$/);
    expect(line.length).toBeLessThan(2_000);
    const sent = await eventually('its spans', async () => {
      const found = spans().filter(({ traceId }) => traceId === '0af7651916cd43dd8448eb211c80319c');
      return found.length >= 2 && found;
    });
    const root = sent.find(({ parentSpanId }) => parentSpanId === 'b7ad6b7169203331') as Sent;
    expect(root.name).toBe('chat priced');
    expect(sent.filter(({ parentSpanId }) => parentSpanId === root.spanId).map(({ name }) => name)).toEqual(['openai priced']);
    for (const text of [...exports, platform.output()]) for (const secret of ['こんにちは', 'nobody logs', key, SECRET_KEY]) expect(text).not.toContain(secret);
  });

  it('stores its spans without counting the call’s cost again', async () => {
    const answer = await chat(platform, key, 'priced');
    const traceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
    const trace = await eventually(
      'the call and two spans in one trace',
      async () => {
        const { body } = await observe(platform, `/api/public/traces/${traceId}`);
        return (body.observations as unknown as object[] | undefined)?.length === 3 && body;
      },
      30_000,
    );
    const costs = (trace.observations as unknown as { type: string; calculatedTotalCost: number | null }[]).map(({ type, calculatedTotalCost }) => [
      type,
      (calculatedTotalCost ?? 0) > 0,
    ]);
    expect(costs.toSorted()).toEqual([
      ['GENERATION', true],
      ['SPAN', false],
      ['SPAN', false],
    ]);
  }, 60_000);

  it('is never the cause of its own next export', async () => {
    await atRest();
    const before = exports.length;
    await observe(platform, '/api/public/traces?limit=1');
    await eventually('the read’s span', async () => spans().some(({ name }) => name === 'GET /api/public/traces'));
    await atRest();
    // One export of the one read: what the export itself asked of our door made no span.
    expect(exports.length).toBe(before + 1);
    expect(spans().filter(({ name }) => name.includes('otel'))).toEqual([]);
    const text = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
    expect(text).toContain('genai_telemetry_spans_total{result="dropped"} 0');
    expect(text).toContain(`genai_telemetry_spans_total{result="sent"} ${spans().length}`);
  }, 240_000);

  it('keeps the series of its metrics bounded, whatever names clients send', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, index) => chat(platform, key, `made-up-${index}`)));
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => call(`${platform.observeUrl}/api/public/traces/made-up-${index}`, { basic: [PUBLIC_KEY, SECRET_KEY] })),
    );
    const text = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
    const ours = text.split('\n').filter((line) => /^(genai|process)_/.test(line));
    expect(ours.filter((line) => line.includes('made-up'))).toEqual([]);
    expect(ours.length).toBeLessThan(200);
    expect(text).toMatch(/^genai_engine_lag_ms \d/m);
    expect(text).toMatch(/^genai_store_up\{store="records"\} 1$/m);
    expect(text).toMatch(/^genai_build_info\{version="[\d.]+",role="all"\} 1$/m);
  }, 120_000);

  it('has every metric that the alerts ask for', async () => {
    const text = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
    const known = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    const rules = parse(readFileSync(join(import.meta.dirname, '../docs/runbooks/alerts.yml'), 'utf8')) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    const missing = rules.groups.flatMap((group) =>
      group.rules.flatMap(({ alert, expr }) =>
        [...expr.matchAll(/\b(genai_\w+|process_\w+)/g)].flatMap(([name]) => (known.has(name) ? [] : [`${alert}: ${name}`])),
      ),
    );
    expect(missing).toEqual([]);
  });
});
