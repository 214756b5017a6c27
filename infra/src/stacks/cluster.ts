// The cluster: EKS Auto Mode, its roles, who may enter it, one IAM role a pod through Pod Identity, and the doors of the stores for its nodes.
import { CfnSecurityGroupIngress } from 'aws-cdk-lib/aws-ec2';
import { CfnAccessEntry, CfnCluster, CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { type App, Aws } from 'aws-cdk-lib/core';
import { clusterName, type Environment } from '#environment.ts';
import { CLUSTER_MANAGED_POLICIES, customTagPolicy, NODE_MANAGED_POLICIES } from '#iam/cluster-policies.ts';
import { podPolicies } from '#iam/pod-policies.ts';
import { trust } from '#iam/policy.ts';
import { NAMESPACE, type PodRole, SERVICE_ACCOUNTS } from '#k8s/names.ts';
import { POSTGRESQL_PORT, VALKEY_PORT, VERSIONS } from '#versions.ts';
import type { Data } from './data.ts';
import type { Network } from './network.ts';
import { destroyed, PlatformStack } from './platform-stack.ts';

/** What the edge refers to. */
export interface Cluster {
  readonly stack: PlatformStack;
  readonly securityGroupId: string;
}

const managed = (name: string): string => `arn:${Aws.PARTITION}:iam::aws:policy/${name}`;
const accessPolicy = (name: string): string => `arn:${Aws.PARTITION}:eks::aws:cluster-access-policy/${name}`;

function roles(stack: PlatformStack): { cluster: CfnRole; node: CfnRole } {
  const cluster = destroyed(
    new CfnRole(stack, 'ClusterRole', {
      description: 'EKS Auto Mode manages nodes, volumes and targets',
      assumeRolePolicyDocument: trust('eks.amazonaws.com', true),
      managedPolicyArns: CLUSTER_MANAGED_POLICIES.map(managed),
      policies: [{ policyName: 'CustomTags', policyDocument: customTagPolicy(Aws.PARTITION) }],
    }),
  );
  const node = destroyed(
    new CfnRole(stack, 'NodeRole', {
      description: 'Nodes join the cluster and pull images',
      assumeRolePolicyDocument: trust('ec2.amazonaws.com', false),
      managedPolicyArns: NODE_MANAGED_POLICIES.map(managed),
    }),
  );
  return { cluster, node };
}

/** No built-in node pool: they would bring nodes that carry none of our tags. Our own NodePool comes with the first wave. */
function cluster(stack: PlatformStack, environment: Environment, network: Network, role: CfnRole): CfnCluster {
  return destroyed(
    new CfnCluster(stack, 'Cluster', {
      name: clusterName(environment),
      version: VERSIONS.kubernetes,
      roleArn: role.attrArn,
      accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: true },
      bootstrapSelfManagedAddons: false,
      computeConfig: { enabled: true, nodePools: [] },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      storageConfig: { blockStorage: { enabled: true } },
      upgradePolicy: { supportType: 'STANDARD' },
      deletionProtection: false,
      resourcesVpcConfig: {
        subnetIds: [...network.privateSubnetIds],
        endpointPrivateAccess: true,
        endpointPublicAccess: true,
        publicAccessCidrs: [...(environment.apiCidrs ?? environment.allowedCidrs)],
      },
    }),
  );
}

function accessEntries(stack: PlatformStack, environment: Environment, made: CfnCluster, node: CfnRole): void {
  destroyed(
    new CfnAccessEntry(stack, 'NodeAccess', {
      clusterName: made.ref,
      principalArn: node.attrArn,
      type: 'EC2',
      accessPolicies: [{ policyArn: accessPolicy('AmazonEKSAutoNodePolicy'), accessScope: { type: 'cluster' } }],
    }),
  );
  environment.operatorArns.forEach((principalArn, index) => {
    destroyed(
      new CfnAccessEntry(stack, `OperatorAccess${index + 1}`, {
        clusterName: made.ref,
        principalArn,
        type: 'STANDARD',
        accessPolicies: [{ policyArn: accessPolicy('AmazonEKSClusterAdminPolicy'), accessScope: { type: 'cluster' } }],
      }),
    );
  });
}

const ID_OF: Readonly<Record<PodRole, string>> = { gateway: 'Gateway', web: 'Web', worker: 'Worker', clickhouse: 'Clickhouse' };

function podIdentities(stack: PlatformStack, environment: Environment, made: CfnCluster, data: Data): void {
  const policies = podPolicies(environment, {
    partition: Aws.PARTITION,
    eventsBucketArn: data.eventsBucketArn,
    clickhouseBucketArn: data.clickhouseBucketArn,
  });
  for (const pod of Object.keys(SERVICE_ACCOUNTS) as PodRole[]) {
    const document = policies[pod];
    const role = destroyed(
      new CfnRole(stack, `${ID_OF[pod]}PodRole`, {
        description: `Pods of service account ${SERVICE_ACCOUNTS[pod]}`,
        assumeRolePolicyDocument: trust('pods.eks.amazonaws.com', true),
        ...(document === null ? {} : { policies: [{ policyName: 'Pod', policyDocument: document }] }),
      }),
    );
    destroyed(
      new CfnPodIdentityAssociation(stack, `${ID_OF[pod]}PodIdentity`, {
        clusterName: made.ref,
        namespace: NAMESPACE,
        serviceAccount: SERVICE_ACCOUNTS[pod],
        roleArn: role.attrArn,
      }),
    );
  }
}

function storeDoors(stack: PlatformStack, data: Data, clusterSecurityGroupId: string): void {
  const doors = [
    { id: 'DatabaseFromCluster', groupId: data.databaseSecurityGroupId, port: POSTGRESQL_PORT },
    { id: 'CacheFromCluster', groupId: data.cacheSecurityGroupId, port: VALKEY_PORT },
  ];
  for (const { id, groupId, port } of doors) {
    destroyed(
      new CfnSecurityGroupIngress(stack, id, {
        groupId,
        ipProtocol: 'tcp',
        fromPort: port,
        toPort: port,
        sourceSecurityGroupId: clusterSecurityGroupId,
        description: 'From the nodes of the cluster',
      }),
    );
  }
}

/** Makes the stack `cluster`. */
export function makeCluster(app: App, environment: Environment, network: Network, data: Data): Cluster {
  const stack = new PlatformStack(app, environment, 'cluster', 'GenAI Platform: EKS Auto Mode and the roles of pods');
  const { cluster: clusterRole, node } = roles(stack);
  const made = cluster(stack, environment, network, clusterRole);
  accessEntries(stack, environment, made, node);
  podIdentities(stack, environment, made, data);
  storeDoors(stack, data, made.attrClusterSecurityGroupId);
  stack.output('ClusterName', made.ref);
  stack.output('ClusterArn', made.attrArn);
  stack.output('ClusterEndpoint', made.attrEndpoint);
  stack.output('ClusterCertificateAuthority', made.attrCertificateAuthorityData);
  stack.output('ClusterSecurityGroupId', made.attrClusterSecurityGroupId);
  stack.output('NodeRoleName', node.ref);
  return { stack, securityGroupId: made.attrClusterSecurityGroupId };
}
