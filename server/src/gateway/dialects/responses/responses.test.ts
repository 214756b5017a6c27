// /v1/responses: bytes pass where OpenAI or Azure is behind, the last event waits for the settlement, errors and cuts are told honestly, thinking goes out and comes back.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { providerOf } from '#gateway/providers/registry.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import { objectsOf } from '#lib/json.ts';
import type { Deployment } from '#settings/settings.ts';
import { readResponsesCall } from './request.ts';
import { ResponsesScan } from './scan.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  test = await startTestGateway({ deployments: [{ ...DEPLOYMENT, modelName: 'gpt', apiBase: `${upstream.url}/v1`, upstreamModel: 'gpt-5' }] });
  test.key('sk-user');
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});
const post = (body: string | object) =>
  fetch(`${test.url}/v1/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-user' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const FACTS = { callId: 'c1', previousId: null, kept: false };
const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'gpt-5-2025',
  error: null,
  output: [],
  usage: { input_tokens: 30, input_tokens_details: { cached_tokens: 10 }, output_tokens: 7, output_tokens_details: { reasoning_tokens: 3 }, total_tokens: 37 },
};
const event = (type: string, fields: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const USAGE = { input: 20, output: 7, total: 37, cachedInput: 10, reasoningOutput: 3 };

describe('between OpenAI’s own ends', () => {
  it('both bodies pass as bytes but for the model’s name', async () => {
    const whole = JSON.stringify(RESPONSE, null, 1);
    upstream.script({ pieces: [whole] });
    const answer = await post('{"model":"gpt","input":"h\\u0069","metadata":{"a":"b"},"unknown":[1],"num_retries":0}');
    expect(await answer.text()).toBe(whole);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/responses', raw: '{"model":"gpt-5","input":"h\\u0069","metadata":{"a":"b"},"unknown":[1]}' });
    expect(test.written.settled.at(-1)?.record).toMatchObject({ endpoint: 'responses', usage: USAGE, usageEstimated: false });
  });
  it('a stream passes as bytes, its last event after the settlement', async () => {
    const frames = [
      event('response.created', { response: { id: 'resp_1' } }),
      event('response.output_text.delta', { delta: 'こん' }),
      event('response.completed', { response: RESPONSE }),
    ];
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: frames, after: 'hang' });
    let release = () => {};
    test.holdSettled.until = new Promise<void>((resolve) => (release = resolve));
    const reader = (await post({ model: 'gpt', input: 'hi', stream: true })).body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const read = async () => {
      const { value, done } = (await reader?.read()) ?? { done: true };
      text += value ?? '';
      return !done;
    };
    while (!text.includes('delta')) await read();
    expect(text).not.toContain('response.completed');
    release();
    test.holdSettled.until = null;
    while (await read());
    expect(text).toBe(frames.join(''));
    expect(test.written.settled.at(-1)?.record).toMatchObject({ outcome: 'success', usage: USAGE, usageEstimated: false });
  });
  it('an error in the stream and a cut stream are failures', async () => {
    const created = event('response.created', { response: { id: 'resp_1' } });
    for (const rest of [[event('error', { code: 'server_error', message: 'broken' })], []]) {
      upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [created, ...rest] });
      const text = await (await post({ model: 'gpt', input: 'hi', stream: true })).text();
      expect(text.match(/event: error/g)).toHaveLength(1);
      expect(text).not.toContain('response.completed');
      expect(test.written.settled.at(-1)?.record).toMatchObject({ outcome: 'failure' });
    }
  });
});

describe('Azure', () => {
  const path = (facts: Partial<Deployment>) => {
    const deployment: Deployment = { ...DEPLOYMENT, provider: 'azure', providerName: 'azure', apiBase: 'https://x.openai.azure.com', ...facts };
    const made = providerOf(deployment).upstream(deployment, false);
    return made.native.has('responses') ? made.path('responses', 'dep') : null;
  };
  it('has Responses in its v1 API and in dated versions since they came', () => {
    expect(path({ apiVersion: 'v1' })).toBe('/openai/v1/responses');
    expect(path({ apiVersion: '2025-04-01-preview' })).toBe('/openai/responses?api-version=2025-04-01-preview');
    expect(path({ apiVersion: '2024-10-21' })).toBeNull();
  });
});

describe('the bridge', () => {
  it('sends thinking out sealed and takes it back', () => {
    const call = readResponsesCall({ input: 'hi' }, FACTS);
    const blocks = [{ type: 'thinking' as const, thinking: 'hm', signature: 's' }];
    const message = { role: 'assistant' as const, content: 'ok', thinking_blocks: blocks, reasoning_content: 'hm' };
    const answer = call.answer({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
    });
    const again = readResponsesCall({ input: [{ role: 'user', content: 'hi' }, ...objectsOf(answer.output), { role: 'user', content: 'more' }] }, FACTS);
    expect(again.chat.messages).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [{ type: 'text', text: 'ok' }], thinking_blocks: blocks },
      { role: 'user', content: 'more' },
    ]);
  });
  it('never faults on what a client sends', () => {
    const item = fc.record({
      type: fc.constantFrom('message', 'function_call', 'function_call_output', 'reasoning'),
      role: fc.jsonValue(),
      content: fc.jsonValue(),
      call_id: fc.jsonValue(),
      output: fc.jsonValue(),
      encrypted_content: fc.jsonValue(),
    });
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.array(item)),
        fc.dictionary(fc.constantFrom('tools', 'tool_choice', 'text', 'reasoning', 'instructions'), fc.jsonValue()),
        (input, more) => {
          try {
            const writer = readResponsesCall({ ...more, input }, FACTS).stream();
            writer.end();
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
    );
  });
});

describe('the watch over a stream of responses', () => {
  it('passes every byte before the last event, however it is cut', () => {
    const frames = fc.array(
      fc.oneof(
        fc.string().map((delta) => event('response.output_text.delta', { delta })),
        fc.constant(': comment\n\n'),
      ),
    );
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 50 }), (list, size) => {
        const last = event('response.completed', { response: RESPONSE });
        const bytes = Buffer.from(list.join('') + last);
        const scan = new ResponsesScan();
        const out: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) out.push(scan.push(bytes.subarray(at, at + size)) ?? Buffer.alloc(0));
        expect(Buffer.concat(out).toString()).toBe(list.join(''));
        expect([scan.done, scan.ending?.toString(), scan.usage]).toEqual([true, last, RESPONSE.usage]);
      }),
    );
  });
});
