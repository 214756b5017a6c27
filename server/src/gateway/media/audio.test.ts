// Sound through the gateway: spoken and streamed as it comes, heard from a form that passes as bytes, counted and priced each in its own way, guarded, bounded, honest when something breaks.
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GuardConfig } from '#gateway/guards/guard.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import type { Deployment } from '#settings/settings.ts';
import { formBytes, type TestPart, wave } from './wave-fixture.ts';

let upstream: ScriptedUpstream;
let test: TestGateway;
const DOLLAR = 1_000_000_000_000n;

function deployments(): Deployment[] {
  const at = (modelName: string, more: Partial<Deployment> = {}): Deployment => ({
    ...DEPLOYMENT,
    id: modelName,
    modelName,
    upstreamModel: modelName,
    apiBase: `${upstream.url}/v1`,
    inputCostPerToken: null,
    outputCostPerToken: null,
    mode: null,
    ...more,
  });
  return [
    at('tts-1', { mode: 'audio_speech', unitPrices: { input_cost_per_character: '0.000015' } }),
    at('gpt-4o-mini-tts', { mode: 'audio_speech' }),
    at('priced-speaker', {
      mode: 'audio_speech',
      inputCostPerToken: '0.000001',
      outputCostPerToken: '0.00001',
      unitPrices: { output_cost_per_audio_token: '0.000012', output_cost_per_second: '0.00025' },
    }),
    at('whisper-1', { mode: 'audio_transcription' }),
    at('gpt-4o-transcribe', { mode: 'audio_transcription' }),
    at('azure-whisper', {
      provider: 'azure',
      providerName: 'azure',
      upstreamModel: 'my whisper',
      apiBase: upstream.url,
      apiVersion: '2024-10-21',
      mode: 'audio_transcription',
      unitPrices: { input_cost_per_second: '0.0001' },
    }),
    at('vllm', { provider: 'openai-compatible', providerName: 'hosted_vllm', mode: 'audio_transcription' }),
    at('chat'),
    at('claude', { provider: 'anthropic', providerName: 'anthropic', apiBase: upstream.url }),
    at('flaky', { upstreamModel: 'whisper-1', mode: 'audio_transcription', maxRetries: 2 }),
  ];
}

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  test = await startTestGateway({ deployments: deployments() }, { maxRequestBytes: 40 << 20 });
  test.key('sk-user');
  test.key('sk-other', { models: ['chat'], modelLists: [{ level: 'key', models: ['chat'] }] });
});
afterAll(async () => {
  await test.close();
  await upstream.close();
});

const SOUND = randomBytes(5_000);
const TEXT = '{"text":"こんにちは","usage":{"type":"duration","seconds":9}}';
const answersJson = (text: string) => upstream.script({ pieces: [text] });
beforeEach(() => answersJson(TEXT));
const last = (gateway = test) => gateway.written.settled.at(-1);

const at = ({ gateway = test, path, key = 'sk-user' }: { gateway?: TestGateway; path: string; key?: string }) => ({
  url: `${gateway.url}${path}`,
  authorization: `Bearer ${key}`,
});

async function speak(body: object, to: { gateway?: TestGateway; path?: string; key?: string } = {}) {
  const { url, authorization } = at({ path: '/v1/audio/speech', ...to });
  const response = await fetch(url, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()), type: response.headers.get('content-type') };
}

async function hear(parts: readonly TestPart[], to: { gateway?: TestGateway; path?: string; key?: string } = {}) {
  const { url, authorization } = at({ path: '/v1/audio/transcriptions', ...to });
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=test-boundary' };
  const response = await fetch(url, { method: 'POST', headers, body: formBytes(parts) });
  return {
    status: response.status,
    text: await response.text(),
    type: response.headers.get('content-type'),
    cost: response.headers.get('x-litellm-response-cost'),
  };
}

const FILE: TestPart = ['file', wave(1_500), 'hello.wav'];

