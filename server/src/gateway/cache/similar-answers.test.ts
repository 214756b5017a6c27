// Answers to similar questions against real HTTP: who gets them and who does not, what they cost, and embedding models that are away.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import type { Fields } from '#lib/json.ts';
import type { CacheConfig } from '#settings/settings.ts';

const CACHE: CacheConfig = {
  ...{ type: 'local', ttlMs: 60_000, namespace: '', endpoints: ['chat', 'embeddings'], byDefault: true, shared: false },
  semantic: { model: 'vectors', threshold: 0.9, timeoutMs: 5_000 },
};

/** Vectors by what a text is about. */
const VECTORS: Record<string, number[]> = { capital: [1, 0, 0], town: [0.97, 0.2, 0], weather: [0, 1, 0], rain: [0, 0.99, 0.1] };
let vectors: { url: string; asked: Fields[]; headers: Record<string, unknown>[]; answer: ((response: ServerResponse) => void) | null; close(): void };
let upstream: ScriptedUpstream;
let test: TestGateway;
let dead: TestGateway;

async function startVectors(): Promise<typeof vectors> {
  const state: typeof vectors = { url: '', asked: [], headers: [], answer: null, close: () => {} };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Fields;
    state.asked.push(body);
    state.headers.push(request.headers);
    if (state.answer !== null) return state.answer(response);
    const word = Object.keys(VECTORS).find((one) => String(body.input).includes(one)) ?? 'capital';
    const data = [{ object: 'embedding', index: 0, embedding: VECTORS[word] }];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ object: 'list', model: 'v', data, usage: { prompt_tokens: 4, total_tokens: 4 } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  state.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return state;
}

beforeAll(async () => {
  [upstream, vectors] = await Promise.all([startScriptedUpstream(), startVectors()]);
  const deployments = [
    { ...DEPLOYMENT, apiBase: `${upstream.url}/v1` },
    { ...DEPLOYMENT, id: 'two', modelName: 'other', apiBase: `${upstream.url}/v1` },
    { ...DEPLOYMENT, id: 'vectors', modelName: 'vectors', mode: 'embedding' as const, apiBase: vectors.url },
  ];
  [test, dead] = await Promise.all([
    startTestGateway({ deployments, cache: CACHE }),
    startTestGateway({ deployments, cache: { ...CACHE, semantic: { model: 'absent', threshold: 0.9, timeoutMs: 100 } } }),
  ]);
  for (const gateway of [test, dead]) {
    gateway.key('sk-a', { teamId: 'a', models: ['gpt', 'other'] });
    gateway.key('sk-b', { teamId: 'b' });
    gateway.key('sk-once', { teamId: 'once', rpmLimit: 2 });
    gateway.key('sk-quiet', { teamId: 'a', keepContent: false });
  }
});
afterAll(async () => {
  await Promise.all([test?.close(), dead?.close()]);
  await upstream?.close();
  vectors?.close();
});
let round = 0;
beforeEach(() => {
  round++;
  vectors.answer = null;
  vectors.asked.length = 0;
  test.written.settled.length = 0;
});

const answer = (text: string) => ({
  pieces: [
    JSON.stringify({
      id: text,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 30, completion_tokens: 20 },
    }),
  ],
});

/** Asks, and waits until what is learned from it is learned. */
async function ask(text: string, more: Fields = {}, key = 'sk-a', gateway = test) {
  const messages = [
    { role: 'system', content: `round ${round}` },
    { role: 'user', content: text },
  ];
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify({ model: 'gpt', messages, ...more }) });
  const said = await response.text();
  while (gateway.gateway.state().callsInFlight > 0) await new Promise((resolve) => setImmediate(resolve));
  return {
    status: response.status,
    said,
    similarity: response.headers.get('x-litellm-semantic-similarity'),
    cost: response.headers.get('x-litellm-response-cost'),
  };
}

