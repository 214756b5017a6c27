// Realtime sessions over real sockets: who may open one, where it goes, what each answer costs, and what becomes of it when a side goes away.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeploymentCheck } from '#gateway/check-deployment.ts';
import { CONFIG, DEPLOYMENT, MASTER_KEY, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import type { Fields } from '#lib/json.ts';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import { openClient, type Peer, type RealtimeUpstream, type Refusal, startRealtimeUpstream, type UpstreamSession, USAGE } from './realtime-fixture.ts';

let upstream: RealtimeUpstream;
let test: TestGateway;
let isClosed = true;
beforeEach(async () => {
  upstream = await startRealtimeUpstream();
});
afterEach(async () => {
  if (!isClosed) await test.close();
  isClosed = true;
  await upstream.close();
});

const PRICES = {
  inputCostPerToken: '0.000004',
  outputCostPerToken: '0.000016',
  cacheReadInputTokenCost: '0.000001',
  unitPrices: { input_cost_per_audio_token: '0.00003', output_cost_per_audio_token: '0.00006' },
};
const deployment = (more: Partial<Deployment> = {}): Deployment => ({
  ...DEPLOYMENT,
  id: 'rt-1',
  modelName: 'voice',
  mode: 'realtime',
  upstreamModel: 'gpt-realtime',
  provider: 'openai',
  providerName: 'openai',
  apiBase: `${upstream.url}/v1`,
  apiKey: 'sk-upstream-secret',
  ...PRICES,
  ...more,
});
async function start(config: Partial<GatewayConfig> = {}): Promise<void> {
  test = await startTestGateway({ deployments: [deployment()], ...config });
  isClosed = false;
}
const bearer = (key = MASTER_KEY): { headers: Record<string, string> } => ({ headers: { authorization: `Bearer ${key}` } });
const address = (query = '?model=voice', path = '/v1/realtime') => `${test.url}${path}${query}`;
const refusalOf = (opening: Promise<Peer>): Promise<Refusal> =>
  opening.then(
    () => Promise.reject(new Error('it opened')),
    (refusal) => refusal as Refusal,
  );
async function session(options = bearer(), query?: string): Promise<[Peer, UpstreamSession]> {
  const client = await openClient(address(query), options);
  return [client, await upstream.session()];
}
const rows = (endpoint = 'realtime') => test.written.settled.filter(({ record }) => record.endpoint === endpoint);
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('who opens a session', () => {
  it('is asked for a key in any place that may carry one', async () => {
    await start();
    const key = test.key('sk-browser');
    for (const options of [
      bearer(key),
      { headers: { 'api-key': key } },
      { headers: { 'x-litellm-api-key': key } },
      { protocols: ['realtime', `openai-insecure-api-key.${key}`] },
    ]) {
      const client = await openClient(address(), options);
      const there = await upstream.session();
      expect(there.headers.authorization).toBe('Bearer sk-upstream-secret');
      expect(JSON.stringify([there.headers, there.path])).not.toContain(key);
      expect(client.socket.protocol).toBe('protocols' in options ? 'realtime' : '');
      client.socket.close();
      await client.closed;
    }
    const byQuery = await openClient(address(`?deployment=voice&api-version=2025-04-01-preview&api-key=${key}`, '/openai/realtime'));
    expect((await upstream.session()).path).toBe('/v1/realtime?model=gpt-realtime');
    byQuery.socket.close();
    await byQuery.closed;
  });

  it('is refused in HTTP before anything is opened', async () => {
    await start({ deployments: [deployment(), deployment({ id: 'chat', modelName: 'chatty', mode: 'chat' })] });
    const key = test.key('sk-limited', { models: ['other'] });
    const routes = test.key('sk-routes', { allowedRoutes: ['/v1/embeddings'] });
    const poor = test.key('sk-poor', { maxBudgetPicos: 0n });
    const refused = async (query: string, options: Parameters<typeof openClient>[1]) => (await refusalOf(openClient(address(query), options))).status;
    expect(await refused('?model=voice', {})).toBe(401);
    expect(await refused('?model=voice', bearer('sk-unknown'))).toBe(401);
    expect(await refused('?model=voice', bearer(key))).toBe(401);
    expect(await refused('?model=voice', bearer(routes))).toBe(403);
    expect(await refused('?model=voice', bearer(poor))).toBe(400);
    expect(await refused('?model=nothing', bearer())).toBe(400);
    expect(await refused('', bearer())).toBe(400);
    expect(await refused('?intent=transcription', bearer())).toBe(501);
    expect(await refused('?model=chatty', bearer())).toBe(501);
    expect(await refused('?model=voice', { headers: { cookie: 'better-auth.session_token=x' } })).toBe(401);
    const plain = await fetch(address(), bearer());
    expect([plain.status, ((await plain.json()) as Fields).error]).toMatchObject([426, { message: expect.stringContaining('Upgrade') }]);
    expect((await fetch(address())).status).toBe(401);
    expect(upstream.sessions).toHaveLength(0);
  });

  it('holds one of the parallel places for as long as it is open', async () => {
    await start();
    const key = test.key('sk-one', { maxParallelRequests: 1 });
    const [client] = await session(bearer(key));
    expect((await refusalOf(openClient(address(), bearer(key)))).status).toBe(429);
    client.socket.close();
    await client.closed;
    await until(() => rows('realtime-session').length === 1);
    const [again] = await session(bearer(key));
    again.socket.close();
    await again.closed;
  });
});

describe('where a session goes', () => {
  it('is the next deployment when one refuses the handshake, then the fallback model', async () => {
    await start({
      deployments: [
        deployment({ order: 1 }),
        deployment({ id: 'rt-2', order: 2 }),
        deployment({ id: 'rt-3', modelName: 'spare/voice', upstreamModel: 'spare' }),
      ],
      fallbacks: { voice: ['spare/voice'] },
      retries: 2,
    });
    upstream.refuse(() => (upstream.refused.length === 0 ? { status: 401, body: '{"error":{"message":"bad key"}}' } : null));
    const [client] = await session();
    client.socket.close();
    await client.closed;
    await until(() => rows('realtime-session').length === 1);
    expect(rows('realtime-session')[0]?.record).toMatchObject({
      outcome: 'success',
      httpStatus: 101,
      cost: '0',
      attempts: [
        { deploymentId: 'rt-1', outcome: 'failure', httpStatus: 401 },
        { deploymentId: 'rt-2', outcome: 'success' },
      ],
    });
    upstream.refuse((path) => (path.endsWith('spare') ? null : { status: 404, body: '{}' }));
    const [other, there] = await session();
    expect(there.path).toBe('/v1/realtime?model=spare');
    other.socket.close();
    await other.closed;
  });

  it('is told in the words of HTTP when every upstream refuses, or none answers', async () => {
    await start({ deployments: [deployment({ timeoutMs: 200 })] });
    upstream.refuse(() => ({ status: 429, body: '{"error":{"message":"slow down","code":"rate_limit_exceeded"}}' }));
    expect(await refusalOf(openClient(address(), bearer()))).toMatchObject({ status: 429, body: { error: { message: expect.stringContaining('slow down') } } });
    upstream.refuse(() => 'hang');
    expect((await refusalOf(openClient(address(), bearer()))).status).toBe(408);
    expect(rows('realtime-session').map(({ record }) => record.outcome)).toEqual(['failure', 'failure']);
  });

  it('is found by wildcards and aliases, and at Azure in both of its forms', async () => {
    const azure = { provider: 'azure', providerName: 'azure', apiBase: upstream.url, upstreamModel: 'my-voice' } as const;
    await start({
      deployments: [
        deployment({ modelName: 'openai/*', upstreamModel: '*' }),
        deployment({ ...azure, id: 'b', modelName: 'beta', apiVersion: '2025-04-01-preview' }),
        deployment({ ...azure, id: 'g', modelName: 'ga', apiVersion: '2024-10-21' }),
      ],
      modelAliases: { short: 'ga' },
    });
    const paths: [string, string][] = [
      ['openai/gpt-realtime', '/v1/realtime?model=gpt-realtime'],
      ['beta', '/openai/realtime?api-version=2025-04-01-preview&deployment=my-voice'],
      ['short', '/openai/v1/realtime?model=my-voice'],
    ];
    for (const [model, path] of paths) {
      const [client, there] = await session({ headers: { ...bearer().headers, 'OpenAI-Beta': 'realtime=v1' } }, `?model=${encodeURIComponent(model)}`);
      expect(there.path).toBe(path);
      expect(there.headers['openai-beta']).toBe('realtime=v1');
      expect(there.headers[model === 'openai/gpt-realtime' ? 'authorization' : 'api-key']).toContain('sk-upstream-secret');
      client.socket.close();
      await client.closed;
    }
  });
});

describe('an answer', () => {
  it('is one row with its tokens, at the prices of text, sound and cache, under the session’s trace', async () => {
    await start();
    const [client, there] = await session();
    client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] } });
    there.send({ type: 'conversation.item.added', item: { id: 'item_u', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] } });
    client.send({ type: 'response.create', response: { metadata: { session_id: 'talk-1' } } });
    await there.next('response.create');
    expect(test.written.started.at(-1)).toMatchObject({ model: 'voice', upstreamModel: 'gpt-realtime' });
    expect(Number(test.written.started.at(-1)?.reserved)).toBeGreaterThan(0);
    there.speak(there.begin(), ['Hi ', 'there']);
    await client.next('response.done');
    // Its end was told after it was written down.
    const [row] = rows();
    expect(row?.record).toMatchObject({
      outcome: 'success',
      model: 'voice',
      sessionId: 'talk-1',
      usage: { input: 60, cachedInput: 40, cachedAudioInput: 30, audioInput: 40, output: 50, audioOutput: 30, total: 150 },
      // 20 text at 4, 40 heard at 30, 40 cached at 1, 20 written at 16, 30 spoken at 60 (millionths).
      cost: '0.00344',
    });
    expect(JSON.parse(row?.request ?? '')).toMatchObject({ input: [{ role: 'user', content: [{ text: 'Hello' }] }] });
    expect(JSON.parse(row?.answer ?? '')).toMatchObject({ output: [{ content: [{ transcript: 'Hi there' }] }] });
    client.socket.close(4001, 'enough');
    await client.closed;
    expect(await there.closed).toEqual({ code: 4001, reason: 'enough' });
    await until(() => rows('realtime-session').length === 1);
    const home = rows('realtime-session')[0]?.record;
    expect(row?.record).toMatchObject({ traceId: home?.traceId, parentSpanId: home?.spanId });
    expect(test.written.started).toHaveLength(2);
  });

  it('is reserved before sound that may cause it is passed on, counted once, and costs nothing where none came', async () => {
    await start();
    const [client, there] = await session();
    client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(4800).toString('base64') });
    client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(4800).toString('base64') });
    await there.next('input_audio_buffer.append');
    await there.next('input_audio_buffer.append');
    // The session's own, and one answer that may come.
    expect(test.written.started).toHaveLength(2);
    there.speak(there.begin(), ['Yes?']);
    await client.next('response.done');
    client.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
    await there.next('input_audio_buffer.append');
    client.socket.close();
    await until(() => rows('realtime-session').length === 1);
    expect(rows().map(({ record }) => [record.outcome, record.cost])).toEqual([
      ['success', '0.00344'],
      ['cancelled', '0'],
    ]);
  });

  it('that nobody asked for is counted all the same', async () => {
    await start();
    const key = test.key('sk-counted', { maxBudgetPicos: 1n });
    const [client, there] = await session(bearer(key));
    there.speak(there.begin(), ['Still there?']);
    await client.next('response.done');
    client.send({ type: 'response.create' });
    expect(await client.next('error')).toMatchObject({ error: { code: 'budget_exceeded', message: expect.stringContaining('0.00344') } });
    client.socket.close();
    await client.closed;
  });

  it('is refused when the budget is used up, in the session, by name', async () => {
    await start();
    const key = test.key('sk-budget', { maxBudgetPicos: 1_000_000_000n });
    const [client, there] = await session(bearer(key));
    client.send({ type: 'response.create', event_id: 'ask_1' });
    await there.next('response.create');
    there.speak(there.begin(), ['Hi']);
    await client.next('response.done');
    client.send({ type: 'response.create', event_id: 'ask_2' });
    expect(await client.next('error')).toMatchObject({ error: { type: 'invalid_request_error', code: 'budget_exceeded', event_id: 'ask_2' } });
    client.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
    expect(await client.next('error')).toMatchObject({ error: { code: 'budget_exceeded' } });
    client.send({ type: 'input_audio_buffer.clear' });
    await there.next('input_audio_buffer.clear');
    expect(there.types()).toEqual(['response.create', 'input_audio_buffer.clear']);
    expect((await refusalOf(openClient(address(), bearer(key)))).body).toMatchObject({ error: { type: 'budget_exceeded' } });
    client.socket.close();
    await client.closed;
  });

  it('counts against the requests and tokens of a minute', async () => {
    await start();
    const key = test.key('sk-rate', { rpmLimit: 2 });
    const [client, there] = await session(bearer(key));
    client.send({ type: 'response.create' });
    await there.next('response.create');
    there.speak(there.begin(), ['Hi']);
    await client.next('response.done');
    client.send({ type: 'response.create' });
    // In a minute that began meanwhile it is let through.
    const refused = await Promise.race([client.next('error'), there.next('response.create').then(() => null)]);
    if (refused !== null) expect(refused).toMatchObject({ error: { code: 'rate_limit_error' } });
    client.socket.close();
    await client.closed;
  });

  it('that the upstream refuses to begin costs nothing', async () => {
    await start();
    const [client, there] = await session();
    client.send({ type: 'response.create' });
    const { event_id } = await there.next('response.create');
    expect(event_id).toEqual(expect.any(String));
    there.send({ type: 'error', error: { type: 'invalid_request_error', code: 'conversation_already_has_active_response', message: 'busy', event_id } });
    await client.next('error');
    expect(rows()[0]?.record).toMatchObject({ outcome: 'failure', cost: '0' });
    client.socket.close();
    await client.closed;
  });

  it('that was begun when its client left is counted by what the upstream says, or by what came of it', async () => {
    await start();
    for (const says of [true, false]) {
      const [client, there] = await session();
      client.send({ type: 'response.create' });
      await there.next('response.create');
      const id = there.begin();
      there.send({ type: 'response.output_audio_transcript.delta', response_id: id, item_id: 'i', content_index: 0, delta: 'Once upon a time' });
      await client.next('response.output_audio_transcript.delta');
      client.socket.close();
      await there.next('response.cancel');
      if (says) there.finish(id, { status: 'cancelled', usage: USAGE });
      else there.socket.terminate();
      await client.closed;
      await until(() => rows('realtime-session').length === (says ? 1 : 2));
    }
    expect(rows().map(({ record }) => [record.outcome, record.usageEstimated])).toEqual([
      ['cancelled', false],
      ['cancelled', true],
    ]);
    expect(Number(rows()[1]?.record.cost)).toBeGreaterThan(0);
  });

  it('that was asked for and had not begun is waited for, and costs nothing when its upstream went away', async () => {
    await start();
    const [client, there] = await session();
    client.send({ type: 'response.create' });
    await there.next('response.create');
    client.socket.terminate();
    // Nothing runs yet; what begins now is cancelled.
    await there.next('response.cancel');
    const id = there.begin();
    await there.next('response.cancel');
    there.finish(id, { status: 'cancelled', usage: USAGE });
    await there.closed;
    await until(() => rows('realtime-session').length === 1);
    const [other, gone] = await session();
    other.send({ type: 'response.create' });
    await gone.next('response.create');
    gone.socket.terminate();
    await other.closed;
    await until(() => rows('realtime-session').length === 2);
    expect(rows().map(({ record }) => [record.outcome, record.cost])).toEqual([
      ['cancelled', '0.00344'],
      ['cancelled', '0'],
    ]);
  });

  it('is held at its bound where budgets are strict, and refused where it has none', async () => {
    const bounded = { info: { max_input_tokens: 1000, max_output_tokens: 100 } };
    await start({
      budgetMode: 'strict',
      deployments: [deployment(bounded), deployment({ id: 'rt-2', modelName: 'boundless', upstreamModel: 'mine', info: {} })],
    });
    // 1,000 tokens in at 30 and 100 out at 60 millionths.
    const key = test.key('sk-strict', { maxBudgetPicos: 35_999_999_999n });
    const [client] = await session(bearer(key));
    client.send({ type: 'response.create' });
    expect(await client.next('error')).toMatchObject({ error: { code: 'budget_exceeded' } });
    client.send({ type: 'session.update', session: { input_audio_transcription: { model: 'whisper-1' } } });
    expect(await client.next('error')).toMatchObject({ error: { message: expect.stringContaining('strict') } });
    const enough = test.key('sk-enough', { maxBudgetPicos: 36_000_000_000n });
    const [other, there] = await session(bearer(enough));
    other.send({ type: 'response.create' });
    await there.next('response.create');
    expect(test.written.started.at(-1)?.reserved).toBe('0.036');
    const [third] = await session(bearer(), '?model=boundless');
    third.send({ type: 'response.create' });
    if (test.deps.prices.limitsOf(deployment({ upstreamModel: 'mine', info: {} })).maxInputTokens === null)
      expect(await third.next('error')).toMatchObject({ error: { type: 'invalid_request_error' } });
    for (const peer of [client, other, third]) peer.socket.terminate();
    there.socket.terminate();
  });

  it('does not end for the client when it could not be written down', async () => {
    await start();
    const [client, there] = await session();
    client.send({ type: 'response.create' });
    await there.next('response.create');
    test.holdSettled.error = new Error('no room');
    there.speak(there.begin(), ['Hi']);
    expect(await client.next('error')).toMatchObject({ error: { type: 'server_error', code: 'service_unavailable' } });
    expect((await client.closed).code).toBe(1011);
    expect(client.types()).not.toContain('response.done');
    test.holdSettled.error = null;
  });
});

