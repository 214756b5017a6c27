// Scheduled export against a started platform, by Langfuse's own client with a key of the organisation, into a real S3 server; killed with -9 while it exports.
import { LangfuseClient } from '@langfuse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openS3Blobs, type S3Options } from '../server/src/stores/blobs/s3.ts';
import { hasS3, startTestS3, type TestS3 } from '../server/src/stores/blobs/test-s3.ts';
import { call } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const here = hasS3();
if (!here && (process.env.GENAI_REQUIRE ?? '').split(',').includes('s3')) throw new Error('an S3 server is required here: run scripts/s3-server.sh');
if (!here) console.info('skipped: scheduled exports (scripts/s3-server.sh builds a server, with Go)');

const HOURS = 6;

describe.skipIf(!here)('scheduled export', () => {
  const folder = temporaryFolder();
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  let server: TestS3;
  let bucket: S3Options;
  let platform: Platform;
  let api: LangfuseClient['api'];
  let projectId: string;
  const start = (): Promise<Platform> => startPlatform({ folder, flags: ['--egress-allow', '127.0.0.1'] });

  /** The client of whoever administers the organisation, with a key of its own. */
  async function apiOfOrganization(): Promise<LangfuseClient['api']> {
    const { keys, observeUrl, gatewayUrl } = platform;
    const projects = await call(`${observeUrl}/api/public/projects`, { basic: [keys.publicKey, keys.secretKey] });
    const [project] = projects.body.data as unknown as [{ id: string; organization: { id: string } }];
    projectId = project.id;
    const { body } = await call(`${gatewayUrl}/api/admin/organizations/${project.organization.id}/apiKeys`, { key: keys.masterKey, body: {} });
    return new LangfuseClient({ baseUrl: observeUrl, publicKey: String(body.publicKey), secretKey: String(body.secretKey) }).api;
  }

  beforeAll(async () => {
    server = await startTestS3();
    bucket = { ...(await server.bucket('exports-of-somebody')), prefix: '' };
    platform = await start();
    api = await apiOfOrganization();
    const { keys, observeUrl } = platform;
    const batch = Array.from({ length: HOURS }, (_, hour) => {
      const timestamp = `${day}T${String(hour).padStart(2, '0')}:30:00.000Z`;
      return [
        { id: `e${hour}`, type: 'trace-create', timestamp, body: { id: `trace-${hour}`, timestamp, name: 'exported' } },
        { id: `f${hour}`, type: 'span-create', timestamp, body: { id: `span-${hour}`, traceId: `trace-${hour}`, startTime: timestamp } },
        { id: `g${hour}`, type: 'score-create', timestamp, body: { id: `score-${hour}`, traceId: `trace-${hour}`, name: 'quality', value: 1 } },
      ];
    }).flat();
    const sent = await call(`${observeUrl}/api/public/ingestion`, { basic: [keys.publicKey, keys.secretKey], body: { batch } });
    expect(sent.status).toBe(207);
    await eventually('the last trace', async () => {
      const { status } = await call(`${observeUrl}/api/public/traces/trace-${HOURS - 1}`, { basic: [keys.publicKey, keys.secretKey] });
      return status === 200;
    });
  });
  afterAll(async () => {
    await platform?.stop();
    await server?.stop();
    removeFolder(folder);
  });

  const asked = () => ({
    projectId,
    type: 'S3_COMPATIBLE' as const,
    bucketName: bucket.bucket,
    endpoint: server.endpoint,
    region: 'ap-northeast-1',
    accessKeyId: 'test-access-key',
    secretAccessKey: 'test-secret-key',
    prefix: 'daily/',
    exportFrequency: 'hourly' as const,
    enabled: true,
    forcePathStyle: true,
    fileType: 'JSONL' as const,
    exportMode: 'FULL_HISTORY' as const,
  });

  it('is set by the official client, survives kill -9, and ends with exactly one whole file a table and hour', async () => {
    const blobs = await openS3Blobs(bucket);
    const set = await api.blobStorageIntegrations.upsertBlobStorageIntegration(asked());
    expect(set).toMatchObject({ projectId, enabled: true, compressed: true, exportSource: 'LEGACY_TRACES_OBSERVATIONS', lastError: null });
    expect(JSON.stringify(set)).not.toContain('test-secret-key');
    await eventually('the first object', async () => (await blobs.list('daily/')).length > 0);
    await platform.crash();
    platform = await start();
    api = await apiOfOrganization();
    await eventually(
      'the export is up to date',
      async () => (await api.blobStorageIntegrations.getBlobStorageIntegrationStatus(set.id)).syncStatus === 'up_to_date',
    );
    const keys = (await blobs.list('daily/')).map(({ key }) => key);
    const ends = Array.from({ length: HOURS }, (_, hour) => `${day}T${String(hour + 1).padStart(2, '0')}-00-00.jsonl.gz`);
    expect(keys).toEqual(['observations', 'scores', 'traces'].flatMap((table) => ends.map((end) => `daily/${projectId}/${table}/${end}`)));
    await blobs.close();
  });

  it('is listed, refused without a known project or with a key of a project, and deleted', async () => {
    const { data } = await api.blobStorageIntegrations.getBlobStorageIntegrations();
    expect(data).toHaveLength(1);
    await expect(api.blobStorageIntegrations.upsertBlobStorageIntegration({ ...asked(), projectId: 'nobody' })).rejects.toMatchObject({ statusCode: 404 });
    const { keys, observeUrl } = platform;
    const path = `${observeUrl}/api/public/integrations/blob-storage`;
    expect((await call(path, { basic: [keys.publicKey, keys.secretKey] })).status).toBe(403);
    const id = data[0]?.id as string;
    expect((await api.blobStorageIntegrations.deleteBlobStorageIntegration(id)).message).toContain('deleted');
    await expect(api.blobStorageIntegrations.getBlobStorageIntegrationStatus(id)).rejects.toMatchObject({ statusCode: 404 });
  });
});