describe('a text that is spoken', () => {
  it('comes as the bytes of the upstream under every path, costs its characters, and is written down by hash', async () => {
    upstream.script({ headers: { 'content-type': 'audio/mpeg' }, pieces: [SOUND.subarray(0, 3), SOUND.subarray(3)] });
    for (const path of ['/v1/audio/speech', '/audio/speech', '/openai/deployments/tts-1/audio/speech?api-version=2024-10-21']) {
      const spoken = await speak({ model: 'tts-1', input: 'Hello 東京😀', voice: 'alloy', metadata: { tags: ['a'] } }, { path });
      expect([spoken.status, spoken.type, spoken.bytes.equals(SOUND)]).toEqual([200, 'audio/mpeg', true]);
      expect(upstream.seen.at(-1)).toMatchObject({ path: '/v1/audio/speech', body: { model: 'tts-1', voice: 'alloy' } });
      expect(upstream.seen.at(-1)?.body).not.toHaveProperty('metadata');
      const { record, request, answer } = last() as NonNullable<ReturnType<typeof last>>;
      expect(record).toMatchObject({ endpoint: 'speech', outcome: 'success', cost: '0.000135', usageEstimated: false, tags: ['a'], stream: false });
      expect(record.attempts[0]?.costLines).toEqual([{ part: 'characters', tokens: 9, perToken: '0.000015' }]);
      expect(JSON.parse(request ?? '')).toMatchObject({ input: 'Hello 東京😀' });
      const sha256 = createHash('sha256').update(SOUND).digest('hex');
      expect(JSON.parse(answer)).toEqual({ audio: { content_type: 'audio/mpeg', bytes: SOUND.length, sha256 } });
    }
  });
  it('is heard before its upstream has ended: only the last byte waits', async () => {
    upstream.script({ headers: { 'content-type': 'audio/mpeg' }, pieces: [SOUND], after: 'hang' });
    const { url, authorization } = at({ path: '/v1/audio/speech' });
    const leaving = new AbortController();
    const body = JSON.stringify({ model: 'tts-1', input: 'a long text', voice: 'alloy' });
    const response = await fetch(url, { method: 'POST', headers: { authorization }, body, signal: leaving.signal });
    let heard = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      heard += chunk.length;
      if (heard >= SOUND.length - 1) break;
    }
    expect(heard).toBe(SOUND.length - 1);
    leaving.abort();
    await expect.poll(() => last()?.record).toMatchObject({ outcome: 'cancelled', httpStatus: 499, cost: '0.000165' });
    await expect.poll(() => upstream.seen.at(-1)?.aborted).toBe(true);
    // Whoever left was delivered what left, and pays for what was asked.
    expect(JSON.parse(last()?.answer ?? '').audio.bytes).toBeLessThanOrEqual(SOUND.length - 1);
  });
  it('streams as events with the tokens that the upstream counts at its end', async () => {
    const frames = [0, 2_500].map((start) => `data: {"type":"speech.audio.delta","audio":"${SOUND.subarray(start, start + 2_500).toString('base64')}"}\n\n`);
    const done = 'data: {"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}\n\n';
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [...frames, done] });
    const spoken = await speak({ model: 'gpt-4o-mini-tts', input: 'Hello', voice: 'alloy', stream_format: 'sse' });
    expect(spoken.bytes.toString()).toBe([...frames, done].join(''));
    const { record, answer } = last() as NonNullable<ReturnType<typeof last>>;
    expect(record).toMatchObject({ stream: true, usage: { input: 14, output: 101 }, usageEstimated: false, cost: '0.0012204' });
    expect(record.attempts[0]?.costLines).toEqual([
      { part: 'input', tokens: 14, perToken: '0.0000006' },
      { part: 'output', tokens: 101, perToken: '0.000012' },
    ]);
    // All that comes out is sound; a price of seconds beside those of tokens is for answers that count none.
    await speak({ model: 'priced-speaker', input: 'Hello', voice: 'alloy', stream_format: 'sse' });
    expect(last()?.record.attempts[0]?.costLines).toEqual([
      { part: 'input', tokens: 14, perToken: '0.000001' },
      { part: 'audioOutput', tokens: 101, perToken: '0.000012' },
    ]);
    expect(JSON.parse(answer)).toMatchObject({ audio: { bytes: SOUND.length, sha256: createHash('sha256').update(SOUND).digest('hex') } });
  });
  it('whose tokens nobody counts is billed by an estimate that says so', async () => {
    upstream.script({ headers: { 'content-type': 'audio/mpeg' }, pieces: [SOUND] });
    await speak({ model: 'gpt-4o-mini-tts', input: 'x'.repeat(150), voice: 'alloy' });
    // 150 letters are about ten seconds, and those two hundred tokens.
    expect(last()?.record).toMatchObject({ usage: { input: 38, output: 200, characters: 150 }, usageEstimated: true, cost: '0.0024228' });
  });
  it('that breaks off in the middle is cut for the client too, with one row that says so', async () => {
    upstream.script({ headers: { 'content-type': 'audio/mpeg' }, pieces: [SOUND], after: 'cut' });
    await expect(speak({ model: 'tts-1', input: 'Hello', voice: 'alloy' })).rejects.toThrow();
    await expect.poll(() => last()?.record).toMatchObject({ endpoint: 'speech', outcome: 'failure', cost: '0.000075' });
    upstream.script({ headers: { 'content-type': 'audio/mpeg' }, pieces: [] });
    expect((await speak({ model: 'tts-1', input: 'Hello', voice: 'alloy' })).status).toBeGreaterThanOrEqual(500);
    expect(last()?.record).toMatchObject({ outcome: 'failure', cost: '0' });
  });
});

