// The official clients of OpenAI (Node and, where it is there, Python) speak and hear through a started process: uploads, streams, subtitles, and the rows and traces that they leave.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wave } from '../server/src/gateway/media/wave-fixture.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../server/src/gateway/providers/upstream-fixture.ts';
import { call, generateKey, observe } from './client.ts';
import { need } from './needs.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const python = need('python-gateway');
let upstream: ScriptedUpstream;
let platform: Platform;
let key: string;
let openai: OpenAI;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const openAi = `api_base: "${upstream.url}/v1", api_key: sk-example`;
  platform = await startPlatform({
    config: `
model_list:
  - { model_name: speaker, litellm_params: { model: openai/tts-1, ${openAi}, input_cost_per_character: 0.000015 } }
  - { model_name: event-speaker, litellm_params: { model: openai/gpt-4o-mini-tts, ${openAi} } }
  - { model_name: listener, litellm_params: { model: openai/whisper-1, ${openAi} } }
  - { model_name: token-listener, litellm_params: { model: openai/gpt-4o-transcribe, ${openAi} } }
  - { model_name: azure-listener, litellm_params: { model: azure/my-whisper, api_base: "${upstream.url}", api_key: az-example, input_cost_per_second: 0.0001 }, model_info: { mode: audio_transcription } }
  - { model_name: painter, litellm_params: { model: openai/gpt-image-1, ${openAi}, input_cost_per_image_token: 0.00001, output_cost_per_image_token: 0.00004 } }
  - { model_name: flat-painter, litellm_params: { model: openai/dall-e-3, ${openAi}, input_cost_per_image: 0.04 } }
`,
  });
  key = await generateKey(platform);
  openai = new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey: key, maxRetries: 0 });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

const SOUND = wave(300);
const sound = () => toFile(wave(1_500), 'hello.wav', { type: 'audio/wav' });
const events = (...all: object[]) => ({ headers: { 'content-type': 'text/event-stream' }, pieces: all.map((event) => `data: ${JSON.stringify(event)}\n\n`) });

async function rowOf(model: string, callType: string): Promise<Record<string, unknown>> {
  return await eventually(`the row of ${model}`, async () => {
    const rows = (await call(`${platform.gatewayUrl}/spend/logs`, { key: platform.keys.masterKey })).body as unknown as Record<string, unknown>[];
    return (Array.isArray(rows) ? rows : []).find((row) => row.model_group === model && row.call_type === callType) ?? null;
  });
}

async function observationOf(name: string): Promise<Record<string, unknown>> {
  return await eventually(`the observation of ${name}`, async () => {
    const { body } = await observe(platform, `/api/public/observations?name=${name}`);
    return (body.data as unknown as Record<string, unknown>[] | undefined)?.[0] ?? null;
  });
}

describe('speech', () => {
  it('comes as sound that a client saves, and leaves a row and a trace without the sound itself', async () => {
    upstream.script({ headers: { 'content-type': 'audio/wav' }, pieces: [SOUND] });
    const answer = await openai.audio.speech.create({ model: 'speaker', voice: 'alloy', input: 'こんにちは', response_format: 'wav' });
    expect(Buffer.from(await answer.arrayBuffer()).equals(SOUND)).toBe(true);
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/audio/speech', body: { model: 'tts-1', input: 'こんにちは' } });
    expect(await rowOf('speaker', 'aspeech')).toMatchObject({ spend: 0.000075 });
    const observation = await observationOf('speech');
    expect(observation).toMatchObject({
      type: 'GENERATION',
      model: 'tts-1',
      input: 'こんにちは',
      output: { audio: { content_type: 'audio/wav', bytes: SOUND.length } },
    });
  });
  it('streams as events', async () => {
    const usage = { input_tokens: 5, output_tokens: 50, total_tokens: 55 };
    upstream.script(events({ type: 'speech.audio.delta', audio: SOUND.toString('base64') }, { type: 'speech.audio.done', usage }));
    const answer = await openai.audio.speech.create({ model: 'event-speaker', voice: 'alloy', input: 'Hello', stream_format: 'sse' });
    expect(await answer.text()).toContain('speech.audio.done');
    expect(await rowOf('event-speaker', 'aspeech')).toMatchObject({ prompt_tokens: 5, completion_tokens: 50, spend: 0.000603 });
  });
});

