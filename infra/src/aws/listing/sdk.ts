// Listings by the services themselves. One request lists all of a kind, so that nobody needs the right to look into single things of others.
import { paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeAddressesCommand,
  paginateDescribeInstances,
  paginateDescribeInternetGateways,
  paginateDescribeLaunchTemplates,
  paginateDescribeNatGateways,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVolumes,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import { paginateListClusters } from '@aws-sdk/client-eks';
import { paginateDescribeLoadBalancers, paginateDescribeTargetGroups } from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  paginateDescribeCacheClusters,
  paginateDescribeCacheParameterGroups,
  paginateDescribeCacheSubnetGroups,
  paginateDescribeReplicationGroups,
} from '@aws-sdk/client-elasticache';
import { ListOpenIDConnectProvidersCommand, paginateListPolicies, paginateListRoles } from '@aws-sdk/client-iam';
import { paginateDescribeDBClusters, paginateDescribeDBInstances, paginateDescribeDBSubnetGroups } from '@aws-sdk/client-rds';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import type { AwsClients } from '#aws/clients.ts';
import { cloudErrorOf } from '#aws/error.ts';
import { rowsOf } from '#aws/inventory/kind.ts';
import type { ListedKind, ListingPort } from './port.ts';

type Id = string | undefined;

const LISTINGS: Readonly<Record<ListedKind, (clients: AwsClients) => Promise<Id[]>>> = {
  bucket: async ({ s3 }) => ((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).map((row) => row.Name),
  cache: async ({ cache: client }) =>
    (await rowsOf(paginateDescribeReplicationGroups({ client }, {}), (page) => page.ReplicationGroups)).map((row) => row.ReplicationGroupId),
  'cache-cluster': async ({ cache: client }) =>
    (await rowsOf(paginateDescribeCacheClusters({ client }, {}), (page) => page.CacheClusters)).map((row) => row.CacheClusterId),
  'cache-parameter-group': async ({ cache: client }) =>
    (await rowsOf(paginateDescribeCacheParameterGroups({ client }, {}), (page) => page.CacheParameterGroups)).map((row) => row.CacheParameterGroupName),
  'cache-subnet-group': async ({ cache: client }) =>
    (await rowsOf(paginateDescribeCacheSubnetGroups({ client }, {}), (page) => page.CacheSubnetGroups)).map((row) => row.CacheSubnetGroupName),
  cluster: async ({ eks: client }) => await rowsOf(paginateListClusters({ client }, {}), (page) => page.clusters),
  'database-cluster': async ({ database: client }) =>
    (await rowsOf(paginateDescribeDBClusters({ client }, {}), (page) => page.DBClusters)).map((row) => row.DBClusterIdentifier),
  // Terraform's providers took first the one, then the other for the id.
  'database-instance': async ({ database: client }) =>
    (await rowsOf(paginateDescribeDBInstances({ client }, {}), (page) => page.DBInstances)).flatMap((row) => [row.DBInstanceIdentifier, row.DbiResourceId]),
  'database-subnet-group': async ({ database: client }) =>
    (await rowsOf(paginateDescribeDBSubnetGroups({ client }, {}), (page) => page.DBSubnetGroups)).map((row) => row.DBSubnetGroupName),
  'elastic-ip': async ({ ec2 }) => ((await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? []).map((row) => row.AllocationId),
  'identity-provider': async ({ iam }) => ((await iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList ?? []).map((row) => row.Arn),
  instance: async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeInstances({ client }, {}), (page) => page.Reservations))
      .flatMap((reservation) => reservation.Instances ?? [])
      .filter((row) => row.State?.Name !== 'terminated')
      .map((row) => row.InstanceId),
  'internet-gateway': async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeInternetGateways({ client }, {}), (page) => page.InternetGateways)).map((row) => row.InternetGatewayId),
  'launch-template': async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeLaunchTemplates({ client }, {}), (page) => page.LaunchTemplates)).map((row) => row.LaunchTemplateId),
  'load-balancer': async ({ loadBalancing: client }) =>
    (await rowsOf(paginateDescribeLoadBalancers({ client }, {}), (page) => page.LoadBalancers)).map((row) => row.LoadBalancerArn),
  'log-group': async ({ logs: client }) => (await rowsOf(paginateDescribeLogGroups({ client }, {}), (page) => page.logGroups)).map((row) => row.logGroupName),
  'nat-gateway': async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeNatGateways({ client }, {}), (page) => page.NatGateways))
      .filter((row) => row.State !== 'deleted')
      .map((row) => row.NatGatewayId),
  'network-interface': async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeNetworkInterfaces({ client }, {}), (page) => page.NetworkInterfaces)).map((row) => row.NetworkInterfaceId),
  policy: async ({ iam: client }) => (await rowsOf(paginateListPolicies({ client }, { Scope: 'Local' }), (page) => page.Policies)).map((row) => row.Arn),
  role: async ({ iam: client }) => (await rowsOf(paginateListRoles({ client }, {}), (page) => page.Roles)).map((row) => row.RoleName),
  'route-table': async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeRouteTables({ client }, {}), (page) => page.RouteTables)).map((row) => row.RouteTableId),
  secret: async ({ secrets: client }) => (await rowsOf(paginateListSecrets({ client }, {}), (page) => page.SecretList)).map((row) => row.ARN),
  'security-group': async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeSecurityGroups({ client }, {}), (page) => page.SecurityGroups)).map((row) => row.GroupId),
  subnet: async ({ ec2: client }) => (await rowsOf(paginateDescribeSubnets({ client }, {}), (page) => page.Subnets)).map((row) => row.SubnetId),
  'target-group': async ({ loadBalancing: client }) =>
    (await rowsOf(paginateDescribeTargetGroups({ client }, {}), (page) => page.TargetGroups)).map((row) => row.TargetGroupArn),
  volume: async ({ ec2: client }) => (await rowsOf(paginateDescribeVolumes({ client }, {}), (page) => page.Volumes)).map((row) => row.VolumeId),
  vpc: async ({ ec2: client }) => (await rowsOf(paginateDescribeVpcs({ client }, {}), (page) => page.Vpcs)).map((row) => row.VpcId),
  'vpc-endpoint': async ({ ec2: client }) =>
    (await rowsOf(paginateDescribeVpcEndpoints({ client }, {}), (page) => page.VpcEndpoints))
      .filter((row) => String(row.State ?? '').toLowerCase() !== 'deleted')
      .map((row) => row.VpcEndpointId),
};

export function sdkListing(clients: AwsClients): ListingPort {
  return {
    async idsOf(kind) {
      try {
        return (await LISTINGS[kind](clients)).filter((id) => id !== undefined);
      } catch (error) {
        throw cloudErrorOf(error);
      }
    },
  };
}
