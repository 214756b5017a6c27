// Bedrock through the conformance suite, and what only its language has: binary events, signatures, cache points.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { describeProvider, type Said } from '#gateway/providers/conformance.ts';
import { providerOf } from '#gateway/providers/registry.ts';
import { type ScriptedUpstream, type Seen, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { DEPLOYMENT, MASTER_KEY, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import type { Deployment } from '#settings/settings.ts';
import { EventStream } from './event-stream.ts';
import { streamMessage as message } from './event-stream-fixture.ts';
import { ConverseReader } from './stream.ts';

const STOPS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' };

const event = (type: string, body: object) =>
  message({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }, JSON.stringify(body));
const exception = (type: string, text: string) => message({ ':message-type': 'exception', ':exception-type': type }, JSON.stringify({ message: text }));
const usage = ({ usage: { input, cached, written, output } }: Said) => ({
  inputTokens: input,
  outputTokens: output,
  totalTokens: input + output,
  cacheReadInputTokens: cached,
  cacheWriteInputTokens: written,
});

const blocks = ({ thinking, text, calls }: Said): Fields[] => [
  ...(thinking ? [{ reasoningContent: { reasoningText: { text: thinking.text.join(''), signature: thinking.signature } } }] : []),
  ...(text ? [{ text: text.join('') }] : []),
  ...(calls ?? []).map(({ id, name, input }) => ({ toolUse: { toolUseId: id, name, input } })),
];

function frames(said: Said): Buffer[] {
  const out = [event('messageStart', { role: 'assistant' })];
  let contentBlockIndex = 0;
  const block = (deltas: object[], start?: object) => {
    if (start) out.push(event('contentBlockStart', { contentBlockIndex, start }));
    for (const delta of deltas) out.push(event('contentBlockDelta', { contentBlockIndex, delta }));
    out.push(event('contentBlockStop', { contentBlockIndex }));
    contentBlockIndex += 1;
  };
  if (said.thinking)
    block([...said.thinking.text.map((text) => ({ reasoningContent: { text } })), { reasoningContent: { signature: said.thinking.signature } }]);
  if (said.text) block(said.text.map((text) => ({ text })));
  for (const { id, name, input } of said.calls ?? []) {
    const json = JSON.stringify(input);
    block([{ toolUse: { input: json.slice(0, 4) } }, { toolUse: { input: json.slice(4) } }], { toolUse: { toolUseId: id, name } });
  }
  return [...out, event('messageStop', { stopReason: STOPS[said.stop] }), event('metadata', { usage: usage(said), metrics: { latencyMs: 1 } })];
}

const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const KEYS = { aws_access_key_id: 'AKIDEXAMPLE', aws_secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', aws_region_name: 'us-east-1' };
const deployment = (more: Partial<Deployment> = {}): Deployment => ({
  ...DEPLOYMENT,
  provider: 'bedrock',
  providerName: 'bedrock',
  upstreamModel: MODEL,
  apiKey: null,
  cloud: KEYS,
  ...more,
});
const upstream = (more: Partial<Deployment> = {}) => providerOf(deployment(more)).upstream(deployment(more), false);

describeProvider({
  name: 'bedrock',
  deployment: (url) => ({
    provider: 'bedrock',
    providerName: 'bedrock',
    upstreamModel: `converse/${MODEL}`,
    apiKey: null,
    cloud: { ...KEYS, aws_bedrock_runtime_endpoint: url },
  }),
  spoken: {
    headers: { 'content-type': 'application/vnd.amazon.eventstream' },
    whole: (said) => JSON.stringify({ output: { message: { role: 'assistant', content: blocks(said) } }, stopReason: STOPS[said.stop], usage: usage(said) }),
    frames,
    error: (_status, text) => JSON.stringify({ message: text }),
    failedFrames: (text) => [exception('throttlingException', text)],
  },
  understood({ body }: Seen) {
    const content = objectsOf(body.messages).flatMap((given) => objectsOf(given.content));
    const config = fieldsOf(body.toolConfig);
    return {
      system: objectsOf(body.system)
        .map((block) => textOf(block.text))
        .join(''),
      texts: content.filter((block) => block.text !== undefined).map((block) => textOf(block.text)),
      tools: objectsOf(config.tools).map((tool) => textOf(fieldsOf(tool.toolSpec).name)),
      maxTokens: Number(fieldsOf(body.inferenceConfig).maxTokens),
      pictures: content.filter((block) => block.image !== undefined).map((block) => `image/${textOf(fieldsOf(block.image).format)}`),
      results: content
        .filter((block) => block.toolResult !== undefined)
        .map((block) =>
          objectsOf(fieldsOf(block.toolResult).content)
            .map((given) => textOf(given.text))
            .join(''),
        ),
      toolChoice: fieldsOf(config.toolChoice).any === undefined ? '' : 'required',
    };
  },
});

describe('Bedrock', () => {
  it('is addressed by region and model, whatever LiteLLM writes before it', () => {
    expect(upstream().origin).toBe('https://bedrock-runtime.us-east-1.amazonaws.com');
    expect(upstream().path('chat', MODEL)).toBe('/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse');
    expect(upstream().path('chat', `converse/${MODEL}`, true)).toMatch(/v1%3A0\/converse-stream$/);
    const arn = 'arn:aws:bedrock:us-east-1:1:application-inference-profile/abc';
    expect(upstream().path('chat', arn)).toBe(`/model/${encodeURIComponent(arn)}/converse`);
    expect(upstream({ cloud: {}, upstreamModel: `eu-west-1/${MODEL}` }).origin).toBe('https://bedrock-runtime.eu-west-1.amazonaws.com');
    expect(() => upstream({ cloud: {} })).toThrow('AWS_REGION');
    expect(() => upstream({ cloud: { aws_region_name: 'x.evil/' } })).toThrow('aws_region_name');
  });
  it('signs every request anew, and not when it has a bearer token', async () => {
    const sending = { path: upstream().path('chat', MODEL), body: Buffer.from('{}'), stream: false };
    const headers = (await upstream({ cloud: { ...KEYS, aws_session_token: 'session' } }).authorize?.(sending)) as string[];
    const named = Object.fromEntries(headers.flatMap((value, index) => (index % 2 === 0 ? [[value, headers[index + 1]]] : [])));
    expect(named.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/bedrock\/aws4_request, SignedHeaders=[a-z0-9;-]*host;[^,]*, Signature=[0-9a-f]{64}$/,
    );
    expect(named['x-amz-security-token']).toBe('session');
    const bearer = upstream({ apiKey: 'bedrock-token' });
    expect([bearer.authorize, bearer.headers.includes('Bearer bedrock-token')]).toEqual([undefined, true]);
  });
});

describe('a role to assume', () => {
  let server: ScriptedUpstream;
  let test: TestGateway;
  beforeAll(async () => {
    server = await startScriptedUpstream();
    const cloud = {
      ...KEYS,
      aws_role_name: 'arn:aws:iam::1:role/r',
      aws_session_name: 's',
      aws_external_id: 'e',
      aws_sts_endpoint: server.url,
      aws_bedrock_runtime_endpoint: server.url,
    };
    test = await startTestGateway({ deployments: [deployment({ modelName: 'm', cloud })] });
  });
  afterAll(async () => {
    await test.close();
    await server.close();
  });
  it('is assumed once and its credentials sign the calls', async () => {
    const expiration = new Date(Date.now() + 3600_000).toISOString();
    const credentials = `<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>role-session</SessionToken><Expiration>${expiration}</Expiration></Credentials>`;
    const sts = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>${credentials}</AssumeRoleResult></AssumeRoleResponse>`;
    const answer = {
      pieces: ['{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1}}'],
    };
    server.script({ headers: { 'content-type': 'text/xml' }, pieces: [sts] }, answer, answer);
    const post = () =>
      fetch(`${test.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${MASTER_KEY}` },
        body: '{"model":"m","messages":[{"role":"user","content":"Hi"}]}',
      });
    expect((await post()).status).toBe(200);
    expect((await post()).status).toBe(200);
    expect(server.seen.map(({ path }) => path.replace(/.*\//, ''))).toEqual(['', 'converse', 'converse']);
    expect(server.seen[0]?.raw).toContain('ExternalId=e');
    expect(server.seen[1]?.headers.authorization).toContain('Credential=ASIAROLE/');
    expect(server.seen[1]?.headers['x-amz-security-token']).toBe('role-session');
  });
});

const facts = (more: Partial<WireFacts> = {}): WireFacts => ({
  deployment: DEPLOYMENT,
  model: MODEL,
  stream: false,
  dropParams: false,
  id: 'x',
  nowSeconds: 1,
  ...more,
});
const hello = [{ role: 'user', content: 'Hi' }];
const wire = (chat: Partial<ChatRequest>, more: Partial<WireFacts> = {}) =>
  (upstream().wire as NonNullable<ReturnType<typeof upstream>['wire']>)({ messages: hello, ...chat }, facts(more));
const body = (chat: Partial<ChatRequest>, more: Partial<WireFacts> = {}) => wire(chat, more).body;

describe('a chat for Converse', () => {
  it('puts a cache point behind what is marked, and brings reasoning back', () => {
    const mark = { type: 'ephemeral' };
    const thinking_blocks = [
      { type: 'thinking', thinking: 't', signature: 's' },
      { type: 'thinking', thinking: 'x', signature: 'gemini#y' },
    ];
    expect(
      body({
        messages: [
          { role: 'system', content: [{ type: 'text', text: 'A', cache_control: mark }] },
          ...hello,
          { role: 'assistant', content: 'ok', thinking_blocks, tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] },
          { role: 'tool', tool_call_id: 'c', content: 'r', is_error: true },
        ],
        tools: [{ type: 'function', function: { name: 'f' }, cache_control: mark }],
      }),
    ).toEqual({
      system: [{ text: 'A' }, { cachePoint: { type: 'default' } }],
      messages: [
        { role: 'user', content: [{ text: 'Hi' }] },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 't', signature: 's' } } },
            { text: 'ok' },
            { toolUse: { toolUseId: 'c', name: 'f', input: {} } },
          ],
        },
        { role: 'user', content: [{ toolResult: { toolUseId: 'c', content: [{ text: 'r' }], status: 'error' } }] },
      ],
      toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } } }, { cachePoint: { type: 'default' } }] },
    });
  });
  it('names tools that the conversation has called when the request does not', () => {
    const messages = [{ role: 'assistant', content: null, tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] }];
    expect(fieldsOf(body({ messages }).toolConfig).tools).toMatchObject([{ toolSpec: { name: 'f' } }]);
  });
  it('gives documents a name that AWS takes, and refuses what is only an address', () => {
    const part = { type: 'file', file: { filename: '見積 2026_v1.pdf', file_data: 'data:application/pdf;base64,QQ==' } };
    const [first] = objectsOf(body({ messages: [{ role: 'user', content: [part] }] }).messages);
    expect(objectsOf(first?.content)).toEqual([{ document: { format: 'pdf', name: '2026 v1', source: { bytes: 'QQ==' } } }]);
    expect(() => body({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] }] })).toThrow('data: URL');
  });
  it('gives what Converse has no word for to the model, and JSON by a forced tool', () => {
    expect(body({ top_k: 5, reasoning_effort: 'low', guardrailConfig: { a: 1 } })).toMatchObject({
      additionalModelRequestFields: { top_k: 5, thinking: { type: 'enabled', budget_tokens: 1024 } },
      guardrailConfig: { a: 1 },
    });
    expect(body({ reasoning_effort: 'low' }, { model: 'openai.gpt-oss-120b-1:0' }).additionalModelRequestFields).toEqual({ reasoning_effort: 'low' });
    const json = wire({ response_format: { type: 'json_schema', json_schema: { schema: { type: 'object', properties: { a: {} } } } } });
    expect(fieldsOf(json.body.toolConfig).toolChoice).toEqual({ tool: { name: 'json_tool_call' } });
    const answer = json.answer({
      output: { message: { content: [{ toolUse: { toolUseId: 'i', name: 'json_tool_call', input: { a: 1 } } }] } },
      stopReason: 'tool_use',
    });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '{"a":1}' } });
  });
  it('never faults, whatever a client sends', () => {
    const soup = fc.dictionary(fc.constantFrom('tools', 'tool_choice', 'response_format', 'stop', 'thinking', 'reasoning_effort'), fc.jsonValue());
    const part = fc.record({
      type: fc.constantFrom('text', 'image_url', 'file', 'input_audio'),
      text: fc.jsonValue(),
      image_url: fc.jsonValue(),
      file: fc.jsonValue(),
    });
    const one = fc.record({
      role: fc.constantFrom('user', 'assistant', 'tool', 'system'),
      content: fc.oneof(fc.jsonValue(), fc.array(part)),
      tool_calls: fc.jsonValue(),
      thinking_blocks: fc.jsonValue(),
    });
    fc.assert(
      fc.property(soup, fc.array(one), (more, messages) => {
        try {
          JSON.stringify(body({ ...more, messages } as ChatRequest, { dropParams: true }));
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('AWS’s event stream', () => {
  it('gives every message, in any pieces', () => {
    const list = fc.array(
      fc.record({ headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 40 })), payload: fc.string() }),
    );
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 30 }), (messages, size) => {
        const bytes = Buffer.concat(messages.map(({ headers, payload }) => message(headers, payload)));
        const stream = new EventStream();
        const read = [];
        for (let at = 0; at < bytes.length; at += size) read.push(...stream.push(bytes.subarray(at, at + size)));
        expect(read.map(({ headers, payload }) => [Object.fromEntries(headers), payload])).toEqual(
          messages.map(({ headers, payload }) => [{ ...headers }, payload]),
        );
        expect(stream.isWhole).toBe(true);
      }),
    );
  });
  it('notices every flipped bit', () => {
    const whole = event('contentBlockDelta', { delta: { text: 'こんにちは' } });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length * 8 - 1 }), (bit) => {
        const broken = Buffer.from(whole);
        broken[bit >> 3] = (broken[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => new EventStream().push(broken)).toThrow('damaged');
      }),
    );
  });
  it('of any events is read without faults of ours', () => {
    const type = fc.constantFrom('messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata', 'new');
    const given = fc.record({
      type,
      body: fc.oneof(
        fc.jsonValue(),
        fc.record({ contentBlockIndex: fc.nat(2), delta: fc.jsonValue(), start: fc.jsonValue(), stopReason: fc.jsonValue(), usage: fc.jsonValue() }),
      ),
    });
    fc.assert(
      fc.property(fc.array(given), (events) => {
        try {
          const reader = new ConverseReader(facts(), false);
          reader.push(Buffer.concat(events.map((one) => event(one.type, one.body as object))));
          reader.end();
        } catch (error) {
          expect(error instanceof UpstreamSaid || (error as Error).message.includes('not JSON')).toBe(true);
        }
      }),
    );
  });
});
