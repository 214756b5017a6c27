// The health check of a deployment for pictures or sound is a real call of its kind.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDeploymentCheck } from '#gateway/check-deployment.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { CONFIG, DEPLOYMENT } from '#gateway/test-gateway-fixture.ts';
import type { Deployment } from '#settings/settings.ts';
import { readForm } from './form.ts';
import { waveLength } from './sound-length.ts';

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());

const network = { httpsProxy: null, httpProxy: null, noProxy: [], extraCaFile: null };
const check = (mode: Deployment['mode'], upstreamModel: string) =>
  createDeploymentCheck(() => CONFIG, { network } as never)({ ...DEPLOYMENT, mode, upstreamModel, apiBase: `${upstream.url}/v1` }, AbortSignal.timeout(5_000));

it('speaks a word, draws one cheap picture, and hears half a second', async () => {
  upstream.script({ pieces: ['{}'] });
  expect(await check('audio_speech', 'tts-1')).toMatchObject({ healthy: true, error: null });
  expect(await check('image_generation', 'gpt-image-1')).toMatchObject({ healthy: true });
  expect(await check('image_generation', 'dall-e-3')).toMatchObject({ healthy: true });
  expect(await check('audio_transcription', 'whisper-1')).toMatchObject({ healthy: true });
  expect(upstream.seen.map(({ path }) => path)).toEqual(['/v1/audio/speech', '/v1/images/generations', '/v1/images/generations', '/v1/audio/transcriptions']);
  expect(upstream.seen.slice(0, 3).map(({ body }) => body)).toEqual([
    { model: 'tts-1', input: 'ping', voice: 'alloy' },
    { model: 'gpt-image-1', prompt: 'a dot', n: 1, quality: 'low' },
    { model: 'dall-e-3', prompt: 'a dot', n: 1 },
  ]);
  const heard = upstream.seen[3];
  const form = await readForm(heard?.bytes ?? Buffer.alloc(0), heard?.headers['content-type']);
  const part = form.files[0]?.part;
  expect(form.fields.map(({ part: { name }, text }) => [name, text])).toEqual([['model', 'whisper-1']]);
  expect(waveLength(form.scanned.bytes.subarray(part?.valueStart, part?.valueEnd))?.ms).toBe(500);
});
it('says what the upstream answered', async () => {
  upstream.script({ status: 404, pieces: ['{"error":{"message":"no such model"}}'] });
  expect(await check('audio_transcription', 'whisper-1')).toMatchObject({ healthy: false, error: expect.stringContaining('no such model') });
});
