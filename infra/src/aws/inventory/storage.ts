// The cluster, buckets, log groups, secrets, and whatever else carries the environment's tag.
import { DeleteLogGroupCommand, ListTagsForResourceCommand, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteClusterCommand, DescribeClusterCommand, UpdateClusterConfigCommand } from '@aws-sdk/client-eks';
import { paginateGetResources, type ResourceTagMapping } from '@aws-sdk/client-resource-groups-tagging-api';
import { DeleteBucketCommand, GetBucketTaggingCommand, ListBucketsCommand } from '@aws-sdk/client-s3';
import { DeleteSecretCommand, paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import { unlessMissing } from '#aws/error.ts';
import { tagsOf } from '#aws/tags.ts';
import { type Item, item } from './item.ts';
import { type Kind, rowsOf } from './kind.ts';
import { isForeign, isLogGroupOurs, isNamedOurs, isTaggedOurs } from './scope.ts';

const cluster: Kind = {
  kind: 'cluster',
  async find({ eks }, scope) {
    const found = (await unlessMissing(eks.send(new DescribeClusterCommand({ name: scope.clusterName })), null))?.cluster;
    if (found === undefined || !isTaggedOurs(scope, found.tags ?? {})) return [];
    const rest = { tags: found.tags ?? {}, state: found.status ?? '', createdAt: found.createdAt ?? null, vpcId: found.resourcesVpcConfig?.vpcId ?? null };
    return [item('cluster', scope.clusterName, rest)];
  },
  async remove({ eks }, { id }) {
    await eks.send(new UpdateClusterConfigCommand({ name: id, deletionProtection: false })).catch(() => null);
    await eks.send(new DeleteClusterCommand({ name: id }));
  },
};

const buckets: Kind = {
  kind: 'bucket',
  async find({ s3 }, scope) {
    const found: Item[] = [];
    for (const bucket of (await s3.send(new ListBucketsCommand({}))).Buckets ?? []) {
      // Tags are asked a bucket at a time, so the generated name is looked at first.
      const Bucket = bucket.Name ?? '';
      if (!isNamedOurs(scope, Bucket) && !Bucket.startsWith(`${scope.namePrefix}-backup-`)) continue;
      const tags = tagsOf((await unlessMissing(s3.send(new GetBucketTaggingCommand({ Bucket })), null))?.TagSet);
      if (isTaggedOurs(scope, tags)) found.push(item('bucket', Bucket, { tags, createdAt: bucket.CreationDate ?? null }));
    }
    return found;
  },
  remove: ({ s3 }, { id }) => s3.send(new DeleteBucketCommand({ Bucket: id })),
};

const logGroups: Kind = {
  kind: 'log-group',
  async find({ logs }, scope) {
    const found: Item[] = [];
    const all = await rowsOf(paginateDescribeLogGroups({ client: logs }, {}), (page) => page.logGroups);
    for (const group of all) {
      const name = group.logGroupName ?? '';
      if (!isNamedOurs(scope, name) && !isLogGroupOurs(scope, name)) continue;
      const resourceArn = (group.arn ?? '').replace(/:\*$/, '');
      const tags = (await unlessMissing(logs.send(new ListTagsForResourceCommand({ resourceArn })), null))?.tags ?? {};
      const createdAt = group.creationTime === undefined ? null : new Date(group.creationTime);
      if (!isForeign(scope, tags)) found.push(item('log-group', name, { tags, createdAt }));
    }
    return found;
  },
  remove: ({ logs }, { id }) => logs.send(new DeleteLogGroupCommand({ logGroupName: id })),
};

const secrets: Kind = {
  kind: 'secret',
  async find({ secrets: client }, scope) {
    const found: Item[] = [];
    for await (const page of paginateListSecrets({ client }, { IncludePlannedDeletion: true })) {
      for (const secret of page.SecretList ?? []) {
        const tags = tagsOf(secret.Tags);
        if (!isTaggedOurs(scope, tags)) continue;
        const state = secret.DeletedDate === undefined ? '' : 'planned for deletion';
        found.push(item('secret', secret.ARN ?? '', { tags, name: secret.Name ?? '', state, createdAt: secret.CreatedDate ?? null }));
      }
    }
    return found;
  },
  remove: ({ secrets: client }, { id }) => client.send(new DeleteSecretCommand({ SecretId: id, ForceDeleteWithoutRecovery: true })),
};

/** Services whose things have a kind above: there the service itself is asked, because the tagging service lists what is gone for up to an hour. */
const KNOWN_SERVICES = new Set(['cloudformation', 'ec2', 'eks', 'elasticache', 'elasticloadbalancing', 'iam', 'logs', 'rds', 's3', 'secretsmanager']);

const others: Kind = {
  kind: 'other',
  async find({ tagging }, scope) {
    const found: ResourceTagMapping[] = [];
    const TagFilters = [{ Key: scope.tagKey, Values: [scope.environment] }];
    for await (const page of paginateGetResources({ client: tagging }, { TagFilters })) found.push(...(page.ResourceTagMappingList ?? []));
    return found
      .map((row) => ({ arn: row.ResourceARN ?? '', tags: tagsOf(row.Tags) }))
      .filter(({ arn }) => !KNOWN_SERVICES.has(arn.split(':')[2] ?? ''))
      .map(({ arn, tags }) => item('other', arn, { tags, name: arn.split(':').slice(2, 3).concat(arn.split(':').slice(5)).join(' ') }));
  },
};

export const storageKinds: readonly Kind[] = [cluster, buckets, logGroups, secrets, others];
