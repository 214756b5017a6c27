// Load balancers and target groups, whoever made them: a stack, or a controller of the cluster.
import {
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyLoadBalancerAttributesCommand,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Tags, tagsOf } from '#aws/tags.ts';
import { item } from './item.ts';
import type { Kind } from './kind.ts';
import { isOurs } from './scope.ts';

/** DescribeTags takes 20 ARNs a call. */
const ARNS_A_CALL = 20;

async function tagsByArn(client: ElasticLoadBalancingV2Client, arns: readonly string[]): Promise<Map<string, Tags>> {
  const tags = new Map<string, Tags>();
  for (let at = 0; at < arns.length; at += ARNS_A_CALL) {
    const answer = await client.send(new DescribeTagsCommand({ ResourceArns: arns.slice(at, at + ARNS_A_CALL) }));
    for (const row of answer.TagDescriptions ?? []) tags.set(row.ResourceArn ?? '', tagsOf(row.Tags));
  }
  return tags;
}

const loadBalancers: Kind = {
  kind: 'load-balancer',
  async find({ loadBalancing }, scope) {
    const all = [];
    for await (const page of paginateDescribeLoadBalancers({ client: loadBalancing }, {})) all.push(...(page.LoadBalancers ?? []));
    const tags = await tagsByArn(
      loadBalancing,
      all.map((balancer) => balancer.LoadBalancerArn ?? ''),
    );
    return all
      .map((balancer) => ({ balancer, own: tags.get(balancer.LoadBalancerArn ?? '') ?? {} }))
      .filter(({ balancer, own }) => isOurs(scope, own, balancer.VpcId))
      .map(({ balancer, own }) =>
        item('load-balancer', balancer.LoadBalancerArn ?? '', {
          tags: own,
          name: balancer.LoadBalancerName ?? '',
          state: balancer.State?.Code ?? '',
          vpcId: balancer.VpcId ?? null,
          createdAt: balancer.CreatedTime ?? null,
          sizeClass: balancer.Type ?? null,
        }),
      );
  },
  async remove({ loadBalancing }, { id }) {
    const Attributes = [{ Key: 'deletion_protection.enabled', Value: 'false' }];
    await loadBalancing.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: id, Attributes }));
    await loadBalancing.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: id }));
  },
};

const targetGroups: Kind = {
  kind: 'target-group',
  async find({ loadBalancing }, scope) {
    const all = [];
    for await (const page of paginateDescribeTargetGroups({ client: loadBalancing }, {})) all.push(...(page.TargetGroups ?? []));
    const tags = await tagsByArn(
      loadBalancing,
      all.map((group) => group.TargetGroupArn ?? ''),
    );
    return all
      .map((group) => ({ group, own: tags.get(group.TargetGroupArn ?? '') ?? {} }))
      .filter(({ group, own }) => isOurs(scope, own, group.VpcId))
      .map(({ group, own }) => item('target-group', group.TargetGroupArn ?? '', { tags: own, name: group.TargetGroupName ?? '', vpcId: group.VpcId ?? null }));
  },
  remove: ({ loadBalancing }, { id }) => loadBalancing.send(new DeleteTargetGroupCommand({ TargetGroupArn: id })),
};

export const balancingKinds: readonly Kind[] = [loadBalancers, targetGroups];