describe('what is heard', () => {
  it('is a row of the listening model at its own price', async () => {
    await start();
    const [client, there] = await session();
    client.send({
      type: 'session.update',
      session: { type: 'realtime', model: 'voice', audio: { input: { transcription: { model: 'whisper-1' }, turn_detection: null } } },
    });
    expect(await there.next('session.update')).toMatchObject({ session: { audio: { input: { transcription: { model: 'whisper-1' } } } } });
    expect(there.heard[0]?.session).not.toHaveProperty('model');
    client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(48_000).toString('base64') });
    client.send({ type: 'input_audio_buffer.commit' });
    await there.next('input_audio_buffer.commit');
    there.send({ type: 'input_audio_buffer.committed', item_id: 'item_a' });
    there.send({
      type: 'conversation.item.added',
      item: { id: 'item_a', type: 'message', role: 'user', content: [{ type: 'input_audio', transcript: null }] },
    });
    there.send({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: 'item_a',
      content_index: 0,
      transcript: 'Hello',
      usage: { type: 'duration', seconds: 60 },
    });
    await client.next('conversation.item.input_audio_transcription.completed');
    const row = rows('realtime-transcription')[0];
    expect(row?.record).toMatchObject({ usage: { audioMs: 60_000 }, attempts: [{ upstreamModel: 'whisper-1' }] });
    expect(Number(row?.record.cost)).toBeCloseTo(0.006, 6);
    expect(JSON.parse(row?.answer ?? '')).toEqual({ transcript: 'Hello' });
    // No turn detection: nothing answers by itself, so nothing was reserved for it.
    expect(test.written.started).toHaveLength(2);
    client.send({ type: 'session.update', session: { model: 'another' } });
    expect(await client.next('error')).toMatchObject({ error: { param: 'session.model' } });
    client.send({ type: 'session.update', session: { type: 'transcription' } });
    expect(await client.next('error')).toMatchObject({ error: { param: 'session.type' } });
    client.socket.close();
    await client.closed;
  });
});

