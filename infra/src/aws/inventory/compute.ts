// Instances, launch templates, volumes and snapshots.
import {
  CreateTagsCommand,
  DeleteLaunchTemplateCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  paginateDescribeInstances,
  paginateDescribeLaunchTemplates,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { tagList, tagsOf } from '#aws/tags.ts';
import { type Item, item } from './item.ts';
import type { Kind } from './kind.ts';
import { isOurs, isTaggedOurs } from './scope.ts';

const instances: Kind = {
  kind: 'instance',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeInstances({ client: ec2 }, {})) {
      for (const instance of (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? [])) {
        const tags = tagsOf(instance.Tags);
        // A terminated instance stays in the list for an hour and costs nothing.
        if (instance.State?.Name === 'terminated' || !isOurs(scope, tags, instance.VpcId)) continue;
        const rest = { tags, vpcId: instance.VpcId ?? null, createdAt: instance.LaunchTime ?? null, sizeClass: instance.InstanceType ?? null };
        found.push(item('instance', instance.InstanceId ?? '', { ...rest, name: tags.Name ?? '', state: instance.State?.Name ?? '' }));
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })),
};

const launchTemplates: Kind = {
  kind: 'launch-template',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeLaunchTemplates({ client: ec2 }, {})) {
      for (const template of page.LaunchTemplates ?? []) {
        const tags = tagsOf(template.Tags);
        if (isTaggedOurs(scope, tags)) found.push(item('launch-template', template.LaunchTemplateId ?? '', { tags, name: template.LaunchTemplateName ?? '' }));
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: id })),
};

const volumes: Kind = {
  kind: 'volume',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeVolumes({ client: ec2 }, {})) {
      for (const volume of page.Volumes ?? []) {
        const tags = tagsOf(volume.Tags);
        if (!isTaggedOurs(scope, tags)) continue;
        const rest = {
          tags,
          createdAt: volume.CreateTime ?? null,
          sizeGib: volume.Size ?? null,
          sizeClass: volume.VolumeType ?? null,
          zone: volume.AvailabilityZone ?? null,
        };
        found.push(
          item('volume', volume.VolumeId ?? '', { ...rest, name: tags['kubernetes.io/created-for/pvc/name'] ?? tags.Name ?? '', state: volume.State ?? '' }),
        );
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new DeleteVolumeCommand({ VolumeId: id })),
  mark: ({ ec2 }, { id }, tags) => ec2.send(new CreateTagsCommand({ Resources: [id], Tags: tagList(tags) })),
};

const snapshots: Kind = {
  kind: 'snapshot',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeSnapshots({ client: ec2 }, { OwnerIds: ['self'] })) {
      for (const snapshot of page.Snapshots ?? []) {
        const tags = tagsOf(snapshot.Tags);
        if (!isTaggedOurs(scope, tags)) continue;
        found.push(
          item('snapshot', snapshot.SnapshotId ?? '', {
            tags,
            state: snapshot.State ?? '',
            sizeGib: snapshot.VolumeSize ?? null,
            createdAt: snapshot.StartTime ?? null,
          }),
        );
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new DeleteSnapshotCommand({ SnapshotId: id })),
};

export const computeKinds: readonly Kind[] = [instances, launchTemplates, volumes, snapshots];
