// Who may speak to whom: nothing, unless a rule here says so.
import type { Environment } from '#environment.ts';
import { POD_IDENTITY_CIDR, PRIVATE_CIDRS, PUBLIC_CIDRS, VPC_CIDR } from '#network.ts';
import { POSTGRESQL_PORT, VALKEY_PORT } from '#versions.ts';
import { CLICKHOUSE_PORTS } from './clickhouse-ports.ts';
import { type Component, metadataOf, selectorOf } from './labels.ts';
import { GATEWAY_SERVICE, OBSERVE_SERVICE } from './names.ts';
import type { KubernetesObject } from './object.ts';

interface Rule {
  readonly peers?: readonly Readonly<Record<string, unknown>>[];
  readonly ports: readonly number[];
  readonly protocols?: readonly ('TCP' | 'UDP')[];
}

const pods = (...components: readonly Component[]) => components.map((component) => ({ podSelector: { matchLabels: selectorOf(component) } }));
const addresses = (...cidrs: readonly string[]) => cidrs.map((cidr) => ({ ipBlock: { cidr } }));

const side = (rules: readonly Rule[], peersKey: 'from' | 'to') =>
  rules.map(({ peers, ports, protocols }) => ({
    ...(peers === undefined ? {} : { [peersKey]: peers }),
    ports: ports.flatMap((port) => (protocols ?? ['TCP']).map((protocol) => ({ protocol, port }))),
  }));

const policy = (component: Component, ingress: readonly Rule[], egress: readonly Rule[]): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadataOf(component, component),
  spec: { podSelector: { matchLabels: selectorOf(component) }, policyTypes: ['Ingress', 'Egress'], ingress: side(ingress, 'from'), egress: side(egress, 'to') },
});

const defaultDeny: KubernetesObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadataOf('base', 'default-deny'),
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
};

/** In Auto Mode the cluster's DNS runs on the node and not in pods, so that no selector can name it. */
const dns: KubernetesObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadataOf('base', 'allow-dns'),
  spec: { podSelector: {}, policyTypes: ['Egress'], egress: side([{ ports: [53], protocols: ['UDP', 'TCP'] }], 'to') },
};

const database: Rule = { peers: addresses(...PRIVATE_CIDRS), ports: [POSTGRESQL_PORT] };
const cache: Rule = { peers: addresses(...PRIVATE_CIDRS), ports: [VALKEY_PORT] };
const credentials: Rule = { peers: addresses(POD_IDENTITY_CIDR), ports: [80] };
/** S3 through its gateway endpoint has public addresses; model providers too. Never an address of the VPC or a link-local one: those have their own rules. */
const internet: Rule = { peers: [{ ipBlock: { cidr: '0.0.0.0/0', except: [VPC_CIDR, '169.254.0.0/16'] } }], ports: [443] };
const clickhouse: Rule = { peers: pods('clickhouse'), ports: [CLICKHOUSE_PORTS.http, CLICKHOUSE_PORTS.native] };
const gateway: Rule = { peers: pods('gateway'), ports: [GATEWAY_SERVICE.port] };
const observe: Rule = { peers: pods('web'), ports: [OBSERVE_SERVICE.port] };
const fromLoadBalancer = (port: number): Rule => ({ peers: addresses(...PUBLIC_CIDRS), ports: [port] });

/** All policies of the namespace. */
export const networkPolicies = (environment: Pick<Environment, 'gateway' | 'observe'>): readonly KubernetesObject[] => [
  defaultDeny,
  dns,
  policy(
    'gateway',
    [fromLoadBalancer(GATEWAY_SERVICE.port), { peers: pods('web', 'worker'), ports: [GATEWAY_SERVICE.port] }],
    [database, cache, observe, credentials, internet],
  ),
  policy(
    'web',
    [fromLoadBalancer(OBSERVE_SERVICE.port), { peers: pods('gateway', 'worker'), ports: [OBSERVE_SERVICE.port] }],
    [database, cache, clickhouse, gateway, credentials, internet],
  ),
  ...(environment.observe === 'langfuse' ? [policy('worker', [], [database, cache, clickhouse, gateway, observe, credentials, internet])] : []),
  policy(
    'clickhouse',
    [
      { peers: pods('web', 'worker', 'observe-migration'), ports: [CLICKHOUSE_PORTS.http, CLICKHOUSE_PORTS.native] },
      { peers: pods('clickhouse'), ports: Object.values(CLICKHOUSE_PORTS) },
    ],
    [{ peers: pods('clickhouse'), ports: Object.values(CLICKHOUSE_PORTS) }, credentials, internet],
  ),
  policy('database-bootstrap', [], [database]),
  policy('gateway-migration', [], [database]),
  policy('observe-migration', [], [database, cache, clickhouse]),
];
