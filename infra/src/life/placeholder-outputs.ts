// Outputs of stacks that do not exist, so that the Kubernetes objects can be counted before anything is made.
import { readStackOutputs, type StackOutputs } from '#outputs.ts';

/** Every value says that it is none. */
export function placeholderOutputs(): StackOutputs {
  const names = [
    'VpcId',
    'PrivateSubnetIds',
    'PublicSubnetIds',
    'ClusterName',
    'ClusterArn',
    'ClusterEndpoint',
    'ClusterCertificateAuthority',
    'ClusterSecurityGroupId',
    'NodeRoleName',
    'DatabaseHost',
    'DatabaseSecretArn',
    'CacheHost',
    'CacheSecretArn',
    'PlatformSecretArn',
    'EventsBucketName',
    'ClickhouseBucketName',
    'LoadBalancerDnsName',
    'GatewayTargetGroupArn',
    'ObserveTargetGroupArn',
    'LoadBalancerSecurityGroupId',
  ];
  const values = Object.fromEntries(names.map((name) => [name, 'not-made-yet']));
  return readStackOutputs({ ...values, DatabasePort: '5432', CachePort: '6379', GatewayUrl: 'http://not-made-yet', ObserveUrl: 'http://not-made-yet:3000' });
}
