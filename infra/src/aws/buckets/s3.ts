// Buckets by the S3 API.
import {
  AbortMultipartUploadCommand,
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetBucketTaggingCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketTaggingCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { answerOf, CloudError, unlessMissing } from '#aws/error.ts';
import { tagList, tagsOf } from '#aws/tags.ts';
import { getFile, putFile } from './files.ts';
import type { BucketPort } from './port.ts';

/** @param partBytes of uploads; S3 takes up to 10,000 parts of at least 5 MiB */
export function s3Buckets(client: S3Client, partBytes?: number): BucketPort {
  return {
    exists: async (Bucket) => (await unlessMissing(client.send(new HeadBucketCommand({ Bucket })), null)) !== null,
    tags: async (Bucket) => tagsOf((await unlessMissing(client.send(new GetBucketTaggingCommand({ Bucket })), null))?.TagSet),
    removeSome: async (Bucket) => (await removeVersions(client, Bucket)) || (await abortUploads(client, Bucket)),
    list: async (Bucket, Prefix, MaxKeys) => {
      const answer = await answerOf(client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys })));
      return (answer.Contents ?? []).map((row) => ({ key: row.Key ?? '', sizeBytes: row.Size ?? 0, modifiedAt: row.LastModified ?? new Date(0) }));
    },
    prefixes: async (Bucket, MaxKeys) => {
      const answer = await answerOf(client.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys })));
      return (answer.CommonPrefixes ?? []).map((row) => row.Prefix ?? '');
    },
    create: async (Bucket, tags) => await createPrivate(client, Bucket, tagList(tags)),
    putFile: async (Bucket, Key, path) => await putFile(client, { Bucket, Key }, path, partBytes),
    getFile: async (Bucket, Key, path) => await getFile(client, { Bucket, Key }, path),
  };
}

async function removeVersions(client: S3Client, Bucket: string): Promise<number> {
  const page = await unlessMissing(client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 1000 })), null);
  const targets = [...(page?.Versions ?? []), ...(page?.DeleteMarkers ?? [])];
  if (targets.length === 0) return 0;
  const Objects = targets.map((row) => ({ Key: row.Key ?? '', ...(row.VersionId === undefined ? {} : { VersionId: row.VersionId }) }));
  const answer = await answerOf(client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })));
  const refused = answer.Errors?.[0];
  if (refused !== undefined && (answer.Errors?.length ?? 0) === targets.length)
    throw new CloudError(refused.Code === 'AccessDenied' ? 'denied' : 'other', `${Bucket}/${refused.Key}: ${refused.Message}`, {
      awsCode: refused.Code ?? 'Error',
    });
  return targets.length - (answer.Errors?.length ?? 0);
}

async function abortUploads(client: S3Client, Bucket: string): Promise<number> {
  const page = await unlessMissing(client.send(new ListMultipartUploadsCommand({ Bucket })), null);
  for (const { Key, UploadId } of page?.Uploads ?? []) await unlessMissing(client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })), null);
  return page?.Uploads?.length ?? 0;
}

async function createPrivate(client: S3Client, Bucket: string, TagSet: { Key: string; Value: string }[]): Promise<void> {
  const region = (await client.config.region()) as BucketLocationConstraint;
  const place = String(region) === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region } };
  try {
    await answerOf(client.send(new CreateBucketCommand({ Bucket, ...place })));
  } catch (error) {
    if (!(error instanceof CloudError && error.awsCode === 'BucketAlreadyOwnedByYou')) throw error;
  }
  const block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  await answerOf(client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: block })));
  await answerOf(client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } })));
}
