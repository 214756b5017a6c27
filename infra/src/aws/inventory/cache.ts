// ElastiCache: replication groups, snapshots, subnet and parameter groups.
import {
  DeleteCacheParameterGroupCommand,
  DeleteCacheSubnetGroupCommand,
  DeleteReplicationGroupCommand,
  DeleteSnapshotCommand,
  type ElastiCacheClient,
  ListTagsForResourceCommand,
  paginateDescribeCacheParameterGroups,
  paginateDescribeCacheSubnetGroups,
  paginateDescribeReplicationGroups,
  paginateDescribeSnapshots,
} from '@aws-sdk/client-elasticache';
import { type Tags, tagsOf } from '#aws/tags.ts';
import { type Item, item } from './item.ts';
import type { Kind } from './kind.ts';
import { isNamedOurs, isTaggedOurs, type Scope } from './scope.ts';

/** CloudFormation's names for this service are cut and lower case, so that the tag decides. */
async function ownTags(cache: ElastiCacheClient, scope: Scope, arn: string | undefined): Promise<Tags | null> {
  if (arn === undefined) return null;
  const tags = tagsOf((await cache.send(new ListTagsForResourceCommand({ ResourceName: arn })).catch(() => null))?.TagList);
  return isTaggedOurs(scope, tags) ? tags : null;
}

const groups: Kind = {
  kind: 'cache',
  async find({ cache }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeReplicationGroups({ client: cache }, {})) {
      for (const group of page.ReplicationGroups ?? []) {
        const tags = await ownTags(cache, scope, group.ARN);
        if (tags === null) continue;
        const rest = { tags, state: group.Status ?? '', createdAt: group.ReplicationGroupCreateTime ?? null, sizeClass: group.CacheNodeType ?? null };
        found.push(item('cache', group.ReplicationGroupId ?? '', rest));
      }
    }
    return found;
  },
  remove: ({ cache }, { id }) => cache.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: id })),
};

const snapshots: Kind = {
  kind: 'cache-snapshot',
  async find({ cache }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeSnapshots({ client: cache }, {})) {
      for (const snapshot of page.Snapshots ?? []) {
        const tags = await ownTags(cache, scope, snapshot.ARN);
        if (tags !== null) found.push(item('cache-snapshot', snapshot.SnapshotName ?? '', { tags, state: snapshot.SnapshotStatus ?? '' }));
      }
    }
    return found;
  },
  remove: ({ cache }, { id }) => cache.send(new DeleteSnapshotCommand({ SnapshotName: id })),
};

const subnetGroups: Kind = {
  kind: 'cache-subnet-group',
  async find({ cache }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeCacheSubnetGroups({ client: cache }, {})) {
      for (const group of page.CacheSubnetGroups ?? []) {
        if (!scope.vpcIds.includes(group.VpcId ?? '') && !isNamedOurs(scope, group.CacheSubnetGroupName ?? '')) continue;
        const tags = await ownTags(cache, scope, group.ARN);
        if (tags !== null) found.push(item('cache-subnet-group', group.CacheSubnetGroupName ?? '', { tags, vpcId: group.VpcId ?? null }));
      }
    }
    return found;
  },
  remove: ({ cache }, { id }) => cache.send(new DeleteCacheSubnetGroupCommand({ CacheSubnetGroupName: id })),
};

const parameterGroups: Kind = {
  kind: 'cache-parameter-group',
  async find({ cache }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeCacheParameterGroups({ client: cache }, {})) {
      for (const group of page.CacheParameterGroups ?? []) {
        if ((group.CacheParameterGroupName ?? '').startsWith('default.')) continue;
        const tags = await ownTags(cache, scope, group.ARN);
        if (tags !== null) found.push(item('cache-parameter-group', group.CacheParameterGroupName ?? '', { tags }));
      }
    }
    return found;
  },
  remove: ({ cache }, { id }) => cache.send(new DeleteCacheParameterGroupCommand({ CacheParameterGroupName: id })),
};

export const cacheKinds: readonly Kind[] = [groups, snapshots, subnetGroups, parameterGroups];
