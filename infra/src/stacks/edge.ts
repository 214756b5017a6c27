// The edge: one load balancer for both doors, its target groups, the certificate and names of a domain. It exists before any pod, so that the URLs are known early.
import { CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { CfnSecurityGroup, CfnSecurityGroupIngress } from 'aws-cdk-lib/aws-ec2';
import { CfnListener, CfnListenerRule, CfnLoadBalancer, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { type App, Tags } from 'aws-cdk-lib/core';
import { clusterName, type Environment } from '#environment.ts';
import { GATEWAY_SERVICE, OBSERVE_SERVICE } from '#k8s/names.ts';
import { productOf } from '#k8s/products.ts';
import type { Cluster } from './cluster.ts';
import type { Network } from './network.ts';
import { destroyed, PlatformStack } from './platform-stack.ts';

type Domain = NonNullable<Environment['domain']>;

/** Ports of the load balancer without a domain: LiteLLM's address is the seed's (`http://<load balancer>/`), Langfuse keeps its own port. */
export const PLAIN_PORTS = { gateway: 80, observe: OBSERVE_SERVICE.port } as const;

/** A model may think for minutes before its first byte. */
const IDLE_TIMEOUT_SECONDS = '600';

interface Doors {
  readonly gateway: CfnTargetGroup;
  readonly observe: CfnTargetGroup;
}

/** EKS registers targets only in a group that carries its cluster's name in this tag; without it every registration is denied. */
function targetGroup(stack: PlatformStack, environment: Environment, network: Network, wish: { id: string; port: number; healthPath: string }): CfnTargetGroup {
  const group = destroyed(
    new CfnTargetGroup(stack, wish.id, {
      vpcId: network.vpcId,
      targetType: 'ip',
      protocol: 'HTTP',
      port: wish.port,
      healthCheckPath: wish.healthPath,
      healthCheckIntervalSeconds: 15,
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 3,
      matcher: { httpCode: '200' },
      targetGroupAttributes: [{ key: 'deregistration_delay.timeout_seconds', value: '30' }],
    }),
  );
  Tags.of(group).add('eks:eks-cluster-name', clusterName(environment));
  return group;
}

function securityGroup(stack: PlatformStack, environment: Environment, network: Network, ports: readonly number[]): CfnSecurityGroup {
  return destroyed(
    new CfnSecurityGroup(stack, 'LoadBalancerSecurityGroup', {
      vpcId: network.vpcId,
      groupDescription: 'Who may reach the two doors',
      securityGroupIngress: ports.flatMap((port) =>
        environment.allowedCidrs.map((cidrIp) => ({ ipProtocol: 'tcp', fromPort: port, toPort: port, cidrIp, description: `Allowed address to port ${port}` })),
      ),
    }),
  );
}

const forward = (group: CfnTargetGroup) => ({ type: 'forward', targetGroupArn: group.ref });

function plainListeners(stack: PlatformStack, balancer: CfnLoadBalancer, doors: Doors): void {
  for (const door of ['gateway', 'observe'] as const) {
    const id = door === 'gateway' ? 'GatewayListener' : 'ObserveListener';
    destroyed(new CfnListener(stack, id, { loadBalancerArn: balancer.ref, port: PLAIN_PORTS[door], protocol: 'HTTP', defaultActions: [forward(doors[door])] }));
    stack.output(door === 'gateway' ? 'GatewayUrl' : 'ObserveUrl', `http://${balancer.attrDnsName}${PLAIN_PORTS[door] === 80 ? '' : `:${PLAIN_PORTS[door]}`}`);
  }
}

function tlsListeners(stack: PlatformStack, balancer: CfnLoadBalancer, doors: Doors, domain: Domain): void {
  const certificate = destroyed(
    new CfnCertificate(stack, 'Certificate', {
      domainName: domain.gatewayHost,
      subjectAlternativeNames: [domain.observeHost],
      validationMethod: 'DNS',
      domainValidationOptions: [domain.gatewayHost, domain.observeHost].map((domainName) => ({ domainName, hostedZoneId: domain.hostedZoneId })),
    }),
  );
  const listener = destroyed(
    new CfnListener(stack, 'TlsListener', {
      loadBalancerArn: balancer.ref,
      port: 443,
      protocol: 'HTTPS',
      sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      certificates: [{ certificateArn: certificate.ref }],
      defaultActions: [
        { type: 'fixed-response', fixedResponseConfig: { statusCode: '404', contentType: 'text/plain', messageBody: 'No service has this name.' } },
      ],
    }),
  );
  destroyed(
    new CfnListener(stack, 'RedirectListener', {
      loadBalancerArn: balancer.ref,
      port: 80,
      protocol: 'HTTP',
      defaultActions: [{ type: 'redirect', redirectConfig: { protocol: 'HTTPS', port: '443', statusCode: 'HTTP_301' } }],
    }),
  );
  const hosts = [
    { id: 'Gateway', host: domain.gatewayHost, group: doors.gateway, priority: 10 },
    { id: 'Observe', host: domain.observeHost, group: doors.observe, priority: 20 },
  ];
  for (const { id, host, group, priority } of hosts) {
    destroyed(
      new CfnListenerRule(stack, `${id}Rule`, {
        listenerArn: listener.ref,
        priority,
        conditions: [{ field: 'host-header', hostHeaderConfig: { values: [host] } }],
        actions: [forward(group)],
      }),
    );
    destroyed(
      new CfnRecordSet(stack, `${id}Record`, {
        hostedZoneId: domain.hostedZoneId,
        name: host,
        type: 'A',
        aliasTarget: { dnsName: balancer.attrDnsName, hostedZoneId: balancer.attrCanonicalHostedZoneId },
      }),
    );
    stack.output(`${id}Url`, `https://${host}`);
  }
  stack.output('CertificateArn', certificate.ref);
}

/** Makes the stack `edge`. */
export function makeEdge(app: App, environment: Environment, network: Network, cluster: Cluster): PlatformStack {
  const stack = new PlatformStack(app, environment, 'edge', 'GenAI Platform: load balancer');
  const { domain } = environment;
  const ports = domain === undefined ? Object.values(PLAIN_PORTS) : [80, 443];
  const group = securityGroup(stack, environment, network, ports);
  const balancer = destroyed(
    new CfnLoadBalancer(stack, 'LoadBalancer', {
      type: 'application',
      scheme: 'internet-facing',
      subnets: [...network.publicSubnetIds],
      securityGroups: [group.attrGroupId],
      loadBalancerAttributes: [
        { key: 'deletion_protection.enabled', value: 'false' },
        { key: 'routing.http.drop_invalid_header_fields.enabled', value: 'true' },
        { key: 'idle_timeout.timeout_seconds', value: IDLE_TIMEOUT_SECONDS },
      ],
    }),
  );
  const doors: Doors = {
    gateway: targetGroup(stack, environment, network, {
      id: 'GatewayTargets',
      port: GATEWAY_SERVICE.port,
      healthPath: productOf(environment.gateway).healthPath,
    }),
    observe: targetGroup(stack, environment, network, {
      id: 'ObserveTargets',
      port: OBSERVE_SERVICE.port,
      healthPath: productOf(environment.observe).healthPath,
    }),
  };
  for (const { id, port } of [
    { id: 'GatewayFromLoadBalancer', port: GATEWAY_SERVICE.port },
    { id: 'ObserveFromLoadBalancer', port: OBSERVE_SERVICE.port },
  ]) {
    destroyed(
      new CfnSecurityGroupIngress(stack, id, {
        groupId: cluster.securityGroupId,
        ipProtocol: 'tcp',
        fromPort: port,
        toPort: port,
        sourceSecurityGroupId: group.attrGroupId,
        description: 'From the load balancer to the pods',
      }),
    );
  }
  if (domain === undefined) plainListeners(stack, balancer, doors);
  else tlsListeners(stack, balancer, doors, domain);
  stack.output('LoadBalancerDnsName', balancer.attrDnsName);
  stack.output('GatewayTargetGroupArn', doors.gateway.ref);
  stack.output('ObserveTargetGroupArn', doors.observe.ref);
  stack.output('LoadBalancerSecurityGroupId', group.attrGroupId);
  return stack;
}
