// /v1/messages: bytes pass where Anthropic is behind, Claude Code's requests arrive whole, counts of tokens, errors in Anthropic's words, streams cut and aborted.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk } from '#gateway/providers/chat.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import { readMessagesCall } from './request.ts';
import { MessagesScan } from './scan.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const claude = {
    ...DEPLOYMENT,
    id: 'claude',
    modelName: 'claude',
    provider: 'anthropic' as const,
    providerName: 'anthropic',
    apiBase: upstream.url,
    upstreamModel: 'claude-sonnet-4-5',
  };
  test = await startTestGateway({ deployments: [claude, { ...DEPLOYMENT, modelName: 'gpt', apiBase: `${upstream.url}/v1` }] });
  test.key('sk-user');
  test.key('sk-limited', { models: ['gpt'] });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});

const post = (path: string, body: string | object, headers: Record<string, string> = { 'x-api-key': 'sk-user' }) =>
  fetch(`${test.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const ANSWER =
  '{"id":"msg_1", "type":"message","role":"assistant","model":"claude-sonnet-4-5-x","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2,"cache_read_input_tokens":1000,"cache_creation_input_tokens":10},"new_field":1}';
const ask = { model: 'claude', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

describe('between Anthropic’s own ends', () => {
  it('both bodies pass as bytes but for the model’s name, and cached tokens have their price', async () => {
    upstream.script({ pieces: [ANSWER] });
    const sent = '{ "model":"claude",  "max_tokens":9,"messages":[{"role":"user","content":"h\\u0069"}], "unknown":{"b":1,"a":2} }';
    const answer = await post('/v1/messages?beta=true', sent, {
      authorization: 'Bearer sk-user',
      'anthropic-beta': 'context-1m-2025-08-07',
      'anthropic-version': '2023-01-01',
    });
    expect(await answer.text()).toBe(ANSWER);
    const [seen] = upstream.seen;
    expect(seen?.raw).toBe(sent.replace('"claude"', '"claude-sonnet-4-5"').replace('{ ', '{').replace(',  ', ',').replace(' }', '}'));
    expect(seen?.path).toBe('/v1/messages');
    expect(seen?.headers).toMatchObject({
      'x-api-key': 'sk-upstream-secret-123456',
      'anthropic-beta': 'context-1m-2025-08-07',
      'anthropic-version': '2023-01-01',
    });
    expect(seen?.headers.authorization).toBeUndefined();
    const { record } = test.written.settled.at(-1) as (typeof test.written.settled)[number];
    expect(record.usage).toEqual({ input: 3, output: 2, total: 1015, cachedInput: 1000, cacheCreationInput: 10 });
  });
  it('Claude Code’s requests arrive: system lists, cache marks, metadata, tools; its session is the trace’s', async () => {
    upstream.script({ pieces: [ANSWER] });
    const body = {
      ...ask,
      system: [{ type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral' } }],
      metadata: { user_id: 'user_abc_account__session_01234567-89ab-4cde-8fab-0123456789ab', tags: ['mine'] },
      tools: [{ name: 'Bash', input_schema: { type: 'object', properties: {} } }],
      thinking: { type: 'enabled', budget_tokens: 1024 },
    };
    expect((await post('/v1/messages?beta=true', body)).status).toBe(200);
    expect(upstream.seen[0]?.body).toEqual({ ...body, model: 'claude-sonnet-4-5', metadata: { user_id: body.metadata.user_id } });
    const record = test.written.settled.at(-1)?.record;
    expect(record).toMatchObject({ sessionId: '01234567-89ab-4cde-8fab-0123456789ab', tags: ['mine'], endUser: body.metadata.user_id });
  });
  it('a stream that is left early is billed by its own count of the input', async () => {
    const start =
      'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":7,"cache_read_input_tokens":500,"output_tokens":1}}}\n\n';
    const delta =
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"four tokens here it is"}}\n\n';
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [start, delta], after: 'cut' });
    expect(await (await post('/v1/messages', { ...ask, stream: true })).text()).toContain('event: error');
    expect(test.written.settled.at(-1)?.record).toMatchObject({ usageEstimated: true, usage: { input: 7, cachedInput: 500, output: 6 } });
  });
  it('an error inside a stream becomes one error event and a failure on record', async () => {
    const start = 'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}\n\n';
    const error = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [start, error], after: 'hang' });
    const text = await (await post('/v1/messages', { ...ask, stream: true })).text();
    expect(text.match(/event: error/g)).toHaveLength(1);
    expect(test.written.settled.at(-1)?.record).toMatchObject({ outcome: 'failure', errorMessage: expect.stringContaining('Overloaded') });
  });
});

describe('errors', () => {
  it.each([
    [{ ...ask, model: 'nope' }, 400, 'invalid_request_error'],
    ['{"model":', 400, 'invalid_request_error'],
    [{ model: 'gpt', max_tokens: 1 }, 400, 'invalid_request_error'],
  ])('%j is refused in Anthropic’s envelope', async (body, status, type) => {
    const answer = await post('/v1/messages', body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type } });
  });
  it('of keys are authentication errors', async () => {
    const answer = await post('/v1/messages', ask, { 'x-api-key': 'sk-nobody' });
    expect([answer.status, await answer.json()]).toMatchObject([401, { type: 'error', error: { type: 'authentication_error' } }]);
    expect(await (await fetch(`${test.url}/v1/messages`)).json()).toMatchObject({ type: 'error' });
  });
});

describe('count_tokens', () => {
  const counted = { model: 'claude', messages: ask.messages, system: 'Be kind.' };
  it('is Anthropic’s where Anthropic is behind, and an estimate elsewhere; nothing is billed', async () => {
    const before = test.written.started.length;
    upstream.script({ pieces: ['{"input_tokens":42}'] });
    expect(await (await post('/v1/messages/count_tokens', counted)).json()).toEqual({ input_tokens: 42 });
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/messages/count_tokens', body: { ...counted, model: 'claude-sonnet-4-5' } });
    const estimate = (await (await post('/v1/messages/count_tokens', { ...counted, model: 'gpt' })).json()) as { input_tokens: number };
    expect(estimate.input_tokens).toBeGreaterThan(3);
    expect(test.written.started).toHaveLength(before);
  });
  it('asks for a key that may use the model, and passes refusals on', async () => {
    expect((await post('/v1/messages/count_tokens', counted, {})).status).toBe(401);
    expect((await post('/v1/messages/count_tokens', counted, { 'x-api-key': 'sk-limited' })).status).toBe(401);
    upstream.script({ status: 400, pieces: ['{"type":"error","error":{"type":"invalid_request_error","message":"bad tools"}}'] });
    const refused = await post('/v1/messages/count_tokens', counted);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('bad tools')]);
  });
});

describe('the translators', () => {
  it('keep what a chat has no word for', () => {
    const { chat } = readMessagesCall({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't', is_error: true, content: 'no' },
            { type: 'text', text: 'so?' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' },
            { type: 'server_tool_use', id: 'x' },
            { type: 'text', text: 'ok' },
          ],
        },
      ],
      top_k: 3,
      stop_sequences: ['x'],
      tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
      output_config: { effort: 'high', format: { type: 'json_schema', schema: { type: 'object' } } },
    });
    expect(chat).toMatchObject({
      messages: [
        { role: 'tool', tool_call_id: 't', content: 'no', is_error: true },
        { role: 'user', content: 'so?' },
        { role: 'assistant', content: 'ok', thinking_blocks: [{ signature: 's' }], provider_specific_fields: { blocks: [{ type: 'server_tool_use' }] } },
      ],
      top_k: 3,
      stop: ['x'],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      tools: [{ type: 'web_search_20250305' }],
      reasoning_effort: 'high',
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
    });
  });
  it('never fault on what a client sends, and write whole streams of any chunks', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('messages', 'system', 'tools', 'tool_choice', 'metadata', 'output_config', 'stop_sequences'), fc.jsonValue()),
        (body) => {
          try {
            readMessagesCall(body);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
    );
    const delta = fc.record({ content: fc.option(fc.string()), reasoning_content: fc.string() }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(delta), (deltas) => {
        const writer = readMessagesCall({ messages: [] }).stream();
        const chunks = deltas.map(
          (part) =>
            ({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: part, finish_reason: null }] }) as ChatChunk,
        );
        const text = chunks.map((chunk) => writer.chunk(chunk)).join('') + writer.end();
        const types = [...text.matchAll(/^event: (\w+)/gm)].map(([, type]) => type);
        expect(types.filter((type) => type === 'content_block_start')).toHaveLength(types.filter((type) => type === 'content_block_stop').length);
        expect([types[0], types.at(-1)]).toEqual(['message_start', 'message_stop']);
      }),
    );
  });
});

describe('the watch over a Messages stream', () => {
  it('passes every byte before the end, however the stream is cut', () => {
    const frames = fc.array(
      fc.oneof(
        fc.string().map((text) => `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', delta: { text } })}\n\n`),
        fc.constant(': comment\n\n'),
        fc.constant('event: ping\ndata: {"type": "ping"}\n\n'),
        fc.constant('event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}\n\n'),
      ),
    );
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 40 }), (list, size) => {
        const bytes = Buffer.from(`${list.join('')}event: message_stop\ndata: {"type":"message_stop"}\n\n`);
        const scan = new MessagesScan();
        const out: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) out.push(scan.push(bytes.subarray(at, at + size)) ?? Buffer.alloc(0));
        expect(Buffer.concat(out).toString()).toBe(list.join(''));
        expect([scan.done, scan.malformed]).toEqual([true, false]);
      }),
    );
  });
  it('notices bytes that are no events', () => {
    const scan = new MessagesScan();
    expect(scan.push(Buffer.from('event: content_block_delta\ndata: {"type":\n\n'))).toBeNull();
    expect(scan.malformed).toBe(true);
  });
});
