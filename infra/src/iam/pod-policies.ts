// What each pod may do on AWS: one role a pod, named resources only.
import type { Environment } from '#environment.ts';
import { EVENTS_PREFIXES, type PodRole } from '#k8s/names.ts';
import { type PolicyDocument, type PolicyStatement, policy } from './policy.ts';

/** ARNs of the buckets; in a template these are references. */
export interface PodResources {
  readonly partition: string;
  readonly eventsBucketArn: string;
  readonly clickhouseBucketArn: string;
}

const prefixes = Object.values(EVENTS_PREFIXES);
const listing = (bucketArn: string): PolicyStatement => ({
  Sid: 'ListOwnPrefixes',
  Effect: 'Allow',
  Action: ['s3:ListBucket'],
  Resource: [bucketArn],
  Condition: { StringLike: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) } },
});

/** Langfuse web: stores what it received, signs links to media and exports. It never deletes. */
const web = ({ eventsBucketArn }: PodResources): PolicyDocument =>
  policy(
    {
      Sid: 'ReadAndWriteObjects',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject'],
      Resource: prefixes.map((prefix) => `${eventsBucketArn}/${prefix}*`),
    },
    listing(eventsBucketArn),
  );

/** Langfuse worker: reads what web stored, writes exports, deletes what a person or retention deleted. */
const worker = ({ eventsBucketArn }: PodResources): PolicyDocument =>
  policy(
    {
      Sid: 'ReadWriteAndDeleteObjects',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      Resource: prefixes.map((prefix) => `${eventsBucketArn}/${prefix}*`),
    },
    listing(eventsBucketArn),
  );

/** ClickHouse: the whole of its own bucket, which is its disk. */
const clickhouse = ({ clickhouseBucketArn }: PodResources): PolicyDocument =>
  policy(
    {
      Sid: 'UseDiskObjects',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      Resource: [`${clickhouseBucketArn}/*`],
    },
    { Sid: 'ListDisk', Effect: 'Allow', Action: ['s3:ListBucket', 's3:GetBucketLocation'], Resource: [clickhouseBucketArn] },
  );

/** The gateway: the Bedrock models that the settings name, otherwise nothing at all. */
function gateway(environment: Pick<Environment, 'models' | 'region'>, { partition }: PodResources): PolicyDocument | null {
  const names = environment.models.flatMap(({ model }) => (model.startsWith('bedrock/') ? [model.slice('bedrock/'.length).replace(/^converse\//, '')] : []));
  if (names.length === 0) return null;
  return policy({
    Sid: 'InvokeNamedModels',
    Effect: 'Allow',
    Action: ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'],
    Resource: names.map((name) => `arn:${partition}:bedrock:${environment.region}::foundation-model/${name}`),
  });
}

/** The policy of each pod's role; null is a role that may do nothing. */
export const podPolicies = (
  environment: Pick<Environment, 'models' | 'region'>,
  resources: PodResources,
): Readonly<Record<PodRole, PolicyDocument | null>> => ({
  gateway: gateway(environment, resources),
  web: web(resources),
  worker: worker(resources),
  clickhouse: clickhouse(resources),
});
