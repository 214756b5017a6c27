// The routes over real records and a real S3 server: who may, what is answered, what is kept.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress } from '#http/egress.ts';
import type { Principal, UserRole } from '#identity/principal.ts';
import { createSealer } from '#lib/sealed.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { openBucket } from '#stores/blobs/s3-bucket.ts';
import { hasS3, startTestS3, type TestS3 } from '#stores/blobs/test-s3.ts';
import { sql } from '#stores/records/sql.ts';
import { exportConsoleRoutes } from './console-routes.ts';
import { blobExportRoutes } from './routes.ts';
import type { OpenTarget } from './target.ts';

const PATH = '/api/public/integrations/blob-storage';
const OURS = '/api/public/scheduled-export';
const organization: Principal = { kind: 'organization-key', organizationId: 'o', publicKey: 'pk' };
const another: Principal = { kind: 'organization-key', organizationId: 'another', publicKey: 'pk' };
const person = (role: UserRole): Principal => ({ ...projectKey(PROJECT), person: { userId: 'u', name: 'U', role } }) as Principal;

describe.skipIf(!hasS3())('routes of scheduled exports', () => {
  const egress = createEgress({ allow: ['127.0.0.1'] });
  let server: TestS3;
  let routes: RoutesFixture;
  const openTarget: OpenTarget = async (place, secretAccessKey) => {
    if (place.endpoint !== null) egress.check(place.endpoint);
    const bucket = openBucket({
      bucket: place.bucket_name,
      region: place.region,
      endpoint: place.endpoint,
      pathStyle: place.force_path_style,
      credentials: { accessKeyId: place.access_key_id, secretAccessKey },
      fetch: (url, init) => egress.fetch(url, init),
    });
    return {
      check: () => bucket.check(`${place.prefix}check`),
      putFile: (name, path, options) => bucket.putFile(name, path, options),
      close: () => bucket.close(),
    };
  };
  const body = (over: Record<string, unknown> = {}) => ({
    projectId: PROJECT,
    type: 'S3_COMPATIBLE',
    bucketName: 'somebody',
    endpoint: server.endpoint,
    region: 'ap-northeast-1',
    accessKeyId: 'test-access-key',
    secretAccessKey: 'test-secret-key',
    exportFrequency: 'daily',
    enabled: true,
    forcePathStyle: true,
    fileType: 'CSV',
    exportMode: 'FROM_CUSTOM_DATE',
    exportStartDate: '2026-11-01T00:00:00Z',
    ...over,
  });

  beforeAll(async () => {
    server = await startTestS3();
    await server.bucket('somebody');
    const parts = { sealer: createSealer(Buffer.alloc(32, 7)), openTarget };
    routes = await openRoutes((records) => [...blobExportRoutes({ records, ...parts }), ...exportConsoleRoutes({ records, ...parts })]);
  });
  afterAll(async () => {
    await Promise.all([routes?.close(), server?.stop(), egress.close()]);
  });

  it('answer in the shapes of the contract, to keys of the organisation alone, and never with the secret', async () => {
    const put = await routes.call('PUT', PATH, body(), organization);
    expect(put.status).toBe(200);
    expect(put.body).toEqual({
      id: expect.any(String),
      projectId: PROJECT,
      type: 'S3_COMPATIBLE',
      bucketName: 'somebody',
      endpoint: server.endpoint,
      region: 'ap-northeast-1',
      accessKeyId: 'test-access-key',
      prefix: '',
      exportFrequency: 'daily',
      enabled: true,
      forcePathStyle: true,
      fileType: 'CSV',
      exportMode: 'FROM_CUSTOM_DATE',
      exportStartDate: '2026-11-01T00:00:00.000Z',
      compressed: true,
      exportSource: 'LEGACY_TRACES_OBSERVATIONS',
      exportFieldGroups: ['core', 'basic', 'time', 'io', 'metadata', 'model', 'usage', 'prompt', 'metrics', 'tools', 'trace_context'],
      nextSyncAt: null,
      lastSyncAt: null,
      lastError: null,
      lastErrorAt: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const id = String(put.body.id);
    expect((await routes.call('GET', PATH, undefined, organization)).body).toEqual({ data: [put.body] });
    const status = { id, projectId: PROJECT, syncStatus: 'idle', enabled: true, lastSyncAt: null, nextSyncAt: null, lastError: null, lastErrorAt: null };
    expect((await routes.call('GET', `${PATH}/${id}`, undefined, organization)).body).toEqual(status);
    for (const [method, path] of [
      ['GET', PATH],
      ['PUT', PATH],
      ['GET', `${PATH}/${id}`],
      ['DELETE', `${PATH}/${id}`],
    ] as const)
      expect((await routes.call(method, path, method === 'PUT' ? body() : undefined, projectKey(PROJECT))).status).toBe(403);
    expect((await routes.call('GET', PATH, undefined, another)).body).toEqual({ data: [] });
    expect((await routes.call('GET', `${PATH}/${id}`, undefined, another)).status).toBe(404);
    expect((await routes.call('DELETE', `${PATH}/${id}`, undefined, another)).status).toBe(404);
    expect((await routes.call('PUT', PATH, body(), another)).status).toBe(404);
    expect((await routes.call('DELETE', `${PATH}/${id}`, undefined, organization)).body).toEqual({ message: 'Blob storage integration successfully deleted' });
    expect((await routes.call('GET', `${PATH}/${id}`, undefined, organization)).status).toBe(404);
  });

  it('keep what a change leaves out: the secret, and the groups of fields', async () => {
    const groups = { exportSource: 'LEGACY_TRACES_OBSERVATIONS', exportFieldGroups: ['core', 'io'] };
    const first = await routes.call('PUT', PATH, body(groups), organization);
    const { secretAccessKey: _, ...rest } = body({ fileType: 'PARQUET' });
    const second = await routes.call('PUT', PATH, rest, organization);
    expect(second.body).toMatchObject({ id: first.body.id, fileType: 'PARQUET', exportFieldGroups: ['core', 'io'] });
    const elsewhere = await routes.call('PUT', PATH, { ...rest, bucketName: 'somebody-else' }, organization);
    expect([elsewhere.status, String(elsewhere.body.message)]).toEqual([400, expect.stringContaining('secretAccessKey is required')]);
  });

  it('say what is wrong: no key, a body that is none, a type that is not served, a bucket that refuses', async () => {
    expect((await routes.call('PUT', PATH, body({ projectId: OTHER_PROJECT, accessKeyId: null, secretAccessKey: null }), organization)).status).toBe(400);
    expect((await routes.call('PUT', PATH, body({ exportFrequency: 'monthly' }), organization)).status).toBe(400);
    expect((await routes.call('PUT', PATH, '{', organization)).status).toBe(400);
    const azure = await routes.call('PUT', PATH, body({ type: 'AZURE_BLOB_STORAGE' }), organization);
    expect([azure.status, String(azure.body.message)]).toEqual([422, expect.stringContaining('S3_COMPATIBLE')]);
    const missing = await routes.call('PUT', PATH, body({ projectId: OTHER_PROJECT, bucketName: 'not-there' }), organization);
    expect([missing.status, String(missing.body.message)]).toEqual([400, expect.stringContaining('NoSuchBucket')]);
    expect((await routes.call('GET', PATH, undefined, organization)).body.data).toHaveLength(1);
  });

  it('show a project its export, and let its administrators at the console set, run and end it, nobody else', async () => {
    await routes.records.query(sql`DELETE FROM blob_exports`);
    expect((await routes.call('GET', OURS)).body).toEqual({ integration: null, status: null });
    const { projectId: _, ...wished } = body();
    for (const who of [projectKey(PROJECT), person('member')]) expect((await routes.call('PUT', OURS, wished, who)).status).toBe(403);
    expect((await routes.call('POST', `${OURS}/run`, undefined, person('admin'))).status).toBe(404);
    const put = await routes.call('PUT', OURS, wished, person('admin'));
    expect(put.body).toMatchObject({ integration: { projectId: PROJECT, bucketName: 'somebody' }, status: { syncStatus: 'idle' } });
    expect((await routes.call('GET', OURS, undefined, person('viewer'))).body).toEqual(put.body);
    expect((await routes.call('GET', OURS, undefined, projectKey(OTHER_PROJECT))).body).toEqual({ integration: null, status: null });
    await routes.records.query(sql`UPDATE blob_exports SET retry_at = now() + interval '1 hour', last_error = 'away'`);
    for (const who of [projectKey(PROJECT), person('member')]) {
      expect((await routes.call('POST', `${OURS}/run`, undefined, who)).status).toBe(403);
      expect((await routes.call('DELETE', OURS, undefined, who)).status).toBe(403);
    }
    expect((await routes.call('POST', `${OURS}/run`, undefined, person('admin'))).body).toMatchObject({ status: { syncStatus: 'error' } });
    expect(await routes.records.query(sql`SELECT retry_at FROM blob_exports`)).toEqual([{ retry_at: null }]);
    expect((await routes.call('DELETE', OURS, undefined, person('admin'))).status).toBe(200);
    expect((await routes.call('GET', OURS)).body).toEqual({ integration: null, status: null });
  });

  it('end an export with its project', async () => {
    await routes.call('PUT', PATH, body({ projectId: OTHER_PROJECT }), organization);
    await routes.records.query(sql`DELETE FROM projects WHERE id = ${OTHER_PROJECT}`);
    expect((await routes.call('GET', PATH, undefined, organization)).body).toEqual({ data: [] });
  });
});
