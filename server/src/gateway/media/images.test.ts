// Pictures through the gateway: made, changed and varied, streamed before they are finished, counted by token, by picture or by pixel of a size and quality, bounded, honest when something breaks.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { ListedPrices } from '#prices/listed.ts';
import { readPriceFile } from '#prices/litellm-list.ts';
import { createPrices } from '#prices/model-prices.ts';
import type { Deployment } from '#settings/settings.ts';
import { MediaScan } from './media-scan.ts';
import { mediaUsage } from './media-usage.ts';
import { formBytes, type TestPart } from './wave-fixture.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
const DOLLAR = 1_000_000_000_000n;
const filler = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`filler-${index}`, { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }]));
const image = { litellm_provider: 'openai', mode: 'image_generation' };
/** Entries in the form of LiteLLM's file. */
const FILE = {
  ...filler,
  'dall-e-3': { ...image, input_cost_per_image: 0.04 },
  'standard/1024-x-1792/dall-e-3': { ...image, input_cost_per_pixel: 4.359e-8, output_cost_per_pixel: 0 },
  'hd/1024-x-1024/dall-e-3': { ...image, input_cost_per_pixel: 7.629e-8, output_cost_per_pixel: 0 },
  '256-x-256/dall-e-2': { ...image, input_cost_per_pixel: 2.4414e-7, output_cost_per_pixel: 0 },
  '1024-x-1024/dall-e-2': { ...image, input_cost_per_pixel: 1.9e-8, output_cost_per_pixel: 0 },
  'gpt-image-1': {
    ...{ ...image, input_cost_per_image: 0.042, input_cost_per_token: 5e-6 },
    ...{ input_cost_per_image_token: 1e-5, output_cost_per_image_token: 4e-5 },
  },
  'low/1024-x-1024/gpt-image-1': { ...image, input_cost_per_image: 0.011 },
};
const listed = new ListedPrices(readPriceFile(FILE).models.map((one) => ({ ...one, validFromMs: 0, validToMs: null })));

function deployments(): Deployment[] {
  const at = (modelName: string, more: Partial<Deployment> = {}): Deployment => ({
    ...DEPLOYMENT,
    id: modelName,
    modelName,
    upstreamModel: modelName,
    apiBase: `${upstream.url}/v1`,
    inputCostPerToken: null,
    outputCostPerToken: null,
    mode: 'image_generation',
    ...more,
  });
  const azure = { provider: 'azure', providerName: 'azure', apiBase: upstream.url, apiVersion: '2025-04-01-preview' } as const;
  return [
    at('dall-e-2'),
    at('dall-e-3'),
    at('gpt-image-1'),
    at('azure-image', { ...azure, upstreamModel: 'draw', baseModel: 'gpt-image-1' }),
    at('flat', { provider: 'openai-compatible', providerName: 'hosted_vllm', unitPrices: { input_cost_per_image: '0.5' } }),
    at('unpriced', { provider: 'openai-compatible', providerName: 'hosted_vllm' }),
    at('together', { provider: 'openai-compatible', providerName: 'together_ai' }),
  ];
}

async function start(more: Parameters<typeof startTestGateway>[0] = {}, limits: Parameters<typeof startTestGateway>[1] = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ deployments: deployments(), ...more }, { maxRequestBytes: 40 << 20, ...limits });
  Object.assign(gateway.deps, { prices: createPrices(Date.now, () => listed) });
  gateway.key('sk-user');
  return gateway;
}
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  test = await start();
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});

const PICTURE = randomBytes(3_000).toString('base64');
const answerOf = (pictures: number, more: object = {}) =>
  JSON.stringify({ created: 1, data: Array.from({ length: pictures }, () => ({ b64_json: PICTURE })), ...more });
const USAGE = { input_tokens: 50, input_tokens_details: { text_tokens: 10, image_tokens: 40 }, output_tokens: 1056, total_tokens: 1106 };
const answers = (pictures: number, more: object = {}) => upstream.script({ pieces: [answerOf(pictures, more)] });
beforeEach(() => answers(1));
const last = (gateway = test) => gateway.written.settled.at(-1);

interface To {
  gateway?: TestGateway;
  path?: string;
  key?: string;
}
async function send(body: string | Buffer, type: string, { gateway = test, path = '/v1/images/generations', key = 'sk-user' }: To) {
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': type }, body });
  return { status: response.status, text: await response.text(), cost: response.headers.get('x-litellm-response-cost') };
}
const draw = (body: object, to: To = {}) => send(JSON.stringify(body), 'application/json', to);
const edit = (parts: readonly TestPart[], to: To = {}) =>
  send(formBytes(parts), 'multipart/form-data; boundary=test-boundary', { path: '/v1/images/edits', ...to });
