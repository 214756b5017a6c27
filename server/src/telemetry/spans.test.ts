// Spans of the platform: sent in batches to a real HTTP server, kept while it is away, dropped and counted beyond the bound; never a text longer than its bound.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createMetrics, type Metrics } from './metrics.ts';
import { exportOf, newSpanId, OWN_TELEMETRY_HEADER, openSpans, type Span, type Spans } from './spans.ts';

let server: Server;
let metrics: Metrics;
let spans: Spans;
let status = 200;
const received: { headers: NodeJS.Dict<string | string[]>; spans: { name: string }[] }[] = [];

const span = (name: string, traceId = 'a'.repeat(32)): Span => ({
  traceId,
  spanId: newSpanId(),
  parentSpanId: null,
  name,
  kind: 'server',
  startUs: 1_000_000,
  endUs: 2_000_000,
  attributes: { text: 'x'.repeat(1_000), count: 3, share: 0.5, yes: true, nothing: null },
  isError: true,
});

beforeEach(async () => {
  received.length = 0;
  status = 200;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (status === 200) received.push({ headers: request.headers, spans: JSON.parse(body).resourceSpans[0].scopeSpans[0].spans });
      response.writeHead(status).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  metrics = createMetrics();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/otel/`;
  spans = openSpans({ endpoint, headers: { authorization: 'Basic x' }, ratio: 0.5, version: '1', role: 'all', metrics });
});
afterEach(async () => {
  await spans.close();
  server.close();
});

const low = `${'a'.repeat(24)}00000001`;

it('sends what it holds when it closes, marked as its own', async () => {
  for (let index = 0; index < 700; index++) spans.record(span(`s${index}`, low));
  await spans.close();
  expect(received.map((one) => one.spans.length)).toEqual([512, 188]);
  expect(received[0]?.headers).toMatchObject({ authorization: 'Basic x', [OWN_TELEMETRY_HEADER]: '1' });
  expect(metrics.text()).toContain('genai_telemetry_spans_total{result="sent"} 700');
});

it('keeps the part of the traces that is asked for, by their id', () => {
  expect([spans.keeps(low), spans.keeps('f'.repeat(32))]).toEqual([true, false]);
});

it('holds what a collector that is away does not take, up to a bound, and drops what is refused', async () => {
  status = 503;
  for (let index = 0; index < 3_000; index++) spans.record(span('waits', low));
  await spans.close();
  expect(metrics.text()).toContain('genai_telemetry_spans_total{result="dropped"} 952');
  status = 200;
  await spans.close();
  expect(metrics.text()).toContain('genai_telemetry_spans_total{result="sent"} 2048');
  status = 401;
  spans.record(span('refused', low));
  await spans.close();
  expect(metrics.text()).toContain('genai_telemetry_spans_total{result="dropped"} 953');
});

it('cuts texts and leaves nothing out of the form', () => {
  const form = exportOf([span('n'.repeat(900))], { version: '1', role: 'all' }) as { resourceSpans: [{ scopeSpans: [{ spans: [Record<string, unknown>] }] }] };
  const [made] = form.resourceSpans[0].scopeSpans[0].spans;
  expect(made).toMatchObject({ kind: 2, startTimeUnixNano: '1000000000', endTimeUnixNano: '2000000000', status: { code: 2 } });
  expect((made.name as string).length).toBe(200);
  expect(made.attributes).toEqual([
    { key: 'text', value: { stringValue: 'x'.repeat(200) } },
    { key: 'count', value: { intValue: '3' } },
    { key: 'share', value: { doubleValue: 0.5 } },
    { key: 'yes', value: { boolValue: true } },
  ]);
});
