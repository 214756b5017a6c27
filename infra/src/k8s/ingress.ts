// The fallback mode `ingress: ingress`: the cluster makes the load balancer, for accounts in which it cannot register targets of the stack's.
import type { Environment } from '#environment.ts';
import { environmentTags } from '#environment.ts';
import type { StackOutputs } from '#outputs.ts';
import { type Component, labelsOf, metadataOf } from './labels.ts';
import { GATEWAY_SERVICE, OBSERVE_SERVICE } from './names.ts';
import type { KubernetesObject } from './object.ts';
import { productOf } from './products.ts';

const CLASS = 'genai';
/** As in the stack: the gateway on 80, Langfuse on its own port. */
const PORTS = { gateway: 80, observe: OBSERVE_SERVICE.port } as const;

/** Both Ingresses share one load balancer through the group; the class, and not annotations, carries what EKS Auto Mode reads there. */
const parameters = (environment: Environment, outputs: StackOutputs): KubernetesObject => ({
  apiVersion: 'eks.amazonaws.com/v1',
  kind: 'IngressClassParams',
  metadata: { name: CLASS, labels: labelsOf('base') },
  spec: {
    scheme: 'internet-facing',
    group: { name: CLASS },
    subnets: { ids: [...outputs.publicSubnetIds] },
    tags: Object.entries(environmentTags(environment)).map(([key, value]) => ({ key, value })),
    loadBalancerAttributes: [
      { key: 'idle_timeout.timeout_seconds', value: '600' },
      { key: 'routing.http.drop_invalid_header_fields.enabled', value: 'true' },
    ],
  },
});

const ingressClass: KubernetesObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: CLASS, labels: labelsOf('base') },
  spec: { controller: 'eks.amazonaws.com/alb', parameters: { apiGroup: 'eks.amazonaws.com', kind: 'IngressClassParams', name: CLASS } },
};

interface Door {
  readonly component: Component;
  readonly name: string;
  readonly service: { readonly name: string; readonly port: number };
  readonly listenPort: number;
  readonly healthPath: string;
  readonly allowedCidrs: readonly string[];
}

const ingress = ({ component, name, service, listenPort, healthPath, allowedCidrs }: Door): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: metadataOf(component, name, {
    'alb.ingress.kubernetes.io/target-type': 'ip',
    'alb.ingress.kubernetes.io/listen-ports': JSON.stringify([{ HTTP: listenPort }]),
    'alb.ingress.kubernetes.io/inbound-cidrs': allowedCidrs.join(','),
    'alb.ingress.kubernetes.io/healthcheck-path': healthPath,
    'alb.ingress.kubernetes.io/target-group-attributes': 'deregistration_delay.timeout_seconds=30',
  }),
  spec: {
    ingressClassName: CLASS,
    rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service.name, port: { number: service.port } } } }] } }],
  },
});

/** The two Ingresses' names, whose address `up` waits for. */
export const INGRESS_NAMES = { gateway: 'gateway', observe: 'langfuse-web' } as const;

/** URLs behind the load balancer that the cluster made. */
export const ingressUrls = (host: string): { readonly gatewayUrl: string; readonly observeUrl: string } => ({
  gatewayUrl: `http://${host}`,
  observeUrl: `http://${host}:${PORTS.observe}`,
});

/** The wave's objects; the services behind them come later, the address is known before. */
export const ingressObjects = (environment: Environment, outputs: StackOutputs): readonly KubernetesObject[] => [
  parameters(environment, outputs),
  ingressClass,
  ingress({
    component: 'gateway',
    name: INGRESS_NAMES.gateway,
    service: GATEWAY_SERVICE,
    listenPort: PORTS.gateway,
    healthPath: productOf(environment.gateway).healthPath,
    allowedCidrs: environment.allowedCidrs,
  }),
  ingress({
    component: 'web',
    name: INGRESS_NAMES.observe,
    service: OBSERVE_SERVICE,
    listenPort: PORTS.observe,
    healthPath: productOf(environment.observe).healthPath,
    allowedCidrs: environment.allowedCidrs,
  }),
];