describe('a sound that is heard', () => {
  it('passes as it came with the model’s name replaced, under every path, and costs the seconds that the upstream says', async () => {
    for (const path of [
      '/v1/audio/transcriptions',
      '/audio/transcriptions',
      '/openai/deployments/whisper-1/audio/transcriptions',
      '/v1/audio/translations',
      '/audio/translations',
    ]) {
      const heard = await hear([FILE, ['model', 'whisper-1'], ['language', 'ja'], ['metadata', '{"tags":["b"]}']], { path });
      expect(heard).toMatchObject({ status: 200, text: TEXT, cost: '0.0009' });
      expect(upstream.seen.at(-1)).toMatchObject({ path: path.includes('translations') ? '/v1/audio/translations' : '/v1/audio/transcriptions' });
      expect(upstream.seen.at(-1)?.bytes.equals(formBytes([FILE, ['model', 'whisper-1'], ['language', 'ja']]))).toBe(true);
      expect(upstream.seen.at(-1)?.headers['content-type']).toBe('multipart/form-data; boundary=test-boundary');
    }
    const { record, request } = last() as NonNullable<ReturnType<typeof last>>;
    expect(record).toMatchObject({ endpoint: 'translations', usage: { audioMs: 9_000 }, usageEstimated: false, tags: ['b'] });
    expect(record.attempts[0]?.costLines).toEqual([{ part: 'seconds', tokens: 9, perToken: '0.0001' }]);
    const sha256 = createHash('sha256').update(FILE[1]).digest('hex');
    expect(JSON.parse(request ?? '').file).toEqual({ filename: 'hello.wav', content_type: 'audio/wav', bytes: FILE[1].length, sha256, seconds: 1.5 });
  });
  it('costs the length of its file where the upstream says none, as an estimate', async () => {
    answersJson('{"text":"hi"}');
    expect((await hear([['model', 'azure-whisper'], FILE])).cost).toBe('0.00015');
    expect(upstream.seen.at(-1)?.path).toBe('/openai/deployments/my%20whisper/audio/transcriptions?api-version=2024-10-21');
    expect(upstream.seen.at(-1)?.raw).toContain('name="model"\r\n\r\nmy whisper\r\n');
    expect(last()?.record).toMatchObject({ usage: { audioMs: 1_500 }, usageEstimated: true });
    // verbose_json says how long it was.
    answersJson('{"task":"transcribe","language":"english","duration":8.47,"text":"hi","segments":[]}');
    expect((await hear([['model', 'whisper-1'], FILE, ['response_format', 'verbose_json']])).cost).toBe('0.000847');
    expect(last()?.record).toMatchObject({ usage: { audioMs: 8_470 }, usageEstimated: false });
  });
  it('costs its audio and text tokens where the upstream counts those', async () => {
    const usage = { type: 'tokens', input_tokens: 100, input_token_details: { audio_tokens: 90, text_tokens: 10 }, output_tokens: 20, total_tokens: 120 };
    answersJson(JSON.stringify({ text: 'hi', usage }));
    expect((await hear([['model', 'gpt-4o-transcribe'], FILE])).cost).toBe('0.000765');
    expect(last()?.record.attempts[0]?.costLines).toEqual([
      { part: 'input', tokens: 10, perToken: '0.0000025' },
      { part: 'audioInput', tokens: 90, perToken: '0.000006' },
      { part: 'output', tokens: 20, perToken: '0.00001' },
    ]);
  });
  it('comes as plain text, subtitles or events exactly as the upstream writes them', async () => {
    const srt = '1\n00:00:00,000 --> 00:00:01,500\n"こんにちは" \\ {"text":"no json"}\n\n';
    for (const [format, type] of [
      ['srt', 'text/plain; charset=utf-8'],
      ['vtt', 'text/vtt'],
      ['text', 'application/json'],
    ] as const) {
      upstream.script({ headers: { 'content-type': type }, pieces: [srt] });
      expect(await hear([['model', 'whisper-1'], FILE, ['response_format', format]])).toEqual({ status: 200, text: srt, type, cost: '0.00015' });
      expect(JSON.parse(last()?.answer ?? '')).toEqual({ text: srt });
    }
    const events = ['{"type":"transcript.text.delta","delta":"こん"}', '{"type":"transcript.text.delta","delta":"にちは"}'].map(
      (event) => `event: x\ndata: ${event}\n\n`,
    );
    const done =
      'data: {"type":"transcript.text.done","text":"こんにちは","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":5,"total_tokens":19}}\n\n';
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [...events, done] });
    expect((await hear([['stream', 'true'], ['model', 'gpt-4o-transcribe'], FILE])).text).toBe([...events, done].join(''));
    expect(last()?.record).toMatchObject({ stream: true, usage: { input: 14, audioInput: 14, output: 5 }, cost: '0.000134' });
  });
  it('streams as chunks with vLLM, whose price nobody knows', async () => {
    const chunks = 'data: {"id":"t","object":"transcription.chunk","choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n';
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [chunks] });
    expect((await hear([['model', 'vllm'], FILE, ['stream', 'true']])).text).toBe(chunks);
    expect(last()?.record).toMatchObject({ outcome: 'success', cost: null });
  });
  it('whose stream ends too early, or in an error, is told so', async () => {
    const delta = 'data: {"type":"transcript.text.delta","delta":"a"}\n\n';
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [delta] });
    expect((await hear([['model', 'gpt-4o-transcribe'], FILE, ['stream', 'true']])).text).toContain('the stream ended before it was complete');
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [delta, 'data: {"type":"error","error":{"message":"too loud"}}\n\n'] });
    expect((await hear([['model', 'gpt-4o-transcribe'], FILE, ['stream', 'true']])).text).toContain('too loud');
    expect(last()?.record).toMatchObject({ outcome: 'failure' });
  });
  it('is sent again whole when a try fails', async () => {
    upstream.script({ status: 503, pieces: ['{"error":{"message":"busy"}}'] }, { status: 500, pieces: ['{}'] }, { pieces: [TEXT] });
    expect((await hear([['model', 'flaky'], FILE])).status).toBe(200);
    const sent = upstream.seen.map(({ bytes }) => bytes.toString('hex'));
    expect([sent.length, new Set(sent).size]).toEqual([3, 1]);
    expect(last()?.record.attempts.map(({ outcome }) => outcome)).toEqual(['failure', 'failure', 'success']);
  });
});

