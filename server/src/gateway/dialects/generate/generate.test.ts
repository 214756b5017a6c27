// generateContent: bytes pass where Gemini is behind, the last frame waits for the settlement, tokens are counted, keys come in Google's ways.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import { readGenerateCall } from './request.ts';
import { GenerateScan } from './scan.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const gemini = {
    ...DEPLOYMENT,
    id: 'g',
    modelName: 'team/gemini',
    provider: 'gemini' as const,
    providerName: 'gemini',
    apiBase: `${upstream.url}/v1beta`,
    upstreamModel: 'gemini-2.5-flash',
    defaultParameters: { temperature: 1 },
  };
  test = await startTestGateway({ deployments: [gemini, { ...DEPLOYMENT, modelName: 'gpt', apiBase: `${upstream.url}/v1` }] });
  test.key('sk-user');
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});
const post = (path: string, body: string | object, headers: Record<string, string> = { 'x-goog-api-key': 'sk-user' }) =>
  fetch(`${test.url}${path}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const CONTENTS = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
const frame = (text: string, more: object = {}) =>
  `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, ...more }], modelVersion: 'x' })}\r\n\r\n`;
const USAGE = { promptTokenCount: 12, cachedContentTokenCount: 2, candidatesTokenCount: 3, thoughtsTokenCount: 4, totalTokenCount: 19 };

describe('between Google’s own ends', () => {
  it('both bodies pass as bytes, the model in the path', async () => {
    const whole = JSON.stringify({ candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' }], usageMetadata: USAGE, newField: 1 }, null, 1);
    upstream.script({ pieces: [whole] });
    const sent = '{"contents":[{"parts":[{"text":"h\\u0069"}]}], "safetySettings":[], "unknown":1}';
    expect(await (await post('/v1beta/models/team%2Fgemini:generateContent', sent)).text()).toBe(whole);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1beta/models/gemini-2.5-flash:generateContent', raw: sent });
    expect(upstream.seen[0]?.headers['x-goog-api-key']).toBe('sk-upstream-secret-123456');
    expect(test.written.settled.at(-1)?.record).toMatchObject({
      endpoint: 'generate-content',
      usage: { input: 10, cachedInput: 2, output: 7, reasoningOutput: 4, total: 19 },
      usageEstimated: false,
    });
  });
  it('a stream passes as bytes, what ends it after the settlement', async () => {
    const frames = [frame('こん'), frame('にちは'), `${frame('', { finishReason: 'STOP' }).slice(0, -5)},"usageMetadata":${JSON.stringify(USAGE)}}\r\n\r\n`];
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: frames });
    expect(await (await post('/v1beta/models/team/gemini:streamGenerateContent?alt=sse', CONTENTS)).text()).toBe(frames.join(''));
    expect(upstream.seen[0]?.path).toBe('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
    expect(test.written.settled.at(-1)?.record).toMatchObject({ stream: true, outcome: 'success', usageEstimated: false });
  });
  it('a cut stream ends in an error frame and is billed by what came', async () => {
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [frame('four tokens here')], after: 'cut' });
    const text = await (await post('/v1beta/models/team/gemini:streamGenerateContent?alt=sse', CONTENTS)).text();
    expect(text).toMatch(/data: \{"error":\{"code":5\d\d/);
    expect(test.written.settled.at(-1)?.record).toMatchObject({ outcome: 'failure', usageEstimated: true, usage: { output: 4 } });
  });
});

describe('countTokens', () => {
  it('is Google’s where Google is behind, and an estimate elsewhere', async () => {
    upstream.script({ pieces: ['{"totalTokens":42}'] });
    expect(await (await post('/v1beta/models/team/gemini:countTokens', CONTENTS)).json()).toEqual({ totalTokens: 42 });
    expect(upstream.seen[0]).toMatchObject({ path: '/v1beta/models/gemini-2.5-flash:countTokens', body: CONTENTS });
    const estimate = (await (await post('/v1beta/models/gpt:countTokens', CONTENTS)).json()) as { totalTokens: number };
    expect(estimate.totalTokens).toBeGreaterThan(0);
  });
});

describe('a key', () => {
  it('may stand in the address, after every header', async () => {
    upstream.script({ pieces: ['{"totalTokens":1}'] });
    expect((await post('/v1beta/models/team/gemini:countTokens?key=sk-user', CONTENTS, {})).status).toBe(200);
    expect((await post('/v1beta/models/team/gemini:countTokens?key=sk-user', CONTENTS, { 'x-goog-api-key': 'sk-nobody' })).status).toBe(401);
    expect((await post('/v1/chat/completions?key=sk-user', {}, {})).status).toBe(401);
  });
});

describe('the translator', () => {
  it('joins results to their calls by name and order, and lowers Google’s types', () => {
    const call = (name: string, args = {}) => ({ functionCall: { name, args } });
    const result = (name: string, output: string) => ({ functionResponse: { name, response: { output } } });
    const { chat } = readGenerateCall({
      contents: [
        { role: 'model', parts: [call('f', { a: 1 }), call('g'), call('f')] },
        { role: 'user', parts: [result('g', 'G'), result('f', 'F1'), result('f', 'F2')] },
      ],
      tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: { type: { type: 'STRING', enum: ['A'] } } } }] }],
      generationConfig: { responseMimeType: 'application/json', responseSchema: { type: 'OBJECT' }, thinkingConfig: { thinkingLevel: 'LOW' } },
    });
    expect(chat.messages.slice(1)).toEqual([
      { role: 'tool', tool_call_id: 'call_0_1', content: 'G' },
      { role: 'tool', tool_call_id: 'call_0_0', content: 'F1' },
      { role: 'tool', tool_call_id: 'call_0_2', content: 'F2' },
    ]);
    expect(chat.tools).toEqual([
      { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { type: { type: 'string', enum: ['A'] } } } } },
    ]);
    expect(chat).toMatchObject({ response_format: { json_schema: { schema: { type: 'object' } } }, reasoning_effort: 'low' });
  });
  it('never faults on what a client sends', () => {
    const part = fc.oneof(
      fc.jsonValue(),
      fc.record({ text: fc.jsonValue(), functionCall: fc.jsonValue(), functionResponse: fc.jsonValue(), inlineData: fc.jsonValue() }, { requiredKeys: [] }),
    );
    const contents = fc.array(fc.record({ role: fc.constantFrom('user', 'model', 'x'), parts: fc.oneof(fc.jsonValue(), fc.array(part)) }));
    fc.assert(
      fc.property(contents, fc.dictionary(fc.constantFrom('tools', 'toolConfig', 'generationConfig', 'systemInstruction'), fc.jsonValue()), (given, more) => {
        try {
          readGenerateCall({ ...more, contents: given });
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('the watch over a stream', () => {
  it('passes every frame before the reason and holds the rest, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 50 }), (texts, size) => {
        const passed = texts.map((text) => frame(text)).join('');
        const held = frame('end', { finishReason: 'STOP' }) + frame('more');
        const bytes = Buffer.from(passed + held);
        const scan = new GenerateScan();
        const out: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) out.push(scan.push(bytes.subarray(at, at + size)) ?? Buffer.alloc(0));
        expect(Buffer.concat(out).toString()).toBe(passed);
        expect([scan.finished, scan.ending?.toString()]).toEqual([true, held]);
      }),
    );
  });
});
