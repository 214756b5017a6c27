// Snowflake Cortex through the conformance suite, and what only its language has: accounts and tokens, content lists, streams that simply end.

import fc from 'fast-check';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { describeProvider, type Said } from '#gateway/providers/conformance.ts';
import { providerOf } from '#gateway/providers/registry.ts';
import { type Seen, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { DEPLOYMENT, startTestGateway } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import type { Deployment } from '#settings/settings.ts';
import { completeRequest } from './request.ts';
import { CompleteReader } from './stream.ts';

const usage = ({ usage: { input, cached, output } }: Said) => ({
  prompt_tokens: input + cached,
  completion_tokens: output,
  total_tokens: input + cached + output,
  prompt_tokens_details: { cached_tokens: cached },
});
const STOPS = { stop: 'stop', length: 'length', tool_calls: 'tool_use' };

function frames(said: Said): string[] {
  const frame = (delta: object, more: object = { usage: {} }) =>
    `data: ${JSON.stringify({ id: 'c1', model: 'claude-4-sonnet', choices: [{ delta }], ...more })}\n\n`;
  const last = `data: ${JSON.stringify({ id: 'c1', choices: [{ delta: { type: 'text', content: '' }, finish_reason: STOPS[said.stop] }], usage: usage(said) })}\n\n`;
  return [
    ...(said.text ?? []).map((text) => frame({ type: 'text', content: text, content_list: [{ type: 'text', text }], text })),
    ...(said.calls ?? []).flatMap(({ id, name, input }) => {
      const json = JSON.stringify(input);
      return [
        frame({ type: 'tool_use', tool_use_id: id, name, content_list: [{ tool_use_id: id, name }] }),
        frame({ type: 'tool_use', input: json.slice(0, 5), content_list: [{ input: json.slice(0, 5) }] }),
        frame({ type: 'tool_use', input: json.slice(5), content_list: [{ input: json.slice(5) }] }),
      ];
    }),
    last,
  ];
}

describeProvider({
  name: 'snowflake',
  deployment: (url) => ({ provider: 'snowflake', providerName: 'snowflake', upstreamModel: 'claude-4-sonnet', apiKey: 'jwt', apiBase: url }),
  cannot: { thinking: true, signature: true, cacheWrites: true },
  spoken: {
    whole(said) {
      const text = said.text?.join('') ?? '';
      const calls = (said.calls ?? []).map(({ id, name, input }) => ({ type: 'tool_use', tool_use: { tool_use_id: id, name, input } }));
      const message = { content: text, content_list: [...(text === '' ? [] : [{ type: 'text', text }]), ...calls] };
      return JSON.stringify({ id: 'c1', model: 'claude-4-sonnet', choices: [{ message, finish_reason: STOPS[said.stop] }], usage: usage(said) });
    },
    frames,
    error: (_status, message) => JSON.stringify({ message, code: '390000', request_id: 'r' }),
    failedFrames: (message) => [`data: ${JSON.stringify({ error: { message, code: 503 } })}\n\n`],
  },
  understood({ body }: Seen) {
    const messages = objectsOf(body.messages);
    const parts = messages.flatMap((message) => objectsOf(message.content_list));
    const users = messages.filter((message) => message.role === 'user');
    return {
      system: textOf(messages.find((message) => message.role === 'system')?.content),
      texts: users.flatMap((message) =>
        typeof message.content === 'string'
          ? [message.content]
          : objectsOf(message.content_list)
              .filter((part) => part.type === 'text')
              .map((part) => textOf(part.text)),
      ),
      tools: objectsOf(body.tools).map((tool) => textOf(fieldsOf(tool.tool_spec).name)),
      maxTokens: Number(body.max_tokens),
      pictures: parts.filter((part) => part.type === 'image').map((part) => textOf(fieldsOf(part.details).content_type)),
      results: parts
        .filter((part) => part.type === 'tool_results')
        .map((part) =>
          objectsOf(fieldsOf(part.tool_results).content)
            .map(({ text }) => textOf(text))
            .join(''),
        ),
      toolChoice: textOf(fieldsOf(body.tool_choice).type),
    };
  },
});

const deployment = (more: Partial<Deployment> = {}): Deployment => ({
  ...DEPLOYMENT,
  provider: 'snowflake',
  providerName: 'snowflake',
  apiBase: null,
  ...more,
});
const upstream = (more: Partial<Deployment> = {}) => providerOf(deployment(more)).upstream(deployment(more), false);
const FACTS: WireFacts = { deployment: DEPLOYMENT, model: 'm', stream: false, dropParams: false, id: 'chatcmpl-1', nowSeconds: 1 };

describe('Snowflake', () => {
  it('is addressed by account, with a key pair’s or a programmatic token', () => {
    const made = upstream({ apiKey: 'pat/secret', cloud: { snowflake_account_id: 'my-org-account' } });
    expect(made.origin + made.path('chat', 'm')).toBe('https://my-org-account.snowflakecomputing.com/api/v2/cortex/inference:complete');
    expect(made.headers).toEqual(expect.arrayContaining(['Bearer secret', 'PROGRAMMATIC_ACCESS_TOKEN']));
    expect(upstream({ apiKey: null, cloud: { account_id: 'a', snowflake_jwt: 'jwt' } }).headers).toEqual(expect.arrayContaining(['Bearer jwt', 'KEYPAIR_JWT']));
    expect(upstream({ apiBase: 'https://x.example/api/v2/cortex/inference:complete' }).path('embeddings', 'm')).toBe('/api/v2/cortex/inference:embed');
    expect(() => upstream({ cloud: {} })).toThrow('SNOWFLAKE_ACCOUNT_ID');
    expect(() => upstream({ cloud: { account_id: 'evil.example/x' } })).toThrow('SNOWFLAKE_ACCOUNT_ID');
    expect(() => upstream({ apiKey: null, cloud: { account_id: 'a' } })).toThrow('SNOWFLAKE_JWT');
  });
  it('embeds texts', async () => {
    const server = await startScriptedUpstream();
    const test = await startTestGateway({ deployments: [deployment({ modelName: 'e', upstreamModel: 'e5-base-v2', apiBase: server.url })] });
    test.key('sk-user');
    server.script({ pieces: ['{"object":"list","data":[{"embedding":[[0.5,0.25]],"index":0},{"embedding":[[1,2]],"index":1}],"usage":{"total_tokens":7}}'] });
    const openai = new OpenAI({ apiKey: 'sk-user', baseURL: `${test.url}/v1`, maxRetries: 0 });
    const answer = await openai.embeddings.create({ model: 'e', input: ['a', 'b'] });
    expect([answer.data.map(({ embedding }) => embedding), answer.usage.prompt_tokens]).toEqual([
      [
        [0.5, 0.25],
        [1, 2],
      ],
      7,
    ]);
    expect(server.seen[0]?.body).toEqual({ model: 'e5-base-v2', text: ['a', 'b'] });
    await test.close();
    await server.close();
  });
});

describe('a chat for Cortex', () => {
  const body = (chat: Fields) => completeRequest({ messages: [], ...chat } as ChatRequest, FACTS);
  it('has plain texts as content, formats as schemas, one turn for results that follow each other', () => {
    expect(body({ messages: [{ role: 'developer', content: [{ type: 'text', text: 'a' }] }], temperature: 0.5, max_completion_tokens: 9 })).toMatchObject({
      messages: [{ role: 'system', content: 'a' }],
      temperature: 0.5,
      max_tokens: 9,
      stream: false,
    });
    const results = body({ messages: ['1', '2'].map((id) => ({ role: 'tool', tool_call_id: id, content: id })) }).messages;
    expect(objectsOf(results)).toHaveLength(1);
    expect(body({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } } }).response_format).toEqual({
      type: 'json',
      schema: { type: 'object' },
    });
    expect(body({ tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: { type: 'function', function: { name: 'f' } } }).tool_choice).toEqual({
      type: 'tool',
      name: ['f'],
    });
  });
  it('refuses by name what Cortex cannot take', () => {
    expect(() => body({ stop: ['x'] })).toThrow("['stop']");
    expect(() => body({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] }] })).toThrow('data: URLs');
    expect(() => body({ messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] })).toThrow('input_audio');
  });
  it('never faults, whatever a client sends', () => {
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant', 'tool', 'system'),
      content: fc.jsonValue(),
      tool_calls: fc.jsonValue(),
      tool_call_id: fc.jsonValue(),
    });
    fc.assert(
      fc.property(
        fc.array(message),
        fc.dictionary(fc.constantFrom('tools', 'tool_choice', 'response_format', 'stop', 'n'), fc.jsonValue()),
        (messages, more) => {
          try {
            body({ messages, ...more });
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
    );
  });
});

describe('its stream', () => {
  it('is whole with its counts, without [DONE]; cut without; and no bytes make it fault in another way than it says', () => {
    const whole = new CompleteReader(FACTS);
    whole.push(Buffer.from('data: {"choices":[{"delta":{"type":"text","content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'));
    expect(whole.end()?.map(({ choices, usage }) => choices[0]?.finish_reason ?? usage?.completion_tokens)).toEqual(['stop', 2]);
    const cut = new CompleteReader(FACTS);
    cut.push(Buffer.from('data: {"choices":[{"delta":{"content":"a"}}],"usage":{}}\n\n'));
    expect(cut.end()).toBeNull();
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.jsonValue().map((value) => `data: ${JSON.stringify({ choices: [{ delta: value }] })}\n\n`),
          ),
        ),
        (pieces) => {
          const reader = new CompleteReader(FACTS);
          try {
            for (const piece of pieces) reader.push(Buffer.from(piece));
            reader.end();
          } catch (error) {
            expect(error instanceof UpstreamSaid || /stream/.test((error as Error).message)).toBe(true);
          }
        },
      ),
    );
  });
});
