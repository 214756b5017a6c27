// Aurora clusters, their instances, snapshots and subnet groups.
import {
  DeleteDBClusterCommand,
  DeleteDBClusterSnapshotCommand,
  DeleteDBInstanceCommand,
  DeleteDBSubnetGroupCommand,
  ListTagsForResourceCommand,
  ModifyDBClusterCommand,
  paginateDescribeDBClusterSnapshots,
  paginateDescribeDBClusters,
  paginateDescribeDBInstances,
  paginateDescribeDBSubnetGroups,
} from '@aws-sdk/client-rds';
import { tagsOf } from '#aws/tags.ts';
import { type Item, item } from './item.ts';
import { type Kind, rowsOf } from './kind.ts';
import { isForeign, isNamedOurs, isTaggedOurs } from './scope.ts';

const clusters: Kind = {
  kind: 'database-cluster',
  async find({ database }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeDBClusters({ client: database }, {})) {
      for (const cluster of page.DBClusters ?? []) {
        const tags = tagsOf(cluster.TagList);
        if (!isTaggedOurs(scope, tags)) continue;
        found.push(
          item('database-cluster', cluster.DBClusterIdentifier ?? '', { tags, state: cluster.Status ?? '', createdAt: cluster.ClusterCreateTime ?? null }),
        );
      }
    }
    return found;
  },
  async remove({ database }, { id }) {
    await database.send(new ModifyDBClusterCommand({ DBClusterIdentifier: id, DeletionProtection: false, ApplyImmediately: true })).catch(() => null);
    await database.send(new DeleteDBClusterCommand({ DBClusterIdentifier: id, SkipFinalSnapshot: true, DeleteAutomatedBackups: true }));
  },
};

const instances: Kind = {
  kind: 'database-instance',
  async find({ database }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeDBInstances({ client: database }, {})) {
      for (const instance of page.DBInstances ?? []) {
        const tags = tagsOf(instance.TagList);
        if (!isTaggedOurs(scope, tags)) continue;
        const rest = {
          tags,
          state: instance.DBInstanceStatus ?? '',
          createdAt: instance.InstanceCreateTime ?? null,
          sizeClass: instance.DBInstanceClass ?? null,
        };
        found.push(item('database-instance', instance.DBInstanceIdentifier ?? '', rest));
      }
    }
    return found;
  },
  // An instance of an Aurora cluster takes no final snapshot of its own.
  remove: ({ database }, { id }) =>
    database.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: id, SkipFinalSnapshot: true, DeleteAutomatedBackups: true })),
};

const snapshots: Kind = {
  kind: 'database-snapshot',
  async find({ database }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeDBClusterSnapshots({ client: database }, {})) {
      for (const snapshot of page.DBClusterSnapshots ?? []) {
        const tags = tagsOf(snapshot.TagList);
        if (!isTaggedOurs(scope, tags) && !(tags[scope.tagKey] === undefined && isNamedOurs(scope, snapshot.DBClusterIdentifier ?? ''))) continue;
        const rest = { tags, state: snapshot.Status ?? '', sizeGib: snapshot.AllocatedStorage ?? null, createdAt: snapshot.SnapshotCreateTime ?? null };
        found.push(item('database-snapshot', snapshot.DBClusterSnapshotIdentifier ?? '', { ...rest, sizeClass: snapshot.SnapshotType ?? null }));
      }
    }
    return found;
  },
  remove: ({ database }, { id }) => database.send(new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: id })),
};

const subnetGroups: Kind = {
  kind: 'database-subnet-group',
  async find({ database }, scope) {
    const found: Item[] = [];
    const all = await rowsOf(paginateDescribeDBSubnetGroups({ client: database }, {}), (page) => page.DBSubnetGroups);
    const near = all.filter((group) => isNamedOurs(scope, group.DBSubnetGroupName ?? '') || scope.vpcIds.includes(group.VpcId ?? ''));
    for (const group of near) {
      const tags = tagsOf((await database.send(new ListTagsForResourceCommand({ ResourceName: group.DBSubnetGroupArn }))).TagList);
      if (!isForeign(scope, tags)) found.push(item('database-subnet-group', group.DBSubnetGroupName ?? '', { tags, vpcId: group.VpcId ?? null }));
    }
    return found;
  },
  remove: ({ database }, { id }) => database.send(new DeleteDBSubnetGroupCommand({ DBSubnetGroupName: id })),
};

export const databaseKinds: readonly Kind[] = [clusters, instances, snapshots, subnetGroups];
