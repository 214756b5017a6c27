// OpenAI's official client with files and batches against a started process: end to end, by their owner alone, within budgets, counted once, also after a kill -9.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import OpenAI, { AzureOpenAI, BadRequestError, NotFoundError, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, generateKey, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { need } from './needs.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
let folder: string;
let key: string;
let openai: OpenAI;
const config = () => gatewayConfig(upstream.url);
const clientOf = (apiKey: string) => new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey, maxRetries: 0 });
beforeAll(async () => {
  upstream = await startFakeProvider();
  folder = temporaryFolder();
  platform = await startPlatform({ config: config(), folder });
  key = await generateKey(platform, { max_budget: 1 });
  openai = clientOf(key);
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
  removeFolder(folder);
});

const python = need('python-gateway');
const SCRIPT = `
import io, json, os, sys, time, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key=os.environ["GENAI_KEY"], max_retries=0)
file = client.files.create(file=("lines.jsonl", io.BytesIO(sys.argv[2].encode())), purpose="batch")
batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
while batch.status not in ("completed", "failed"):
    time.sleep(0.05)
    batch = client.batches.retrieve(batch.id)
print(json.dumps([batch.status, client.files.content(batch.output_file_id).text.count("answer"), client.files.delete(file.id).deleted]))
`;

