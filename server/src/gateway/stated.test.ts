// What a configuration lets clients say and models hear: end users that must be named, tags that may not, parameters that one model never gets.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from './providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());

const CHAT =
  '{"id":"c","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}';
const answer = (text = CHAT) => upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [text] });

async function ask(
  gateway: TestGateway,
  body: object,
  { path = '/v1/chat/completions', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
) {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-user', 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...body }),
  });
  return { status: response.status, text: await response.text() };
}

describe('a gateway that wants end users named', () => {
  it('refuses a call without one, before it reaches the upstream, and takes each way of naming one', async () => {
    const gateway = await startTestGateway({ endUserRequired: true, deployments: [{ ...DEPLOYMENT, modelName: 'm', apiBase: `${upstream.url}/v1` }] });
    gateway.key('sk-user');
    answer();
    expect(await ask(gateway, {})).toMatchObject({ status: 400, text: expect.stringContaining("'user' param not passed in") });
    expect(await ask(gateway, { user: '' })).toMatchObject({ status: 400 });
    expect(upstream.seen).toHaveLength(0);
    expect((await ask(gateway, { user: 'u' })).status).toBe(200);
    expect((await ask(gateway, {}, { headers: { 'x-litellm-end-user-id': 'u' } })).status).toBe(200);
    expect((await ask(gateway, { max_tokens: 5, metadata: { user_id: 'u' } }, { path: '/v1/messages' })).status).toBe(200);
    await gateway.close();
  });
});

describe('a gateway that takes no tags of clients', () => {
  it('refuses those of the body, its metadata and the header; a key keeps its own', async () => {
    const gateway = await startTestGateway({ clientTagsRefused: true, deployments: [{ ...DEPLOYMENT, modelName: 'm', apiBase: `${upstream.url}/v1` }] });
    gateway.key('sk-user', { tags: ['of-the-key'] });
    answer();
    for (const refused of [
      await ask(gateway, { tags: ['a'] }),
      await ask(gateway, { metadata: { tags: ['a'] } }),
      await ask(gateway, {}, { headers: { 'x-litellm-tags': 'a' } }),
    ])
      expect(refused).toMatchObject({ status: 400, text: expect.stringContaining('metadata.tags') });
    expect(upstream.seen).toHaveLength(0);
    expect((await ask(gateway, { metadata: { team: 'x' } })).status).toBe(200);
    expect(gateway.written.settled.at(-1)?.record.tags).toEqual(['of-the-key']);
    await gateway.close();
  });
});

describe('a model with parameters of its own to leave out', () => {
  it('never gets the named ones, in its own language and in another; drop_params holds for it alone', async () => {
    const claude = { ...DEPLOYMENT, provider: 'anthropic' as const, providerName: 'anthropic', upstreamModel: 'claude-sonnet-4-5', apiBase: upstream.url };
    const gateway = await startTestGateway({
      deployments: [
        { ...DEPLOYMENT, modelName: 'm', apiBase: `${upstream.url}/v1`, additionalDrops: ['temperature'] },
        { ...claude, id: 'claude', modelName: 'claude', additionalDrops: ['temperature'], dropParams: true },
        { ...claude, id: 'strict', modelName: 'strict' },
      ],
    });
    gateway.key('sk-user');
    answer();
    expect((await ask(gateway, { temperature: 0.5, top_p: 0.9 })).status).toBe(200);
    expect(upstream.seen[0]?.body).toMatchObject({ top_p: 0.9 });
    expect(upstream.seen[0]?.body).not.toHaveProperty('temperature');
    answer(
      '{"id":"x","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}',
    );
    expect((await ask(gateway, { model: 'claude', temperature: 0.5, top_p: 0.9, logit_bias: { 1: 2 } })).status).toBe(200);
    expect(upstream.seen[0]?.body).toMatchObject({ top_p: 0.9 });
    expect(upstream.seen[0]?.body).not.toHaveProperty('temperature');
    expect((await ask(gateway, { model: 'strict', logit_bias: { 1: 2 } })).status).toBe(400);
    await gateway.close();
  });
});
