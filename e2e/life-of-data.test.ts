// The life of data on a started platform: what outlives its age leaves, and what is younger stays.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const DAY_MS = 86_400_000;
const folder = temporaryFolder();
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ folder, environment: { LANGFUSE_INIT_PROJECT_RETENTION: '7' } });
});
afterAll(async () => {
  await platform?.stop();
  removeFolder(folder);
});

async function send(...events: [type: string, body: Record<string, unknown>][]): Promise<void> {
  const batch = events.map(([type, body]) => ({ id: crypto.randomUUID(), type, timestamp: new Date().toISOString(), body }));
  const answer = await call(`${platform.observeUrl}/api/public/ingestion`, { basic: [platform.keys.publicKey, platform.keys.secretKey], body: { batch } });
  expect(answer.body).toMatchObject({ errors: [] });
}
const status = async (id: string): Promise<number> => (await observe(platform, `/api/public/traces/${id}`)).status;
const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

describe('retention', () => {
  it('is what the start says, and what the project shows', async () => {
    expect((await observe(platform, '/api/public/projects')).body).toMatchObject({ data: [{ retentionDays: 7 }] });
  });

  it('removes traces whose age has come by the next run, keeps younger ones, and is counted', async () => {
    await send(
      ['trace-create', { id: 'old', timestamp: ago(20), name: 'old' }],
      ['span-create', { id: 'old-span', traceId: 'old', startTime: ago(20), name: 's' }],
      ['trace-create', { id: 'young', timestamp: ago(6), name: 'young' }],
    );
    await eventually('both traces', async () => (await status('old')) === 200 && (await status('young')) === 200);
    // Every start looks; so does every hour.
    await platform.stop();
    platform = await startPlatform({ folder });
    await eventually('the old trace to be gone', async () => (await status('old')) === 404, 60_000);
    expect(await status('young')).toBe(200);
    const metrics = await eventually(
      'the count',
      async () =>
        /genai_retention_rows_removed [1-9]/.test((await call(`${platform.gatewayUrl}/metrics`)).text) && (await call(`${platform.gatewayUrl}/metrics`)).text,
      30_000,
    );
    expect(metrics).toMatch(/genai_retention_partitions_dropped [1-9]/);
    expect(metrics).toMatch(/genai_retention_failures 0/);
  });
});