const line = (index: number, body: object = {}) =>
  JSON.stringify({
    custom_id: `ask-${index}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'priced', messages: [{ role: 'user', content: `質問 ${index}` }], max_tokens: 100, ...body },
  });
const linesOf = (count: number, body: object = {}) => Array.from({ length: count }, (_, index) => line(index, body)).join('\n');
const upload = async (text: string, client = openai) => await client.files.create({ file: await toFile(Buffer.from(text), '質問.jsonl'), purpose: 'batch' });
const begin = async (text: string, client = openai) =>
  await client.batches.create({
    input_file_id: (await upload(text, client)).id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { run: 'nightly' },
  });
const rowOf = async (batchId: string) => {
  const id = batchId.slice('batch_'.length);
  const rows = (await call(`${platform.gatewayUrl}/spend/logs`, { key: platform.keys.masterKey })).body as unknown as Record<string, unknown>[];
  return rows.filter((row) => String(row.request_id).replaceAll('-', '') === id);
};
const spendOf = async (secret: string) =>
  Number(((await call(`${platform.gatewayUrl}/key/info`, { key: secret })).body.info as unknown as { spend: number }).spend);
/** 10 tokens in at 0.0000015, 4 out at 0.000002, both at half. */
const LINE_COST = (10 * 0.0000015 + 4 * 0.000002) / 2;
const ended = async (id: string, status: string, client = openai) =>
  await eventually(`${id} is ${status}`, async () => {
    const batch = await client.batches.retrieve(id);
    return batch.status === status ? batch : null;
  });

describe('a batch', () => {
  it('is uploaded, begun, looked at, read and deleted, and costs its lines at the price of batches, once', async () => {
    const before = await spendOf(key);
    const file = await upload(linesOf(3));
    expect(file).toMatchObject({ object: 'file', purpose: 'batch', filename: '質問.jsonl', status: 'processed' });
    expect(file.id).toMatch(/^file-[0-9a-f]{32}$/);
    const sent = [...upstream.batches.files.values()].at(-1)?.content.toString('utf8') ?? '';
    expect(
      sent
        .split('\n')
        .filter(Boolean)
        .map((text) => JSON.parse(text).body.model),
    ).toEqual(['priced-model', 'priced-model', 'priced-model']);
    expect((await openai.files.content(file.id).then((answer) => answer.text())).split('\n')).toHaveLength(4);

    const batch = await openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { run: 'nightly' },
    });
    expect(batch).toMatchObject({ status: 'validating', input_file_id: file.id, metadata: { run: 'nightly' }, output_file_id: null });
    // Until it ends it counts at what its lines may cost.
    expect(await spendOf(key)).toBeGreaterThan(before + (3 * 100 * 0.000002) / 2);
    const done = await ended(batch.id, 'completed');
    expect(done.request_counts).toMatchObject({ total: 3, completed: 3 });
    expect(done.metadata).toEqual({ run: 'nightly' });
    const output = await openai.files.content(done.output_file_id as string).then((answer) => answer.text());
    expect(
      output
        .split('\n')
        .filter(Boolean)
        .map((text) => JSON.parse(text).custom_id),
    ).toEqual(['ask-0', 'ask-1', 'ask-2']);
    await eventually('its cost', async () => (Math.abs((await spendOf(key)) - before - 3 * LINE_COST) < 1e-9 ? true : null));
    const rows = await rowOf(batch.id);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ call_type: 'acreate_batch', prompt_tokens: 30, completion_tokens: 12, model_group: 'priced' });

    const trace = await eventually('its trace', async () => {
      const found = await observe(platform, `/api/public/traces/${batch.id.slice(6)}`);
      return found.status === 200 && (found.body.observations as unknown as unknown[]).length > 0 ? found.body : null;
    });
    expect((trace.observations as unknown as Record<string, unknown>[])[0]).toMatchObject({ type: 'GENERATION', usage: { input: 30, output: 12 } });

    expect((await openai.files.list()).data.map(({ id }) => id)).toContain(file.id);
    expect((await openai.batches.list({ limit: 1 })).data.map(({ id }) => id)).toEqual([batch.id]);
    expect(await openai.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(openai.files.retrieve(file.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('and its files exist for their owner and the master key alone; the provider’s own ids for nobody', async () => {
    const batch = await begin(linesOf(1));
    const stranger = clientOf(await generateKey(platform));
    const [raw] = [...upstream.batches.files.keys()];
    for (const attempt of [
      () => stranger.files.retrieve(batch.input_file_id),
      () => stranger.files.content(batch.input_file_id),
      () => stranger.files.delete(batch.input_file_id),
      () => stranger.batches.retrieve(batch.id),
      () => stranger.batches.cancel(batch.id),
      () => stranger.batches.create({ input_file_id: batch.input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' }),
      () => openai.files.retrieve(String(raw)),
      () => openai.batches.create({ input_file_id: String(raw), endpoint: '/v1/chat/completions', completion_window: '24h' }),
      () => openai.batches.retrieve('batch_fake1'),
    ])
      await expect(attempt()).rejects.toBeInstanceOf(NotFoundError);
    expect([(await stranger.files.list()).data, (await stranger.batches.list()).data]).toEqual([[], []]);
    const master = clientOf(platform.keys.masterKey);
    expect((await master.batches.list()).data.map(({ id }) => id)).toContain(batch.id);
    expect((await master.files.retrieve(batch.input_file_id)).id).toBe(batch.input_file_id);
    await ended(batch.id, 'completed');
  });

  it('is refused with the number of the line that cannot be, before the provider has seen a byte', async () => {
    const sent = upstream.batches.files.size;
    const narrow = clientOf(await generateKey(platform, { models: ['priced'] }));
    for (const [text, why, client] of [
      [`${line(0)}\n{"broken`, /Line 2 is no JSON object/, openai],
      [`${line(0)}\n\n${line(1, { model: 'gpt-4o-mini' })}`, /Line 3: .*priced/, openai],
      [line(0, { model: 'gpt-4o-mini' }), /Line 1: .*not allowed to access model/, narrow],
      [line(0, { model: 'nobody' }), /Line 1: .*Invalid model name/, openai],
      [line(0, { model: 'demo' }), /Line 1: demo has no batches here/, openai],
      [line(0, { stream: true }), /Line 1: "stream"/, openai],
      [line(0, { api_base: 'http://elsewhere' }), /Line 1: .*api_base/, openai],
      ['', /no lines/, openai],
    ] as const)
      await expect(upload(text, client)).rejects.toThrow(why);
    await expect(openai.files.create({ file: await toFile(Buffer.from('x'), 'x'), purpose: 'assistants' })).rejects.toThrow(/501/);
    expect(upstream.batches.files.size).toBe(sent);
    const file = await upload(linesOf(1));
    await expect(openai.batches.create({ input_file_id: file.id, endpoint: '/v1/embeddings', completion_window: '24h' })).rejects.toBeInstanceOf(
      BadRequestError,
    );
  });

  it('is refused when a budget has no room, and gives its room back when the provider refuses it', async () => {
    const poor = await generateKey(platform, { max_budget: 0.00001 });
    const client = clientOf(poor);
    const file = await upload(linesOf(2), client);
    const create = () => client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    const first = await create();
    // The first one holds more than the whole budget.
    await expect(create()).rejects.toThrow(/Budget has been exceeded/);
    await ended(first.id, 'completed', client);
    const roomy = await generateKey(platform);
    const other = clientOf(roomy);
    const gone = await upload(linesOf(2), other);
    upstream.batches.files.delete([...upstream.batches.files.keys()].at(-1) as string);
    await expect(other.batches.create({ input_file_id: gone.id, endpoint: '/v1/chat/completions', completion_window: '24h' })).rejects.toBeInstanceOf(
      BadRequestError,
    );
    expect(await spendOf(roomy)).toBe(0);
    expect((await other.batches.list()).data).toEqual([]);
  });

  it('that is cancelled, expires or fails costs what was answered, with nobody asking', async () => {
    upstream.batches.held = true;
    const cancelled = await begin(linesOf(4));
    expect((await openai.batches.cancel(cancelled.id)).status).toBe('cancelling');
    const secret = await generateKey(platform);
    const [expired, failed] = [await begin(linesOf(4), clientOf(secret)), await begin(linesOf(4), clientOf(await generateKey(platform)))];
    upstream.batches.held = false;
    expect(await ended(cancelled.id, 'cancelled')).toMatchObject({
      output_file_id: expect.stringMatching(/^file-/),
      error_file_id: expect.stringMatching(/^file-/),
    });
    upstream.batches.endsAs = 'expired';
    await ended(expired.id, 'expired', clientOf(secret));
    await eventually('half of it is counted', async () => (Math.abs((await spendOf(secret)) - 2 * LINE_COST) < 1e-9 ? true : null));
    upstream.batches.endsAs = 'failed';
    // Nobody asks for this one: the background look finds it.
    await eventually('its row', async () => ((await rowOf(failed.id))[0]?.status === 'failure' ? true : null), 30_000);
    upstream.batches.endsAs = null;
  });

  it.skipIf(python === null)('is run by OpenAI’s Python client', async () => {
    const { stdout } = await promisify(execFile)(python as string, ['-c', SCRIPT, `${platform.gatewayUrl}/v1`, linesOf(2)], {
      env: { PATH: process.env.PATH, GENAI_KEY: key },
      timeout: 60_000,
    });
    expect(stdout.trim()).toBe('["completed", 2, true]');
  });

  it('has its contents streamed: a client that leaves ends the provider’s answer', async () => {
    const { id } = await upload(linesOf(1));
    const kept = [...upstream.batches.files.values()].at(-1);
    if (kept !== undefined) kept.content = Buffer.alloc(96 << 20, 'x');
    const leaving = new AbortController();
    const answer = await fetch(`${platform.gatewayUrl}/v1/files/${id}/content`, { headers: { authorization: `Bearer ${key}` }, signal: leaving.signal });
    expect(Object.fromEntries(answer.headers)).toMatchObject({ 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff' });
    await answer.body?.getReader().read();
    leaving.abort();
    await eventually('the provider was left', async () => upstream.requests.at(-1)?.abortedAtMs);
    if (kept !== undefined) upstream.batches.files.delete(kept.id);
  });

  it('is used by Azure’s client, and the deployment’s own name is in its lines', async () => {
    const azure = new AzureOpenAI({ endpoint: platform.gatewayUrl, apiKey: key, apiVersion: '2024-10-21', maxRetries: 0 });
    const file = await azure.files.create({ file: await toFile(Buffer.from(linesOf(1, { model: 'azure-mini' })), 'a.jsonl'), purpose: 'batch' });
    expect(upstream.requests.at(-1)).toMatchObject({ path: '/openai/files?api-version=2024-10-21', headers: { 'api-key': 'azure-upstream-key' } });
    expect([...upstream.batches.files.values()].at(-1)?.content.toString('utf8')).toContain('"model":"my-deployment"');
    const batch = await azure.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    await eventually('it is done', async () => ((await azure.batches.retrieve(batch.id)).status === 'completed' ? true : null));
    for (const path of ['', '/openai/v1', '/azure/v1']) {
      expect((await call(`${platform.gatewayUrl}${path}/files/${file.id}`, { key })).body).toMatchObject({ id: file.id, object: 'file' });
      expect((await call(`${platform.gatewayUrl}${path}/batches?limit=1`, { key })).body).toMatchObject({ data: [{ id: batch.id }] });
    }
  });

  it('whose gateway was killed is looked after by the next one, and counted once', async () => {
    const secret = await generateKey(platform);
    upstream.batches.held = true;
    const held = await begin(linesOf(2), clientOf(secret));
    await platform.crash();
    upstream.batches.held = false;
    upstream.batches.endsAs = 'completed';
    platform = await startPlatform({ config: config(), folder });
    openai = clientOf(key);
    await eventually('its cost', async () => (Math.abs((await spendOf(secret)) - 2 * LINE_COST) < 1e-9 ? true : null), 60_000);
    expect(await rowOf(held.id)).toHaveLength(1);
    expect((await clientOf(secret).batches.retrieve(held.id)).status).toBe('completed');
    upstream.batches.endsAs = null;
  });
});
