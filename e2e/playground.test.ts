// The playground in a started platform: a signed-in member asks and reads the answer as it comes, at a key of their own that is governed, billed and never shown; nobody else can spend.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const PASSWORD = 'a-long-password-of-a-test';
const PATH = '/api/public/unstable/playground/chat';
const folder = temporaryFolder();
let upstream: FakeProvider;
let platform: Platform;
const cookies = new Map<string, string>();

beforeAll(async () => {
  upstream = await startFakeProvider();
  const initFile = join(folder, 'init.yaml');
  const member = (name: string, role: string) => `      - { email: ${name}@example.com, name: ${name}, role: ${role}, password: ${PASSWORD} }\n`;
  writeFileSync(
    initFile,
    `organizations:\n  - id: acme\n    name: Acme\n    members:\n${member('hanako', 'MEMBER')}${member('victor', 'VIEWER')}    projects:\n      - id: bench\n        name: Bench\n`,
  );
  const deployment = (name: string, mode: string) =>
    `  - model_name: ${name}\n    litellm_params: { model: "openai/${mode}", api_base: "${upstream.url}/v1", api_key: sk-upstream, input_cost_per_token: 0.001, output_cost_per_token: 0.002 }\n`;
  platform = await startPlatform({
    folder,
    config: `model_list:\n${deployment('quick', 'any')}${deployment('slow', 'sse;deltas=400;pace=50')}`,
    flags: ['--init-file', initFile],
  });
  for (const name of ['hanako', 'victor']) cookies.set(name, await signIn(`${name}@example.com`));
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
  removeFolder(folder);
});

