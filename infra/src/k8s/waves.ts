// In which order the Kubernetes objects are applied, and when a wave counts as ready.
import type { Environment } from '#environment.ts';
import type { StackOutputs } from '#outputs.ts';
import type { KubernetesObject, ObjectReference } from './object.ts';
import type { SecretSpec } from './secrets.ts';

/** What must be true of an object before the next wave. */
export type ReadyCondition =
  /** The API server took it. */
  | 'applied'
  /** Deployment, StatefulSet: the newest generation is observed, and all its replicas are updated and ready. */
  | 'rolled-out'
  /** Job: condition Complete; condition Failed ends the wave at once with the pod's last log lines. */
  | 'complete'
  /** Ingress: `status.loadBalancer.ingress[0].hostname` is set. */
  | 'has-address'
  /** NodeClass, NodePool: condition Ready is True. */
  | 'ready';

/** One rule: this object, that condition. */
export interface ReadyRule {
  readonly object: ObjectReference;
  readonly condition: ReadyCondition;
}

/** Objects that are applied together. Secrets first (rendered by `renderSecret`), then the objects in their order, then the rules are waited for. */
export interface Wave {
  readonly name: WaveName;
  readonly secrets: readonly SecretSpec[];
  readonly objects: readonly KubernetesObject[];
  readonly ready: readonly ReadyRule[];
  readonly timeoutSeconds: number;
}

/** In this order. `ingress` comes only with `ingress: ingress`. */
export type WaveName = 'base' | 'ingress' | 'clickhouse' | 'databases' | 'migrations' | 'services' | 'traffic';

/** What only the running environment knows. */
export interface RunningFacts {
  /** Names of the fields that the platform secret holds beside its fixed ones: the providers' keys, as variables (`AZURE_API_KEY`). */
  readonly providerVariables: readonly string[];
  /** Hostname of the Ingress's load balancer, in the mode `ingress` without a domain, once the wave `ingress` is ready. */
  readonly ingressHost?: string;
}

/** All waves in order: a pure function, equal arguments give equal objects (so that applying twice changes nothing). */
export function wavesOf(_environment: Environment, _outputs: StackOutputs, _facts: RunningFacts): readonly Wave[] {
  return [];
}
