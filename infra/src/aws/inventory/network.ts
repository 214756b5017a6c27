// The network: interfaces, groups, addresses, gateways, subnets, the VPC itself.
import {
  DeleteInternetGatewayCommand,
  DeleteNatGatewayCommand,
  DeleteNetworkInterfaceCommand,
  DeleteRouteTableCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DeleteVpcEndpointsCommand,
  DescribeAddressesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DetachInternetGatewayCommand,
  DetachNetworkInterfaceCommand,
  DisassociateRouteTableCommand,
  type EC2Client,
  paginateDescribeInternetGateways,
  paginateDescribeNatGateways,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
  ReleaseAddressCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { tagsOf } from '#aws/tags.ts';
import { type Item, item } from './item.ts';
import type { Kind } from './kind.ts';
import { isOurs, isTaggedOurs } from './scope.ts';

const endpoints: Kind = {
  kind: 'vpc-endpoint',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeVpcEndpoints({ client: ec2 }, {})) {
      for (const endpoint of page.VpcEndpoints ?? []) {
        const tags = tagsOf(endpoint.Tags);
        const state = String(endpoint.State ?? '').toLowerCase();
        if (state === 'deleted' || !isOurs(scope, tags, endpoint.VpcId)) continue;
        found.push(
          item('vpc-endpoint', endpoint.VpcEndpointId ?? '', { tags, state, vpcId: endpoint.VpcId ?? null, sizeClass: endpoint.VpcEndpointType ?? null }),
        );
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] })),
};

const natGateways: Kind = {
  kind: 'nat-gateway',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeNatGateways({ client: ec2 }, {})) {
      for (const gateway of page.NatGateways ?? []) {
        const tags = tagsOf(gateway.Tags);
        if (gateway.State === 'deleted' || !isOurs(scope, tags, gateway.VpcId)) continue;
        found.push(
          item('nat-gateway', gateway.NatGatewayId ?? '', {
            tags,
            state: gateway.State ?? '',
            vpcId: gateway.VpcId ?? null,
            createdAt: gateway.CreateTime ?? null,
          }),
        );
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new DeleteNatGatewayCommand({ NatGatewayId: id })),
};

const interfaces: Kind = {
  kind: 'network-interface',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, {})) {
      for (const face of page.NetworkInterfaces ?? []) {
        const tags = tagsOf(face.TagSet);
        if (!isOurs(scope, tags, face.VpcId)) continue;
        found.push(
          item('network-interface', face.NetworkInterfaceId ?? '', { tags, name: face.Description ?? '', state: face.Status ?? '', vpcId: face.VpcId ?? null }),
        );
      }
    }
    return found;
  },
  async remove({ ec2 }, { id }) {
    const known = await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
    const attachment = known.NetworkInterfaces?.[0]?.Attachment;
    // Interfaces that a service manages are detached by that service alone; the answer then says so.
    if (attachment?.AttachmentId !== undefined && attachment.DeviceIndex !== 0)
      await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: attachment.AttachmentId, Force: true }));
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
  },
};

const securityGroups: Kind = {
  kind: 'security-group',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeSecurityGroups({ client: ec2 }, {})) {
      for (const group of page.SecurityGroups ?? []) {
        const tags = tagsOf(group.Tags);
        // The VPC's own default group goes with the VPC.
        if (group.GroupName === 'default' || !isOurs(scope, tags, group.VpcId)) continue;
        found.push(item('security-group', group.GroupId ?? '', { tags, name: group.GroupName ?? '', vpcId: group.VpcId ?? null }));
      }
    }
    return found;
  },
  async remove({ ec2 }, { id }) {
    await dropRules(ec2, id);
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
  },
};

/** Groups that name each other in their rules hold each other; without rules each can go. Rules are named by id, because the group that one names may be gone. */
async function dropRules(ec2: EC2Client, GroupId: string): Promise<void> {
  const answer = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }));
  const ids = (isEgress: boolean): string[] =>
    (answer.SecurityGroupRules ?? []).filter((rule) => rule.IsEgress === isEgress).map((rule) => rule.SecurityGroupRuleId ?? '');
  const [incoming, outgoing] = [ids(false), ids(true)];
  if (incoming.length > 0) await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: incoming }));
  if (outgoing.length > 0) await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, SecurityGroupRuleIds: outgoing }));
}

