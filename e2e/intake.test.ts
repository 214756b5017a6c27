// What comes in beside traces, on a started platform: metrics and logs by both doors, media out of contents, what could not be stored sent again, costs computed again, and a call under a span of another project.
import { credentials, Metadata } from '@grpc/grpc-js';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, chat, observe } from './client.ts';
import { runGenai } from './genai.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
let key: string;
beforeAll(async () => {
  platform = await startPlatform();
  key = platform.keys.virtualKey;
});
afterAll(() => platform?.stop());

const basic = (): [string, string] => [platform.keys.publicKey, platform.keys.secretKey];
const post = (path: string, body: unknown) => call(`${platform.observeUrl}${path}`, { basic: basic(), body });
const ingest = (...events: [type: string, body: Record<string, unknown>][]) =>
  post('/api/public/ingestion', {
    batch: events.map(([type, body]) => ({ id: crypto.randomUUID(), type, timestamp: new Date().toISOString(), body })),
  });
const listed = async (path: string, enough = 1) =>
  await eventually(path, async () => {
    const { status, body } = await observe(platform, path);
    const data = (status === 200 ? body.data : []) as unknown as Record<string, unknown>[];
    return data.length >= enough ? data : null;
  });

it('stores logs and metrics of both doors', async () => {
  const metadata = new Metadata();
  metadata.set('authorization', `Basic ${Buffer.from(basic().join(':')).toString('base64')}`);
  const exporter = new OTLPLogExporter({ url: platform.otlpGrpcUrl, credentials: credentials.createInsecure(), metadata });
  const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
  provider.getLogger('e2e').emit({ severityNumber: 17, body: 'something broke' });
  await provider.shutdown();
  expect(await listed('/api/public/otel/logs?severity=error')).toMatchObject([{ body: 'something broke', severity: 'ERROR' }]);
  const dataPoints = [{ timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), asInt: '42' }];
  const answer = await post('/api/public/otel/v1/metrics', {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'answers', gauge: { dataPoints } }] }] }],
  });
  expect([answer.status, answer.body]).toEqual([200, {}]);
  expect(await listed('/api/public/otel/metrics?name=answers')).toMatchObject([{ value: 42, type: 'gauge' }]);
});

it('takes a picture out of a gateway call and gives it back', async () => {
  const picture = Buffer.from('\x89PNG\r\n\x1a\n and what follows, as long as it takes to be a picture', 'latin1');
  const content = [{ type: 'image_url', image_url: { url: `data:image/png;base64,${picture.toString('base64')}` } }];
  const answer = await chat(platform, key, 'demo', { body: { messages: [{ role: 'user', content }] } });
  expect(answer.status, answer.text).toBe(200);
  const id = String(answer.headers.get('x-litellm-call-id')).replaceAll('-', '');
  const [observation] = await listed(`/api/public/observations?traceId=${id}`);
  const mediaId = /@@@langfuseMedia:type=image\/png\|id=([\w-]{22})\|source=base64_data_uri@@@/.exec(JSON.stringify(observation))?.[1];
  expect(JSON.stringify(observation)).not.toContain('base64,');
  const medium = await observe(platform, `/api/public/media/${mediaId}`);
  expect(medium.body).toMatchObject({ contentType: 'image/png', contentLength: picture.length });
  expect(Buffer.from(await (await fetch(String(medium.body.url))).arrayBuffer())).toEqual(picture);
});

