// Pictures of Google's models to OpenAI's client: Imagen and Gemini, on the Gemini API and on Vertex AI, made and changed, counted as each of them bills; and chats that answer with pictures.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoogleGenAI } from '@google/genai';
import fc from 'fast-check';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeploymentCheck } from '#gateway/check-deployment.ts';
import type { GuardConfig } from '#gateway/guards/guard.ts';
import { googlePictures } from '#gateway/providers/gemini/pictures.ts';
import { aspectRatio, drawnList, readPictures } from '#gateway/providers/pictures.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { type Fields, fieldsOf } from '#lib/json.ts';
import { createPrices } from '#prices/model-prices.ts';
import { readLiteLlmConfig } from '#settings/litellm-config.ts';
import { Notes } from '#settings/notes.ts';
import type { Deployment } from '#settings/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'google-pictures-'));
let upstream: ScriptedUpstream;
let test: TestGateway;
let openai: OpenAI;

/** Read as people write them. */
function deployments(): readonly Deployment[] {
  writeFileSync(join(folder, 'token'), 'subject-token');
  const credentials = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${upstream.url}/token`,
    credential_source: { file: join(folder, 'token') },
  };
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify(credentials));
  const google = `vertex_project: p, vertex_location: us-central1, vertex_credentials: ${JSON.stringify(join(folder, 'credentials.json'))}, api_base: "${upstream.url}"`;
  const key = `api_key: AIza-secret, api_base: "${upstream.url}/v1beta"`;
  const text = `
model_list:
  - { model_name: imagen, litellm_params: { model: gemini/imagen-4.0-generate-001, ${key}, output_cost_per_image: 0.04 } }
  - { model_name: vertex-imagen, litellm_params: { model: vertex_ai/imagen-4.0-fast-generate-001, ${google}, output_cost_per_image: 0.02 } }
  - { model_name: gemini-image, litellm_params: { model: gemini/gemini-2.5-flash-image, ${key} } }
  - { model_name: vertex-gemini, litellm_params: { model: vertex_ai/gemini-3-pro-image-preview, ${google} }, model_info: { mode: image_generation } }
  - { model_name: drops, litellm_params: { model: gemini/gemini-2.5-flash-image, ${key}, drop_params: true } }
  - { model_name: talker, litellm_params: { model: gemini/gemini-2.5-flash, ${key} } }
`;
  return readLiteLlmConfig({ text, path: 'config.yaml', environment: {}, notes: new Notes() }).gatewayConfig.deployments;
}

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  test = await startTestGateway({ deployments: deployments() });
  test.key('sk-user');
  openai = new OpenAI({ apiKey: 'sk-user', baseURL: `${test.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

const TOKEN = { pieces: ['{"access_token":"google-token","issued_token_type":"x","token_type":"Bearer","expires_in":3600}'] };
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const PICTURE = PNG.toString('base64');
const predictions = (...list: object[]) => ({ pieces: [JSON.stringify({ predictions: list })] });
const drawn = { mimeType: 'image/png', bytesBase64Encoded: PICTURE };
const USAGE = {
  promptTokenCount: 8,
  candidatesTokenCount: 1290,
  totalTokenCount: 1298,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 8 }],
  candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }],
};
const candidate = (parts: object[], more: object = {}) => ({
  candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', ...more }],
  usageMetadata: USAGE,
});
const generated = (parts: object[] = [{ inlineData: { mimeType: 'image/png', data: PICTURE } }], more: object = {}) => ({
  pieces: [JSON.stringify({ ...candidate(parts), ...more })],
});
const last = (gateway = test) => gateway.written.settled.at(-1)?.record;
const lines = () => last()?.attempts[0]?.costLines?.map(({ part, tokens, perToken }) => `${part} ${tokens} × ${perToken}`);

