// Started experiments over real records: every item asked once and put into the run, whatever refuses, dies or is called off meanwhile. The gateway is a function here; with the gateway itself: e2e/playground.test.ts.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Principal } from '#identity/principal.ts';
import { openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { datasetRoutes } from '#observe/datasets/routes.ts';
import { datasetRunRoutes } from '#observe/datasets/run-routes.ts';
import { createUrlSigner } from '#observe/media/signed-url.ts';
import type { PlaygroundWays } from '#observe/playground/port.ts';
import { promptRoutes } from '#observe/prompts/routes.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { createLog } from '#telemetry/log.ts';
import { claim } from './jobs-sql.ts';
import { experimentJobRoutes } from './routes.ts';
import { startExperiments } from './runner.ts';

let routes: RoutesFixture;
let runner: { close(): Promise<void> } | null = null;
let asked: { content: string; body: Record<string, unknown> }[] = [];
const gateway: { answer: (content: string, signal: AbortSignal) => Response | Promise<Response> } = { answer: () => ok() };
let calls = 0;
const ok = () => {
  calls += 1;
  return Response.json({ choices: [] }, { headers: { 'x-litellm-call-id': `0000-${calls}`, 'x-litellm-response-cost': '0.25' } });
};
const ways: PlaygroundWays = {
  keyOf: async ({ userId }) => `sk-of-${userId}`,
  chat: async ({ key, body, signal }) => {
    expect(key).toBe('sk-of-u');
    const sent = JSON.parse(body) as { messages: { content: string }[] };
    const content = sent.messages.map((message) => message.content).join('|');
    asked.push({ content, body: sent });
    return await gateway.answer(content, signal);
  },
};
const log = createLog({ level: 'error', stream: { write: () => {} } });
const run = async (more: { alone?: boolean } = {}) => {
  runner = await startExperiments({ records: routes.records, ways, log, retrySeconds: 0.05, ...more });
};

beforeAll(async () => {
  routes = await openRoutes((records) => [
    ...promptRoutes(records),
    ...datasetRoutes(records, createUrlSigner(Buffer.alloc(32))),
    ...datasetRunRoutes(records, async () => null),
    ...experimentJobRoutes(records, ways),
  ]);
  const prompt = [
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: '{{question}}' },
  ];
  await routes.call('POST', '/api/public/v2/prompts', { name: 'answer', type: 'chat', prompt });
  await routes.call('POST', '/api/public/v2/prompts', { name: 'held', type: 'chat', prompt: [{ type: 'placeholder', name: 'history' }] });
});
afterEach(async () => {
  await runner?.close();
  runner = null;
  asked = [];
  gateway.answer = () => ok();
});
afterAll(async () => await routes?.close());

const member = { ...projectKey(PROJECT), person: { userId: 'u', name: 'U', role: 'member' } } as Principal;
const path = '/api/public/unstable/experiment-jobs';

