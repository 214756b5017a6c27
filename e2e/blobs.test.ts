// The platform with its blobs on an S3-compatible server: segments are archived in the bucket, `verify` finds the call's object there, and S3 that is away stops nothing.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openS3Blobs, type S3Options } from '../server/src/stores/blobs/s3.ts';
import { hasS3, startTestS3, type TestS3 } from '../server/src/stores/blobs/test-s3.ts';
import { chat, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const here = hasS3();
if (!here && (process.env.GENAI_REQUIRE ?? '').split(',').includes('s3')) throw new Error('an S3 server is required here: run scripts/s3-server.sh');
if (!here) console.info('skipped: the platform with blobs on S3 (scripts/s3-server.sh builds a server, with Go)');

describe.skipIf(!here)('blobs on S3', () => {
  let server: TestS3;
  let bucket: S3Options;
  let platform: Platform;

  beforeAll(async () => {
    server = await startTestS3();
    bucket = await server.bucket('genai-e2e');
    platform = await startPlatform({ environment: server.environment, flags: ['--blobs-url', 's3://genai-e2e/genai', '--s3-endpoint', server.endpoint] });
  });
  afterAll(async () => {
    await platform?.stop();
    await server?.stop();
  });

  it('hold the segment of a call, as verify says', async () => {
    const program = join(import.meta.dirname, '../genai');
    const { stdout, stderr } = spawnSync(program, ['verify', '--data-dir', platform.dataDir, '--json'], { cwd: platform.folder, encoding: 'utf8' });
    const { checks } = JSON.parse(stdout) as { checks: { id: string; state: string; detail: string }[] };
    expect(checks.find(({ id }) => id === 'blobs')?.state, stderr).toBe('passed');
    const blobs = await openS3Blobs(bucket);
    const archived = await blobs.list('archive/');
    expect(archived.length).toBeGreaterThan(0);
    expect(archived[0]?.key).toMatch(/^archive\/[0-9a-f]{16}\/./);
    await blobs.close();
  });

  it('may be away: calls and their traces go on', async () => {
    server.process.kill('SIGSTOP');
    try {
      const answer = await chat(platform, platform.keys.virtualKey, 'demo');
      expect(answer.status).toBe(200);
      const traceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
      await eventually('the trace', async () => (await observe(platform, `/api/public/traces/${traceId}`)).status === 200);
    } finally {
      server.process.kill('SIGCONT');
    }
  });

  it('refuse the start in one line when the bucket is missing', async () => {
    const start = startPlatform({ environment: server.environment, flags: ['--blobs-url', 's3://nowhere-at-all', '--s3-endpoint', server.endpoint] });
    await expect(start).rejects.toThrow(/ended with 2[\s\S]*the bucket nowhere-at-all does not exist: create it, or correct --blobs-url/);
  });
});