describe('a call for sound that cannot be', () => {
  it('is refused before anything is sent: no model, no form, a model for something else, a key without it', async () => {
    expect(await hear([FILE])).toMatchObject({ status: 400, text: expect.stringContaining('names no model') });
    expect(await hear([['model', 'whisper-1'], FILE, ['api_base', 'http://evil.example']])).toMatchObject({
      status: 400,
      text: expect.stringContaining('api_base is not allowed'),
    });
    expect(await hear([['model', 'chat'], FILE], { key: 'sk-other', path: '/v1/audio/translations' })).toMatchObject({ status: 200 });
    expect((await hear([['model', 'whisper-1'], FILE], { key: 'sk-other' })).status).toBe(401);
    upstream.script({ pieces: [TEXT] });
    expect((await speak({ model: 'whisper-1', input: 'x', voice: 'alloy' })).status).toBe(501);
    expect(await hear([['model', 'claude'], FILE])).toMatchObject({
      status: 501,
      text: expect.stringContaining('/audio/transcriptions is not supported for anthropic'),
    });
    expect((await speak({ model: 'whisper-1', messages: [{ role: 'user', content: 'x' }] }, { path: '/v1/chat/completions' })).status).toBe(501);
    const { url, authorization } = at({ path: '/v1/audio/transcriptions' });
    const json = await fetch(url, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: '{"model":"whisper-1"}' });
    expect([json.status, await json.text()]).toEqual([400, expect.stringContaining('multipart/form-data')]);
    expect((await fetch(`${test.url}/v1/audio/voices`, { method: 'POST', headers: { authorization } })).status).toBe(501);
    expect(upstream.seen).toEqual([]);
  });
});