const lines = () => last()?.record.attempts[0]?.costLines?.map(({ part, tokens, perToken }) => `${part} ${tokens} × ${perToken}`);

describe('a picture that is made', () => {
  it('passes as bytes under every path and costs its size and quality, picture by picture', async () => {
    answers(2);
    for (const path of ['/v1/images/generations', '/images/generations', '/openai/deployments/dall-e-3/images/generations?api-version=2024-02-01']) {
      const drawn = await draw({ model: 'dall-e-3', prompt: '富士山', n: 2, size: '1024x1792', metadata: { tags: ['a'] } }, { path });
      expect(drawn).toEqual({ status: 200, text: answerOf(2), cost: '0.15997599744' });
      expect(upstream.seen.at(-1)).toMatchObject({ path: '/v1/images/generations', body: { model: 'dall-e-3', prompt: '富士山', n: 2, size: '1024x1792' } });
      expect(upstream.seen.at(-1)?.body).not.toHaveProperty('metadata');
    }
    expect(last()?.record).toMatchObject({ endpoint: 'image-generations', usage: { images: 2, pixels: 3_670_016 }, usageEstimated: false, tags: ['a'] });
    expect(last()?.record.attempts[0]?.priceId).toBe('litellm-prices:standard/1024-x-1792/dall-e-3@1970-01-01T00:00:00.000Z');
    expect(lines()).toEqual(['megapixels 3.670016 × 0.04359']);
  });
  it('costs what its own model lists where its size is not listed, and as many as have come', async () => {
    const cost = async (body: object) => (await draw({ prompt: 'x', ...body })).cost;
    expect(await cost({ model: 'dall-e-3' })).toBe('0.04');
    expect(lines()).toEqual(['images 1 × 0.04']);
    expect(await cost({ model: 'dall-e-3', quality: 'hd' })).toBe('0.07999586304');
    expect(await cost({ model: 'dall-e-2', size: '256x256' })).toBe('0.01599995904');
    answers(1);
    expect(await cost({ model: 'flat', n: 3 })).toBe('0.5');
    expect(await cost({ model: 'unpriced' })).toBeNull();
    expect(last()?.record).toMatchObject({ cost: null, usage: { images: 1 } });
  });
  it('costs its tokens where the upstream counts them, image and text apart, and its picture where it does not', async () => {
    answers(1, { usage: USAGE, size: '1024x1024', quality: 'medium' });
    expect((await draw({ model: 'gpt-image-1', prompt: 'x' })).cost).toBe('0.04269');
    expect(lines()).toEqual(['input 10 × 0.000005', 'imageInput 40 × 0.00001', 'imageOutput 1056 × 0.00004']);
    expect(last()?.record).toMatchObject({ usage: { input: 50, imageInput: 40, output: 1056, imageOutput: 1056 }, usageEstimated: false });
    answers(1);
    expect((await draw({ model: 'gpt-image-1', prompt: 'x', quality: 'low', size: '1024x1024' })).cost).toBe('0.011');
    expect(lines()).toEqual(['images 1 × 0.011']);
  });
  it('is asked of Azure by its deployment', async () => {
    answers(1, { usage: USAGE });
    expect((await draw({ model: 'azure-image', prompt: 'x' })).status).toBe(200);
    expect(upstream.seen.at(-1)?.path).toBe('/openai/deployments/draw/images/generations?api-version=2025-04-01-preview');
  });
  it('may be long: twenty megabytes come whole and are counted', async () => {
    const long = JSON.stringify({ data: [{ b64_json: 'A'.repeat(20 << 20) }], usage: USAGE });
    upstream.script({ pieces: [long.slice(0, 9 << 20), long.slice(9 << 20)] });
    const drawn = await draw({ model: 'gpt-image-1', prompt: 'x' });
    expect([drawn.text === long, drawn.cost]).toEqual([true, '0.04269']);
    // More than may be held goes on as it comes; its usage stands at its end.
    const small = await start({}, { inFlightBytes: 8 << 20 });
    upstream.script({ pieces: [long] });
    expect((await draw({ model: 'gpt-image-1', prompt: 'x' }, { gateway: small })).text === long).toBe(true);
    expect(last(small)?.record).toMatchObject({ outcome: 'success', cost: '0.04269' });
    await small.close();
  });
  it('that the upstream refuses costs nothing', async () => {
    upstream.script({ status: 400, pieces: ['{"error":{"message":"moderation_blocked","code":"moderation_blocked"}}'] });
    const refused = await draw({ model: 'gpt-image-1', prompt: 'x' });
    expect([refused.status, refused.text.includes('moderation_blocked')]).toEqual([400, true]);
    expect(last()?.record).toMatchObject({ outcome: 'failure', cost: '0' });
  });
});