describe('a question that means the same', () => {
  it('is answered with what was kept, at no cost; its vector is a row of its own, under the same trace', async () => {
    upstream.script(answer('Paris'), answer('never'));
    const first = await ask('the capital?');
    expect([first.similarity, vectors.asked.length]).toEqual([null, 1]);
    const again = await ask('which town?', { metadata: { session_id: 's1' } });
    expect([again.said, again.cost, upstream.seen.length]).toEqual([first.said, '0', 1]);
    expect(Number(again.similarity)).toBeCloseTo(0.9794, 3);
    const rows = test.written.settled.map(({ record }) => record);
    expect(rows.map(({ endpoint, cost }) => [endpoint, cost])).toEqual([
      ['chat', '0.00007'],
      ['embeddings', '0.000004'],
      ['embeddings', '0.000004'],
      ['chat', '0'],
    ]);
    const [, , vector, hit] = rows;
    expect(hit?.attempts[0]).toMatchObject({
      choice: { by: expect.stringContaining('semantic cache, similarity 0.97') },
      priceId: expect.stringMatching(/^cache:[0-9a-f]{64}$/),
    });
    expect(vector).toMatchObject({ traceId: hit?.callId, parentSpanId: hit?.spanId, sessionId: 's1', path: hit?.path, model: 'vectors' });
    expect(vectors.asked[1]).toEqual({ model: 'fixed', input: 'which town?' });
  });

  it('is one of the same owner, model, parameters, history and numbers, and similar enough', async () => {
    const asked = [
      ['which town?', {}, 'sk-b'],
      ['which town?', { model: 'other' }],
      ['which town?', { temperature: 0 }],
      ['which town?', { user: 'somebody' }],
      ['which town?', { tools: [{ type: 'function', function: { name: 'f' } }] }],
      ['which town?', { stream: true }],
      ['which town?', { messages: [{ role: 'user', content: 'which town?' }] }],
      ['which town 2?', {}],
      ['the weather?', {}],
      ['which town?', { cache: { 'no-cache': true } }],
      ['which town?', { cache: { namespace: 'n' } }],
      ['which town?', {}, 'sk-quiet'],
    ] as const;
    for (const [text, more, key] of asked) {
      round++;
      upstream.script(answer('kept'), {
        ...answer('fresh'),
        ...('stream' in more
          ? {
              headers: { 'content-type': 'text/event-stream' },
              pieces: ['data: {"choices":[{"index":0,"delta":{"content":"fresh"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'],
            }
          : {}),
      });
      await ask('the capital?');
      expect([(await ask(text, more as Fields, key)).said, upstream.seen.length]).toEqual([expect.stringContaining('fresh'), 2]);
    }
  });

  it('is never answered with the call of a tool', async () => {
    upstream.script(
      {
        pieces: [
          String(answer('x').pieces[0]).replace(
            '"content":"x"',
            '"content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]',
          ),
        ],
      },
      answer('fresh'),
    );
    const tools = [{ type: 'function', function: { name: 'f' } }];
    await ask('the capital?', { tools });
    expect((await ask('which town?', { tools })).said).toContain('fresh');
    expect((await ask('the capital?', { tools })).said).toContain('tool_calls');
    expect(upstream.seen).toHaveLength(2);
  });

  it('is given again as a stream, with its counts', async () => {
    const chunk = (fields: object) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...fields })}\n\n`;
    const pieces = [
      chunk({ choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }] }),
      chunk({ choices: [], usage: { prompt_tokens: 30, completion_tokens: 20 } }),
      'data: [DONE]\n\n',
    ];
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces });
    const first = await ask('rain?', { stream: true });
    const again = await ask('the weather?', { stream: true });
    expect([again.said, upstream.seen.length]).toEqual([first.said, 1]);
    expect(test.written.settled.at(-1)?.record).toMatchObject({ stream: true, cost: '0', usage: { input: 30, output: 20 } });
  });

  it('takes no request of the key’s limits for its vector, and needs no right to the embedding model', async () => {
    upstream.script(answer('one'), answer('two'));
    expect([(await ask('the capital?', {}, 'sk-once')).status, (await ask('the weather?', {}, 'sk-once')).status]).toEqual([200, 200]);
    expect(vectors.asked).toHaveLength(2);
  });
});

describe('an embedding model that', () => {
  it('fails or is silent costs a miss, and is then left alone for a while', async () => {
    const deployments = [
      { ...DEPLOYMENT, apiBase: `${upstream.url}/v1` },
      { ...DEPLOYMENT, id: 'vectors', modelName: 'vectors', apiBase: vectors.url },
    ];
    const slow = await startTestGateway({ deployments, cache: CACHE });
    slow.key('sk-a');
    for (const [gateway, failing] of [
      [test, (response: ServerResponse) => void response.writeHead(503).end('{}')],
      [slow, () => {}],
    ] as const) {
      round++;
      upstream.script(answer('one'), answer('two'), answer('three'));
      await ask('the capital?', {}, 'sk-a', gateway);
      vectors.asked.length = 0;
      vectors.answer = failing;
      // What was learned in good time stays, and from now on nobody waits for long.
      if (gateway === slow)
        await slow.gateway.swapConfig({ ...slow.deps.config, cache: { ...CACHE, semantic: { model: 'vectors', threshold: 0.9, timeoutMs: 200 } } });
      expect((await ask('the weather tonight?', {}, 'sk-a', gateway)).said).toContain('two');
      expect((await ask('rain tonight?', {}, 'sk-a', gateway)).said).toContain('three');
      expect(vectors.asked.length).toBeLessThanOrEqual(1);
      expect(gateway.logLines.join('')).toContain('did not answer');
      vectors.answer = null;
    }
    await slow.close();
  });

  it('is in no configuration leaves the exact cache as it is', async () => {
    upstream.script(answer('one'), answer('two'));
    const first = await ask('the capital?', {}, 'sk-a', dead);
    expect((await ask('the capital?', {}, 'sk-a', dead)).said).toBe(first.said);
    expect((await ask('which town?', {}, 'sk-a', dead)).said).toContain('two');
    expect([vectors.asked.length, dead.logLines.join('')]).toEqual([0, expect.stringContaining('has no embedding model')]);
  });
});