describe('budgets', () => {
  const claim = (id: string, maxPicos: bigint) => [{ level: 'key' as const, id, account: `key:${id}`, maxPicos, duration: null, model: null }];
  it('hold what a sound may cost before it is sent, also under parallel calls', async () => {
    // 0.01 are eleven times nine seconds: reserved are the file's one and a half.
    test.key('sk-poor', { claims: claim('poor', DOLLAR / 1000n) });
    answersJson('{"text":"hi","usage":{"type":"duration","seconds":1.5}}');
    const statuses = (await Promise.all(Array.from({ length: 30 }, () => hear([['model', 'whisper-1'], FILE], { key: 'sk-poor' })))).map(
      ({ status }) => status,
    );
    expect(statuses.filter((status) => status === 200).length).toBe(7);
    expect(test.deps.budgets.spentPicos('key:poor')).toBe((DOLLAR / 1_000_000n) * 1050n);
  });
  it('that are strict are never passed: characters and PCM have a bound, other sound is refused', async () => {
    const strict = await startTestGateway({ deployments: deployments(), budgetMode: 'strict', maxBudget: '100' });
    strict.key('sk-user');
    strict.key('sk-poor', { claims: claim('poor', DOLLAR / 1000n) });
    const gateway = strict;
    answersJson('{"text":"hi","usage":{"type":"duration","seconds":2}}');
    const heard = await Promise.all(Array.from({ length: 20 }, () => hear([['model', 'whisper-1'], FILE], { gateway, key: 'sk-poor' })));
    expect(heard.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(strict.deps.budgets.spentPicos('key:poor')).toBe(DOLLAR / 1000n);
    const compressed: TestPart = ['file', Buffer.from('OggS....'), 'a.ogg'];
    expect(await hear([['model', 'whisper-1'], compressed], { gateway })).toMatchObject({ status: 400, text: expect.stringContaining('WAV files of PCM') });
    expect(await hear([['model', 'gpt-4o-transcribe'], FILE], { gateway })).toMatchObject({ status: 400, text: expect.stringContaining('max_output_tokens') });
    upstream.script({ headers: { 'content-type': 'audio/mpeg' }, pieces: [SOUND] });
    expect((await speak({ model: 'tts-1', input: 'x'.repeat(66), voice: 'a' }, { gateway })).status).toBe(200);
    await strict.close();
  });
});

describe('guards', () => {
  const personal = { name: 'personal', kind: 'personal_data', provider: 'presidio', modes: new Set(['pre_call', 'post_call']), defaultOn: true };
  const more = { failOpen: false, timeoutMs: 1_000, violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]) };
  it('see what is to be spoken, the prompt beside a sound and what was heard, whole or streamed', async () => {
    const gateway = await startTestGateway({ deployments: deployments(), guardrails: [{ ...personal, ...more } as unknown as GuardConfig] });
    gateway.key('sk-user');
    const mail = 'taro@secret.example.jp';
    upstream.script({ headers: { 'content-type': 'audio/mpeg' }, pieces: [SOUND] });
    expect((await speak({ model: 'tts-1', input: `write to ${mail}`, voice: 'alloy' }, { gateway })).bytes.equals(SOUND)).toBe(true);
    expect(upstream.seen.at(-1)?.body.input).toBe('write to <EMAIL_ADDRESS>');
    answersJson(JSON.stringify({ text: `I am ${mail}`, segments: [{ id: 0, text: `I am ${mail}` }], duration: 2 }));
    const heard = await hear([['model', 'whisper-1'], FILE, ['prompt', `names: ${mail}`]], { gateway });
    expect(JSON.parse(heard.text)).toEqual({ text: 'I am <EMAIL_ADDRESS>', segments: [{ id: 0, text: 'I am <EMAIL_ADDRESS>' }], duration: 2 });
    expect(upstream.seen.at(-1)?.bytes.equals(formBytes([['model', 'whisper-1'], FILE, ['prompt', 'names: <EMAIL_ADDRESS>']]))).toBe(true);
    upstream.script({ headers: { 'content-type': 'text/plain' }, pieces: [`I am ${mail}\n`] });
    expect((await hear([['model', 'whisper-1'], FILE, ['response_format', 'text']], { gateway })).text).toBe('I am <EMAIL_ADDRESS>\n');
    const events = [
      { type: 'transcript.text.delta', delta: 'I am taro@secret.' },
      { type: 'transcript.text.delta', delta: 'example.jp' },
      { type: 'transcript.text.segment', id: 's1', text: `I am ${mail}` },
      { type: 'transcript.text.done', text: `I am ${mail}` },
    ];
    upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: events.map((event) => `data: ${JSON.stringify(event)}\n\n`) });
    const streamed = await hear([['model', 'gpt-4o-transcribe'], FILE, ['stream', 'true']], { gateway });
    expect(streamed.text).toContain('"text":"I am <EMAIL_ADDRESS>"');
    expect([streamed.text, JSON.stringify(gateway.written)].join(' ')).not.toContain('secret.example');
    await gateway.close();
  });
});

