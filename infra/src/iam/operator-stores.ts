// What an operator may do with the stores: databases, caches, buckets, secrets.
import { ENVIRONMENT_TAG } from '#environment.ts';
import { allow, of, type Scope } from './operator-statement.ts';
import type { PolicyStatement } from './policy.ts';

const databases = ({ region, prefix, inRegion }: Scope): readonly PolicyStatement[] => [
  allow(
    'OwnDatabase',
    of('rds', [
      'AddTagsToResource',
      'CreateDBCluster',
      'CreateDBInstance',
      'CreateDBSubnetGroup',
      'DeleteDBCluster',
      'DeleteDBClusterSnapshot',
      'DeleteDBInstance',
      'DeleteDBSubnetGroup',
      'ListTagsForResource',
      'ModifyDBCluster',
      'ModifyDBInstance',
      'ModifyDBSubnetGroup',
      'RemoveTagsFromResource',
    ]),
    [
      `arn:aws:rds:${region}:*:cluster:${prefix}-data-*`,
      `arn:aws:rds:${region}:*:db:${prefix}-data-*`,
      `arn:aws:rds:${region}:*:subgrp:${prefix}-data-*`,
      `arn:aws:rds:${region}:*:cluster-pg:default.*`,
      `arn:aws:rds:${region}:*:pg:default.*`,
      `arn:aws:rds:${region}:*:cluster-snapshot:${prefix}-data-*`,
    ],
  ),
  allow('SeeDatabases', ['rds:Describe*', 'elasticache:Describe*', 'elasticache:ListTagsForResource'], ['*'], inRegion),
];

const caches = ({ inRegion, tagged }: Scope): readonly PolicyStatement[] => [
  // CloudFormation's names for caches do not begin with the stack's name, so that the region is the bound for making and the tag the bound for removing.
  allow(
    'MakeCache',
    of('elasticache', [
      'AddTagsToResource',
      'CreateCacheParameterGroup',
      'CreateCacheSubnetGroup',
      'CreateReplicationGroup',
      'ModifyCacheParameterGroup',
      'ModifyCacheSubnetGroup',
      'ModifyReplicationGroup',
    ]),
    ['*'],
    inRegion,
  ),
  allow(
    'RemoveOwnCache',
    of('elasticache', ['DeleteCacheParameterGroup', 'DeleteCacheSubnetGroup', 'DeleteReplicationGroup', 'DeleteSnapshot', 'RemoveTagsFromResource']),
    ['*'],
    tagged,
  ),
];

const buckets = ({ prefix }: Scope): readonly PolicyStatement[] => [
  allow(
    'OwnBuckets',
    of('s3', [
      'AbortMultipartUpload',
      'CreateBucket',
      'DeleteBucket',
      'DeleteBucketPolicy',
      'DeleteObject',
      'DeleteObjectVersion',
      'GetBucket*',
      'GetEncryptionConfiguration',
      'GetLifecycleConfiguration',
      'GetObject',
      'ListBucket',
      'ListBucketMultipartUploads',
      'ListBucketVersions',
      'ListMultipartUploadParts',
      'ListTagsForResource',
      'PutBucketOwnershipControls',
      'PutBucketPolicy',
      'PutBucketPublicAccessBlock',
      'PutBucketTagging',
      'PutEncryptionConfiguration',
      'PutLifecycleConfiguration',
      'PutObject',
      'TagResource',
      'UntagResource',
    ]),
    [`arn:aws:s3:::${prefix}-*`],
  ),
  allow('SeeBuckets', ['s3:ListAllMyBuckets'], ['*']),
];

const secrets = ({ region, prefix, inRegion, tagged }: Scope): readonly PolicyStatement[] => [
  allow('MakeSecrets', of('secretsmanager', ['CreateSecret', 'TagResource']), [`arn:aws:secretsmanager:${region}:*:secret:*`], {
    [`aws:RequestTag/${ENVIRONMENT_TAG}`]: prefix.replace(/^genai-/, ''),
  }),
  allow(
    'OwnSecrets',
    of('secretsmanager', ['DeleteSecret', 'DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UntagResource', 'UpdateSecret']),
    [`arn:aws:secretsmanager:${region}:*:secret:*`],
    tagged,
  ),
  allow('SecretsBasics', ['secretsmanager:GetRandomPassword', 'secretsmanager:ListSecrets'], ['*'], inRegion),
];

/** All of them. */
export const storeStatements = (scope: Scope): readonly PolicyStatement[] => [...databases(scope), ...caches(scope), ...buckets(scope), ...secrets(scope)];
