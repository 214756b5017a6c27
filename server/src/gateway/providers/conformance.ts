// What every provider must do for a chat and for a Messages call, whole and streamed, driven by the official clients through a listening gateway. Each provider's test brings its upstream's words.
import Anthropic from '@anthropic-ai/sdk';
import { FunctionCallingConfigMode, type GenerateContentResponse, GoogleGenAI, type Part } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import type { Deployment } from '#settings/settings.ts';
import { type ScriptedUpstream, type Seen, startScriptedUpstream } from './upstream-fixture.ts';

/** What the upstream is to say. */
export interface Said {
  text?: readonly string[];
  thinking?: { text: readonly string[]; signature: string };
  calls?: readonly { id: string; name: string; input: Record<string, unknown> }[];
  stop: 'stop' | 'length' | 'tool_calls';
  usage: { input: number; cached: number; written: number; output: number };
}

/** An upstream's words for it. */
export interface Spoken {
  headers?: Record<string, string>;
  whole(said: Said): string;
  /** The stream in frames. */
  frames(said: Said): (string | Buffer)[];
  error(status: number, message: string): string;
  /** A stream that says at once that the upstream is overloaded, or null when its language has no such thing. */
  failedFrames(message: string): (string | Buffer)[] | null;
}

/** The request as the upstream understood it. */
export interface Understood {
  system: string;
  /** Roles in order, as the upstream names them. */
  texts: string[];
  tools: string[];
  maxTokens: number;
  /** Media types of pictures. */
  pictures: string[];
  /** Ids of the calls that results are given for, and the results' texts. */
  results: string[];
  toolChoice: string;
}

export interface ProviderUnderTest {
  name: string;
  /** The deployment at the upstream's address. */
  deployment(url: string): Partial<Deployment>;
  spoken: Spoken;
  understood(seen: Seen): Understood;
  /** What its language cannot tell. */
  cannot?: { thinking?: true; signature?: true; cacheWrites?: true; callIds?: true };
}

