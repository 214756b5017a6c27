// The least policy that an operator needs for plan, up, verify, status, down, sweep and import-check of one environment.
// CloudFormation is given no role of its own: it makes the resources with the operator's rights, so that these are the rights.
import type { Environment } from '#environment.ts';
import { CLUSTER_MANAGED_POLICIES, NODE_MANAGED_POLICIES } from './cluster-policies.ts';
import { allow, of, type Scope, scopeOf } from './operator-statement.ts';
import { storeStatements } from './operator-stores.ts';
import { type PolicyDocument, type PolicyStatement, policy } from './policy.ts';

/** A policy to be made under this name and attached to the operator. */
export interface NamedPolicy {
  readonly name: string;
  readonly document: PolicyDocument;
}

const stacks = ({ region, prefix, inRegion }: Scope): readonly PolicyStatement[] => [
  allow(
    'OwnStacks',
    of('cloudformation', [
      'CreateChangeSet',
      'CreateStack',
      'DeleteChangeSet',
      'DeleteStack',
      'DescribeChangeSet',
      'DescribeStackEvents',
      'DescribeStackResources',
      'ExecuteChangeSet',
      'GetTemplate',
      'ListStackResources',
      'TagResource',
      'UntagResource',
      'UpdateStack',
      'UpdateTerminationProtection',
    ]),
    [`arn:aws:cloudformation:${region}:*:stack/${prefix}-*/*`],
  ),
  allow('SeeStacksAndExports', of('cloudformation', ['DescribeStacks', 'ListExports', 'ListImports', 'ListStacks', 'ValidateTemplate']), ['*'], inRegion),
  allow('WhoAmI', ['sts:GetCallerIdentity'], ['*']),
  allow('Quotas', ['servicequotas:GetServiceQuota', 'servicequotas:ListServiceQuotas'], ['*'], inRegion),
  allow('FindByTag', ['tag:GetResources'], ['*'], inRegion),
  allow('Alarm', of('budgets', ['ListTagsForResource', 'ModifyBudget', 'TagResource', 'UntagResource', 'ViewBudget']), [
    `arn:aws:budgets::*:budget/${prefix}*`,
  ]),
  allow('Spending', ['ce:GetCostAndUsage'], ['*']),
];

const network = ({ inRegion, tagged }: Scope): readonly PolicyStatement[] => [
  allow('SeeNetwork', ['ec2:Describe*', 'ec2:GetSecurityGroupsForVpc'], ['*'], inRegion),
  allow(
    'MakeNetwork',
    of('ec2', [
      'AllocateAddress',
      'AssociateRouteTable',
      'AttachInternetGateway',
      'AuthorizeSecurityGroupEgress',
      'AuthorizeSecurityGroupIngress',
      'CreateInternetGateway',
      'CreateNatGateway',
      'CreateRoute',
      'CreateRouteTable',
      'CreateSecurityGroup',
      'CreateSubnet',
      'CreateTags',
      'CreateVpc',
      'CreateVpcEndpoint',
      'ModifySubnetAttribute',
      'ModifyVpcAttribute',
      'ModifyVpcEndpoint',
    ]),
    ['*'],
    inRegion,
  ),
  allow(
    'RemoveOwnNetwork',
    of('ec2', [
      'DeleteInternetGateway',
      'DeleteNatGateway',
      'DeleteRoute',
      'DeleteRouteTable',
      'DeleteSubnet',
      'DeleteTags',
      'DeleteVpc',
      'DeleteVpcEndpoints',
      'DetachInternetGateway',
      'DisassociateAddress',
      'DisassociateRouteTable',
      'ReleaseAddress',
      'ReplaceRoute',
      'UpdateSecurityGroupRuleDescriptionsIngress',
    ]),
    ['*'],
    tagged,
  ),
  // Rules, groups and interfaces that EKS makes carry its tags and not ours; they are looked for by the environment's network first.
  allow(
    'RemoveWhatTheClusterLeft',
    of('ec2', ['DeleteNetworkInterface', 'DeleteSecurityGroup', 'DetachNetworkInterface', 'RevokeSecurityGroupEgress', 'RevokeSecurityGroupIngress']),
    ['*'],
    inRegion,
  ),
];

const cluster = ({ region, cluster: name, inRegion }: Scope): readonly PolicyStatement[] => [
  allow(
    'OwnCluster',
    of('eks', [
      'AccessKubernetesApi',
      'AssociateAccessPolicy',
      'CreateAccessEntry',
      'CreateCluster',
      'CreatePodIdentityAssociation',
      'DeleteAccessEntry',
      'DeleteCluster',
      'DeletePodIdentityAssociation',
      'DescribeAccessEntry',
      'DescribeCluster',
      'DescribePodIdentityAssociation',
      'DescribeUpdate',
      'DisassociateAccessPolicy',
      'ListAccessEntries',
      'ListAssociatedAccessPolicies',
      'ListPodIdentityAssociations',
      'ListTagsForResource',
      'ListUpdates',
      'TagResource',
      'UntagResource',
      'UpdateAccessEntry',
      'UpdateClusterConfig',
      'UpdateClusterVersion',
      'UpdatePodIdentityAssociation',
    ]),
    [`arn:aws:eks:${region}:*:cluster/${name}`, `arn:aws:eks:${region}:*:access-entry/${name}/*`, `arn:aws:eks:${region}:*:podidentityassociation/${name}/*`],
  ),
  allow('SeeClusters', ['eks:ListClusters'], ['*'], inRegion),
  allow('RemoveOwnNodes', of('ec2', ['DeleteLaunchTemplate', 'TerminateInstances']), ['*'], { 'aws:ResourceTag/eks:eks-cluster-name': name }),
  allow('RemoveOwnVolumes', of('ec2', ['DeleteSnapshot', 'DeleteVolume', 'DetachVolume']), ['*'], { 'aws:ResourceTag/eks:eks-cluster-name': name }),
  allow('RemoveOwnLogs', of('logs', ['DeleteLogGroup', 'ListTagsForResource']), [
    `arn:aws:logs:${region}:*:log-group:/aws/eks/${name}/*`,
    `arn:aws:logs:${region}:*:log-group:/aws/rds/cluster/${name}-*`,
  ]),
  allow('SeeLogs', ['logs:DescribeLogGroups'], ['*'], inRegion),
];