describe('Imagen', () => {
  it('on the Gemini API draws by predict, in the shape of a size, and costs what comes', async () => {
    upstream.script(predictions(drawn, { ...drawn, prompt: 'a red fox, detailed' }));
    const answer = await openai.images.generate({ model: 'imagen', prompt: 'a fox', n: 2, size: '1792x1024', response_format: 'b64_json' });
    expect(answer.data).toEqual([{ b64_json: PICTURE }, { b64_json: PICTURE, revised_prompt: 'a red fox, detailed' }]);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1beta/models/imagen-4.0-generate-001:predict', headers: { 'x-goog-api-key': 'AIza-secret' } });
    expect(upstream.seen[0]?.body).toEqual({ instances: [{ prompt: 'a fox' }], parameters: { sampleCount: 2, aspectRatio: '16:9' } });
    expect(last()).toMatchObject({ endpoint: 'image-generations', cost: '0.08', usage: { images: 2 }, usageEstimated: false });
    // One of three was filtered: two are paid.
    upstream.script(predictions(drawn, { raiFilteredReason: 'filtered' }, drawn));
    expect((await openai.images.generate({ model: 'imagen', prompt: 'x', n: 3 })).data).toHaveLength(2);
    expect(last()?.cost).toBe('0.08');
  });
  it('on Vertex AI is addressed by project and called with tokens; Google’s own parameters pass', async () => {
    upstream.script(TOKEN, predictions(drawn));
    const more = { aspectRatio: '3:4', negativePrompt: 'blurry', image_size: '2K', metadata: { run: 1 } };
    await openai.images.generate({ model: 'vertex-imagen', prompt: 'a fox', ...more } as OpenAI.ImageGenerateParamsNonStreaming);
    expect(upstream.seen.at(-1)).toMatchObject({
      path: '/v1/projects/p/locations/us-central1/publishers/google/models/imagen-4.0-fast-generate-001:predict',
      headers: { authorization: 'Bearer google-token' },
    });
    expect(upstream.seen.at(-1)?.body).toEqual({
      instances: [{ prompt: 'a fox' }],
      parameters: { sampleCount: 1, aspectRatio: '3:4', sampleImageSize: '2K', negativePrompt: 'blurry' },
    });
    expect(last()?.cost).toBe('0.02');
  });
  it('is asked for four at a time', async () => {
    upstream.script(predictions(drawn, drawn, drawn, drawn));
    const answer = await openai.images.generate({ model: 'imagen', prompt: 'x', n: 6 });
    expect(upstream.seen.map(({ body }) => fieldsOf(body.parameters).sampleCount)).toEqual([4, 2]);
    expect([answer.data?.length, last()?.usage?.images]).toEqual([8, 8]);
  });
  it('that draws nothing says why, as a breach of the content policy, and costs nothing', async () => {
    upstream.script(predictions({ raiFilteredReason: 'Unable to show generated images: 58061214' }));
    const refused = openai.images.generate({ model: 'imagen', prompt: 'x' });
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/ContentPolicyViolationError.*58061214/s) });
    expect(last()).toMatchObject({ outcome: 'failure', cost: '0' });
    upstream.script({ pieces: ['{"predictions":3}'] });
    await expect(openai.images.generate({ model: 'imagen', prompt: 'x' })).rejects.toMatchObject({ status: 502 });
  });
  it('changes no pictures and takes no chats', async () => {
    await expect(openai.images.edit({ model: 'imagen', prompt: 'x', image: await toFile(PNG, 'a.png') })).rejects.toMatchObject({ status: 501 });
    const chat = openai.chat.completions.create({ model: 'imagen', messages: [{ role: 'user', content: 'x' }] });
    await expect(chat).rejects.toMatchObject({ status: 501 });
    expect(upstream.seen).toHaveLength(1);
  });
});

