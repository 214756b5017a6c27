// What the cluster itself may do: AWS's managed policies for EKS Auto Mode, and the tags that those deny.
import { type PolicyDocument, type PolicyStatement, policy } from './policy.ts';

/** Managed policies of the cluster role, as the EKS guide asks for Auto Mode. */
export const CLUSTER_MANAGED_POLICIES = [
  'AmazonEKSClusterPolicy',
  'AmazonEKSComputePolicy',
  'AmazonEKSBlockStoragePolicy',
  'AmazonEKSLoadBalancingPolicy',
  'AmazonEKSNetworkingPolicy',
] as const;

/** Managed policies of the nodes' role. */
export const NODE_MANAGED_POLICIES = ['AmazonEKSWorkerNodeMinimalPolicy', 'AmazonEC2ContainerRegistryPullOnly'] as const;

const OWN_CLUSTER = { 'aws:RequestTag/eks:eks-cluster-name': ['$', '{aws:PrincipalTag/eks:eks-cluster-name}'].join('') } as const;

const statement = (Sid: string, Action: readonly string[], Resource: readonly string[], like?: Readonly<Record<string, string>>): PolicyStatement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
  Condition: { StringEquals: OWN_CLUSTER, ...(like === undefined ? {} : { StringLike: like }) },
});

/**
 * Without this, EKS's own policies refuse every tag that is not theirs, silently: nodes and volumes come up untagged, and a sweep by tag misses them.
 * Contract: "Custom AWS tags for EKS Auto resources" of the EKS guide. Every statement holds only for requests that carry the name of this cluster.
 */
export const customTagPolicy = (partition: string): PolicyDocument =>
  policy(
    statement('TagCompute', ['ec2:CreateFleet', 'ec2:RunInstances', 'ec2:CreateLaunchTemplate'], ['*'], {
      'aws:RequestTag/eks:kubernetes-node-class-name': '*',
      'aws:RequestTag/eks:kubernetes-node-pool-name': '*',
    }),
    statement('TagStorage', ['ec2:CreateVolume', 'ec2:CreateSnapshot'], [`arn:${partition}:ec2:*:*:volume/*`, `arn:${partition}:ec2:*:*:snapshot/*`]),
    statement('TagNetworkInterfaces', ['ec2:CreateNetworkInterface'], ['*'], { 'aws:RequestTag/eks:kubernetes-cni-node-name': '*' }),
    statement(
      'TagLoadBalancers',
      [
        'elasticloadbalancing:CreateLoadBalancer',
        'elasticloadbalancing:CreateTargetGroup',
        'elasticloadbalancing:CreateListener',
        'elasticloadbalancing:CreateRule',
        'ec2:CreateSecurityGroup',
      ],
      ['*'],
    ),
  );