const TEXT: Said = { text: ['こん', 'にちは', ' 🎌'], stop: 'stop', usage: { input: 10, cached: 4, written: 2, output: 5 } };
const CALLS: Said = {
  text: ['Looking.'],
  calls: [
    { id: 'call_1', name: 'get_weather', input: { city: '東京', days: 2 } },
    { id: 'call_2', name: 'get_time', input: {} },
  ],
  stop: 'tool_calls',
  usage: { input: 20, cached: 0, written: 0, output: 9 },
};
const THINKING: Said = {
  thinking: { text: ['Let me ', 'think.'], signature: 'c2lnbmF0dXJl' },
  text: ['Done.'],
  stop: 'length',
  usage: { input: 7, cached: 0, written: 0, output: 30 },
};
const MESSAGES = [{ role: 'user' as const, content: 'Hello' }];
const TOOL_PARAMETERS = { type: 'object' as const, properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] };
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Runs the suite. */
export function describeProvider(provider: ProviderUnderTest): void {
  describe(`${provider.name}: every provider`, () => {
    let upstream: ScriptedUpstream;
    let test: TestGateway;
    let openai: OpenAI;
    let anthropic: Anthropic;
    beforeAll(async () => {
      upstream = await startScriptedUpstream();
      test = await startTestGateway({
        deployments: [{ ...DEPLOYMENT, modelName: 'm', cacheReadInputTokenCost: '0.0000001', ...provider.deployment(upstream.url) }],
      });
      test.key('sk-user');
      openai = new OpenAI({ apiKey: 'sk-user', baseURL: `${test.url}/v1`, maxRetries: 0 });
      anthropic = new Anthropic({ apiKey: 'sk-user', baseURL: test.url, maxRetries: 0 });
    });
    afterAll(async () => {
      await test.close();
      await upstream.close();
    });

    const { spoken, cannot = {} } = provider;
    const whole = (said: Said) => upstream.script({ headers: { 'content-type': 'application/json' }, pieces: [spoken.whole(said)] });
    const stream = (said: Said, size = 7) => upstream.script({ headers: streamHeaders(spoken), pieces: cut(spoken.frames(said), size) });
    const settled = () => test.written.settled.at(-1)?.record;
    const written = (said: Said) => (cannot.cacheWrites ? 0 : said.usage.written);
    const callIds = (ids: (string | undefined)[]) => (cannot.callIds ? ids.map((id) => (id ? 'any' : 'none')) : ids);

    describe('a chat', () => {
      const ask = (more: object = {}) => openai.chat.completions.create({ model: 'm', messages: MESSAGES, max_tokens: 50, ...more });

      it('gets its text with usage and price', async () => {
        whole(TEXT);
        const answer = await ask();
        expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant', content: 'こんにちは 🎌' } });
        expect(answer.usage).toMatchObject({ prompt_tokens: 14 + written(TEXT), completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } });
        expect(settled()?.usage).toMatchObject({ input: 10, output: 5, cachedInput: 4, total: 19 + written(TEXT) });
        expect(settled()).toMatchObject({ usageEstimated: false, outcome: 'success' });
        expect(Number(settled()?.cost)).toBeCloseTo((10 + written(TEXT)) * 1e-6 + 4 * 1e-7 + 5 * 2e-6, 12);
      });
      it.each([1, 7, 1e6])('streams its text in pieces of %d bytes', async (size) => {
        stream(TEXT, size);
        const chunks = await collect(await ask({ stream: true, stream_options: { include_usage: true } }));
        expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('こんにちは 🎌');
        expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean)).toEqual(['stop']);
        expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 14 + written(TEXT), completion_tokens: 5 });
        expect(settled()?.usage).toMatchObject({ input: 10, output: 5, cachedInput: 4 });
      });
      it('sees usage in a stream only when it asked for it', async () => {
        stream(TEXT);
        const chunks = await collect(await ask({ stream: true }));
        expect(chunks.some((chunk) => chunk.usage)).toBe(false);
        expect(settled()).toMatchObject({ usageEstimated: false });
      });
      it('gets parallel tool calls, whole and streamed', async () => {
        whole(CALLS);
        const calls = (await ask()).choices[0];
        expect(calls?.finish_reason).toBe('tool_calls');
        expect(calls?.message.content).toBe('Looking.');
        expect(calls?.message.tool_calls).toHaveLength(2);
        stream(CALLS);
        const runner = openai.chat.completions.stream({ model: 'm', messages: MESSAGES });
        const streamed = (await runner.finalChatCompletion()).choices[0];
        expect(streamed?.finish_reason).toBe('tool_calls');
        for (const message of [calls?.message, streamed?.message]) {
          const given = message?.tool_calls?.map((call) => (call.type === 'function' ? [call.function.name, JSON.parse(call.function.arguments || '{}')] : []));
          expect(given).toEqual(CALLS.calls?.map(({ name, input }) => [name, input]));
          expect(callIds(message?.tool_calls?.map(({ id }) => id) ?? [])).toEqual(callIds(['call_1', 'call_2']));
        }
      });
      it('gets its thinking apart from the text, and its finish reason', async () => {
        if (cannot.thinking) return;
        whole(THINKING);
        const answer = (await ask()).choices[0];
        stream(THINKING);
        const chunks = await collect(await ask({ stream: true }));
        expect(answer).toMatchObject({ finish_reason: 'length', message: { content: 'Done.', reasoning_content: 'Let me think.' } });
        expect(chunks.map((chunk) => (chunk.choices[0]?.delta as { reasoning_content?: string })?.reasoning_content ?? '').join('')).toBe('Let me think.');
        expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Done.');
        if (!cannot.signature)
          expect(answer?.message).toMatchObject({ thinking_blocks: [{ type: 'thinking', thinking: 'Let me think.', signature: 'c2lnbmF0dXJl' }] });
      });
      it('is understood: system, pictures, tools, tool results, the longest answer', async () => {
        whole(TEXT);
        await openai.chat.completions.create({
          model: 'm',
          max_tokens: 77,
          messages: [
            { role: 'system', content: 'Be kind.' },
            {
              role: 'user',
              content: [
                { type: 'text', text: 'What is this?' },
                { type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` } },
              ],
            },
            {
              role: 'assistant',
              content: null,
              tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"東京"}' } }],
            },
            { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
          ],
          tools: [{ type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: TOOL_PARAMETERS } }],
          tool_choice: 'required',
        });
        expect(provider.understood(upstream.seen[0] as Seen)).toEqual({
          system: 'Be kind.',
          texts: ['What is this?'],
          tools: ['get_weather'],
          maxTokens: 77,
          pictures: ['image/png'],
          results: ['sunny'],
          toolChoice: 'required',
        });
      });
    });

    describe('a response', () => {
      it('gets text, calls and thinking, whole and streamed', async () => {
        if (provider.name === 'openai') return;
        for (const said of [TEXT, CALLS, ...(cannot.thinking ? [] : [THINKING])]) {
          whole(said);
          const answer = await openai.responses.create({ model: 'm', input: 'Hello' });
          stream(said);
          const streamed = await openai.responses.stream({ model: 'm', input: 'Hello' }).finalResponse();
          for (const response of [answer, streamed]) {
            expect(response.output_text).toBe(said.text?.join('') ?? '');
            expect(response.status).toBe(said.stop === 'length' ? 'incomplete' : 'completed');
            expect(response.usage).toMatchObject({ output_tokens: said.usage.output, input_tokens_details: { cached_tokens: said.usage.cached } });
            const calls = response.output.flatMap((item) => (item.type === 'function_call' ? [[item.name, JSON.parse(item.arguments || '{}')]] : []));
            expect(calls).toEqual(said.calls?.map(({ name, input }) => [name, input]) ?? []);
            const thoughts = response.output.flatMap((item) => (item.type === 'reasoning' ? item.summary.map(({ text }) => text) : []));
            expect(thoughts.join('')).toBe(said.thinking?.text.join('') ?? '');
          }
          expect(settled()).toMatchObject({
            endpoint: 'responses',
            usageEstimated: false,
            outcome: 'success',
            usage: { input: said.usage.input + (cannot.cacheWrites ? 0 : 0) },
          });
        }
      });
      it('is understood with its items, and brings its thinking back', async () => {
        if (provider.name === 'openai') return;
        whole(TEXT);
        await openai.responses.create({
          model: 'm',
          instructions: 'Be kind.',
          max_output_tokens: 77,
          input: [
            {
              role: 'user',
              content: [
                { type: 'input_text', text: 'What is this?' },
                { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PICTURE}` },
              ],
            },
            { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"city":"東京"}' },
            { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
          ],
          tools: [{ type: 'function', name: 'get_weather', description: 'Weather', parameters: TOOL_PARAMETERS, strict: false }],
          tool_choice: 'required',
        });
        expect(provider.understood(upstream.seen[0] as Seen)).toMatchObject({
          system: 'Be kind.',
          texts: ['What is this?'],
          tools: ['get_weather'],
          maxTokens: 77,
          pictures: ['image/png'],
          results: ['sunny'],
          toolChoice: 'required',
        });
      });
      it('is gone on from with everything that was said', async () => {
        if (provider.name === 'openai') return;
        whole(TEXT);
        const { id } = await openai.responses.create({ model: 'm', input: 'Hi' });
        await openai.responses.create({ model: 'm', input: 'And now?', previous_response_id: id });
        expect(upstream.seen[1]?.raw).toContain(TEXT.text?.join('') ?? '');
        expect(provider.understood(upstream.seen[1] as Seen).texts).toEqual(expect.arrayContaining(['Hi', 'And now?']));
      });
      it('of somebody else, or in the background, is refused by name', async () => {
        await expect(openai.responses.create({ model: 'm', input: 'Hi', previous_response_id: 'resp_of_somebody' })).rejects.toMatchObject({ status: 404 });
        if (provider.name === 'openai') return;
        await expect(openai.responses.create({ model: 'm', input: 'Hi', background: true })).rejects.toMatchObject({ status: 501, param: 'background' });
      });
    });

    describe('a generateContent call', () => {
      const google = () => new GoogleGenAI({ apiKey: 'sk-user', httpOptions: { baseUrl: test.url } }).models;
      it('gets text, calls and thoughts, whole and streamed', async () => {
        for (const said of [TEXT, CALLS, ...(cannot.thinking ? [] : [THINKING])]) {
          whole(said);
          const answer = await google().generateContent({ model: 'm', contents: 'Hello' });
          stream(said);
          const parts: Part[] = [];
          let last: GenerateContentResponse | undefined;
          for await (const piece of await google().generateContentStream({ model: 'm', contents: 'Hello' })) {
            parts.push(...(piece.candidates?.[0]?.content?.parts ?? []));
            last = piece;
          }
          for (const given of [answer.candidates?.[0]?.content?.parts ?? [], parts]) {
            const text = given
              .filter((part) => !part.thought)
              .map((part) => part.text ?? '')
              .join('');
            expect(text).toBe(said.text?.join('') ?? '');
            expect(given.flatMap(({ functionCall: call }) => (call ? [[call.name, call.args]] : []))).toEqual(
              said.calls?.map(({ name, input }) => [name, input]) ?? [],
            );
            expect(
              given
                .filter((part) => part.thought)
                .map((part) => part.text)
                .join(''),
            ).toBe(said.thinking?.text.join('') ?? '');
          }
          expect(last?.candidates?.[0]?.finishReason).toBe(said.stop === 'length' ? 'MAX_TOKENS' : 'STOP');
          expect(last?.usageMetadata).toMatchObject({ promptTokenCount: said.usage.input + said.usage.cached + written(said) });
          expect(settled()).toMatchObject({ endpoint: 'generate-content', usageEstimated: false, outcome: 'success' });
        }
      });
      it('is understood: system, pictures, declarations, results', async () => {
        whole(TEXT);
        await google().generateContent({
          model: 'm',
          contents: [
            { role: 'user', parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: PICTURE } }] },
            { role: 'model', parts: [{ functionCall: { name: 'get_weather', args: { city: '東京' } } }] },
            { role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: { output: 'sunny' } } }] },
          ],
          config: {
            systemInstruction: 'Be kind.',
            maxOutputTokens: 77,
            tools: [{ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: TOOL_PARAMETERS }] }],
            toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
          },
        });
        const understood = provider.understood(upstream.seen[0] as Seen);
        // OpenAI's newer name of the same limit.
        const limit = upstream.seen[0]?.body.max_completion_tokens ?? understood.maxTokens;
        expect({ ...understood, maxTokens: limit }).toEqual({
          system: 'Be kind.',
          texts: ['What is this?'],
          tools: ['get_weather'],
          maxTokens: 77,
          pictures: ['image/png'],
          results: ['sunny'],
          toolChoice: 'required',
        });
      });
      it('is refused in Google’s words', async () => {
        upstream.script({ status: 429, pieces: [spoken.error(429, 'slow down')] });
        await expect(google().generateContent({ model: 'm', contents: 'Hi' })).rejects.toThrow(/slow down.*RESOURCE_EXHAUSTED|RESOURCE_EXHAUSTED.*slow down/s);
        const answer = await fetch(`${test.url}/v1beta/models/m:generateContent?key=sk-nobody`, { method: 'POST', body: '{"contents":[]}' });
        expect([answer.status, await answer.json()]).toMatchObject([401, { error: { code: 401, status: 'UNAUTHENTICATED' } }]);
      });
    });

    describe('a text completion', () => {
      it('gets its text, whole and streamed', async () => {
        if (provider.name === 'openai') return;
        whole(TEXT);
        const answer = await openai.completions.create({ model: 'm', prompt: 'Hello', max_tokens: 50 });
        expect(answer).toMatchObject({
          object: 'text_completion',
          choices: [{ text: 'こんにちは 🎌', finish_reason: 'stop' }],
          usage: { completion_tokens: 5 },
        });
        stream(TEXT);
        let text = '';
        for await (const chunk of await openai.completions.create({ model: 'm', prompt: ['Hello'], stream: true })) text += chunk.choices[0]?.text ?? '';
        expect(text).toBe('こんにちは 🎌');
        expect(settled()).toMatchObject({ endpoint: 'completions', usageEstimated: false, outcome: 'success' });
        await expect(openai.completions.create({ model: 'm', prompt: ['a', 'b'] })).rejects.toThrow('one text');
      });
    });

    describe('a Messages call', () => {
      const ask = { model: 'm', max_tokens: 50, messages: MESSAGES };

      it('gets its text with usage', async () => {
        whole(TEXT);
        const answer = await anthropic.messages.create(ask);
        expect(answer).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn', content: [{ type: 'text', text: 'こんにちは 🎌' }] });
        expect(answer.usage).toMatchObject({ input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 4 });
        expect(settled()).toMatchObject({ endpoint: 'messages', usageEstimated: false, usage: { input: 10, output: 5, cachedInput: 4 } });
        expect(test.written.settled.at(-1)?.answer).toContain('"type":"message"');
      });
      it.each([1, 7, 1e6])('streams its text in pieces of %d bytes', async (size) => {
        stream(TEXT, size);
        const runner = anthropic.messages.stream(ask);
        expect(await runner.finalText()).toBe('こんにちは 🎌');
        expect((await runner.finalMessage()).stop_reason).toBe('end_turn');
        expect(settled()).toMatchObject({ outcome: 'success', usageEstimated: false, usage: { input: 10, output: 5, cachedInput: 4 } });
        expect(test.written.settled.at(-1)?.answer).toMatch(/^event: message_start\n.*event: message_stop\n/s);
      });
      it('gets parallel tool calls, whole and streamed', async () => {
        whole(CALLS);
        const answer = await anthropic.messages.create(ask);
        stream(CALLS);
        const streamed = await anthropic.messages.stream(ask).finalMessage();
        for (const message of [answer, streamed]) {
          expect(message.stop_reason).toBe('tool_use');
          const uses = message.content.filter((block) => block.type === 'tool_use');
          expect(uses.map(({ name, input }) => [name, input])).toEqual(CALLS.calls?.map(({ name, input }) => [name, input]));
          expect(callIds(uses.map(({ id }) => id))).toEqual(callIds(['call_1', 'call_2']));
          expect(message.content[0]).toMatchObject({ type: 'text', text: 'Looking.' });
        }
      });
      it('gets its thinking as a block', async () => {
        if (cannot.thinking) return;
        whole(THINKING);
        const answer = await anthropic.messages.create(ask);
        stream(THINKING);
        const streamed = await anthropic.messages.stream(ask).finalMessage();
        for (const message of [answer, streamed]) {
          expect(message.content).toMatchObject([
            { type: 'thinking', thinking: 'Let me think.', ...(cannot.signature ? {} : { signature: 'c2lnbmF0dXJl' }) },
            { type: 'text', text: 'Done.' },
          ]);
          expect(message.stop_reason).toBe('max_tokens');
        }
      });
      it('is understood: system blocks, pictures, tools, tool results', async () => {
        whole(TEXT);
        await anthropic.messages.create({
          model: 'm',
          max_tokens: 77,
          system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }],
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'What is this?', cache_control: { type: 'ephemeral' } },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PICTURE } },
              ],
            },
            { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: '東京' } }] },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'sunny' }] }] },
          ],
          tools: [{ name: 'get_weather', description: 'Weather', input_schema: TOOL_PARAMETERS }],
          tool_choice: { type: 'any' },
        });
        expect(provider.understood(upstream.seen[0] as Seen)).toMatchObject({
          system: 'Be kind.',
          texts: ['What is this?'],
          tools: ['get_weather'],
          maxTokens: 77,
          pictures: ['image/png'],
          results: ['sunny'],
          toolChoice: 'required',
        });
      });
    });

    describe('a failure', () => {
      const post = (path: string, body: object) =>
        fetch(`${test.url}${path}`, {
          method: 'POST',
          headers: { 'x-api-key': 'sk-user' },
          body: JSON.stringify({ model: 'm', max_tokens: 5, messages: MESSAGES, ...body }),
        });

      it('keeps its status and words, in the envelope of the client', async () => {
        upstream.script({ status: 429, pieces: [spoken.error(429, 'slow down')], headers: { 'retry-after': '7' } });
        const chat = await openai.chat.completions.create({ model: 'm', messages: MESSAGES }).catch((error: unknown) => error);
        expect(chat).toBeInstanceOf(OpenAI.RateLimitError);
        expect((chat as Error).message).toContain('slow down');
        const message = await anthropic.messages.create({ model: 'm', max_tokens: 5, messages: MESSAGES }).catch((error: unknown) => error);
        expect(message).toBeInstanceOf(Anthropic.RateLimitError);
        expect(JSON.stringify((message as { error: unknown }).error)).toContain('"type":"rate_limit_error"');
        expect(JSON.stringify((message as { error: unknown }).error)).toContain('slow down');
      });
      it('in the first event of a stream is an ordinary error', async () => {
        const frames = spoken.failedFrames('too busy');
        if (frames === null) return;
        upstream.script({ headers: streamHeaders(spoken), pieces: frames });
        for (const path of ['/v1/chat/completions', '/v1/messages']) {
          const answer = await post(path, { stream: true });
          expect(answer.status).toBeGreaterThanOrEqual(429);
          expect(await answer.text()).toContain('too busy');
        }
      });
      it('of a stream that breaks ends in an error event and bills what was delivered', async () => {
        const frames = spoken.frames(TEXT);
        upstream.script({ headers: streamHeaders(spoken), pieces: frames.slice(0, Math.ceil(frames.length / 2)), after: 'cut' });
        const chat = await (await post('/v1/chat/completions', { stream: true })).text();
        expect(chat).toContain('"error":{');
        expect(chat).not.toContain('[DONE]');
        expect(settled()).toMatchObject({ outcome: 'failure', usageEstimated: true });
        const messages = await (await post('/v1/messages', { stream: true })).text();
        expect(messages).toContain('event: error\ndata: {"type":"error"');
        expect(messages).not.toContain('message_stop');
        expect(settled()?.usage?.output).toBeGreaterThan(0);
      });
      it('of the client to stay aborts the upstream', async () => {
        const frames = spoken.frames(TEXT);
        upstream.script({ headers: streamHeaders(spoken), pieces: frames.slice(0, Math.ceil(frames.length / 2)), after: 'hang' });
        for (const path of ['/v1/chat/completions', '/v1/messages']) {
          const leaving = new AbortController();
          const body = JSON.stringify({ model: 'm', max_tokens: 5, messages: MESSAGES, stream: true });
          const answer = await fetch(`${test.url}${path}`, { method: 'POST', headers: { 'x-api-key': 'sk-user' }, body, signal: leaving.signal });
          const reader = answer.body?.getReader();
          await reader?.read();
          const before = test.written.settled.length;
          leaving.abort();
          await expect.poll(() => test.written.settled.length, { timeout: 5000 }).toBeGreaterThan(before);
          expect(settled()).toMatchObject({ outcome: 'cancelled', httpStatus: 499 });
          await expect.poll(() => upstream.seen.at(-1)?.aborted, { timeout: 5000 }).toBe(true);
        }
      });
      it('to make sense is a bad gateway, not a fault of ours', async () => {
        for (const pieces of [['[]'], ['{}'], ['{"x":'], ['"text"']]) {
          upstream.script({ headers: { 'content-type': 'application/json' }, pieces });
          const chat = await post('/v1/chat/completions', {});
          const messages = await post('/v1/messages', {});
          // A whole JSON object passes untouched between ends of one language.
          expect([200, 502]).toContain(chat.status);
          expect([200, 502]).toContain(messages.status);
        }
        expect(test.logLines.filter((line) => line.includes('inside the gateway'))).toEqual([]);
      });
    });
  });
}

function streamHeaders(spoken: Spoken): Record<string, string> {
  return { 'content-type': 'text/event-stream', ...spoken.headers };
}

/** The frames as pieces of a size. */
function cut(frames: readonly (string | Buffer)[], size: number): Buffer[] {
  const bytes = Buffer.concat(frames.map((frame) => Buffer.from(frame as string)));
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

async function collect<Item>(stream: unknown): Promise<(OpenAI.Chat.Completions.ChatCompletionChunk & Item)[]> {
  const items = [];
  for await (const item of stream as AsyncIterable<OpenAI.Chat.Completions.ChatCompletionChunk & Item>) items.push(item);
  return items;
}