describe('uploads', () => {
  it('of 25 MB pass whole, and their bytes come back to the pool', async () => {
    const big: TestPart = ['file', Buffer.concat([wave(1_000), randomBytes(25 << 20)]), 'big.wav'];
    expect((await hear([['model', 'whisper-1'], big, ['response_format', 'json']])).status).toBe(200);
    expect(upstream.seen[0]?.bytes.equals(formBytes([['model', 'whisper-1'], big, ['response_format', 'json']]))).toBe(true);
    await expect.poll(() => test.gateway.state().bytesInFlight).toBe(0);
    upstream.seen.length = 0;
  });
  it('beyond what the gateway may hold at once are refused with 429, those before them go on', async () => {
    const gateway = await startTestGateway({ deployments: deployments() }, { maxRequestBytes: 4 << 20, inFlightBytes: 5 << 20 });
    gateway.key('sk-user');
    const big = Buffer.concat([wave(1_000), randomBytes(3 << 20)]);
    const body = formBytes([
      ['model', 'whisper-1'],
      ['file', big, 'big.wav'],
    ]);
    const headers = { authorization: 'Bearer sk-user', 'content-type': 'multipart/form-data; boundary=test-boundary', 'content-length': body.length };
    const slow = httpRequest(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', headers });
    slow.write(body.subarray(0, 1_000_000));
    await expect.poll(() => gateway.gateway.state().bytesInFlight).toBe(body.length);
    const second = await hear(
      [
        ['model', 'whisper-1'],
        ['file', big, 'big.wav'],
      ],
      { gateway },
    );
    expect([second.status, second.text.includes('holds as many bytes as it may')]).toEqual([429, true]);
    const done = new Promise<number | undefined>((resolve) => slow.on('response', (response) => resolve(response.resume().statusCode)));
    slow.end(body.subarray(1_000_000));
    expect(await done).toBe(200);
    const settled = gateway.written.settled.length;
    // A client that leaves in the middle of its upload leaves nothing behind.
    const leaver = httpRequest(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', headers }).on('error', () => {});
    leaver.write(body.subarray(0, 1_000_000));
    await expect.poll(() => gateway.gateway.state().bytesInFlight).toBe(body.length);
    leaver.destroy();
    await expect.poll(() => gateway.gateway.state()).toMatchObject({ bytesInFlight: 0, callsInFlight: 0 });
    expect(gateway.written.settled).toHaveLength(settled);
    await gateway.close();
  });
});
