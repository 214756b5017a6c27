// Which deployments can serve what a client calls: one that cannot is passed over, and alone it answers 501 by name.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from './providers/upstream-fixture.ts';
import { DEPLOYMENT, MASTER_KEY, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const anthropic = { ...DEPLOYMENT, provider: 'anthropic' as const, providerName: 'anthropic', apiBase: upstream.url, order: 1 };
  test = await startTestGateway({
    retries: 1,
    deployments: [
      { ...anthropic, id: 'alone', modelName: 'claude' },
      { ...anthropic, id: 'first', modelName: 'mixed' },
      { ...DEPLOYMENT, id: 'second', modelName: 'mixed', apiBase: `${upstream.url}/v1`, order: 2 },
    ],
    unsupportedModels: { pictures: 'mode "video_generation" is not built yet' },
  });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});
const post = (path: string, body: object) =>
  fetch(`${test.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${MASTER_KEY}` }, body: JSON.stringify(body) });

describe('embeddings of a provider that has none', () => {
  it('answer 501 by name and send nothing', async () => {
    upstream.script({ pieces: ['{}'] });
    const answer = await post('/v1/embeddings', { model: 'claude', input: 'x' });
    expect([answer.status, await answer.json()]).toMatchObject([501, { error: { type: 'not_supported', message: expect.stringContaining('anthropic') } }]);
    expect(upstream.seen).toEqual([]);
  });
  it('go to the deployment of the group that has them', async () => {
    upstream.script({ pieces: ['{"data":[],"usage":{"prompt_tokens":1,"total_tokens":1}}'] });
    expect((await post('/v1/embeddings', { model: 'mixed', input: 'x' })).status).toBe(200);
    expect(upstream.seen.map(({ path }) => path)).toEqual(['/v1/embeddings']);
  });
});

describe('a configured model that cannot be served', () => {
  it('says why, in the words of each client', async () => {
    const [chat, messages] = [
      await post('/v1/chat/completions', { model: 'pictures', messages: [] }),
      await post('/v1/messages', { model: 'pictures', messages: [] }),
    ];
    expect([chat.status, await chat.json()]).toMatchObject([501, { error: { type: 'not_supported', message: expect.stringContaining('video_generation') } }]);
    expect([messages.status, await messages.json()]).toMatchObject([501, { type: 'error', error: { code: 'not_supported' } }]);
  });
});