it('computes costs again, looked at first, and leaves what a client said', async () => {
  const startTime = new Date().toISOString();
  const generation = (id: string, more: object = {}) => ({
    id,
    traceId: 'priced',
    type: 'GENERATION',
    model: 'house-model',
    startTime,
    usageDetails: { input: 1000, output: 10 },
    ...more,
  });
  await ingest(['generation-create', generation('open')], ['generation-create', generation('said', { costDetails: { total: 9 } })]);
  await listed('/api/public/observations?traceId=priced', 2);
  const model = await post('/api/public/models', { modelName: 'house', matchPattern: '^house-model$', unit: 'TOKENS', inputPrice: 0.001, outputPrice: 0.002 });
  expect(model.status, model.text).toBe(200);
  const reprice = (...more: string[]) =>
    runGenai(['prices', 'reprice', '--from', startTime.slice(0, 10), '--model', 'house-model', '--data-dir', platform.dataDir, '--json', ...more], {
      cwd: platform.folder,
    });
  const dry = await eventually('the engine knows the model', async () => {
    const looked = await reprice('--dry-run');
    expect(looked.code, looked.stderr).toBe(0);
    const result = JSON.parse(looked.stdout);
    return result.changed === 1 ? result : null;
  });
  expect(dry).toMatchObject({ looked: 1, costBefore: '0', costAfter: '1.02', dryRun: true });
  expect((await observe(platform, '/api/public/observations/open')).body.calculatedTotalCost ?? null).toBeNull();
  const done = await reprice();
  expect(JSON.parse(done.stdout), done.stderr).toMatchObject({ state: 'done', changed: 1, costAfter: '1.02' });
  expect((await observe(platform, '/api/public/observations/open')).body.calculatedTotalCost).toBe(1.02);
  expect((await observe(platform, '/api/public/observations/said')).body.calculatedTotalCost).toBe(9);
  expect((await runGenai(['prices', 'reprice', '--data-dir', platform.dataDir], { cwd: platform.folder })).code).toBe(2);
}, 60_000);

it('lists what could not be stored and discards it', async () => {
  // Its frame is well-formed, its attribute is not: refused by nobody at the door, readable for nobody behind it.
  const field = (number: number, value: Buffer) => Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
  const span = Buffer.concat([field(1, Buffer.alloc(16, 7)), field(2, Buffer.alloc(8, 9)), field(9, Buffer.from([0x12, 0x05, 0x0a]))]);
  const body = field(1, field(2, field(2, span)));
  const sent = await call(`${platform.observeUrl}/api/public/otel/v1/traces`, { basic: basic(), body, headers: { 'content-type': 'application/x-protobuf' } });
  expect(sent.status).toBe(200);
  const [letter] = (await listed('/api/public/dead-letters?place=otlp')) as [{ id: string }];
  expect((await observe(platform, `/api/public/dead-letters/${letter.id}`)).body).toMatchObject({ form: 'binary', redrive: { possible: false } });
  expect((await post('/api/public/dead-letters/redrive', { ids: [letter.id] })).body).toMatchObject({ redriven: 0, failed: [{ id: letter.id }], left: 1 });
  expect((await post('/api/public/dead-letters/discard', { all: true })).body).toEqual({ discarded: 1 });
  expect((await observe(platform, '/api/public/dead-letters')).body.data).toEqual([]);
});

it('links a call under a span of another project both ways', async () => {
  const projects = await observe(platform, '/api/public/projects');
  const [{ organization }] = projects.body.data as unknown as [{ organization: { id: string } }];
  const made = await call(`${platform.gatewayUrl}/api/admin/organizations/${organization.id}/apiKeys`, { key: platform.keys.masterKey, body: {} });
  const owner: [string, string] = [String(made.body.publicKey), String(made.body.secretKey)];
  const project = await call(`${platform.observeUrl}/api/public/projects`, { basic: owner, body: { name: 'app', retention: 0 } });
  const keys = await call(`${platform.observeUrl}/api/public/projects/${project.body.id}/apiKeys`, { basic: owner, body: {} });
  const app: [string, string] = [String(keys.body.publicKey), String(keys.body.secretKey)];
  const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const answer = await chat(platform, key, 'demo', { headers: { traceparent: `00-${traceId}-${spanId}-01` } });
  expect(answer.status).toBe(200);
  const nanos = String(BigInt(Date.now()) * 1_000_000n);
  const spans = [{ traceId, spanId, name: 'ask', startTimeUnixNano: nanos, endTimeUnixNano: nanos }];
  await call(`${platform.observeUrl}/api/public/otel/v1/traces`, { basic: app, body: { resourceSpans: [{ scopeSpans: [{ spans }] }] } });
  const linksOf = (who: [string, string]) =>
    eventually('the link', async () => {
      const { body } = await call(`${platform.observeUrl}/api/public/traces/${traceId}/links`, { basic: who });
      const [link] = (body.data ?? []) as unknown as { direction: string; project: { id: string } }[];
      return link ?? null;
    });
  expect(await linksOf(app)).toMatchObject({ direction: 'calls', observationId: spanId });
  expect(await linksOf(basic())).toMatchObject({ direction: 'calledBy', project: { id: project.body.id }, linkedObservationId: spanId });
});
