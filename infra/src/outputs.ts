// What the stacks tell the rest: CloudFormation's outputs, checked and named.
import { z } from 'zod';

const list = z.string().transform((text) => text.split(','));

/** Keys are those of the templates' Outputs; the values are never secrets (secrets are named by ARN). */
const schema = z
  .object({
    VpcId: z.string(),
    PrivateSubnetIds: list,
    PublicSubnetIds: list,
    ClusterName: z.string(),
    ClusterArn: z.string(),
    ClusterEndpoint: z.string(),
    ClusterCertificateAuthority: z.string(),
    ClusterSecurityGroupId: z.string(),
    NodeRoleName: z.string(),
    DatabaseHost: z.string(),
    DatabasePort: z.coerce.number().int(),
    DatabaseSecretArn: z.string(),
    CacheHost: z.string(),
    CachePort: z.coerce.number().int(),
    CacheSecretArn: z.string(),
    PlatformSecretArn: z.string(),
    EventsBucketName: z.string(),
    ClickhouseBucketName: z.string(),
    /** Absent with `ingress: ingress`: there the load balancer is made by the cluster. */
    LoadBalancerDnsName: z.string().optional(),
    GatewayTargetGroupArn: z.string().optional(),
    ObserveTargetGroupArn: z.string().optional(),
    /** Absent only without a domain in the mode `ingress`. */
    GatewayUrl: z.string().optional(),
    ObserveUrl: z.string().optional(),
    CertificateArn: z.string().optional(),
    LoadBalancerSecurityGroupId: z.string().optional(),
  })
  .transform((raw) => ({
    vpcId: raw.VpcId,
    privateSubnetIds: raw.PrivateSubnetIds,
    publicSubnetIds: raw.PublicSubnetIds,
    clusterName: raw.ClusterName,
    clusterArn: raw.ClusterArn,
    clusterEndpoint: raw.ClusterEndpoint,
    clusterCertificateAuthority: raw.ClusterCertificateAuthority,
    clusterSecurityGroupId: raw.ClusterSecurityGroupId,
    nodeRoleName: raw.NodeRoleName,
    databaseHost: raw.DatabaseHost,
    databasePort: raw.DatabasePort,
    databaseSecretArn: raw.DatabaseSecretArn,
    cacheHost: raw.CacheHost,
    cachePort: raw.CachePort,
    cacheSecretArn: raw.CacheSecretArn,
    platformSecretArn: raw.PlatformSecretArn,
    eventsBucket: raw.EventsBucketName,
    clickhouseBucket: raw.ClickhouseBucketName,
    loadBalancerDnsName: raw.LoadBalancerDnsName,
    gatewayTargetGroupArn: raw.GatewayTargetGroupArn,
    observeTargetGroupArn: raw.ObserveTargetGroupArn,
    gatewayUrl: raw.GatewayUrl,
    observeUrl: raw.ObserveUrl,
    certificateArn: raw.CertificateArn,
    loadBalancerSecurityGroupId: raw.LoadBalancerSecurityGroupId,
  }));

/** The outputs of all stacks together. */
export type StackOutputs = Readonly<z.output<typeof schema>>;

/** Reads the merged outputs of all stacks (`OutputKey` → `OutputValue`). @throws an Error that names every output that is missing. */
export function readStackOutputs(outputs: Readonly<Record<string, string>>): StackOutputs {
  const result = schema.safeParse(outputs);
  if (result.success) return result.data;
  const names = result.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Error(`The stacks' outputs are incomplete (${names}): run up again, it continues where it stopped.`);
}