describe('Gemini’s own pictures', () => {
  it('are asked for with their shape and cost their tokens, pictures and words apart', async () => {
    upstream.script(generated());
    const answer = await openai.images.generate({ model: 'gemini-image', prompt: '富士山', size: '1536x1024' });
    expect(answer.data).toEqual([{ b64_json: PICTURE }]);
    expect(answer.usage).toMatchObject({ input_tokens: 8, output_tokens: 1290, total_tokens: 1298, input_tokens_details: { text_tokens: 8, image_tokens: 0 } });
    expect(upstream.seen[0]?.path).toBe('/v1beta/models/gemini-2.5-flash-image:generateContent');
    expect(upstream.seen[0]?.body).toEqual({
      contents: [{ role: 'user', parts: [{ text: '富士山' }] }],
      generationConfig: { responseModalities: ['IMAGE'], imageConfig: { aspectRatio: '3:2' } },
    });
    expect(lines()).toEqual(['input 8 × 0.0000003', 'imageOutput 1290 × 0.00003']);
    expect(last()).toMatchObject({ cost: '0.0387024', usageEstimated: false });
  });
  it('come one a request: several are several requests, and those that came are paid and shown', async () => {
    upstream.script(generated(), { status: 429, pieces: ['{"error":{"code":429,"message":"slow down"}}'] }, generated());
    const answer = await openai.images.generate({ model: 'gemini-image', prompt: 'x', n: 3 });
    expect([answer.data?.length, upstream.seen.length]).toEqual([2, 3]);
    expect(last()).toMatchObject({ usage: { input: 16, output: 2580, images: 2 }, cost: '0.0774048' });
    upstream.script({ status: 429, pieces: ['{"error":{"code":429,"message":"slow down"}}'] });
    await expect(openai.images.generate({ model: 'gemini-image', prompt: 'x', n: 2 })).rejects.toMatchObject({ status: 429 });
    expect(last()).toMatchObject({ outcome: 'failure', cost: '0' });
    upstream.script({ pieces: [], after: 'cut' });
    await expect(openai.images.generate({ model: 'gemini-image', prompt: 'x', n: 2 })).rejects.toMatchObject({ status: 500 });
  });
  it('on Vertex AI carry what the model thought with, without its drafts', async () => {
    const parts = [
      { thought: true, inlineData: { mimeType: 'image/png', data: 'ZHJhZnQ=' } },
      { inlineData: { mimeType: 'image/png', data: PICTURE }, thoughtSignature: 'sig' },
    ];
    upstream.script(TOKEN, generated(parts, { usageMetadata: { ...USAGE, thoughtsTokenCount: 100, totalTokenCount: 1398 } }));
    const more = { imageConfig: { imageSize: '4K' }, tools: [{ googleSearch: {} }], seed: 3 };
    const answer = await openai.images.generate({ model: 'vertex-gemini', prompt: 'x', size: '1024x1024', ...more } as OpenAI.ImageGenerateParamsNonStreaming);
    expect(answer.data).toEqual([{ b64_json: PICTURE, provider_specific_fields: { thought_signature: 'sig' } }]);
    expect(upstream.seen.at(-1)).toMatchObject({
      path: '/v1/projects/p/locations/us-central1/publishers/google/models/gemini-3-pro-image-preview:generateContent',
      body: { tools: [{ googleSearch: {} }], generationConfig: { imageConfig: { aspectRatio: '1:1', imageSize: '4K' }, seed: 3 } },
    });
    expect(last()?.usage).toMatchObject({ input: 8, output: 1390, imageOutput: 1290 });
  });
  it('that are filtered, blocked or only words are told as such', async () => {
    const draw = () => openai.images.generate({ model: 'gemini-image', prompt: 'x' });
    upstream.script({ pieces: [JSON.stringify(candidate([], { finishReason: 'IMAGE_SAFETY', finishMessage: 'Unable to show the image.' }))] });
    await expect(draw()).rejects.toMatchObject({ status: 400, message: expect.stringContaining('Unable to show') });
    upstream.script({ pieces: ['{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}'] });
    await expect(draw()).rejects.toMatchObject({ status: 400, message: expect.stringContaining('PROHIBITED_CONTENT') });
    const words = { promptTokenCount: 8, candidatesTokenCount: 20, candidatesTokensDetails: [{ modality: 'TEXT', tokenCount: 20 }] };
    upstream.script(generated([{ text: 'What colour?' }], { usageMetadata: words }));
    expect((await draw()).data).toEqual([]);
    // Words are billed as words.
    expect(last()).toMatchObject({ usage: { output: 20, images: 0 }, cost: '0.0000524' });
  });
  it('are changed: uploads go inside the request', async () => {
    upstream.script(
      generated(undefined, { usageMetadata: { ...USAGE, promptTokenCount: 266, promptTokensDetails: [{ modality: 'IMAGE', tokenCount: 258 }] } }),
    );
    const images = [await toFile(PNG, 'a.png', { type: 'image/png' }), await toFile(Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'b.bin')];
    const answer = await openai.images.edit({ model: 'gemini-image', prompt: 'make it night', image: images, size: '1024x1792' });
    expect(answer.data).toEqual([{ b64_json: PICTURE }]);
    expect(upstream.seen[0]?.path).toBe('/v1beta/models/gemini-2.5-flash-image:generateContent');
    expect(upstream.seen[0]?.headers['content-type']).toBe('application/json');
    expect(upstream.seen[0]?.body).toMatchObject({
      contents: [
        {
          parts: [
            { inlineData: { mimeType: 'image/png', data: PICTURE } },
            { inlineData: { mimeType: 'image/jpeg', data: '/9j/4A==' } },
            { text: 'make it night' },
          ],
        },
      ],
      generationConfig: { imageConfig: { aspectRatio: '9:16' } },
    });
    expect(last()).toMatchObject({ endpoint: 'image-edits', usage: { input: 266, imageInput: 258, imageOutput: 1290 } });
    // What was uploaded is not written down.
    expect(test.written.settled.at(-1)?.request).not.toContain(PICTURE.slice(0, 40));
    const json = async (images: object[]) =>
      (
        await fetch(`${test.url}/v1/images/edits`, {
          method: 'POST',
          headers: { authorization: 'Bearer sk-user', 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'gemini-image', prompt: 'x', images }),
        })
      ).status;
    expect(await json([{ image_url: `data:image/png;base64,${PICTURE}` }])).toBe(200);
    expect(await json([{ image_url: 'https://example.com/a.png' }])).toBe(400);
    expect(await json([])).toBe(400);
  });
  it('refuse what they cannot do, or leave it out where the configuration says so', async () => {
    upstream.script(generated());
    for (const more of [{ quality: 'hd' }, { style: 'vivid' }, { response_format: 'url' }, { n: 11 }, { size: 'large' }, { stream: true }]) {
      const refused = openai.images.generate({ model: 'gemini-image', prompt: 'x', ...more } as OpenAI.ImageGenerateParamsNonStreaming);
      await expect(refused).rejects.toMatchObject({ status: 400, param: Object.keys(more)[0] });
    }
    const masked = { prompt: 'x', image: await toFile(PNG, 'a.png'), mask: await toFile(PNG, 'm.png') };
    await expect(openai.images.edit({ model: 'gemini-image', ...masked })).rejects.toMatchObject({ status: 400, param: 'mask' });
    expect(upstream.seen).toEqual([]);
    await openai.images.edit({ model: 'drops', ...masked, quality: 'high' });
    expect(JSON.stringify(upstream.seen[0]?.body)).not.toContain('quality');
    await expect(openai.images.generate({ model: 'talker', prompt: 'x' })).rejects.toMatchObject({ status: 501 });
  });
  it('hold the budget that they may cost, and are guarded by their prompt', async () => {
    const cents = (amount: bigint) => ({
      level: 'key' as const,
      id: 'poor',
      account: 'key:poor',
      maxPicos: amount * 10_000_000_000n,
      duration: null,
      model: null,
    });
    test.key('sk-poor', { claims: [cents(7n)] });
    const poor = new OpenAI({ apiKey: 'sk-poor', baseURL: `${test.url}/v1`, maxRetries: 0 });
    upstream.script(generated());
    // 0.0387 each: with two of them 0.07 are gone.
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => poor.images.generate({ model: 'gemini-image', prompt: 'x' })));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const personal = { name: 'personal', kind: 'personal_data', provider: 'presidio', modes: new Set(['pre_call']), defaultOn: true };
    const more = { failOpen: false, timeoutMs: 1_000, violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]) };
    const guarded = await startTestGateway({ deployments: deployments(), guardrails: [{ ...personal, ...more } as unknown as GuardConfig] });
    guarded.key('sk-user');
    const careful = new OpenAI({ apiKey: 'sk-user', baseURL: `${guarded.url}/v1`, maxRetries: 0 });
    await careful.images.edit({ model: 'gemini-image', prompt: 'draw taro@secret.example.jp', image: await toFile(PNG, 'a.png') });
    expect(upstream.seen.at(-1)?.raw).toContain('draw <EMAIL_ADDRESS>');
    upstream.script(predictions(drawn));
    await careful.images.generate({ model: 'imagen', prompt: 'draw taro@secret.example.jp' });
    expect(upstream.seen.at(-1)?.raw).toContain('draw <EMAIL_ADDRESS>');
    await guarded.close();
  });
});

