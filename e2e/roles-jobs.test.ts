// What works in the background, in roles apart over the real servers: sampling, an experiment, the live tail, and a scheduled export whose worker is killed while it writes.
import { writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openS3Blobs, type S3Options } from '../server/src/stores/blobs/s3.ts';
import { call } from './client.ts';
import { type Cluster, clusterIsPossible, type Member, startCluster } from './cluster.ts';
import { eventually, removeFolder, temporaryFolder } from './process.ts';

const here = clusterIsPossible();

const PASSWORD = 'a-long-password-of-a-test';
const BENCH: [string, string] = ['pk-lf-bench', 'sk-lf-secret-of-the-bench'];
const SAMPLED: [string, string] = ['pk-lf-sampled', 'sk-lf-secret-of-the-sampled'];
const ARCHIVE: [string, string] = ['pk-lf-archive', 'sk-lf-secret-of-the-archive'];
const HOURS = 4;
/** Of the dozen files of the export the one at which the worker dies. */
const FATAL_PUT = 5;

/** The way to somebody's bucket, on which one upload is held until its sender is gone. */
interface HeldBucket {
  readonly endpoint: string;
  /** Resolves when the fatal upload has come and lies here. */
  readonly held: Promise<void>;
  close(): void;
}

async function holdBucket(behind: string): Promise<HeldBucket> {
  const target = new URL(behind);
  let uploads = 0;
  let tell: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const server: Server = createServer((incoming, outgoing) => {
    if (incoming.method === 'PUT' && incoming.url?.includes('.jsonl.gz') && ++uploads === FATAL_PUT) {
      incoming.resume();
      return tell();
    }
    // As it came, its Host with it: the signature counts in both.
    const onward = request({ host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: incoming.headers });
    onward.on('response', (answer) => answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers)));
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Tail {
  text(): string;
  close(): void;
}

describe.skipIf(!here)('one process of every role', () => {
  const folder = temporaryFolder();
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const ids = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`);
  let cluster: Cluster;
  let bucket: S3Options;
  let way: HeldBucket;
  let cookie: string;
  let tail: Tail;

  beforeAll(async () => {
    const initFile = join(folder, 'init.yaml');
    writeFileSync(
      initFile,
      `organizations:
  - id: acme
    name: Acme
    members: [{ email: hanako@example.com, name: hanako, role: MEMBER, password: ${PASSWORD} }]
    projects:
      - { id: bench, name: Bench, keys: [{ publicKey: ${BENCH[0]}, secretKey: ${BENCH[1]} }] }
      - { id: sampled, name: Sampled, sampling: { share: 0, quietSeconds: 5 }, keys: [{ publicKey: ${SAMPLED[0]}, secretKey: ${SAMPLED[1]} }] }
      - { id: archive, name: Archive, keys: [{ publicKey: ${ARCHIVE[0]}, secretKey: ${ARCHIVE[1]} }] }
`,
    );
    const flags = ['--init-file', initFile, '--egress-allow', '127.0.0.1'];
    const config =
      'model_list:\n  - model_name: quick\n    litellm_params: { model: openai/quick, mock_response: "an answer", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }\n';
    cluster = await startCluster(config, { gateway: 1, observe: 1, worker: 1 }, { flags: { gateway: flags, observe: flags, worker: flags } });
    bucket = { ...(await cluster.s3.bucket('exports-of-somebody')), prefix: '' };
    way = await holdBucket(cluster.s3.endpoint);
    cookie = await signIn();
    const now = new Date().toISOString();
    await send(SAMPLED, [...ids('dull', 3).flatMap((id) => traceOf(id, 'DEFAULT', now)), ...traceOf('broken', 'ERROR', now)]);
    await send(
      ARCHIVE,
      ids('hour', HOURS).flatMap((id, hour) => traceOf(id, 'DEFAULT', `${day}T0${hour}:30:00.000Z`)),
    );
  }, 240_000);
  afterAll(async () => {
    way?.close();
    await cluster?.close();
    removeFolder(folder);
  });

  async function openTail(filter: string): Promise<Tail> {
    const leaving = new AbortController();
    const answer = await fetch(`${cluster.observeUrl}/api/public/unstable/live-tail?filter=${encodeURIComponent(filter)}`, {
      headers: { authorization: `Basic ${Buffer.from(BENCH.join(':')).toString('base64')}` },
      signal: leaving.signal,
    });
    expect(answer.status).toBe(200);
    let text = '';
    const read = async () => {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString('utf8');
    };
    void read().catch(() => undefined);
    return { text: () => text, close: () => leaving.abort() };
  }
  async function signIn(): Promise<string> {
    const answer = await fetch(`${cluster.observeUrl}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: cluster.observeUrl },
      body: JSON.stringify({ email: 'hanako@example.com', password: PASSWORD }),
    });
    expect(answer.status).toBe(200);
    return answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
  }
  const observe = (path: string, options: Parameters<typeof call>[1] = {}) => call(`${cluster.observeUrl}${path}`, { basic: BENCH, ...options });
  const asHanako = (path: string, body?: object) =>
    call(`${cluster.observeUrl}${path}`, {
      headers: { cookie, origin: cluster.observeUrl, 'x-genai-project': 'bench' },
      ...(body === undefined ? {} : { body }),
    });
  const traceOf = (id: string, level: string, timestamp: string) => [
    { id: `t-${id}`, type: 'trace-create', timestamp, body: { id, timestamp, name: 'from the test' } },
    { id: `s-${id}`, type: 'span-create', timestamp, body: { id: `span-${id}`, traceId: id, startTime: timestamp, endTime: timestamp, level } },
  ];
  const send = async (basic: [string, string], batch: object[]) =>
    expect((await observe('/api/public/ingestion', { basic, body: { batch } })).status).toBe(207);

  it('ends an experiment that a person started in the console, at the gateway, with its cost and its traces', async () => {
    await observe('/api/public/v2/prompts', { body: { name: 'answer', type: 'text', prompt: 'Answer: {{question}}' } });
    await observe('/api/public/v2/datasets', { body: { name: 'faq' } });
    for (const question of ['one', 'two', 'three']) await observe('/api/public/dataset-items', { body: { datasetName: 'faq', input: { question } } });
    const jobs = '/api/public/unstable/experiment-jobs';
    const started = await asHanako(jobs, { datasetName: 'faq', runName: 'first', promptName: 'answer', promptVersion: 1, model: 'quick' });
    expect(started.status, started.text).toBe(201);
    const job = await eventually(
      'the end of the experiment',
      async () => {
        const [newest] = (await asHanako(`${jobs}?datasetName=faq`)).body.data as unknown as { state: string; done: number; failed: number; cost: string }[];
        return newest?.state !== 'running' && newest;
      },
      60_000,
    );
    expect(job).toMatchObject({ state: 'done', done: 3, failed: 0 });
    expect(Number(job?.cost)).toBeGreaterThan(0);
    const { datasetRunItems: items } = (await observe('/api/public/datasets/faq/runs/first')).body as unknown as { datasetRunItems: { traceId: string }[] };
    expect(new Set(items.map(({ traceId }) => traceId)).size).toBe(3);
    for (const { traceId } of items)
      await eventually('a trace of the run', async () => (await observe(`/api/public/traces/${traceId}`)).status === 200, 60_000);
  }, 120_000);

  it('leaves out what the rule of a project leaves out, counts it, and keeps what failed', async () => {
    const leftOut = await eventually(
      'what was left out',
      async () => {
        const days = (await observe('/api/public/sampling', { basic: SAMPLED })).body.leftOut as unknown as {
          reason: string;
          traces: number;
          observations: number;
        }[];
        return (days[0]?.traces ?? 0) >= 3 && days;
      },
      90_000,
    );
    expect(leftOut).toMatchObject([{ reason: 'share', traces: 3, observations: 3, errors: 0 }]);
    // Counted first, then taken away.
    for (const id of ids('dull', 3))
      await eventually(`${id} to be left out`, async () => (await observe(`/api/public/traces/${id}`, { basic: SAMPLED })).status === 404, 30_000);
    expect((await observe('/api/public/traces/broken', { basic: SAMPLED })).status).toBe(200);
  }, 120_000);

  it('shows a reader what a worker in another process stores, by the filter', async () => {
    const filter = JSON.stringify([{ type: 'string', column: 'level', operator: '=', value: 'ERROR' }]);
    const refused = await observe('/api/public/unstable/live-tail?filter=nonsense');
    expect(refused.status).toBe(400);
    // The one that the worker's death will break.
    tail = await openTail('');
    const errors = await openTail(filter);
    await send(BENCH, [...traceOf('seen', 'DEFAULT', new Date().toISOString()), ...traceOf('seen-error', 'ERROR', new Date().toISOString())]);
    await eventually('both rows', async () => tail.text().includes('"id":"span-seen"') && tail.text().includes('"id":"span-seen-error"'), 60_000);
    await eventually('the error', async () => errors.text().includes('"id":"span-seen-error"'), 60_000);
    expect(errors.text()).not.toContain('"id":"span-seen"');
    expect(tail.text()).not.toContain('event: gap');
    errors.close();
  }, 120_000);

  it('writes a scheduled export exactly once although the worker is killed while a file is on its way', async () => {
    const made = await call(`${cluster.observeUrl}/api/admin/organizations/acme/apiKeys`, { key: cluster.masterKey, body: {} });
    expect(made.status, made.text).toBe(201);
    const basic: [string, string] = [String(made.body.publicKey), String(made.body.secretKey)];
    const path = '/api/public/integrations/blob-storage';
    const set = await observe(path, {
      basic,
      method: 'PUT',
      body: {
        ...{ projectId: 'archive', type: 'S3_COMPATIBLE', bucketName: bucket.bucket, endpoint: way.endpoint, region: 'ap-northeast-1', forcePathStyle: true },
        ...{ accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key', prefix: 'daily/' },
        ...{ exportFrequency: 'hourly', enabled: true, fileType: 'JSONL', exportMode: 'FULL_HISTORY' },
      },
    });
    expect(set.status, set.text).toBe(200);
    await way.held;
    const worker = cluster.of('worker')[0] as Member;
    await cluster.kill(worker);
    const blobs = await openS3Blobs(bucket);
    expect((await blobs.list('daily/')).length).toBeLessThan(2 * HOURS);
    await cluster.start(worker);
    await eventually('the export is up to date', async () => (await observe(`${path}/${set.body.id}`, { basic })).body.syncStatus === 'up_to_date', 120_000);
    const keys = (await blobs.list('daily/')).map(({ key }) => key);
    const ends = Array.from({ length: HOURS }, (_, hour) => `${day}T0${hour + 1}-00-00.jsonl.gz`);
    expect(keys).toEqual(['observations', 'traces'].flatMap((table) => ends.map((end) => `daily/archive/${table}/${end}`)));
    const rows = await Promise.all(
      keys
        .filter((key) => key.includes('/traces/'))
        .map(async (key) =>
          gunzipSync((await blobs.get(key)) as Uint8Array)
            .toString()
            .trim()
            .split('\n'),
        ),
    );
    expect(rows.map((lines) => lines.map((line) => (JSON.parse(line) as { id: string }).id))).toEqual(ids('hour', HOURS).map((id) => [id]));
    await blobs.close();
  }, 240_000);

  it('goes on with the live tail where the next worker stores, and says that there is a gap', async () => {
    await send(BENCH, traceOf('after-it', 'DEFAULT', new Date().toISOString()));
    await eventually('the row', async () => tail.text().includes('"id":"span-after-it"'), 90_000);
    expect(tail.text()).toContain('event: gap');
    tail.close();
  }, 120_000);
});
