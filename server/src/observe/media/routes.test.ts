// Media over real records and a real folder of blobs: announced, received only as announced, fetched as a file, and nothing without a signature.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { datasetRoutes } from '#observe/datasets/routes.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import { MAX_MEDIA_BYTES, mediaIdOf } from './media-id.ts';
import { referencesIn } from './references.ts';
import { mediaRoutes } from './routes.ts';
import { createUrlSigner } from './signed-url.ts';
import { createTurns } from './turns.ts';

let routes: RoutesFixture;
const folder = mkdtempSync(join(tmpdir(), 'genai-media-'));
const content = Buffer.from('<svg onload="alert(1)"/>');
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');
const announcementOf = (bytes: Uint8Array, over: Record<string, unknown> = {}) => ({
  traceId: 'trace-1',
  field: 'input',
  contentType: 'image/svg+xml',
  contentLength: bytes.length,
  sha256Hash: sha(bytes),
  ...over,
});
const announce = (body: unknown, project = PROJECT) => routes.call('POST', '/api/public/media', body, projectKey(project));
const local = (url: unknown) => {
  const { pathname, search } = new URL(String(url));
  return pathname + search;
};
const put = (url: unknown, bytes: Uint8Array, headers: Record<string, string> = {}) =>
  routes.request(local(url), { method: 'PUT', body: bytes as never, headers: { 'content-type': 'image/svg+xml', ...headers } });

