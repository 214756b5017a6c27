// /v1/moderations: bytes as they are, the model that moderates when none is named, nothing to pay, and a refusal where nobody moderates.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from './providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const at = { ...DEPLOYMENT, apiBase: `${upstream.url}/v1` };
  test = await startTestGateway({
    budgetMode: 'strict',
    maxBudget: '1',
    deployments: [
      { ...at, id: 'chat', modelName: 'gpt' },
      {
        ...at,
        id: 'mod',
        modelName: 'moderator',
        upstreamModel: 'omni-moderation-latest',
        mode: 'moderation',
        inputCostPerToken: '0',
        outputCostPerToken: '0',
      },
      { ...at, id: 'azure', modelName: 'azure', provider: 'azure', providerName: 'azure' },
    ],
  });
  test.key('sk-user');
  test.key('sk-gpt', { models: ['gpt'] });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});
const ask = (body: string, key = 'sk-user', gateway = test) =>
  fetch(`${gateway.url}/v1/moderations`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body });
const ANSWER = '{"id":"modr-1", "model":"omni-moderation-latest","results":[{"flagged":true,"categories":{"violence":true}}]}';

describe('a moderation', () => {
  it('passes as bytes, costs nothing, and needs no model of its own', async () => {
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [ANSWER] });
    for (const body of ['{"model":"moderator","input":["a"],"unknown":1}', '{"input":["a"],"unknown":1}']) {
      const answer = await ask(body);
      expect([answer.status, await answer.text(), answer.headers.get('x-litellm-response-cost')]).toEqual([200, ANSWER, '0']);
      expect(upstream.seen.at(-1)).toMatchObject({ path: '/v1/moderations', body: { model: 'omni-moderation-latest', input: ['a'], unknown: 1 } });
      expect(test.written.settled.at(-1)?.record).toMatchObject({
        endpoint: 'moderations',
        model: 'moderator',
        cost: '0',
        usage: { input: 0, output: 0 },
        usageEstimated: false,
        stream: false,
      });
    }
  });
  it('is refused to a key that may not use the model, by a provider that has none, and where nobody moderates', async () => {
    expect((await ask('{"input":"a"}', 'sk-gpt')).status).toBe(401);
    const azure = await ask('{"model":"azure","input":"a"}');
    expect([azure.status, await azure.text()]).toEqual([501, expect.stringContaining('/moderations is not supported for azure')]);
    const none = await startTestGateway({ deployments: [{ ...DEPLOYMENT, apiBase: `${upstream.url}/v1` }] });
    none.key('sk-user');
    const answer = await ask('{"input":"a"}', 'sk-user', none);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('names no model')]);
    await none.close();
  });
});
