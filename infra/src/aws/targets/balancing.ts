// Target health by the load balancing API.
import { DescribeTargetHealthCommand, type ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { unlessMissing } from '#aws/error.ts';
import type { TargetPort } from './port.ts';

export function balancingTargets(client: ElasticLoadBalancingV2Client): TargetPort {
  return {
    health: async (TargetGroupArn) => {
      const answer = await unlessMissing(client.send(new DescribeTargetHealthCommand({ TargetGroupArn })), null);
      return (answer?.TargetHealthDescriptions ?? []).map((row) => ({
        id: `${row.Target?.Id ?? '-'}:${row.Target?.Port ?? '-'}`,
        state: row.TargetHealth?.State ?? 'unavailable',
        reason: row.TargetHealth?.Description ?? null,
      }));
    },
  };
}
