// Storing a wished export: who may be reached with which secret, tried before it is kept.
import { AppError } from '#lib/errors.ts';
import type { Sealer } from '#lib/sealed.ts';
import { invalidRequest } from '#observe/api/body.ts';
import type { Records } from '#stores/records/port.ts';
import { type IntegrationRow, integrationOfProject, putIntegration, sealSecret, secretOf } from './integrations-sql.ts';
import type { ScheduleBody } from './schema.ts';
import type { OpenTarget } from './target.ts';

export interface SaveParts {
  records: Records;
  sealer: Sealer;
  openTarget: OpenTarget;
}

/** @throws AppError 400 for what cannot be, 422 for a type that is not served, 400 in the store's words when it does not take a test object. */
export async function saveIntegration({ records, sealer, openTarget }: SaveParts, projectId: string, body: ScheduleBody): Promise<IntegrationRow> {
  if (body.type === 'AZURE_BLOB_STORAGE')
    throw new AppError('AZURE_BLOB_STORAGE is not served here: use S3, or S3_COMPATIBLE with the endpoint of the store.', {
      status: 422,
      code: 'type_not_served',
    });
  const { accessKeyId, secret } = credentialsOf(sealer, body, await integrationOfProject(records, projectId));
  const place = {
    bucket_name: body.bucketName,
    endpoint: body.endpoint ?? null,
    region: body.region,
    access_key_id: accessKeyId,
    prefix: body.prefix ?? '',
    force_path_style: body.forcePathStyle,
  };
  const target = await openTarget(place, secret);
  try {
    await target.check();
  } catch (error) {
    if (error instanceof AppError && error.code.startsWith('bucket_')) throw invalidRequest(`A test object could not be written. ${error.message}`);
    throw error;
  } finally {
    target.close();
  }
  return await putIntegration(records, { projectId, body, accessKeyId, sealedSecret: sealSecret(sealer, projectId, secret) });
}

/** A secret that is left out stays, as long as it would go where it went: to another place it is never sent. */
function credentialsOf(sealer: Sealer, body: ScheduleBody, before: IntegrationRow | null): { accessKeyId: string; secret: string } {
  const accessKeyId = body.accessKeyId ?? before?.access_key_id;
  if (!accessKeyId) throw invalidRequest('accessKeyId and secretAccessKey are required: the platform lends its own credentials to no project.');
  if (body.secretAccessKey) return { accessKeyId, secret: body.secretAccessKey };
  const same =
    before !== null &&
    before.access_key_id === accessKeyId &&
    before.bucket_name === body.bucketName &&
    before.endpoint === (body.endpoint ?? null) &&
    before.region === body.region;
  if (!same) throw invalidRequest('secretAccessKey is required: it is kept only while bucket, endpoint, region and accessKeyId stay.');
  return { accessKeyId, secret: secretOf(sealer, before) };
}