beforeAll(async () => {
  const blobs = await openFilesystemBlobs(folder);
  const signer = createUrlSigner(Buffer.alloc(32, 1));
  routes = await openRoutes((records) => [...mediaRoutes({ records, blobs, signer }), ...datasetRoutes(records, signer)]);
});
afterAll(async () => {
  await routes?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('media', () => {
  it('are announced, sent, reported and fetched as a file that runs nowhere', async () => {
    const announced = await announce(announcementOf(content));
    expect([announced.status, announced.body.mediaId]).toEqual([201, mediaIdOf(sha(content))]);
    const { mediaId, uploadUrl } = announced.body as unknown as { mediaId: string; uploadUrl: string };
    expect((await routes.call('GET', `/api/public/media/${mediaId}`)).status).toBe(404);
    expect((await put(uploadUrl, content, { 'x-amz-checksum-sha256': sha(content) })).status).toBe(200);
    const report = { uploadedAt: new Date().toISOString(), uploadHttpStatus: 200, uploadTimeMs: 12 };
    expect(await routes.call('PATCH', `/api/public/media/${mediaId}`, report)).toMatchObject({ status: 200, body: { message: 'OK' } });
    const stored = await routes.call('GET', `/api/public/media/${mediaId}`);
    expect(stored.body).toEqual({
      mediaId,
      contentType: 'image/svg+xml',
      contentLength: content.length,
      uploadedAt: expect.stringMatching(/Z$/),
      url: expect.stringContaining(`/api/public/media/content/${PROJECT}/${mediaId}?`),
      urlExpiry: expect.stringMatching(/Z$/),
    });
    const fetched = await routes.request(local(stored.body.url));
    expect(Buffer.from(await fetched.arrayBuffer())).toEqual(content);
    expect(
      Object.fromEntries(
        ['content-type', 'content-disposition', 'content-security-policy', 'x-content-type-options'].map((name) => [name, fetched.headers.get(name)]),
      ),
    ).toEqual({
      'content-type': 'image/svg+xml',
      'content-disposition': `attachment; filename="${mediaId}.svg"`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    // Known content needs no upload; its link is written all the same.
    expect((await announce(announcementOf(content, { traceId: 'trace-2', observationId: 'o', field: 'metadata' }))).body).toEqual({ mediaId, uploadUrl: null });
    expect((await routes.call('GET', `/api/public/media/${mediaId}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
    expect((await announce(announcementOf(content), OTHER_PROJECT)).body.uploadUrl).not.toBeNull();
  });

  it('are refused when content, length, type or checksum are not the announced ones', async () => {
    const bytes = Buffer.from('another');
    const { mediaId, uploadUrl } = (await announce(announcementOf(bytes))).body as unknown as { mediaId: string; uploadUrl: string };
    const attempts: [Uint8Array, Record<string, string>][] = [
      [Buffer.from('ANOTHER'), {}],
      [Buffer.from('anothe'), {}],
      [Buffer.from('another one'), {}],
      [bytes, { 'content-type': 'image/png' }],
      [bytes, { 'x-amz-checksum-sha256': sha(Buffer.from('x')) }],
    ];
    for (const [sent, headers] of attempts) expect((await put(uploadUrl, sent, headers)).status).toBe(400);
    expect((await routes.call('GET', `/api/public/media/${mediaId}`)).status).toBe(404);
    expect((await put(uploadUrl, bytes)).status).toBe(200);
  });

  it('open by no address that was not signed for it', async () => {
    const bytes = Buffer.from('signed');
    const { uploadUrl } = (await announce(announcementOf(bytes))).body as unknown as { uploadUrl: string };
    const path = local(uploadUrl);
    const expired = createUrlSigner(Buffer.alloc(32, 1)).sign('upload', { projectId: PROJECT, mediaId: mediaIdOf(sha(bytes)) }, Date.now() - 1);
    const foreign = createUrlSigner(Buffer.alloc(32, 2)).sign('upload', { projectId: PROJECT, mediaId: mediaIdOf(sha(bytes)) }, Date.now() + 1_000_000);
    const tampered = [
      path.replace(/expires=\d/, 'expires=9'),
      path.replace(PROJECT, OTHER_PROJECT),
      path.split('?')[0] as string,
      expired,
      foreign,
      path.replace('signature=', 'signature=A'),
    ];
    for (const address of tampered) expect([address, (await put(`http://x${address}`, bytes)).status]).toEqual([address, 401]);
    expect((await routes.request(path.replace('/upload/', '/content/'))).status).toBe(401);
  });

  it('are announced for a trace or an item, of a known type and size', async () => {
    const bytes = Buffer.from('x');
    for (const over of [
      { traceId: null },
      { datasetId: 'd', datasetItemId: 'i' },
      { field: 'expectedOutput' },
      { contentType: 'text/unknown' },
      { contentLength: 0 },
      { contentLength: MAX_MEDIA_BYTES + 1 },
      { sha256Hash: 'short' },
    ])
      expect([over, (await announce(announcementOf(bytes, over))).status]).toEqual([over, 400]);
    expect((await announce(announcementOf(bytes, { traceId: null, datasetId: 'd', datasetItemId: 'i', field: 'expectedOutput' }))).status).toBe(201);
    expect((await routes.call('PATCH', '/api/public/media/absent', { uploadedAt: new Date().toISOString(), uploadHttpStatus: 500 })).status).toBe(404);
  });

  it('are named beside the dataset items that refer to them', async () => {
    const reference = `@@@langfuseMedia:type=image/svg+xml|id=${mediaIdOf(sha(content))}|source=base64_data_uri@@@`;
    await routes.call('POST', '/api/public/v2/datasets', { name: 'pictures' });
    const item = await routes.call('POST', '/api/public/dataset-items', {
      datasetName: 'pictures',
      input: { parts: [{ image: reference }] },
      expectedOutput: 'no @@@langfuseMedia:type=a|id=absent|source=b@@@',
    });
    expect(item.body.mediaReferences).toEqual([
      {
        field: 'input',
        referenceString: reference,
        jsonPath: "$['parts'][0]['image']",
        media: {
          mediaId: mediaIdOf(sha(content)),
          contentType: 'image/svg+xml',
          contentLength: content.length,
          url: expect.any(String),
          urlExpiry: expect.any(String),
        },
      },
    ]);
    const [{ media }] = item.body.mediaReferences as unknown as [{ media: { url: string } }];
    expect((await routes.request(local(media.url))).status).toBe(200);
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => void referencesIn({ input: value, expectedOutput: value, metadata: value })));
  });
});

describe('turns', () => {
  it('let a few run, some wait and the rest come again', async () => {
    const turns = createTurns(1, 1);
    let release = (): void => {};
    const first = turns(() => new Promise<string>((resolve) => (release = () => resolve('first'))));
    const second = turns(async () => 'second');
    await expect(turns(async () => 'third')).rejects.toMatchObject({ status: 503 });
    release();
    expect([await first, await second, await turns(async () => 'fourth')]).toEqual(['first', 'second', 'fourth']);
  });
});