const identity = ({ region, prefix }: Scope): readonly PolicyStatement[] => [
  allow(
    'OwnRoles',
    of('iam', [
      'CreateRole',
      'DeleteRole',
      'DeleteRolePolicy',
      'GetRole',
      'GetRolePolicy',
      'ListAttachedRolePolicies',
      'ListInstanceProfilesForRole',
      'ListRolePolicies',
      'ListRoleTags',
      'PutRolePolicy',
      'TagRole',
      'UntagRole',
      'UpdateAssumeRolePolicy',
      'UpdateRoleDescription',
    ]),
    [`arn:aws:iam::*:role/${prefix}-cluster-*`],
  ),
  {
    Sid: 'OnlyTheseManagedPolicies',
    Effect: 'Allow',
    Action: ['iam:AttachRolePolicy', 'iam:DetachRolePolicy'],
    Resource: [`arn:aws:iam::*:role/${prefix}-cluster-*`],
    Condition: { ArnEquals: { 'iam:PolicyARN': [...CLUSTER_MANAGED_POLICIES, ...NODE_MANAGED_POLICIES].map((name) => `arn:aws:iam::aws:policy/${name}`) } },
  },
  allow('PassOwnRoles', ['iam:PassRole'], [`arn:aws:iam::*:role/${prefix}-cluster-*`], {
    'iam:PassedToService': ['eks.amazonaws.com', 'ec2.amazonaws.com', 'pods.eks.amazonaws.com'],
  }),
  allow('SeeRoles', ['iam:ListInstanceProfiles', 'iam:ListOpenIDConnectProviders', 'iam:ListPolicies', 'iam:ListRoles'], ['*']),
  // EKS Auto Mode makes an instance profile for the nodes' role, and sometimes leaves it, which keeps the role from being deleted.
  allow('RepairInstanceProfiles', of('iam', ['DeleteInstanceProfile', 'GetInstanceProfile', 'RemoveRoleFromInstanceProfile']), [
    `arn:aws:iam::*:instance-profile/eks-${region}-${prefix}-*`,
    `arn:aws:iam::*:instance-profile/${prefix}*`,
    `arn:aws:iam::*:role/${prefix}-cluster-*`,
  ]),
  allow('FirstUseOfServices', ['iam:CreateServiceLinkedRole'], ['arn:aws:iam::*:role/aws-service-role/*'], {
    'iam:AWSServiceName': ['eks.amazonaws.com', 'elasticache.amazonaws.com', 'elasticloadbalancing.amazonaws.com', 'rds.amazonaws.com', 'spot.amazonaws.com'],
  }),
];

const edge = ({ inRegion, tagged }: Scope, environment: Pick<Environment, 'domain'>): readonly PolicyStatement[] => [
  allow('SeeLoadBalancers', ['elasticloadbalancing:Describe*'], ['*'], inRegion),
  allow(
    'MakeLoadBalancer',
    of('elasticloadbalancing', [
      'AddTags',
      'CreateListener',
      'CreateLoadBalancer',
      'CreateRule',
      'CreateTargetGroup',
      'ModifyListener',
      'ModifyLoadBalancerAttributes',
      'ModifyRule',
      'ModifyTargetGroup',
      'ModifyTargetGroupAttributes',
      'SetSecurityGroups',
      'SetSubnets',
    ]),
    ['*'],
    inRegion,
  ),
  allow(
    'RemoveOwnLoadBalancer',
    of('elasticloadbalancing', ['DeleteListener', 'DeleteLoadBalancer', 'DeleteRule', 'DeleteTargetGroup', 'RemoveTags']),
    ['*'],
    tagged,
  ),
  ...(environment.domain === undefined
    ? []
    : [
        allow('MakeCertificate', of('acm', ['AddTagsToCertificate', 'RequestCertificate']), ['*'], inRegion),
        allow('OwnCertificate', of('acm', ['DeleteCertificate', 'DescribeCertificate', 'ListTagsForCertificate', 'RemoveTagsFromCertificate']), ['*'], tagged),
        allow('OwnNames', of('route53', ['ChangeResourceRecordSets', 'GetHostedZone', 'ListResourceRecordSets']), [
          `arn:aws:route53:::hostedzone/${environment.domain.hostedZoneId}`,
        ]),
        allow('ChangesOfNames', ['route53:GetChange'], ['arn:aws:route53:::change/*']),
      ]),
];

/** The policies of an environment's operator: several, because a managed policy holds 6,144 characters. */
export function operatorPolicies(environment: Environment): readonly NamedPolicy[] {
  const scope = scopeOf(environment);
  const parts = {
    stacks: stacks(scope),
    network: network(scope),
    cluster: cluster(scope),
    identity: identity(scope),
    stores: storeStatements(scope),
    edge: edge(scope, environment),
  };
  return Object.entries(parts).map(([part, statements]) => ({ name: `${scope.prefix}-operator-${part}`, document: policy(...statements) }));
}