async function signIn(email: string): Promise<string> {
  const origin = platform.gatewayUrl;
  const answer = await fetch(`${origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  expect(answer.status).toBe(200);
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}

const question = (over: object = {}) => ({ model: 'quick', messages: [{ role: 'user', content: 'hello' }], parameters: { temperature: 0 }, ...over });
const asPerson = (name: string): Record<string, string> => ({
  cookie: cookies.get(name) ?? '',
  origin: platform.gatewayUrl,
  'x-genai-project': 'bench',
  'content-type': 'application/json',
});
const ask = (headers: Record<string, string>, body: object = question(), signal?: AbortSignal) =>
  fetch(`${platform.gatewayUrl}${PATH}`, { method: 'POST', headers, body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }) });

const textOf = (stream: string): string =>
  [...stream.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data as string).choices?.[0]?.delta?.content ?? '').join('');

interface KeyRow {
  token: string;
  key_alias: string;
  user_id: string;
  spend: number;
  metadata: { purpose?: string };
}
async function playgroundKeys(): Promise<KeyRow[]> {
  const { body } = await call(`${platform.gatewayUrl}/key/list?return_full_object=true&size=100`, { key: platform.keys.masterKey });
  return (body.keys as unknown as KeyRow[]).filter(({ metadata }) => metadata?.purpose === 'playground');
}

describe('the playground', () => {
  it('streams an answer to a member, whose name stands on the key that pays, and leads to the trace with its cost', async () => {
    // Two at once make one key.
    const [answer, other] = await Promise.all([ask(asPerson('hanako')), ask(asPerson('hanako'))]);
    expect([answer.status, other.status]).toEqual([200, 200]);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const [stream] = await Promise.all([answer.text(), other.text()]);
    expect(textOf(stream).length).toBeGreaterThan(0);
    expect(stream).toContain('"usage":{"prompt_tokens"');
    expect(JSON.stringify([...answer.headers]) + stream).not.toMatch(/sk-[A-Za-z0-9_-]{8}/);
    const keys = await playgroundKeys();
    expect(keys).toHaveLength(1);
    expect(keys[0]?.key_alias).toMatch(/^playground-hanako-/);
    const logs = await eventually('two rows of the ledger', async () => {
      const { body } = await call(`${platform.gatewayUrl}/spend/logs?api_key=${keys[0]?.token}`, { key: platform.keys.masterKey });
      return (body as unknown as { spend: number; user: string }[]).length === 2 && (body as unknown as { spend: number; user: string }[]);
    });
    for (const row of logs) {
      expect(row.spend).toBeGreaterThan(0);
      expect(row.user).toBe(keys[0]?.user_id);
    }
    const traceId = answer.headers.get('x-genai-trace-id') ?? '';
    const trace = await eventually('the trace', async () => {
      const read = await fetch(`${platform.gatewayUrl}/api/public/traces/${traceId}`, { headers: asPerson('hanako') });
      return read.status === 200 && ((await read.json()) as { environment: string; name: string; totalCost: number });
    });
    expect(trace).toMatchObject({ environment: 'playground', name: 'playground', totalCost: logs[0]?.spend });
    // The trace lies in the person's project and no other.
    expect((await observe(platform, `/api/public/traces/${traceId}`)).status).toBe(404);
    const sent = JSON.parse(upstream.requests.at(-1)?.body.toString() ?? '{}') as Record<string, unknown>;
    expect(sent).toMatchObject({ stream: true, temperature: 0, messages: [{ role: 'user', content: 'hello' }] });
  });

  it('lets nobody else spend: not a viewer, a key, another site, a stranger, or a page that names more than it may', async () => {
    const before = upstream.requests.length;
    const { origin: _, ...withoutOrigin } = asPerson('hanako');
    const { publicKey, secretKey } = platform.keys;
    const basic = { authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}`, 'content-type': 'application/json' };
    for (const [who, headers, status] of [
      ['a viewer', asPerson('victor'), 403],
      ['a project key', basic, 403],
      ['another site', { ...asPerson('hanako'), origin: 'https://evil.example' }, 403],
      ['no origin', withoutOrigin, 403],
      ['nobody', { ...asPerson('hanako'), cookie: '' }, 401],
      ['a member of another organisation', { ...asPerson('hanako'), 'x-genai-project': 'absent' }, 404],
    ] as const)
      expect((await ask(headers)).status, who).toBe(status);
    for (const more of [
      { api_base: 'https://evil.example' },
      { metadata: {} },
      { parameters: { user: 'x' } },
      { messages: [] },
      { messages: [{ role: 'tool', content: '' }] },
    ])
      expect((await ask(asPerson('hanako'), question(more))).status, JSON.stringify(more)).toBe(400);
    expect(upstream.requests.length).toBe(before);
    // The cookie opens nothing of the gateway itself.
    const direct = await fetch(`${platform.gatewayUrl}/v1/chat/completions`, { method: 'POST', headers: asPerson('hanako'), body: JSON.stringify(question()) });
    expect(direct.status).toBe(401);
  });

  it('says what the gateway refuses in its words: a model, a budget, a blocked key; a deleted key is made anew', async () => {
    const [key] = await playgroundKeys();
    const refused = async () => {
      const answer = await ask(asPerson('hanako'));
      return { status: answer.status, body: (await answer.json()) as { message: string } };
    };
    const admin = (path: string, body: object) => call(`${platform.gatewayUrl}${path}`, { key: platform.keys.masterKey, body });
    expect((await ask(asPerson('hanako'), question({ model: 'absent' }))).status).toBeGreaterThanOrEqual(400);
    await admin('/key/update', { key: key?.token, max_budget: 0.000001 });
    const overBudget = await refused();
    expect(overBudget.status).toBeGreaterThanOrEqual(400);
    expect(overBudget.body.message.toLowerCase()).toContain('budget');
    await admin('/key/update', { key: key?.token, max_budget: 1_000 });
    await admin('/key/block', { key: key?.token });
    // Not 401: the session is as good as before.
    expect(await refused()).toMatchObject({ status: 403, body: { message: expect.stringMatching(/block/i) } });
    await admin('/key/delete', { keys: [key?.token] });
    const again = await ask(asPerson('hanako'));
    expect(again.status).toBe(200);
    await again.text();
    expect((await playgroundKeys()).map(({ token }) => token)).not.toContain(key?.token);
  });

  it('ends the call when the reader stops, and bills what came', async () => {
    const leaving = new AbortController();
    const answer = await ask(asPerson('hanako'), question({ model: 'slow' }), leaving.signal);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).done).toBe(false);
    const [key] = await playgroundKeys();
    const before = key?.spend ?? 0;
    leaving.abort();
    await eventually('the stopped call in the ledger', async () => ((await playgroundKeys())[0]?.spend ?? 0) > before, 15_000);
  });

  it('asks a prompt over a dataset as a job at the same key, into a run that leads to the traces', async () => {
    const send = (path: string, body: object) =>
      fetch(`${platform.gatewayUrl}${path}`, { method: 'POST', headers: asPerson('hanako'), body: JSON.stringify(body) });
    await send('/api/public/v2/prompts', { name: 'answer', type: 'text', prompt: 'Answer: {{question}}' });
    await send('/api/public/v2/datasets', { name: 'faq' });
    for (const question of ['one', 'two', 'three']) await send('/api/public/dataset-items', { datasetName: 'faq', input: { question } });
    const jobs = '/api/public/unstable/experiment-jobs';
    const wish = { datasetName: 'faq', runName: 'first', promptName: 'answer', promptVersion: 1, model: 'quick' };
    expect((await send(jobs, wish)).status).toBe(201);
    const read = async (path: string) =>
      (await fetch(`${platform.gatewayUrl}${path}`, { headers: asPerson('hanako') })).json() as Promise<Record<string, never>>;
    const job = await eventually(
      'the end of the experiment',
      async () => {
        const [newest] = (await read(`${jobs}?datasetName=faq`)).data as unknown as { state: string; done: number; cost: string }[];
        return newest?.state !== 'running' && newest;
      },
      20_000,
    );
    expect(job).toMatchObject({ state: 'done', done: 3, failed: 0 });
    expect(Number(job?.cost)).toBeGreaterThan(0);
    const { datasetRunItems: items } = (await read('/api/public/datasets/faq/runs/first')) as unknown as { datasetRunItems: { traceId: string }[] };
    expect(items).toHaveLength(3);
    const trace = await eventually('a trace of the run', async () => {
      const found = await read(`/api/public/traces/${items[0]?.traceId}`);
      return found.environment !== undefined && found;
    });
    expect(trace).toMatchObject({ environment: 'experiment', name: 'experiment: first' });
    expect(JSON.stringify(trace.input)).toContain('Answer: ');
  });
});
