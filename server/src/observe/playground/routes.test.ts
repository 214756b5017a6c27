// What the playground's route hands on and what it refuses, over a gateway that is a function; with the gateway itself: e2e/playground.test.ts.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import type { PlaygroundWays } from './port.ts';
import { playgroundRoutes } from './routes.ts';

let routes: RoutesFixture;
const ways: PlaygroundWays = { keyOf: async () => 'sk-secret', chat: null };
beforeAll(async () => {
  routes = await openRoutes(() => playgroundRoutes(ways));
});
afterAll(async () => await routes?.close());

const member = { ...projectKey(PROJECT), person: { userId: 'u', name: 'U', role: 'member' } } as Principal;
const path = '/api/public/unstable/playground/chat';
const body = { model: 'm', messages: [{ role: 'user', content: 'x' }], parameters: { max_tokens: 5, tools: [{ type: 'function' }] } };
const ask = (asked: object = body) => routes.call('POST', path, asked, member);

it('says that there is no gateway where there is none', async () => {
  expect(await ask()).toMatchObject({ status: 422, body: { message: expect.stringContaining('--gateway-url') } });
});

it('hands on the messages and parameters of the schema, with the key, as a stream of its own environment', async () => {
  let seen: { key: string; body: string } | null = null;
  ways.chat = async (request) => {
    seen = request;
    return new Response('data: [DONE]\n\n', { headers: { 'x-litellm-call-id': '01a2-b3' } });
  };
  const answer = await (await routes.fetchAs(member)(path, { method: 'POST', body: JSON.stringify(body) })).text();
  expect(answer).toBe('data: [DONE]\n\n');
  const { key, body: sent } = seen as unknown as { key: string; body: string };
  expect(key).toBe('sk-secret');
  expect(JSON.parse(sent)).toEqual({
    ...{ model: 'm', messages: body.messages, max_tokens: 5, tools: [{ type: 'function' }], stream: true, stream_options: { include_usage: true } },
    metadata: { trace_name: 'playground', environment: 'playground' },
  });
});

it('says what the gateway said, and never that the session has ended', async () => {
  for (const [status, expected] of [
    [401, 403],
    [429, 429],
    [400, 400],
    [503, 503],
  ] as const) {
    ways.chat = async () => Response.json({ error: { message: `said ${status}`, code: 'why' } }, { status });
    expect(await ask()).toMatchObject({ status: expected, body: { message: `said ${status}` } });
  }
  ways.chat = async () => new Response('not json', { status: 500 });
  expect((await ask()).status).toBe(500);
});

it('bounds the answers under way, and frees the place of one that ended, broke off or was refused', async () => {
  const open: ReadableStreamDefaultController<Uint8Array>[] = [];
  ways.chat = async () =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => void open.push(controller),
      }),
    );
  const fetchAs = routes.fetchAs(member);
  const answers = await Promise.all(Array.from({ length: 64 }, () => fetchAs(path, { method: 'POST', body: JSON.stringify(body) })));
  expect((await ask()).status).toBe(503);
  open[0]?.close();
  await answers[0]?.text();
  open[1]?.error(new Error('broke'));
  await answers[1]?.text().catch(() => '');
  await answers[2]?.body?.cancel();
  const again = await Promise.all(Array.from({ length: 3 }, () => fetchAs(path, { method: 'POST', body: JSON.stringify(body) })));
  expect(again.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await ask()).status).toBe(503);
  for (const answer of [...answers.slice(3), ...again]) await answer.body?.cancel();
  ways.keyOf = async () => {
    throw new AppError('refused', { status: 409, code: 'conflict' });
  };
  for (let round = 0; round < 70; round += 1) expect((await ask()).status).toBe(409);
  ways.keyOf = async () => 'sk-secret';
  ways.chat = async () => new Response('');
  expect((await fetchAs(path, { method: 'POST', body: JSON.stringify(body) })).status).toBe(200);
});