describe('pictures that are streamed', () => {
  const event = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, b64_json: PICTURE, ...more })}\n\n`;
  const streamed = (...pieces: string[]) => upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces });
  it('come before they are finished, and the last one waits for the bill', async () => {
    const all = [event('image_generation.partial_image', { partial_image_index: 0 }), event('image_generation.completed', { usage: USAGE })];
    streamed(...all);
    expect((await draw({ model: 'gpt-image-1', prompt: 'x', stream: true, partial_images: 1 })).text).toBe(all.join(''));
    expect(last()?.record).toMatchObject({ stream: true, cost: '0.04269', usageEstimated: false, outcome: 'success' });
  });
  it('are counted together when there are several, in whatever pieces they come', async () => {
    const all = [
      event('image_generation.completed', { usage: USAGE }),
      event('image_generation.partial_image'),
      event('image_generation.completed', { usage: USAGE }),
    ];
    const text = `${all.join('')}data: [DONE]\n\n`;
    streamed(...(text.match(/[\s\S]{1,777}/g) as string[]));
    expect((await draw({ model: 'gpt-image-1', prompt: 'x', n: 2, stream: true })).text).toBe(text);
    expect(last()?.record).toMatchObject({ cost: '0.08538', usage: { output: 2112, imageInput: 80, images: 2 } });
    streamed(event('image_edit.completed'));
    expect(
      (
        await edit([
          ['model', 'flat'],
          ['prompt', 'x'],
          ['stream', 'true'],
          ['image', 'png', 'a.png'],
        ])
      ).text,
    ).toBe(event('image_edit.completed'));
    expect(last()?.record).toMatchObject({ cost: '0.5', usage: { images: 1 } });
  });
  it('that end without one are told as cut', async () => {
    streamed(event('image_generation.partial_image'));
    expect((await draw({ model: 'gpt-image-1', prompt: 'x', stream: true })).text).toContain('the stream ended before it was complete');
    expect(last()?.record).toMatchObject({ outcome: 'failure', usageEstimated: true });
  });
});

describe('a picture that is changed', () => {
  const FILES: TestPart[] = [
    ['image[]', randomBytes(2_000), 'one.png'],
    ['image[]', randomBytes(1_000), 'two.png'],
    ['mask', randomBytes(500), 'mask.png'],
  ];
  it('passes as it came, with its pictures written down by hash', async () => {
    answers(1, { usage: USAGE });
    for (const path of ['/v1/images/edits', '/images/edits', '/openai/deployments/gpt-image-1/images/edits']) {
      const edited = await edit([...FILES, ['model', 'gpt-image-1'], ['prompt', '雪を'], ['n', '1']], { path });
      expect([edited.status, edited.cost]).toEqual([200, '0.04269']);
      expect(upstream.seen.at(-1)?.bytes.equals(formBytes([...FILES, ['model', 'gpt-image-1'], ['prompt', '雪を'], ['n', '1']]))).toBe(true);
    }
    const said = JSON.parse(last()?.request ?? '');
    expect(said).toMatchObject({ prompt: '雪を', 'image[]': [{ filename: 'one.png', bytes: 2_000 }, { filename: 'two.png' }], mask: { bytes: 500 } });
  });
  it('may be named in JSON, and varied where the provider has that', async () => {
    answers(1, { usage: USAGE });
    const json = { model: 'gpt-image-1', prompt: 'x', images: [{ file_id: 'file-1' }] };
    expect((await draw(json, { path: '/v1/images/edits' })).status).toBe(200);
    expect(upstream.seen.at(-1)).toMatchObject({ path: '/v1/images/edits', body: json });
    answers(2);
    const varied = await edit(
      [
        ['image', randomBytes(100), 'a.png'],
        ['n', '2'],
        ['size', '256x256'],
        ['model', 'dall-e-2'],
      ],
      { path: '/v1/images/variations' },
    );
    expect(varied).toMatchObject({ status: 200, cost: '0.03199991808' });
    expect(
      await edit(
        [
          ['image', 'a', 'a.png'],
          ['model', 'azure-image'],
        ],
        { path: '/images/variations' },
      ),
    ).toMatchObject({ status: 501 });
    expect(
      await edit([
        ['image', 'a', 'a.png'],
        ['model', 'together'],
      ]),
    ).toMatchObject({ status: 501 });
    expect((await draw({ model: 'dall-e-3', messages: [] }, { path: '/v1/chat/completions' })).status).toBe(501);
  });
});

describe('budgets', () => {
  const claim = (id: string, maxPicos: bigint) => [{ level: 'key' as const, id, account: `key:${id}`, maxPicos, duration: null, model: null }];
  it('hold the pictures of a call before it is sent, also under parallel calls', async () => {
    test.key('sk-poor', { claims: claim('poor', 2n * DOLLAR) });
    answers(2);
    const calls = Array.from({ length: 20 }, () => draw({ model: 'flat', prompt: 'x', n: 2 }, { key: 'sk-poor' }));
    expect((await Promise.all(calls)).filter(({ status }) => status === 200)).toHaveLength(2);
    expect(test.deps.budgets.spentPicos('key:poor')).toBe(2n * DOLLAR);
  });
  it('that are strict are never passed: by the dearest size, by the most tokens; given pictures have no bound', async () => {
    const gateway = await start({ budgetMode: 'strict', maxBudget: '100' });
    gateway.key('sk-poor', { claims: claim('poor', DOLLAR / 10n) });
    const poor = { gateway, key: 'sk-poor' };
    answers(1);
    // No size is stated: the dearest listed one is held, 0.08 of 0.1; the bill is 0.04.
    expect((await draw({ model: 'dall-e-3', prompt: 'x' }, poor)).status).toBe(200);
    expect((await draw({ model: 'dall-e-3', prompt: 'x' }, poor)).status).toBe(400);
    expect((await draw({ model: 'dall-e-3', prompt: 'x', size: '1024x1024', quality: 'standard' }, poor)).status).toBe(200);
    // 6240 tokens of 0.00004 are more than is left.
    expect((await draw({ model: 'gpt-image-1', prompt: 'x' }, poor)).status).toBe(400);
    answers(1, { usage: { input_tokens: 10, output_tokens: 6240, total_tokens: 6250 } });
    expect((await draw({ model: 'gpt-image-1', prompt: 'x' }, { gateway })).status).toBe(200);
    const { record } = last(gateway) as NonNullable<ReturnType<typeof last>>;
    expect(Number(gateway.written.started.at(-1)?.reserved)).toBeGreaterThanOrEqual(Number(record.cost));
    expect(
      await edit(
        [
          ['model', 'gpt-image-1'],
          ['prompt', 'x'],
          ['image', 'a', 'a.png'],
        ],
        { gateway },
      ),
    ).toMatchObject({ status: 400, text: expect.stringContaining('max_input_tokens') });
    expect(
      (
        await edit(
          [
            ['model', 'dall-e-2'],
            ['prompt', 'x'],
            ['image', 'a', 'a.png'],
            ['size', '256x256'],
          ],
          { gateway },
        )
      ).status,
    ).toBe(200);
    await gateway.close();
  });
});

describe('the events of pictures', () => {
  it('leave in their order and whole, however they are cut, and the last finished one last', () => {
    const frame = fc.constantFrom(
      'event: image_generation.partial_image\ndata: {"type":"image_generation.partial_image","b64_json":"AAAA"}\n\n',
      'data: {"type":"image_generation.completed","b64_json":"BBBB","usage":{"input_tokens":1,"output_tokens":2,"input_tokens_details":{"image_tokens":1}}}\r\n\r\n',
      ': ping\n\n',
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), (frames, cuts) => {
        const scan = new MediaScan();
        const text = frames.join('');
        let out = '';
        for (let at = 0, turn = 0; at < text.length; turn += 1) {
          const next = at + (cuts[turn % cuts.length] as number);
          out += scan.push(Buffer.from(text.slice(at, next)))?.toString() ?? '';
          at = next;
        }
        // A comment need not wait for the picture before it.
        const withoutComments = (events: string) => events.replaceAll(': ping\n\n', '');
        expect(withoutComments(out + (scan.ending?.toString() ?? ''))).toBe(withoutComments(text));
        if (frames.at(-1)?.includes('.completed')) expect(scan.ending?.toString()).toBe(frames.at(-1));
        const finished = frames.filter((one) => one.includes('.completed')).length;
        expect([scan.finished, scan.malformed]).toEqual([finished > 0, false]);
        if (finished > 0)
          expect(mediaUsage(scan.usage)).toEqual({ input: finished, output: 2 * finished, total: 3 * finished, images: finished, imageInput: finished });
      }),
    );
  });
  it('that are anything end in bytes or in a fault, never in an error', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.jsonValue().map((value) => `data: ${JSON.stringify(value)}\n\n`),
            fc.constant('data: [DONE]\n\n'),
          ),
        ),
        (texts) => {
          const scan = new MediaScan();
          for (const text of texts) scan.push(Buffer.from(text));
          const usage = mediaUsage(scan.usage);
          for (const count of Object.values(usage ?? {})) expect(Number.isSafeInteger(count) && (count as number) >= 0).toBe(true);
        },
      ),
    );
  });
});
