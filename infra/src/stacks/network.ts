// The network: one VPC over two zones, public subnets for the load balancer and NAT, private ones for nodes and stores, and S3 without a detour.
import {
  CfnEIP,
  CfnInternetGateway,
  CfnNatGateway,
  CfnRoute,
  CfnRouteTable,
  CfnSubnet,
  CfnSubnetRouteTableAssociation,
  CfnVPC,
  CfnVPCEndpoint,
  CfnVPCGatewayAttachment,
} from 'aws-cdk-lib/aws-ec2';
import { type App, Fn, Tags } from 'aws-cdk-lib/core';
import { type Environment, EXPIRY_TAG } from '#environment.ts';
import { PRIVATE_CIDRS, PUBLIC_CIDRS, VPC_CIDR } from '#network.ts';
import { destroyed, PlatformStack } from './platform-stack.ts';

/** What other stacks refer to. */
export interface Network {
  readonly stack: PlatformStack;
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
}

interface SubnetWish {
  readonly id: string;
  readonly cidr: string;
  readonly zone: string;
  readonly roleTag: string;
}

function subnet(stack: PlatformStack, vpc: CfnVPC, { id, cidr, zone, roleTag }: SubnetWish): { subnetId: string; routes: CfnRouteTable } {
  const made = destroyed(new CfnSubnet(stack, id, { vpcId: vpc.ref, cidrBlock: cidr, availabilityZone: zone, mapPublicIpOnLaunch: false }));
  Tags.of(made).add('Name', `${stack.stackName}/${id}`);
  Tags.of(made).add(roleTag, '1');
  const routes = destroyed(new CfnRouteTable(stack, `${id}Routes`, { vpcId: vpc.ref }));
  destroyed(new CfnSubnetRouteTableAssociation(stack, `${id}Association`, { subnetId: made.ref, routeTableId: routes.ref }));
  return { subnetId: made.ref, routes };
}

/** Makes the stack `network`. */
export function makeNetwork(app: App, environment: Environment): Network {
  const stack = new PlatformStack(app, environment, 'network', 'GenAI Platform: network');
  const vpc = destroyed(new CfnVPC(stack, 'Vpc', { cidrBlock: VPC_CIDR, enableDnsHostnames: true, enableDnsSupport: true }));
  Tags.of(vpc).add('Name', stack.stackName);
  if (environment.expiresAt !== null) Tags.of(vpc).add(EXPIRY_TAG, environment.expiresAt);
  const gateway = destroyed(new CfnInternetGateway(stack, 'InternetGateway'));
  const attached = destroyed(new CfnVPCGatewayAttachment(stack, 'InternetGatewayAttachment', { vpcId: vpc.ref, internetGatewayId: gateway.ref }));

  const publicSubnets = environment.availabilityZones.map((zone, index) =>
    subnet(stack, vpc, { id: `Public${index + 1}`, cidr: PUBLIC_CIDRS[index] as string, zone, roleTag: 'kubernetes.io/role/elb' }),
  );
  const privateSubnets = environment.availabilityZones.map((zone, index) =>
    subnet(stack, vpc, { id: `Private${index + 1}`, cidr: PRIVATE_CIDRS[index] as string, zone, roleTag: 'kubernetes.io/role/internal-elb' }),
  );
  publicSubnets.forEach(({ routes }, index) => {
    const route = destroyed(
      new CfnRoute(stack, `Public${index + 1}ToInternet`, { routeTableId: routes.ref, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.ref }),
    );
    route.addResourceDependency(attached);
  });

  const nats = publicSubnets.slice(0, environment.sizes.natGateways).map(({ subnetId }, index) => {
    const address = destroyed(new CfnEIP(stack, `NatAddress${index + 1}`, { domain: 'vpc' }));
    address.addResourceDependency(attached);
    return destroyed(new CfnNatGateway(stack, `Nat${index + 1}`, { subnetId, allocationId: address.attrAllocationId }));
  });
  privateSubnets.forEach(({ routes }, index) => {
    const nat = (nats[index] ?? nats[0]) as CfnNatGateway;
    destroyed(new CfnRoute(stack, `Private${index + 1}ToNat`, { routeTableId: routes.ref, destinationCidrBlock: '0.0.0.0/0', natGatewayId: nat.ref }));
  });
  destroyed(
    new CfnVPCEndpoint(stack, 'S3Endpoint', {
      vpcId: vpc.ref,
      vpcEndpointType: 'Gateway',
      serviceName: Fn.sub('com.amazonaws.$' + '{AWS::Region}.s3'),
      routeTableIds: privateSubnets.map(({ routes }) => routes.ref),
    }),
  );

  const publicSubnetIds = publicSubnets.map(({ subnetId }) => subnetId);
  const privateSubnetIds = privateSubnets.map(({ subnetId }) => subnetId);
  stack.output('VpcId', vpc.ref);
  stack.output('PublicSubnetIds', Fn.join(',', publicSubnetIds));
  stack.output('PrivateSubnetIds', Fn.join(',', privateSubnetIds));
  return { stack, vpcId: vpc.ref, publicSubnetIds, privateSubnetIds };
}
