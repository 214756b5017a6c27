// The last wave: the pods get their targets, their number, and the right to be moved.
import type { Environment } from '#environment.ts';
import type { StackOutputs } from '#outputs.ts';
import { type Component, metadataOf, selectorOf } from './labels.ts';
import { metricsServer } from './metrics-server.ts';
import { GATEWAY_SERVICE, OBSERVE_SERVICE } from './names.ts';
import type { KubernetesObject } from './object.ts';

/** Registers a service's pods in a target group of the stack. `targetType` is required; the stack owns the security groups, so that no `networking` is given. */
const binding = (component: Component, name: string, door: { name: string; port: number }, targetGroupARN: string): KubernetesObject => ({
  apiVersion: 'eks.amazonaws.com/v1',
  kind: 'TargetGroupBinding',
  metadata: metadataOf(component, name),
  spec: { serviceRef: { name: door.name, port: door.port }, targetGroupARN, targetType: 'ip' },
});

/** One pod may always be evicted: a budget that forbids every eviction would stop `down` and every change of a node. */
const budget = (component: Component, name: string): KubernetesObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadataOf(component, name),
  spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(component) }, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
});

const autoscaler = (component: Component, name: string, minReplicas: number): KubernetesObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: metadataOf(component, name),
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas,
    maxReplicas: minReplicas * 3,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
  },
});

/** The wave's objects. */
export function trafficObjects(environment: Environment, outputs: StackOutputs): readonly KubernetesObject[] {
  const { gatewayTargetGroupArn, observeTargetGroupArn } = outputs;
  const { gateway, web, worker } = environment.sizes.replicas;
  return [
    ...(gatewayTargetGroupArn === undefined ? [] : [binding('gateway', 'gateway', GATEWAY_SERVICE, gatewayTargetGroupArn)]),
    ...(observeTargetGroupArn === undefined ? [] : [binding('web', 'langfuse-web', OBSERVE_SERVICE, observeTargetGroupArn)]),
    budget('gateway', 'gateway'),
    budget('web', 'langfuse-web'),
    budget('worker', 'langfuse-worker'),
    budget('clickhouse', 'clickhouse'),
    ...metricsServer(),
    autoscaler('gateway', 'gateway', gateway),
    autoscaler('web', 'langfuse-web', web),
    autoscaler('worker', 'langfuse-worker', worker),
  ];
}
