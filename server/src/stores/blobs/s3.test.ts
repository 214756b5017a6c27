// Blobs on a real S3-compatible server: the conformance, and what only S3 can get wrong.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobsConformance } from './conformance.ts';
import { openS3Blobs, type S3Options } from './s3.ts';
import { hasS3, startTestS3, type TestS3 } from './test-s3.ts';

const here = hasS3();
if (!here && (process.env.GENAI_REQUIRE ?? '').split(',').includes('s3')) throw new Error('an S3 server is required here: run scripts/s3-server.sh');
if (!here) console.info('skipped: the suites on S3 (scripts/s3-server.sh builds a server, with Go)');

describe.skipIf(!here)('on a real server', () => {
  let server: TestS3;
  let buckets = 0;
  const newBucket = (): Promise<S3Options> => server.bucket(`test-${++buckets}`);

  beforeAll(async () => {
    server = await startTestS3();
  });
  afterAll(() => server.stop());

  blobsConformance('S3', async () => ({ blobs: await openS3Blobs(await newBucket()), remove: async () => {} }));

  it('lists more than a page, and sees only what lies under its prefix', async () => {
    const options = await newBucket();
    const [ours, theirs] = [await openS3Blobs(options), await openS3Blobs({ ...options, prefix: 'other/' })];
    await theirs.put('k/0000', Buffer.from('not ours'));
    const keys = Array.from({ length: 1_050 }, (_, index) => `k/${String(index).padStart(4, '0')}`);
    for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map((key) => ours.put(key, Buffer.from(key))));
    expect((await ours.list('k/', { limit: 5_000 })).map(({ key }) => key)).toEqual(keys);
    expect((await theirs.list('')).map(({ key }) => key)).toEqual(['k/0000']);
    await Promise.all([ours.close(), theirs.close()]);
  });

  it('signs addresses for the host that browsers use', async () => {
    const blobs = await openS3Blobs({ ...(await newBucket()), publicEndpoint: 'https://media.example.jp' });
    expect(await blobs.downloadUrl('a', 60)).toMatch(/^https:\/\/media\.example\.jp\/test-\d+\/genai\/a\?.*X-Amz-Expires=60/);
    await blobs.close();
  });

  it('says what to do when the bucket or the permission is missing', async () => {
    const options = await newBucket();
    await expect(openS3Blobs({ ...options, bucket: 'nowhere' })).rejects.toMatchObject({
      code: 'blobs_refused',
      message: expect.stringContaining('create it'),
    });
    const credentials = { accessKeyId: 'test-access-key', secretAccessKey: 'wrong' };
    await expect(openS3Blobs({ ...options, credentials })).rejects.toMatchObject({
      code: 'blobs_refused',
      message: expect.stringContaining('PutObject'),
    });
  });

  it('answers 503 within a bound when the server stops or is gone, and goes on afterwards', async () => {
    const blobs = await openS3Blobs({ ...(await newBucket()), timeoutMs: 300 });
    await blobs.put('k', Buffer.from('1'));
    server.process.kill('SIGSTOP');
    const startedAt = performance.now();
    await expect(blobs.put('k', Buffer.from('2'))).rejects.toMatchObject({ status: 503, code: 'blobs_away', retryAfterSeconds: 2 });
    await expect(blobs.get('k')).rejects.toMatchObject({ status: 503 });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    server.process.kill('SIGCONT');
    await expect.poll(async () => String(Buffer.from((await blobs.get('k').catch(() => null)) ?? Buffer.from('')))).toMatch(/^[12]$/);
    await blobs.close();
  });
});