const addresses: Kind = {
  kind: 'elastic-ip',
  async find({ ec2 }, scope) {
    const answer = await ec2.send(new DescribeAddressesCommand({}));
    const own = (answer.Addresses ?? []).map((address) => ({ address, tags: tagsOf(address.Tags) })).filter(({ tags }) => isTaggedOurs(scope, tags));
    return own.map(({ address, tags }) =>
      item('elastic-ip', address.AllocationId ?? '', { tags, name: address.PublicIp ?? '', state: address.AssociationId === undefined ? 'free' : 'in use' }),
    );
  },
  remove: ({ ec2 }, { id }) => ec2.send(new ReleaseAddressCommand({ AllocationId: id })),
};

const subnets: Kind = {
  kind: 'subnet',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeSubnets({ client: ec2 }, {})) {
      for (const subnet of page.Subnets ?? []) {
        const tags = tagsOf(subnet.Tags);
        if (isOurs(scope, tags, subnet.VpcId)) found.push(item('subnet', subnet.SubnetId ?? '', { tags, name: tags.Name ?? '', vpcId: subnet.VpcId ?? null }));
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new DeleteSubnetCommand({ SubnetId: id })),
};

const routeTables: Kind = {
  kind: 'route-table',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeRouteTables({ client: ec2 }, {})) {
      for (const table of page.RouteTables ?? []) {
        const tags = tagsOf(table.Tags);
        // The main table goes with the VPC.
        if ((table.Associations ?? []).some((association) => association.Main === true) || !isOurs(scope, tags, table.VpcId)) continue;
        found.push(item('route-table', table.RouteTableId ?? '', { tags, name: tags.Name ?? '', vpcId: table.VpcId ?? null }));
      }
    }
    return found;
  },
  async remove({ ec2 }, { id }) {
    const answer = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [id] }));
    for (const { RouteTableAssociationId } of answer.RouteTables?.[0]?.Associations ?? [])
      await ec2.send(new DisassociateRouteTableCommand({ AssociationId: RouteTableAssociationId }));
    await ec2.send(new DeleteRouteTableCommand({ RouteTableId: id }));
  },
};

const internetGateways: Kind = {
  kind: 'internet-gateway',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeInternetGateways({ client: ec2 }, {})) {
      for (const gateway of page.InternetGateways ?? []) {
        const tags = tagsOf(gateway.Tags);
        const vpcId = gateway.Attachments?.[0]?.VpcId ?? null;
        if (isOurs(scope, tags, vpcId)) found.push(item('internet-gateway', gateway.InternetGatewayId ?? '', { tags, name: tags.Name ?? '', vpcId }));
      }
    }
    return found;
  },
  async remove({ ec2 }, { id }) {
    const answer = await ec2.send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }));
    for (const { VpcId } of answer.InternetGateways?.[0]?.Attachments ?? []) await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId }));
    await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: id }));
  },
};

const vpcs: Kind = {
  kind: 'vpc',
  async find({ ec2 }, scope) {
    const found: Item[] = [];
    for await (const page of paginateDescribeVpcs({ client: ec2 }, {})) {
      for (const vpc of page.Vpcs ?? []) {
        const tags = tagsOf(vpc.Tags);
        if (isTaggedOurs(scope, tags))
          found.push(item('vpc', vpc.VpcId ?? '', { tags, name: tags.Name ?? '', state: vpc.State ?? '', vpcId: vpc.VpcId ?? null }));
      }
    }
    return found;
  },
  remove: ({ ec2 }, { id }) => ec2.send(new DeleteVpcCommand({ VpcId: id })),
};

export const networkKinds: readonly Kind[] = [endpoints, natGateways, interfaces, securityGroups, addresses, subnets, routeTables, internetGateways, vpcs];
