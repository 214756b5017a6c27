// Gemini through the conformance suite, and what only its language has.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { describeProvider, type Said } from '#gateway/providers/conformance.ts';
import { providerOf } from '#gateway/providers/registry.ts';
import type { Seen } from '#gateway/providers/upstream-fixture.ts';
import { UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { DEPLOYMENT } from '#gateway/test-gateway-fixture.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import { generateWire } from './gemini.ts';
import { GenerateReader } from './stream.ts';

const STOPS = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP' };

const usageMetadata = ({ thinking, usage: { input, cached, output } }: Said) => ({
  promptTokenCount: input + cached,
  cachedContentTokenCount: cached,
  candidatesTokenCount: thinking ? output - 4 : output,
  thoughtsTokenCount: thinking ? 4 : undefined,
  totalTokenCount: input + cached + output,
});
const parts = ({ thinking, text, calls }: Said): Fields[] => [
  ...(thinking?.text ?? []).map((piece) => ({ text: piece, thought: true })),
  ...(text ?? []).map((piece, index) => ({ text: piece, ...(thinking && index === 0 ? { thoughtSignature: thinking.signature } : {}) })),
  ...(calls ?? []).map(({ name, input }) => ({ functionCall: { name, args: input } })),
];
const answer = (given: Fields[], more: object = {}) => ({
  candidates: [{ content: { role: 'model', parts: given }, index: 0, ...more }],
  modelVersion: 'gemini-2.5-flash',
  responseId: 'resp1',
});

function frames(said: Said): string[] {
  const pieces = parts(said).map((part) => answer([part]));
  const last = { ...answer([], { finishReason: STOPS[said.stop] }), usageMetadata: usageMetadata(said) };
  return [...pieces, last].map((piece) => `data: ${JSON.stringify(piece)}\r\n\r\n`);
}

/** How Gemini understood a request; Vertex AI understands the same. */
export function understoodByGemini({ body }: Seen) {
  const contents = objectsOf(body.contents).flatMap((content) => objectsOf(content.parts));
  const system = objectsOf(fieldsOf(body.systemInstruction).parts);
  const config = fieldsOf(fieldsOf(body.toolConfig).functionCallingConfig);
  return {
    system: system.map((part) => textOf(part.text)).join(''),
    texts: contents.filter((part) => part.text !== undefined).map((part) => textOf(part.text)),
    tools: objectsOf(body.tools).flatMap((tool) => objectsOf(tool.functionDeclarations).map((declaration) => textOf(declaration.name))),
    maxTokens: Number(fieldsOf(body.generationConfig).maxOutputTokens),
    pictures: contents.filter((part) => part.inlineData !== undefined).map((part) => textOf(fieldsOf(part.inlineData).mimeType)),
    results: contents.filter((part) => part.functionResponse !== undefined).map((part) => textOf(fieldsOf(fieldsOf(part.functionResponse).response).output)),
    toolChoice: config.mode === 'ANY' ? 'required' : textOf(config.mode),
  };
}

const spoken = {
  whole: (said: Said) => JSON.stringify({ ...answer(parts(said), { finishReason: STOPS[said.stop] }), usageMetadata: usageMetadata(said) }),
  frames,
  error: (status: number, message: string) => JSON.stringify({ error: { code: status, message, status: 'RESOURCE_EXHAUSTED' } }),
  failedFrames: (message: string) => [`data: ${JSON.stringify({ error: { code: 503, message, status: 'UNAVAILABLE' } })}\r\n\r\n`],
};

describeProvider({
  name: 'gemini',
  deployment: (url) => ({ provider: 'gemini', providerName: 'gemini', upstreamModel: 'gemini-2.5-flash', apiBase: `${url}/v1beta`, apiKey: 'goog-key' }),
  // Signatures are marked as Gemini's on their way; the tests below follow them.
  cannot: { cacheWrites: true, signature: true, callIds: true },
  spoken,
  understood: understoodByGemini,
});

const facts = (more: Partial<WireFacts> = {}): WireFacts => ({
  deployment: DEPLOYMENT,
  model: 'gemini-2.5-flash',
  stream: false,
  dropParams: false,
  id: 'chatcmpl-0123456789abcdef0123456789abcdef',
  nowSeconds: 1,
  ...more,
});
const hello = [{ role: 'user', content: 'Hi' }];
const body = (chat: Partial<ChatRequest>, more: Partial<WireFacts> = {}) => generateWire({ messages: hello, ...chat }, facts(more)).body;

describe('a chat for Gemini', () => {
  it('is called at the model’s address with the key in Google’s header, embeddings at the compatible door', () => {
    const upstream = providerOf({ ...DEPLOYMENT, provider: 'gemini' }).upstream({ ...DEPLOYMENT, provider: 'gemini', apiKey: 'k' }, false);
    expect(upstream.origin).toBe('https://generativelanguage.googleapis.com');
    expect(upstream.path('chat', 'gemini-2.5-flash', true)).toBe('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
    expect(upstream.path('chat', '../x')).toBe('/v1beta/models/..%2Fx:generateContent');
    expect(upstream.path('embeddings', 'm')).toBe('/v1beta/openai/embeddings');
    expect(upstream.headers).toContain('x-goog-api-key');
    expect(upstream.endpointHeaders?.embeddings).toContain('Bearer k');
  });
  it('brings signatures of thought back: by the id of a call and by the thinking block, never a stranger’s', () => {
    const call = { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'QUJD+/8=' };
    const wire = generateWire({ messages: hello }, facts());
    const told = wire.answer(answer([{ text: 'hm', thought: true }, call], { finishReason: 'STOP' }) as Fields).choices[0];
    expect(told?.finish_reason).toBe('tool_calls');
    const again = body({
      messages: [...hello, { ...told?.message } as Fields, { role: 'tool', tool_call_id: told?.message.tool_calls?.[0]?.id, content: '{"ok":true}' }],
    });
    expect(again.contents).toEqual([
      { role: 'user', parts: [{ text: 'Hi' }] },
      { role: 'model', parts: [call] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { ok: true } } }] },
    ]);
    const text = wire.answer(
      answer([
        { text: 'hm', thought: true },
        { text: 'ok', thoughtSignature: 'c2ln' },
      ]) as Fields,
    ).choices[0];
    expect((body({ messages: [{ ...text?.message } as Fields] }).contents as Fields[])[0]).toEqual({
      role: 'model',
      parts: [{ text: 'ok', thoughtSignature: 'c2ln' }],
    });
    const stranger = { role: 'assistant', content: 'x', thinking_blocks: [{ type: 'thinking', thinking: 't', signature: 'claude' }] };
    expect((body({ messages: [stranger] }).contents as Fields[])[0]).toEqual({ role: 'model', parts: [{ text: 'x' }] });
  });
  it('says to Gemini 3 when a call’s signature is not known', () => {
    const messages = [{ role: 'assistant', content: null, tool_calls: [{ id: 'x', function: { name: 'f', arguments: '{}' } }] }];
    const [content] = body({ messages }, { model: 'gemini-3-pro-preview' }).contents as Fields[];
    expect(objectsOf(content?.parts)[0]?.thoughtSignature).toBe('skip_thought_signature_validator');
  });
  it('takes JSON Schema whole, thinking by level or budget, search, audio and files', () => {
    const schema = { type: 'object', properties: { a: { $ref: '#/$defs/x' } }, $defs: { x: { type: 'string' } } };
    const made = body({
      response_format: { type: 'json_schema', json_schema: { schema } },
      reasoning_effort: 'low',
      tools: [{ type: 'function', function: { name: 'f', parameters: schema } }, { googleSearch: {} }],
    });
    expect(made.generationConfig).toEqual({
      responseMimeType: 'application/json',
      responseJsonSchema: schema,
      thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
    });
    expect(made.tools).toEqual([{ functionDeclarations: [{ name: 'f', parametersJsonSchema: schema }] }, { googleSearch: {} }]);
    expect(fieldsOf(body({ reasoning_effort: 'none' }, { model: 'gemini-3-flash' }).generationConfig).thinkingConfig).toEqual({
      includeThoughts: false,
      thinkingLevel: 'minimal',
    });
    expect(fieldsOf(body({ thinking: { type: 'enabled', budget_tokens: 77 } }).generationConfig).thinkingConfig).toEqual({
      includeThoughts: true,
      thinkingBudget: 77,
    });
    const content = [
      { type: 'input_audio', input_audio: { format: 'mp3', data: 'QQ==' } },
      { type: 'file', file: { file_id: 'gs://b/x.pdf' } },
    ];
    expect((body({ messages: [{ role: 'user', content }] }).contents as Fields[])[0]?.parts).toEqual([
      { inlineData: { mimeType: 'audio/mp3', data: 'QQ==' } },
      { fileData: { fileUri: 'gs://b/x.pdf', mimeType: 'application/pdf' } },
    ]);
  });
  it('refuses what it cannot say; Google’s own members survive', () => {
    expect(() => body({ logit_bias: { a: 1 } })).toThrow("['logit_bias']");
    expect(body({ safety_settings: [1], labels: { a: 'b' }, seed: 3 })).toMatchObject({
      safetySettings: [1],
      labels: { a: 'b' },
      generationConfig: { seed: 3 },
    });
  });
  it('shows a refused prompt as filtered, and pictures and sources of an answer', () => {
    const wire = generateWire({ messages: hello }, facts());
    expect(wire.answer({ promptFeedback: { blockReason: 'SAFETY' } }).choices[0]?.finish_reason).toBe('content_filter');
    const grounded = answer([{ inlineData: { mimeType: 'image/png', data: 'QQ==' } }], {
      groundingMetadata: { groundingChunks: [{ web: { uri: 'https://x', title: 'X' } }] },
    });
    expect(wire.answer(grounded as Fields).choices[0]?.message).toMatchObject({
      images: [{ image_url: { url: 'data:image/png;base64,QQ==' } }],
      annotations: [{ url_citation: { url: 'https://x' } }],
    });
  });
  it('never faults, whatever a client or the upstream sends', () => {
    const soup = fc.dictionary(
      fc.constantFrom('tools', 'tool_choice', 'response_format', 'stop', 'thinking', 'reasoning_effort', 'modalities', 'generationConfig'),
      fc.jsonValue(),
    );
    const part = fc.record({
      type: fc.constantFrom('text', 'image_url', 'file', 'input_audio'),
      text: fc.jsonValue(),
      image_url: fc.jsonValue(),
      file: fc.jsonValue(),
      input_audio: fc.jsonValue(),
    });
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant', 'tool', 'system'),
      content: fc.oneof(fc.jsonValue(), fc.array(part)),
      tool_calls: fc.jsonValue(),
      thinking_blocks: fc.jsonValue(),
    });
    fc.assert(
      fc.property(soup, fc.array(message), (more, messages) => {
        try {
          JSON.stringify(body({ ...more, messages } as ChatRequest, { dropParams: true }));
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
    const candidate = fc.record({
      index: fc.nat(2),
      content: fc.oneof(
        fc.jsonValue(),
        fc.record({
          parts: fc.array(
            fc.record(
              { text: fc.jsonValue(), thought: fc.boolean(), functionCall: fc.jsonValue(), inlineData: fc.jsonValue(), thoughtSignature: fc.jsonValue() },
              { requiredKeys: [] },
            ),
          ),
        }),
      ),
      finishReason: fc.jsonValue(),
    });
    const event = fc.record({ candidates: fc.oneof(fc.jsonValue(), fc.array(candidate)), usageMetadata: fc.jsonValue(), error: fc.constant(undefined) });
    fc.assert(
      fc.property(fc.array(event), fc.integer({ min: 1, max: 60 }), (events, size) => {
        const bytes = Buffer.from(events.map((given) => `data: ${JSON.stringify(given)}\n\n`).join(''));
        expect(read(bytes, size)).toEqual(read(bytes, bytes.length || 1));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          new GenerateReader(facts()).push(Buffer.from(`data: ${text}\n\n`));
        } catch (error) {
          expect(error instanceof UpstreamSaid || (error as Error).message.includes('not JSON')).toBe(true);
        }
      }),
    );
  });
});

function read(bytes: Buffer, size: number): unknown {
  const reader = new GenerateReader(facts());
  const chunks: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(...reader.push(bytes.subarray(at, at + size)));
  return [chunks, reader.end()];
}
