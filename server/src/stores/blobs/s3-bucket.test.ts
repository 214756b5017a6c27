// A bucket of somebody's on a real S3-compatible server, reached through the one way out.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress } from '#http/egress.ts';
import { openS3Blobs, type S3Options } from './s3.ts';
import { type BucketOptions, openBucket } from './s3-bucket.ts';
import { hasS3, startTestS3, type TestS3 } from './test-s3.ts';

const credentials = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };
const PART = 5 << 20;

describe.skipIf(!hasS3())('a bucket of somebody', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-bucket-'));
  const egress = createEgress({ allow: ['127.0.0.1'] });
  let server: TestS3;
  let s3: S3Options;
  const options = (over: Partial<BucketOptions> = {}): BucketOptions => ({
    bucket: 'somebody',
    region: 'ap-northeast-1',
    endpoint: server.endpoint,
    pathStyle: true,
    credentials,
    fetch: (url, init) => egress.fetch(url, init),
    timeoutMs: 5_000,
    partBytes: PART,
    ...over,
  });
  const given = (signal = new AbortController().signal) => ({ contentType: 'text/csv', signal });
  const fileOf = (bytes: Buffer): string => {
    const path = join(folder, randomBytes(6).toString('hex'));
    writeFileSync(path, bytes);
    return path;
  };

  beforeAll(async () => {
    server = await startTestS3();
    s3 = { ...(await server.bucket('somebody')), prefix: '' };
  });
  afterAll(async () => {
    await server?.stop();
    await egress.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes small and large files whole, over what was there, and leaves no test object', async () => {
    const [bucket, blobs] = [openBucket(options()), await openS3Blobs(s3)];
    await bucket.check('exports/check.txt');
    const small = Buffer.from("a,b\n1,'日本 (x)!*'\n");
    const large = randomBytes(2 * PART + 12_345);
    await bucket.putFile("exports/p 1/odd (name)!*'.csv", fileOf(small), given());
    await bucket.putFile('exports/large', fileOf(small), given());
    await bucket.putFile('exports/large', fileOf(large), given());
    await bucket.putFile('exports/empty', fileOf(Buffer.alloc(0)), given());
    expect((await blobs.list('')).map(({ key, sizeBytes }) => [key, sizeBytes])).toEqual([
      ['exports/empty', 0],
      ['exports/large', large.length],
      ["exports/p 1/odd (name)!*'.csv", small.length],
    ]);
    expect(Buffer.compare(Buffer.from((await blobs.get('exports/large')) ?? []), large)).toBe(0);
    await Promise.all([bucket.close(), blobs.close()]);
  });

  it('clears the parts that a killed upload of the same object left, and those of one that is stopped', async () => {
    const client = new S3Client({ endpoint: server.endpoint, region: 'ap-northeast-1', credentials, forcePathStyle: true });
    const unfinished = async (): Promise<number> => (await client.send(new ListMultipartUploadsCommand({ Bucket: 'somebody' }))).Uploads?.length ?? 0;
    await client.send(new CreateMultipartUploadCommand({ Bucket: 'somebody', Key: 'exports/again' }));
    expect(await unfinished()).toBe(1);
    const bucket = openBucket(options());
    const file = fileOf(randomBytes(2 * PART));
    await bucket.putFile('exports/again', file, given());
    expect(await unfinished()).toBe(0);
    const stop = new AbortController();
    let parts = 0;
    const stopping = openBucket(
      options({
        fetch: async (url, init) => {
          if (url.includes('partNumber=2')) stop.abort();
          parts += 1;
          return await egress.fetch(url, init);
        },
      }),
    );
    await expect(stopping.putFile('exports/stopped', file, given(stop.signal))).rejects.toThrow();
    expect(parts).toBeGreaterThan(2);
    expect(await unfinished()).toBe(0);
    const blobs = await openS3Blobs(s3);
    expect((await blobs.list('exports/')).map(({ key }) => key)).not.toContain('exports/stopped');
    await blobs.close();
    client.destroy();
  });

  it('says in the words of the store why it refuses, and never the secret', async () => {
    const missing = openBucket(options({ bucket: 'not-there' }));
    await expect(missing.check('x')).rejects.toMatchObject({ status: 422, code: 'bucket_refused', message: expect.stringContaining('NoSuchBucket') });
    const wrong = openBucket(options({ credentials: { accessKeyId: 'test-access-key', secretAccessKey: 'my-wrong-secret' } }));
    const refusal = await wrong.check('x').catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'bucket_refused', message: expect.stringContaining('403') });
    expect(String(refusal)).not.toContain('my-wrong-secret');
  });

  it('goes nowhere that the way out does not allow, also by a name of the bucket', async () => {
    const strict = createEgress({ allow: [] });
    const bucket = openBucket(options({ fetch: (url, init) => strict.fetch(url, init) }));
    await expect(bucket.check('x')).rejects.toMatchObject({ status: 400, message: expect.stringContaining('--egress-allow') });
    const byName = openBucket(options({ fetch: (url, init) => strict.fetch(url, init), endpoint: 'https://localhost', pathStyle: false }));
    await expect(byName.check('x')).rejects.toMatchObject({ status: 400 });
    await strict.close();
  });

  it('gives up within a bound on a store that does not answer', async () => {
    const bucket = openBucket(options({ timeoutMs: 200 }));
    server.process.kill('SIGSTOP');
    try {
      await expect(bucket.putFile('exports/away', fileOf(Buffer.from('x')), given())).rejects.toMatchObject({ status: 503, code: 'bucket_away' });
    } finally {
      server.process.kill('SIGCONT');
    }
    bucket.close();
  });
});
