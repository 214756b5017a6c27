// A pipeline's gate against a started platform: a run that holds passes, one that fell fails with code 1, and what cannot be checked is neither.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
const ITEMS = 24;
const post = (path: string, body: unknown) =>
  call(`${platform.observeUrl}/api/public${path}`, { basic: [platform.keys.publicKey, platform.keys.secretKey], body });

async function makeRun(name: string, qualityOf: (index: number) => number): Promise<void> {
  const batch = [];
  for (let index = 0; index < ITEMS; index++) {
    const traceId = `${name}-${index}`;
    const timestamp = new Date().toISOString();
    batch.push({ id: `${traceId}-e`, type: 'trace-create', timestamp, body: { id: traceId, name: 'run', timestamp } });
    batch.push({
      id: `${traceId}-s`,
      type: 'score-create',
      timestamp,
      body: { id: `${traceId}-s`, traceId, name: 'quality', value: qualityOf(index), dataType: 'NUMERIC' },
    });
    batch.push({ id: `${traceId}-b`, type: 'score-create', timestamp, body: { id: `${traceId}-b`, traceId, name: 'polite', value: 1, dataType: 'BOOLEAN' } });
  }
  expect((await post('/ingestion', { batch })).status).toBe(207);
  for (let index = 0; index < ITEMS; index++)
    expect((await post('/dataset-run-items', { runName: name, datasetItemId: `item-${index}`, traceId: `${name}-${index}` })).status).toBe(200);
}

beforeAll(async () => {
  platform = await startPlatform();
  expect((await post('/v2/datasets', { name: 'answers' })).status).toBe(200);
  for (let index = 0; index < ITEMS; index++) await post('/dataset-items', { datasetName: 'answers', id: `item-${index}`, input: index });
  await makeRun('before', (index) => index / ITEMS);
  await makeRun('fell', (index) => index / ITEMS - 0.1);
  await makeRun('held', (index) => index / ITEMS + (index % 2 === 0 ? 0.01 : -0.01));
});
afterAll(() => platform?.stop());

function gate(...flags: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { publicKey, secretKey } = platform.keys;
  const child = spawn(join(import.meta.dirname, '..', 'genai'), ['gate', '--dataset', 'answers', '--observe-url', platform.observeUrl, ...flags], {
    cwd: platform.folder,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8', LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, out, err })));
}

describe('./genai gate', () => {
  it('passes a run that holds, and says by how much', async () => {
    const found = await eventually(
      'every score to be readable',
      async () => {
        const answer = await gate('--run', 'held', '--baseline', 'before', '--min', 'quality=0.4', '--min', 'polite=1', '--no-worse', 'quality', '--json');
        return answer.code === 0 && answer;
      },
      60_000,
    );
    const { passed, items, verdicts } = JSON.parse(found.out) as {
      passed: boolean;
      items: object;
      verdicts: { metric: { run: { n: number; low: number }; difference: { mean: number } | null } }[];
    };
    expect({ passed, items }).toEqual({ passed: true, items: { run: ITEMS, baseline: ITEMS } });
    expect(verdicts[1]?.metric.run).toMatchObject({ mean: 1, n: ITEMS });
    // Wilson's interval: 24 of 24 is not certainty.
    expect(verdicts[1]?.metric.run.low).toBeLessThan(0.9);
    expect(verdicts[2]?.metric.difference?.mean).toBeCloseTo(0, 9);
  });

  it('fails a run that fell by what the spread of its items would hide', async () => {
    const fell = await gate('--run', 'fell', '--baseline', 'before', '--no-worse', 'quality', '--lang', 'ja');
    expect(fell.code, fell.out + fell.err).toBe(1);
    expect(fell.out).toContain('不合格');
    expect((await gate('--run', 'fell', '--baseline', 'before', '--no-worse', 'quality=0.2')).code).toBe(0);
    expect((await gate('--run', 'before', '--min', 'unheard-of=0')).code).toBe(1);
  });

  it('tells wrong use and what could not be checked apart from a failed run', async () => {
    expect((await gate('--run', 'before')).code).toBe(2);
    expect((await gate('--run', 'before', '--no-worse', 'quality')).code).toBe(2);
    const absent = await gate('--run', 'nobody', '--min', 'quality=0');
    expect(absent.code).toBe(3);
    expect(absent.err).toContain('no run named nobody');
  });
});