describe('a chat with a model that draws', () => {
  const answer = candidate([{ text: 'Here.' }, { inlineData: { mimeType: 'image/png', data: PICTURE } }]);
  const image = { index: 0, type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` } };
  const ask = {
    messages: [{ role: 'user' as const, content: 'draw' }],
    modalities: ['image', 'text'],
  } as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming;
  it('answers with pictures in LiteLLM’s place, whole and streamed, at the price of pictures', async () => {
    for (const model of ['gemini-image', 'vertex-gemini']) {
      upstream.script({ pieces: [JSON.stringify(answer)] });
      const whole = await openai.chat.completions.create({ ...ask, model });
      expect(whole.choices[0]?.message).toMatchObject({ content: 'Here.', images: [image] });
      expect(whole.usage?.completion_tokens_details).toMatchObject({ image_tokens: 1290 });
      expect(upstream.seen.at(-1)?.body).toMatchObject({ generationConfig: { responseModalities: ['IMAGE', 'TEXT'] } });
    }
    upstream.script({ pieces: [JSON.stringify(answer)] });
    await openai.chat.completions.create({ ...ask, model: 'gemini-image' });
    expect(lines()).toEqual(['input 8 × 0.0000003', 'imageOutput 1290 × 0.00003']);
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [`data: ${JSON.stringify(answer)}\n\n`] });
    const images: unknown[] = [];
    for await (const chunk of await openai.chat.completions.create({ ...ask, model: 'gemini-image', stream: true }))
      images.push(...(((chunk.choices[0]?.delta as Fields | undefined)?.images ?? ([] as never[])) as unknown[]));
    expect(images).toEqual([image]);
    expect(last()).toMatchObject({ stream: true, cost: '0.0387024', usage: { imageOutput: 1290 } });
  });
  it('costs the same to Google’s own client', async () => {
    upstream.script({ pieces: [JSON.stringify(answer)] });
    const google = new GoogleGenAI({ apiKey: 'sk-user', httpOptions: { baseUrl: test.url } });
    const said = await google.models.generateContent({ model: 'gemini-image', contents: 'draw' });
    expect(said.candidates?.[0]?.content?.parts?.[1]?.inlineData?.data).toBe(PICTURE);
    expect(last()).toMatchObject({ endpoint: 'generate-content', cost: '0.0387024' });
  });
});

describe('Google’s pictures', () => {
  it('are checked by drawing one', async () => {
    const check = createDeploymentCheck(() => test.deps.config, test.deps.settings);
    const at = (name: string) => deployments().find(({ modelName }) => modelName === name) as Deployment;
    upstream.script({ pieces: ['{}'] });
    expect((await check(at('imagen'), new AbortController().signal)).healthy).toBe(true);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1beta/models/imagen-4.0-generate-001:predict', body: { instances: [{ prompt: 'a dot' }] } });
  });
  it('are priced by the bundled table, by their tokens', () => {
    const row = createPrices().ofDeployment({
      ...DEPLOYMENT,
      inputCostPerToken: null,
      outputCostPerToken: null,
      providerName: 'gemini',
      upstreamModel: 'gemini-2.5-flash-image',
    });
    expect(row).toMatchObject({ outputPicos: 2_500_000n, imageOutputPicos: 30_000_000n });
  });
  it('have a ratio that the model knows for every size', () => {
    const ratios = ['1:1', '3:4', '4:3', '9:16', '16:9'];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: 1, max: 99_999 }), (width, height) => {
        expect(ratios).toContain(aspectRatio(`${width}x${height}`, ratios));
      }),
    );
    expect(['1024x1024', '1792x1024', '1024x1792', '1280x896', '896x1280', '1536x1024'].map((size) => aspectRatio(size, ratios))).toEqual([
      ...['1:1', '16:9', '9:16', '4:3', '3:4', '4:3'],
    ]);
    expect(() => aspectRatio('0x5', ratios)).toThrow('"size"');
  });
  it('never fault, whatever a client or Google sends', () => {
    const facts = { deployment: DEPLOYMENT, stream: false, dropParams: true, id: 'x', nowSeconds: 1 };
    const names = fc.constantFrom('prompt', 'n', 'size', 'quality', 'imageConfig', 'aspectRatio', 'generationConfig', 'tools', 'seed');
    const part = fc.record({ inlineData: fc.jsonValue(), thought: fc.jsonValue(), text: fc.jsonValue() });
    const replies = fc.oneof(
      fc.jsonValue(),
      fc.record({ predictions: fc.oneof(fc.jsonValue(), fc.array(fc.record({ bytesBase64Encoded: fc.jsonValue(), raiFilteredReason: fc.jsonValue() }))) }),
      fc.record({
        candidates: fc.oneof(fc.jsonValue(), fc.array(fc.record({ content: fc.record({ parts: fc.array(part) }), finishReason: fc.jsonValue() }))),
        usageMetadata: fc.dictionary(fc.constantFrom('promptTokenCount', 'candidatesTokenCount', 'candidatesTokensDetails'), fc.jsonValue()),
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), replies, fc.constantFrom('imagen-4.0-generate-001', 'gemini-2.5-flash-image'), (body, reply, model) => {
        try {
          const asked = readPictures({ prompt: 'x', ...body }, { pictures: [], masked: false }, 'gemini', true);
          const call = googlePictures(asked, { ...facts, model });
          expect(call.bodies.length).toBeGreaterThan(0);
          const list = drawnList([call.read(fieldsOf(reply))], 1);
          expect(Array.isArray(list.data)).toBe(true);
          for (const count of Object.values(fieldsOf(list.usage))) if (typeof count === 'number') expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
        } catch (error) {
          // A fault of the code would be a TypeError; everything else says what is wrong.
          expect(error).not.toBeInstanceOf(TypeError);
          expect((error as Error).name).not.toBe('AssertionError');
        }
      }),
    );
  });
});
