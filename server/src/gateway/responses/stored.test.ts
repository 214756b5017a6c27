// Responses that outlive their call, against real HTTP: gone on from, read, listed, deleted, by their owner alone; kept here or by the upstream that has them.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { objectsOf } from '#lib/json.ts';

let chats: ScriptedUpstream;
let native: ScriptedUpstream;
let other: ScriptedUpstream;
let test: TestGateway;
const chat = (content: string) => ({
  pieces: [
    JSON.stringify({
      id: 'chatcmpl-same',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    }),
  ],
});
const response = (id: string) => ({
  pieces: [
    JSON.stringify({ id, object: 'response', status: 'completed', model: 'gpt-5', output: [], store: true, usage: { input_tokens: 3, output_tokens: 2 } }),
  ],
});
beforeAll(async () => {
  [chats, native, other] = await Promise.all([startScriptedUpstream(), startScriptedUpstream(), startScriptedUpstream()]);
  const bridged = { ...DEPLOYMENT, provider: 'openai-compatible' as const, providerName: 'groq' };
  test = await startTestGateway({
    deployments: [
      { ...bridged, id: 'chats', modelName: 'llama', apiBase: `${chats.url}/v1` },
      { ...DEPLOYMENT, id: 'native-1', modelName: 'gpt', apiBase: `${native.url}/v1` },
      { ...DEPLOYMENT, id: 'native-2', modelName: 'gpt', apiBase: `${other.url}/v1` },
    ],
    fallbacks: { gpt: ['llama'] },
  });
  test.key('sk-a1', { teamId: 'a' });
  test.key('sk-a2', { teamId: 'a' });
  test.key('sk-b', { teamId: 'b' });
  test.key('sk-alone', { teamId: null });
  test.key('sk-silent', { teamId: 'a', keepContent: false });
});
beforeEach(() => {
  chats.script(chat('fine'));
  native.script(response('resp_native'));
  other.script(response('resp_other'));
});
afterAll(async () => {
  await test.close();
  await Promise.all([chats.close(), native.close(), other.close()]);
});