describe('a transcription', () => {
  it('of an uploaded file comes as JSON, as subtitles and with segments', async () => {
    upstream.script({ pieces: ['{"text":"hello","usage":{"type":"duration","seconds":2}}'] });
    expect(await openai.audio.transcriptions.create({ model: 'listener', file: await sound(), language: 'en' })).toMatchObject({ text: 'hello' });
    expect(upstream.seen[0]?.bytes.includes(wave(1_500))).toBe(true);
    expect(await rowOf('listener', 'atranscription')).toMatchObject({ spend: 0.0002 });
    const observation = await observationOf('transcriptions');
    expect(observation).toMatchObject({ input: { filename: 'hello.wav', seconds: 1.5 }, output: { text: 'hello' } });
    const srt = '1\n00:00:00,000 --> 00:00:01,500\nhello\n\n';
    upstream.script({ headers: { 'content-type': 'text/plain' }, pieces: [srt] });
    expect(await openai.audio.transcriptions.create({ model: 'listener', file: await sound(), response_format: 'srt' })).toBe(srt);
    upstream.script({ pieces: ['{"text":"hello","duration":1.5,"language":"english","segments":[{"id":0,"text":"hello"}]}'] });
    const verbose = await openai.audio.transcriptions.create({
      model: 'listener',
      file: await sound(),
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
    });
    expect(verbose.segments).toHaveLength(1);
    expect(upstream.seen[0]?.raw.match(/name="timestamp_granularities\[\]"/g)).toHaveLength(2);
  });
  it('streams', async () => {
    const usage = { type: 'tokens', input_tokens: 15, input_token_details: { audio_tokens: 15, text_tokens: 0 }, output_tokens: 2, total_tokens: 17 };
    upstream.script(
      events(
        { type: 'transcript.text.delta', delta: 'hel' },
        { type: 'transcript.text.delta', delta: 'lo' },
        { type: 'transcript.text.done', text: 'hello', usage },
      ),
    );
    let text = '';
    for await (const event of await openai.audio.transcriptions.create({ model: 'token-listener', file: await sound(), stream: true })) {
      if (event.type === 'transcript.text.delta') text += event.delta;
    }
    expect(text).toBe('hello');
    expect(await rowOf('token-listener', 'atranscription')).toMatchObject({ prompt_tokens: 15, completion_tokens: 2, spend: 0.00011 });
  });
  it('is asked for by Azure’s client, which names the deployment in the path', async () => {
    const azure = new AzureOpenAI({ endpoint: platform.gatewayUrl, apiKey: key, apiVersion: '2024-10-21', maxRetries: 0 });
    upstream.script({ pieces: ['{"text":"hello"}'] });
    expect(await azure.audio.transcriptions.create({ model: 'azure-listener', file: await sound() })).toMatchObject({ text: 'hello' });
    expect(upstream.seen[0]).toMatchObject({
      path: '/openai/deployments/my-whisper/audio/transcriptions?api-version=2024-10-21',
      headers: { 'api-key': 'az-example' },
    });
    expect(await rowOf('azure-listener', 'atranscription')).toMatchObject({ spend: 0.00015 });
  });
  it('into English is a translation', async () => {
    upstream.script({ pieces: ['{"text":"good morning"}'] });
    expect(await openai.audio.translations.create({ model: 'listener', file: await sound() })).toMatchObject({ text: 'good morning' });
    expect(upstream.seen[0]?.path).toBe('/v1/audio/translations');
  });
});