describe('a session', () => {
  it('tells both sides how the other one closed', async () => {
    await start();
    const [client, there] = await session();
    there.socket.close(1008, 'policy');
    expect(await client.closed).toEqual({ code: 1008, reason: 'policy' });
    const [other, gone] = await session();
    gone.socket.terminate();
    expect(await other.next('error')).toMatchObject({ error: { code: 'upstream_disconnected' } });
    expect((await other.closed).code).toBe(1011);
    const [vanishing, last] = await session();
    vanishing.socket.terminate();
    expect((await last.closed).code).toBe(1001);
    await until(() => rows('realtime-session').length === 3);
  });

  it('passes on nothing that is no event', async () => {
    await start();
    const [client, there] = await session();
    for (const text of ['nonsense', '[]', '"x"', '{"type":7}']) client.socket.send(text);
    for (let index = 0; index < 4; index++) expect(await client.next('error')).toMatchObject({ error: { code: 'invalid_json' } });
    // Of a name that is given twice the one that was looked at goes on.
    client.socket.send('{"type":"response.create","type":"input_audio_buffer.clear"}');
    await there.next('input_audio_buffer.clear');
    expect(there.types()).toEqual(['input_audio_buffer.clear']);
    client.socket.send(Buffer.from('binary'), { binary: true });
    expect((await client.closed).code).toBe(1003);
    const [wordy] = await session();
    wordy.socket.send(`{"type":"input_audio_buffer.append","audio":"${'A'.repeat(17 << 20)}"}`);
    expect((await wordy.closed).code).toBe(1009);
  });

  it('pauses an upstream whose client does not read, and loses nothing', async () => {
    await start();
    const [client, there] = await session();
    await client.next('session.created');
    client.socket.pause();
    const text = 'x'.repeat(1 << 20);
    for (let index = 0; index < 64; index++) there.send({ type: 'rate_limits.updated', index, text });
    let last = -1;
    // The connection's own buffers fill, then it stands still.
    for (let same = 0; same < 20; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      same = there.socket.bufferedAmount === last ? same + 1 : 0;
      last = there.socket.bufferedAmount;
    }
    expect(last).toBeGreaterThan(8 << 20);
    client.socket.resume();
    for (let index = 0; index < 64; index++) expect((await client.next('rate_limits.updated')).index).toBe(index);
    client.socket.close();
    await client.closed;
  });

  it('ends after its longest silence and its longest time', async () => {
    await start({ realtime: { unreadAudio: 'refuse', idleMs: 50, longestMs: 60_000 } });
    const [client] = await session();
    expect(await client.next('error')).toMatchObject({ error: { code: 'session_expired', message: expect.stringContaining('silent') } });
    expect((await client.closed).code).toBe(1000);
    await test.close();
    await start({ realtime: { unreadAudio: 'refuse', idleMs: 60_000, longestMs: 50 } });
    const [other] = await session();
    expect(await other.next('error')).toMatchObject({ error: { code: 'session_expired', message: expect.stringContaining('maximum') } });
    await other.closed;
  });

  it('is told when the process ends: at once without an answer, after it with one', async () => {
    await start();
    const [idle] = await session();
    const [busy, there] = await session();
    busy.send({ type: 'response.create' });
    await there.next('response.create');
    const id = there.begin();
    await busy.next('response.created');
    isClosed = true;
    const drained = test.close();
    expect((await idle.closed).code).toBe(1001);
    busy.send({ type: 'response.create' });
    expect(await busy.next('error')).toMatchObject({ error: { code: 'service_unavailable' } });
    there.speak(id, ['Bye']);
    await busy.next('response.done');
    expect((await busy.closed).code).toBe(1001);
    await drained;
    expect(rows()[0]?.record).toMatchObject({ outcome: 'success', cost: '0.00344' });
  });

  it('ends its next answer when its key is blocked meanwhile', async () => {
    await start();
    const key = test.key('sk-soon-blocked');
    const [client] = await session(bearer(key));
    test.key('sk-soon-blocked', { blocked: true });
    client.send({ type: 'response.create' });
    expect(await client.next('error')).toMatchObject({ error: { message: expect.stringContaining('blocked') } });
    client.socket.close();
    await client.closed;
  });
});