interface Answered {
  status: number;
  body: Record<string, unknown> & { id: string; error?: { message: string; type: string; param: string | null; code: string } };
}
async function ask(method: string, path: string, key: string, body?: object): Promise<Answered> {
  const answer = await fetch(`${test.url}/v1/responses${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Answered['body'] };
}
const create = (key: string, body: object) => ask('POST', '', key, body);

describe('a response of a model that has chats only', () => {
  it('is gone on from by its team, with every earlier turn, and counted like that', async () => {
    const first = await create('sk-a1', { model: 'llama', input: 'one', instructions: 'be brief' });
    expect(first.body).toMatchObject({ store: true, previous_response_id: null });
    const second = await create('sk-a2', { model: 'llama', input: [{ role: 'user', content: 'two' }], previous_response_id: first.body.id });
    expect(second.body).toMatchObject({ status: 'completed', previous_response_id: first.body.id });
    expect(second.body.id).not.toBe(first.body.id);
    await create('sk-a1', { model: 'llama', input: 'three', previous_response_id: second.body.id });
    expect(chats.seen.at(-1)?.body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'one' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'fine' }] },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: [{ type: 'text', text: 'fine' }] },
      { role: 'user', content: [{ type: 'text', text: 'three' }] },
    ]);
    // The log has what was really asked.
    expect(test.written.settled.at(-1)?.request).toContain('"one"');
  });
  it('is read, listed and deleted for good', async () => {
    const { body } = await create('sk-a1', {
      model: 'llama',
      input: [
        { role: 'user', content: 'one' },
        { role: 'user', content: 'two' },
      ],
    });
    expect((await ask('GET', `/${body.id}`, 'sk-a2')).body).toEqual(body);
    const newest = await ask('GET', `/${body.id}/input_items?limit=1`, 'sk-a1');
    expect(newest.body).toMatchObject({ object: 'list', has_more: true, data: [{ role: 'user', content: 'two' }] });
    const rest = await ask('GET', `/${body.id}/input_items?after=${newest.body.last_id}`, 'sk-a1');
    expect(rest.body).toMatchObject({ has_more: false, data: [{ content: 'one' }] });
    expect((await ask('GET', `/${body.id}/input_items?order=asc`, 'sk-a1')).body.data).toHaveLength(2);
    expect((await ask('POST', `/${body.id}/cancel`, 'sk-a1')).body.error?.message).toContain('in the background');
    expect((await ask('DELETE', `/${body.id}`, 'sk-a1')).body).toEqual({ id: body.id, object: 'response', deleted: true });
    expect((await ask('GET', `/${body.id}`, 'sk-a1')).status).toBe(404);
    expect((await create('sk-a1', { model: 'llama', input: 'x', previous_response_id: body.id })).body.error).toMatchObject({
      message: `Previous response with id '${body.id}' not found.`,
      param: 'previous_response_id',
    });
  });
  it('is not named by what is no id', async () => {
    for (const id of [{ toString: 0 }, ['x'], 5]) {
      const { status, body } = await create('sk-a1', { model: 'llama', input: 'x', previous_response_id: id });
      expect([status, body.error?.param]).toEqual([404, 'previous_response_id']);
    }
  });
  it('does not exist for anybody else', async () => {
    const { id } = (await create('sk-a1', { model: 'llama', input: 'secret' })).body;
    const lone = (await create('sk-alone', { model: 'llama', input: 'secret' })).body.id;
    const calls = chats.seen.length;
    for (const [key, theirs] of [
      ['sk-b', id],
      ['sk-alone', id],
      ['sk-a1', lone],
      ['sk-master-0123456789', id],
      ['sk-b', 'resp_nobody'],
      ['sk-b', '..%2F..%2Fkeys'],
    ] as const) {
      for (const [method, path] of [
        ['GET', `/${theirs}`],
        ['DELETE', `/${theirs}`],
        ['GET', `/${theirs}/input_items`],
        ['POST', `/${theirs}/cancel`],
      ] as const) {
        const { status, body } = await ask(method, path, key);
        expect([status, body.error]).toEqual([
          404,
          { message: `Response with id '${theirs}' not found.`, type: 'invalid_request_error', param: null, code: '404' },
        ]);
      }
      expect((await create(key, { model: 'llama', input: 'x', previous_response_id: theirs })).status).toBe(404);
    }
    expect(chats.seen.length).toBe(calls);
    expect((await ask('GET', `/${id}`, 'sk-a1')).status).toBe(200);
    expect((await fetch(`${test.url}/v1/responses/${id}`)).status).toBe(401);
  });
  it('is kept before the last byte of its stream leaves', async () => {
    const piece = (delta: object, finish: string | null) =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    chats.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [piece({ content: 'streamed' }, null), piece({}, 'stop'), 'data: [DONE]\n\n'] });
    const answer = await fetch(`${test.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-a1' },
      body: JSON.stringify({ model: 'llama', input: 'one', stream: true }),
    });
    const id = /"id":"(resp_\w+)"/.exec(await answer.text())?.[1] as string;
    expect((await ask('GET', `/${id}`, 'sk-a1')).body).toMatchObject({ id, status: 'completed', output: [{ content: [{ text: 'streamed' }] }] });
  });
  it('is not kept against the client’s or the key’s will, and says so', async () => {
    for (const [key, body] of [
      ['sk-a1', { store: false }],
      ['sk-silent', {}],
    ] as const) {
      const answer = await create(key, { model: 'llama', input: 'x', ...body });
      expect([answer.status, answer.body.store]).toEqual([200, false]);
      expect((await ask('GET', `/${answer.body.id}`, key)).status).toBe(404);
    }
    const headers = { authorization: 'Bearer sk-a1', 'x-litellm-enable-message-redaction': 'true' };
    const redacted = await fetch(`${test.url}/v1/responses`, { method: 'POST', headers, body: '{"model":"llama","input":"x"}' });
    expect(await redacted.json()).toMatchObject({ store: false });
  });
  it('is answered all the same when it cannot be kept', async () => {
    const { keep } = test.deps.responses;
    test.deps.responses.keep = () => Promise.reject(new Error('the records are away'));
    try {
      expect((await create('sk-a1', { model: 'llama', input: 'x' })).status).toBe(200);
      // The call's own line may come after the warning.
      expect(test.logLines.join('\n')).toContain('could not be kept');
    } finally {
      test.deps.responses.keep = keep;
    }
  });
  it('is refused in the background, and in a conversation of the upstream’s', async () => {
    for (const more of [{ background: true }, { conversation: 'conv_1' }]) {
      const { status, body } = await create('sk-a1', { model: 'llama', input: 'x', ...more });
      expect([status, body.error?.param]).toEqual([501, Object.keys(more)[0]]);
    }
  });
});

