// Claude on Bedrock for clients of Messages: the client's own body but for what stands elsewhere on AWS, events unpacked byte for byte, counts by CountTokens.
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { UpstreamSaid } from '#gateway/providers/wire.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { invokeChunk, streamMessage } from './event-stream-fixture.ts';
import { invokeAnswer } from './invoke.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
let upstream: ScriptedUpstream;
let test: TestGateway;
let anthropic: Anthropic;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const deployment = (modelName: string, upstreamModel: string, more: object = {}) => ({
    ...DEPLOYMENT,
    id: modelName,
    modelName,
    upstreamModel,
    provider: 'bedrock' as const,
    providerName: 'bedrock',
    apiKey: 'bedrock-bearer',
    cloud: { aws_region_name: 'us-east-1', aws_bedrock_runtime_endpoint: upstream.url },
    ...more,
  });
  test = await startTestGateway({
    deployments: [
      deployment('claude', MODEL),
      deployment('guarded', MODEL, { defaultParameters: { guardrailConfig: { guardrailIdentifier: 'g' } } }),
      deployment('converse', `converse/${MODEL}`),
    ],
  });
  test.key('sk-user');
  anthropic = new Anthropic({ apiKey: 'sk-user', baseURL: test.url, maxRetries: 0 });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});

const EVENTS = [
  {
    type: 'message_start',
    message: { id: 'm', type: 'message', role: 'assistant', model: 'claude', content: [], usage: { input_tokens: 9, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'こんにちは' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 9 } },
];
const STREAM = { 'content-type': 'application/vnd.amazon.eventstream' };
const ASK = { model: 'claude', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hello' }] };
const settled = () => test.written.settled.at(-1)?.record;

describe('a Messages call to Claude on Bedrock', () => {
  it('passes whole, with members that nobody here knows', async () => {
    const whole = JSON.stringify(
      { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'hi' }], new_thing: 1, usage: { input_tokens: 3, output_tokens: 1 } },
      null,
      1,
    );
    upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [whole] });
    const answer = await fetch(`${test.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'sk-user', 'anthropic-beta': 'context-1m, interleaved' },
      body: '{"model":"claude","max_tokens":5,"messages":[],"context_management":{"edits":[]},"stream":false,"metadata":{"user_id":"u","tags":["t"]}}',
    });
    expect(await answer.text()).toBe(whole);
    expect(upstream.seen[0]?.path).toBe(`/model/${encodeURIComponent(MODEL)}/invoke`);
    expect(upstream.seen[0]?.headers).toMatchObject({ authorization: 'Bearer bedrock-bearer' });
    expect(upstream.seen[0]?.headers['anthropic-beta']).toBeUndefined();
    expect(upstream.seen[0]?.body).toEqual({
      max_tokens: 5,
      messages: [],
      context_management: { edits: [] },
      metadata: { user_id: 'u' },
      anthropic_version: 'bedrock-2023-05-31',
      anthropic_beta: ['context-1m', 'interleaved'],
    });
    expect(settled()).toMatchObject({ endpoint: 'messages', usage: { input: 3, output: 1 }, usageEstimated: false });
  });
  it.each([1, 13, 100_000])('streams in pieces of %i bytes, its end after the settlement', async (size) => {
    const bytes = Buffer.concat(EVENTS.map(invokeChunk));
    upstream.script({
      headers: STREAM,
      pieces: Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size)),
    });
    const message = await anthropic.messages.stream(ASK).finalMessage();
    expect([message.content, message.stop_reason, message.usage.output_tokens]).toMatchObject([[{ type: 'text', text: 'こんにちは' }], 'end_turn', 5]);
    expect(upstream.seen[0]?.path).toMatch(/\/invoke-with-response-stream$/);
    expect(upstream.seen[0]?.body.stream).toBeUndefined();
    expect(settled()).toMatchObject({ outcome: 'success', usage: { input: 9, output: 5 }, usageEstimated: false });
  });
  it('tells errors in the stream, at its beginning and later, and a cut one', async () => {
    const throttled = streamMessage({ ':message-type': 'exception', ':exception-type': 'throttlingException' }, '{"message":"slow down"}');
    upstream.script({ headers: STREAM, pieces: [throttled] });
    await expect(anthropic.messages.stream(ASK).finalMessage()).rejects.toMatchObject({ status: 429 });
    for (const rest of [[throttled], []]) {
      upstream.script({ headers: STREAM, pieces: [...EVENTS.slice(0, 3).map(invokeChunk), ...rest] });
      await expect(anthropic.messages.stream(ASK).finalMessage()).rejects.toThrow();
      expect(settled()).toMatchObject({ outcome: 'failure' });
    }
  });
  it('goes by Converse where the configuration asks for it or guards it', async () => {
    for (const model of ['converse', 'guarded']) {
      upstream.script({
        pieces: [
          JSON.stringify({
            output: { message: { role: 'assistant', content: [{ text: 'hi' }] } },
            stopReason: 'end_turn',
            usage: { inputTokens: 1, outputTokens: 1 },
          }),
        ],
      });
      expect((await anthropic.messages.create({ ...ASK, model })).content).toMatchObject([{ text: 'hi' }]);
      expect(upstream.seen[0]?.path).toMatch(/\/converse$/);
    }
    expect(upstream.seen[0]?.body.guardrailConfig).toEqual({ guardrailIdentifier: 'g' });
  });
});

describe('a count of tokens on Bedrock', () => {
  const count = () => anthropic.messages.countTokens({ model: 'claude', messages: ASK.messages, system: 'Be kind.' });
  it('is CountTokens’, for the model without its region', async () => {
    upstream.script({ pieces: ['{"inputTokens":17}'] });
    expect((await count()).input_tokens).toBe(17);
    expect(upstream.seen[0]?.path).toBe(`/model/${encodeURIComponent(MODEL.slice(3))}/count-tokens`);
    const sent = (upstream.seen[0]?.body as { input?: { invokeModel?: { body?: string } } } | undefined)?.input?.invokeModel?.body ?? '';
    expect(JSON.parse(Buffer.from(sent, 'base64').toString())).toEqual({
      messages: ASK.messages,
      system: 'Be kind.',
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 1,
    });
  });
  it('is an estimate where the model is not counted, and an error where the upstream fails', async () => {
    upstream.script({ status: 400, pieces: ['{"message":"The provided model doesn\'t support counting tokens."}'] });
    expect((await count()).input_tokens).toBeGreaterThan(0);
    upstream.script({ status: 403, pieces: ['{"message":"no access"}'] });
    await expect(count()).rejects.toMatchObject({ status: 403 });
  });
});

describe('the events of InvokeModelWithResponseStream', () => {
  it('no bytes make them fault in another way than they say', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.jsonValue().map((value) => streamMessage({ ':message-type': 'event', ':event-type': 'chunk' }, JSON.stringify(value))),
      fc.jsonValue().map((value) => invokeChunk(value as object)),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const stream = invokeAnswer.stream();
        try {
          for (const bytes of pieces) stream.push(bytes);
          stream.end();
        } catch (error) {
          expect(error instanceof UpstreamSaid || /stream/.test((error as Error).message)).toBe(true);
        }
      }),
    );
  });
});