async function dataset(name: string, inputs: readonly unknown[]): Promise<void> {
  await routes.call('POST', '/api/public/v2/datasets', { name });
  for (const [index, input] of inputs.entries()) await routes.call('POST', '/api/public/dataset-items', { datasetName: name, id: `${name}-${index}`, input });
}
const wish = (datasetName: string, over: object = {}) => ({
  datasetName,
  runName: 'first',
  promptName: 'answer',
  promptVersion: 1,
  model: 'demo',
  parameters: { temperature: 0 },
  ...over,
});
const start = (body: object) => routes.call('POST', path, body, member);
const job = async (name: string) => (await routes.call('GET', `${path}?datasetName=${name}`, undefined, member)).body.data[0] as Record<string, unknown>;
async function ended(name: string): Promise<Record<string, unknown>> {
  for (;;) {
    const now = await job(name);
    if (now.state !== 'running') return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const runItems = async (name: string, runName = 'first') => {
  const { body } = await routes.call('GET', `/api/public/datasets/${name}/runs/${runName}`);
  return (body as unknown as { datasetRunItems: { datasetItemId: string; traceId: string }[] }).datasetRunItems;
};
const questions = (count: number) => Array.from({ length: count }, (_, index) => ({ question: `q${index}` }));

it('asks every item once, puts its trace into the run, and sums what it cost', async () => {
  await dataset('whole', questions(7));
  await run();
  expect(await start(wish('whole'))).toMatchObject({ status: 201, body: { state: 'running', total: 7, done: 0, startedBy: 'U' } });
  expect(await ended('whole')).toMatchObject({ state: 'done', done: 7, failed: 0, cost: '1.75', problem: null });
  expect(asked.map(({ content }) => content).sort()).toEqual(questions(7).map(({ question }) => `Be short.|${question}`));
  expect(asked[0]?.body).toMatchObject({ model: 'demo', temperature: 0, metadata: { environment: 'experiment', promptName: 'answer', promptVersion: 1 } });
  expect(asked[0]?.body).not.toHaveProperty('stream');
  const items = await runItems('whole');
  expect([new Set(items.map((item) => item.datasetItemId)).size, new Set(items.map((item) => item.traceId)).size, items.length]).toEqual([7, 7, 7]);
  expect((await start(wish('whole'))).status).toBe(409);
});

it('asks again what is refused for a moment, and says of an item what does not pass', async () => {
  await dataset('hard', [...questions(2), { other: 1 }, { question: 'bad' }]);
  let refusals = 0;
  gateway.answer = (content) => {
    if (content.endsWith('bad')) return Response.json({ error: { message: 'content filtered' } }, { status: 400 });
    refusals += 1;
    return refusals <= 3 ? Response.json({ error: { message: 'slow down' } }, { status: 429 }) : ok();
  };
  await start(wish('hard'));
  await run();
  expect(await ended('hard')).toMatchObject({ state: 'done', done: 2, failed: 2, causes: ['The input has no value for {{question}}.', 'content filtered'] });
  expect(await runItems('hard')).toHaveLength(2);
});

it('ends at once when every item would meet the same: a spent budget, a blocked key', async () => {
  await dataset('poor', questions(20));
  gateway.answer = () => Response.json({ error: { message: 'Budget has been exceeded', type: 'budget_exceeded' } }, { status: 400 });
  await start(wish('poor'));
  await run();
  const end = await ended('poor');
  expect(end).toMatchObject({ state: 'failed', problem: 'Budget has been exceeded', done: 0 });
  expect(asked.length).toBeLessThanOrEqual(3);
});

it('goes on where a process died, and asks nothing twice that was put into the run', async () => {
  await dataset('killed', questions(6));
  await start(wish('killed'));
  // A process that took two items and died: of one it had put the trace into the run already.
  const taken = await claim(routes.records, 2, 1_000);
  await routes.call('POST', '/api/public/dataset-run-items', { runName: 'first', datasetItemId: taken[0]?.item_id, traceId: 'of-the-dead' });
  await run();
  while ((await job('killed')).done !== 4) await new Promise((resolve) => setTimeout(resolve, 20));
  await runner?.close();
  await run({ alone: true });
  expect(await ended('killed')).toMatchObject({ state: 'done', done: 6 });
  expect(asked).toHaveLength(5);
  const items = await runItems('killed');
  expect(items).toHaveLength(6);
  expect(items.map(({ traceId }) => traceId)).toContain('of-the-dead');
});

it('gives back what is under way when the process ends, and goes on after a restart', async () => {
  await dataset('restart', questions(5));
  gateway.answer = (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  await start(wish('restart'));
  await run();
  while (asked.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  await runner?.close();
  expect(await job('restart')).toMatchObject({ state: 'running', done: 0, failed: 0 });
  gateway.answer = () => ok();
  await run();
  expect(await ended('restart')).toMatchObject({ state: 'done', done: 5 });
});

it('is called off: what waits is not asked', async () => {
  await dataset('called-off', questions(30));
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  gateway.answer = async () => {
    await held;
    return ok();
  };
  await start(wish('called-off'));
  await run();
  while (asked.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  const { id } = await job('called-off');
  expect(await routes.call('DELETE', `${path}/${id}`, undefined, member)).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  release();
  while (((await job('called-off')).done as number) < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(asked).toHaveLength(3);
});

it('is started by members alone, of what there is', async () => {
  await dataset('mine', questions(1));
  await dataset('empty', []);
  for (const who of [projectKey(PROJECT), { ...projectKey(PROJECT), person: { userId: 'v', name: 'V', role: 'viewer' } } as Principal])
    expect((await routes.call('POST', path, wish('mine'), who)).status).toBe(403);
  for (const [body, status] of [
    [{}, 400],
    [wish('absent'), 404],
    [wish('mine', { promptName: 'absent' }), 404],
    [wish('mine', { promptVersion: 9 }), 404],
    [wish('mine', { promptName: 'held' }), 400],
    [wish('mine', { parameters: { stream: true } }), 400],
    [wish('empty'), 400],
  ] as const)
    expect((await start(body)).status, JSON.stringify(body)).toBe(status);
  expect((await routes.call('DELETE', `${path}/absent`, undefined, member)).status).toBe(404);
  expect(asked).toEqual([]);
});