describe('a response that its upstream keeps', () => {
  it('is gone on from at the same deployment, always', async () => {
    const ids = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const { id } = (await create('sk-a1', { model: 'gpt', input: 'x' })).body;
      ids.add(id);
      const home = id === 'resp_native' ? native : other;
      const before = home.seen.length;
      expect((await create('sk-a1', { model: 'gpt', input: 'y', previous_response_id: id })).status).toBe(200);
      expect(home.seen[before]?.body).toMatchObject({ input: 'y', previous_response_id: id });
    }
    expect(ids.size).toBe(2);
  });
  it('is read and deleted there, with what the upstream answers', async () => {
    native.script(response('resp_there'));
    other.script(response('resp_there'));
    const { id } = (await create('sk-a1', { model: 'gpt', input: 'x' })).body;
    const seen = () => [...native.seen, ...other.seen].at(-1);
    await ask('GET', `/${id}?include[]=reasoning.encrypted_content&api_key=stolen`, 'sk-a2');
    expect([native.seen, other.seen].flat().find(({ method }) => method === 'GET')?.path).toBe(
      '/v1/responses/resp_there?include%5B%5D=reasoning.encrypted_content',
    );
    expect(seen()?.headers.authorization).toBe('Bearer sk-upstream-secret-123456');
    expect((await ask('GET', `/${id}?stream=true`, 'sk-a2')).status).toBe(400);
    expect((await ask('GET', `/${id}`, 'sk-b')).status).toBe(404);
    const gone = { status: 404, pieces: ['{"error":{"message":"no such response"}}'] };
    native.script(gone);
    other.script(gone);
    expect((await ask('GET', `/${id}`, 'sk-a1')).body.error?.message).toContain('no such response');
    expect((await ask('DELETE', `/${id}`, 'sk-a1')).body).toMatchObject({ deleted: true });
    expect((await ask('GET', `/${id}`, 'sk-a1')).body.error?.message).toBe("Response with id 'resp_there' not found.");
  });
  it('is refused to another model, and does not fall back to one', async () => {
    const { id } = (await create('sk-a1', { model: 'gpt', input: 'x' })).body;
    const refused = await create('sk-a1', { model: 'llama', input: 'y', previous_response_id: id });
    expect([refused.status, refused.body.error?.param]).toEqual([400, 'previous_response_id']);
    const down = { status: 503, pieces: ['{"error":{"message":"down"}}'] };
    native.script(down);
    other.script(down);
    expect((await create('sk-a1', { model: 'gpt', input: 'y', previous_response_id: id })).status).toBe(503);
  });
  it('takes over a conversation that was held elsewhere, whole', async () => {
    const { id } = (await create('sk-a1', { model: 'llama', input: 'one' })).body;
    expect((await create('sk-a1', { model: 'gpt', input: 'two', previous_response_id: id })).status).toBe(200);
    const body = [...native.seen, ...other.seen].at(-1)?.body ?? {};
    expect(body.previous_response_id).toBeUndefined();
    expect(objectsOf(body.input).map(({ role, type }) => [role, type])).toEqual([
      ['user', 'message'],
      ['assistant', 'message'],
      ['user', 'message'],
    ]);
  });
});

describe('a response that the upstream keeps, read with a key whose guards look at answers', () => {
  it('is masked as the call’s answer was, or refused; what the upstream said is shown to nobody', async () => {
    const said = {
      ...{ id: 'resp_said', object: 'response', status: 'completed', model: 'gpt-5', store: true, usage: { input_tokens: 3, output_tokens: 2 } },
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Write to taro@example.com' }] }],
    };
    native.script({ pieces: [JSON.stringify(said)] });
    const guard = {
      provider: 'genai_personal_data',
      defaultOn: false,
      failOpen: false,
      timeoutMs: 1000,
      violation: null,
      modes: new Set(['post_call'] as const),
    };
    const guarded = await startTestGateway({
      deployments: [{ ...DEPLOYMENT, id: 'native-1', modelName: 'gpt', apiBase: `${native.url}/v1` }],
      guardrails: [
        { ...guard, name: 'masks', kind: 'personal_data', entities: new Map([['EMAIL_ADDRESS', 'MASK']]) },
        { ...guard, name: 'blocks', kind: 'personal_data', entities: new Map([['EMAIL_ADDRESS', 'BLOCK']]) },
      ],
    });
    guarded.key('sk-masked', { teamId: 'a', guardrails: ['masks'] });
    guarded.key('sk-blocked', { teamId: 'a', guardrails: ['blocks'] });
    const read = async (key: string, method = 'GET', path = '/resp_said') => {
      const body = method === 'POST' ? { body: JSON.stringify({ model: 'gpt', input: 'hi' }) } : {};
      const answer = await fetch(`${guarded.url}/v1/responses${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...body,
      });
      return { status: answer.status, text: await answer.text() };
    };
    for (const shown of [await read('sk-masked', 'POST', ''), await read('sk-masked')]) {
      expect(shown.status).toBe(200);
      expect(shown.text).toContain('Write to <EMAIL_ADDRESS>');
      expect(shown.text).not.toContain('taro');
    }
    const blocked = await read('sk-blocked');
    expect(blocked.status).toBe(400);
    expect(blocked.text).not.toContain('taro');
    await guarded.close();
  });
});
