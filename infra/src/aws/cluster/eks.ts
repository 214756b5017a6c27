// The EKS cluster by its API; its token is made here, so that no kubeconfig and no aws command is needed.
import { DeleteClusterCommand, DescribeClusterCommand, type EKSClient, UpdateClusterConfigCommand } from '@aws-sdk/client-eks';
import type { STSClient } from '@aws-sdk/client-sts';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { answerOf, unlessMissing } from '#aws/error.ts';
import type { ClusterPort, ClusterState } from './port.ts';

/** EKS takes a presigned request of at most 15 minutes; the signature itself is asked for 60 s, as the aws command does. */
const TOKEN_SIGNATURE_SECONDS = 60;

export function eksCluster(eks: EKSClient, sts: STSClient): ClusterPort {
  return {
    find: async (name) => {
      const answer = await unlessMissing(eks.send(new DescribeClusterCommand({ name })), null);
      const cluster = answer?.cluster;
      if (cluster === undefined) return null;
      const authority = cluster.certificateAuthority?.data;
      return {
        name: cluster.name ?? name,
        status: cluster.status ?? '',
        version: cluster.version ?? '',
        endpoint: cluster.endpoint ?? null,
        certificateAuthority: authority === undefined ? null : Buffer.from(authority, 'base64').toString('utf8'),
        vpcId: cluster.resourcesVpcConfig?.vpcId ?? null,
        securityGroupId: cluster.resourcesVpcConfig?.clusterSecurityGroupId ?? null,
        tags: cluster.tags ?? {},
        createdAt: cluster.createdAt ?? null,
        isProtected: cluster.deletionProtection === true,
      } satisfies ClusterState;
    },
    token: async (name) => await answerOf(clusterToken(sts, name)),
    unprotect: async (name) => {
      await unlessMissing(eks.send(new UpdateClusterConfigCommand({ name, deletionProtection: false })), null);
    },
    delete: async (name) => {
      await unlessMissing(eks.send(new DeleteClusterCommand({ name })), null);
    },
  };
}

/** A presigned GetCallerIdentity that names the cluster in a signed header: what EKS calls a token. */
async function clusterToken(sts: STSClient, name: string): Promise<string> {
  const region = await sts.config.region();
  const signer = new SignatureV4({ service: 'sts', region, credentials: sts.config.credentials, sha256: Sha256 });
  const hostname = `sts.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  const request = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host: hostname, 'x-k8s-aws-id': name },
    },
    { expiresIn: TOKEN_SIGNATURE_SECONDS, unhoistableHeaders: new Set(['x-k8s-aws-id']), signableHeaders: new Set(['host', 'x-k8s-aws-id']) },
  );
  const query = Object.entries(request.query ?? {}).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`);
  return `k8s-aws-v1.${Buffer.from(`https://${hostname}/?${query.join('&')}`).toString('base64url')}`;
}