describe.skipIf(!existsSync('/proc/self/status'))('uploads of 25 MB', () => {
  it('one after the other leave the memory as it was with one or two of them', async () => {
    upstream.script({ pieces: ['{"text":"hello"}'] });
    const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${platform.pid}/status`, 'utf8'))?.[1]) / 1024;
    const file = Buffer.concat([wave(1_000), randomBytes(25 << 20)]);
    const before = peakMb();
    for (let upload = 0; upload < 6; upload += 1) {
      await openai.audio.transcriptions.create({ model: 'listener', file: await toFile(file, 'long.wav', { type: 'audio/wav' }) });
      upstream.seen.length = 0;
    }
    expect(peakMb() - before).toBeLessThan(130);
  });
});

describe('a picture', () => {
  const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const usage = { input_tokens: 50, input_tokens_details: { text_tokens: 10, image_tokens: 40 }, output_tokens: 272, total_tokens: 322 };
  const png = () => toFile(Buffer.from(PNG, 'base64'), 'dot.png', { type: 'image/png' });
  it('is made, and shown by its trace as a medium', async () => {
    upstream.script({ pieces: [JSON.stringify({ created: 1, data: [{ b64_json: PNG }, { b64_json: PNG }] })] });
    const drawn = await openai.images.generate({ model: 'flat-painter', prompt: '点', n: 2, size: '1024x1024' });
    expect(drawn.data?.map(({ b64_json: picture }) => picture)).toEqual([PNG, PNG]);
    expect(await rowOf('flat-painter', 'aimage_generation')).toMatchObject({ spend: 0.08 });
    const observation = await observationOf('image-generations');
    expect(observation).toMatchObject({ type: 'GENERATION', input: '点', modelParameters: { n: 2, size: '1024x1024' } });
    expect(JSON.stringify(observation.output)).toMatch(/@@@langfuseMedia:type=image\/png\|id=[\w-]{22}/);
  });
  it('streams before it is finished', async () => {
    const picture = { b64_json: PNG, background: 'opaque', created_at: 1, output_format: 'png', quality: 'low', size: '1024x1024' };
    const completed = { type: 'image_generation.completed', ...picture, usage };
    upstream.script(events({ type: 'image_generation.partial_image', ...picture, partial_image_index: 0 }, completed));
    const seen: string[] = [];
    for await (const event of await openai.images.generate({ model: 'painter', prompt: 'a dot', stream: true, partial_images: 1 })) seen.push(event.type);
    expect(seen).toEqual(['image_generation.partial_image', 'image_generation.completed']);
    // Ten tokens of text by the bundled price, forty and 272 of pictures by the stated ones.
    expect(await rowOf('painter', 'aimage_generation')).toMatchObject({ prompt_tokens: 50, completion_tokens: 272, spend: 0.01133 });
  });
  it('is changed by several others and a mask', async () => {
    upstream.script({ pieces: [JSON.stringify({ created: 1, data: [{ b64_json: PNG }], usage })] });
    const edited = await openai.images.edit({ model: 'painter', prompt: 'add snow', image: [await png(), await png()], mask: await png() });
    expect(edited.data).toHaveLength(1);
    expect(upstream.seen[0]?.path).toBe('/v1/images/edits');
    expect(upstream.seen[0]?.raw).toContain('name="model"\r\n\r\ngpt-image-1\r\n');
    expect(await rowOf('painter', 'aimage_edit')).toMatchObject({ spend: 0.01133 });
  });
});

describe.skipIf(python === null)('Python’s client', () => {
  it('speaks and hears', async () => {
    upstream.script({ headers: { 'content-type': 'audio/wav' }, pieces: [SOUND] }, { pieces: ['{"text":"hello"}'] });
    const script = join(import.meta.dirname, 'python/media_calls.py');
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, GENAI_KEY: key };
    const { stdout } = await promisify(execFile)(python as string, [script, platform.gatewayUrl], { timeout: 60_000, env });
    expect(JSON.parse(stdout)).toEqual({ spoken: SOUND.length, heard: 'hello' });
  });
});