describe('a health check', () => {
  it('opens a session and lets it go', async () => {
    const check = createDeploymentCheck(() => CONFIG, { network: { httpsProxy: null, httpProxy: null, noProxy: [], extraCaFile: null } } as never);
    expect(await check(deployment(), AbortSignal.timeout(10_000))).toMatchObject({ healthy: true });
    expect((await upstream.session()).path).toBe('/v1/realtime?model=gpt-realtime');
    upstream.refuse(() => ({ status: 401, body: '{}' }));
    expect(await check(deployment(), AbortSignal.timeout(10_000))).toMatchObject({ healthy: false, error: expect.stringContaining('does not open a session') });
  });
});

describe('a client secret', () => {
  const make = (key: string, body: Fields) =>
    fetch(`${test.url}/v1/realtime/client_secrets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('opens sessions of its model in the name of its key, configured as asked, and nothing else', async () => {
    await start();
    const key = test.key('sk-server', { models: ['voice'] });
    const answer = await make(key, {
      expires_after: { anchor: 'created_at', seconds: 60 },
      session: { type: 'realtime', model: 'voice', instructions: 'Be kind' },
    });
    const made = (await answer.json()) as { value: string; expires_at: number; session: Fields };
    expect([answer.status, made.session]).toMatchObject([200, { model: 'voice', instructions: 'Be kind' }]);
    expect(made.value).toMatch(/^ek_/);
    const client = await openClient(address(''), { protocols: ['realtime', `openai-insecure-api-key.${made.value}`] });
    const there = await upstream.session();
    expect(await there.next('session.update')).toEqual({ type: 'session.update', session: { type: 'realtime', instructions: 'Be kind' } });
    client.send({ type: 'response.create' });
    await there.next('response.create');
    there.speak(there.begin(), ['Hi']);
    await client.next('response.done');
    expect(rows()[0]?.record.path).toMatchObject({ keyAlias: 'test' });
    client.socket.close();
    await client.closed;
    expect((await refusalOf(openClient(address('?model=other'), bearer(made.value)))).status).toBe(403);
    const chat = await fetch(`${test.url}/v1/models`, bearer(made.value));
    expect(chat.status).toBe(401);
    expect((await make(made.value, { session: { model: 'voice' } })).status).toBe(401);
    test.key('sk-server', { blocked: true });
    expect((await refusalOf(openClient(address(), bearer(made.value)))).status).toBe(401);
  });

  it('is not made for a model that the key may not use, for too long, or by nobody', async () => {
    await start();
    const key = test.key('sk-server', { models: ['other'] });
    expect((await make(key, { session: { model: 'voice' } })).status).toBe(401);
    expect((await make('sk-nobody', { session: { model: 'voice' } })).status).toBe(401);
    expect((await make(MASTER_KEY, { session: { model: 'voice' }, expires_after: { seconds: 100_000 } })).status).toBe(400);
    expect((await make(MASTER_KEY, { session: { type: 'transcription', model: 'voice' } })).status).toBe(400);
    expect((await make(MASTER_KEY, {})).status).toBe(400);
    expect((await refusalOf(openClient(address(), bearer('ek_unknown')))).status).toBe(401);
  });
});
