// In which order the Kubernetes objects are applied, and when a wave counts as ready.
import type { Environment } from '#environment.ts';
import type { StackOutputs } from '#outputs.ts';
import { baseObjects } from './base.ts';
import { clickhouseObjects } from './clickhouse.ts';
import { databaseObjects } from './databases.ts';
import { ingressObjects, ingressUrls } from './ingress.ts';
import { langfuseMigration, langfuseObjects } from './langfuse.ts';
import { litellmMigration, litellmObjects } from './litellm.ts';
import { type KubernetesObject, type ObjectReference, referenceTo } from './object.ts';
import { secretSpecs } from './secret-specs.ts';
import type { SecretSpec } from './secrets.ts';
import { trafficObjects } from './traffic.ts';

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
  /** Hostname of the Ingress's load balancer, in the mode `ingress`, once the wave `ingress` is ready. */
  readonly ingressHost?: string;
  /** Changes when the values of the secrets change (a version id of Secrets Manager); pods that read them are then rolled. */
  readonly secretVersion?: string;
}

/** A combination of products that this version can price and draw, but not run. */
export class CombinationError extends Error {
  constructor(setting: 'gateway' | 'observe') {
    const alternative = setting === 'gateway' ? 'litellm' : 'langfuse';
    super(
      `${setting}: native cannot be deployed by this version, because there is no container image of this platform yet. Use ${setting}: ${alternative}, or run the platform itself with ./genai start.`,
    );
    this.name = 'CombinationError';
  }
}

const CONDITION_OF: Readonly<Record<string, ReadyCondition>> = {
  Deployment: 'rolled-out',
  StatefulSet: 'rolled-out',
  Job: 'complete',
  Ingress: 'has-address',
  NodeClass: 'ready',
  NodePool: 'ready',
};

const rulesOf = (objects: readonly KubernetesObject[]): readonly ReadyRule[] =>
  objects.map((object) => ({ object: referenceTo(object), condition: CONDITION_OF[object.kind] ?? 'applied' }));

const wave = (name: WaveName, timeoutSeconds: number, objects: readonly KubernetesObject[], secrets: readonly SecretSpec[] = []): Wave => ({
  name,
  secrets,
  objects,
  ready: rulesOf(objects),
  timeoutSeconds,
});

/** The public address of Langfuse: from the stack, or of the load balancer that the cluster made. Before that is known, the name inside the cluster stands in. */
const publicUrl = (outputs: StackOutputs, facts: RunningFacts): string =>
  outputs.observeUrl ?? (facts.ingressHost === undefined ? 'http://langfuse-web:3000' : ingressUrls(facts.ingressHost).observeUrl);

/**
 * All waves in order: a pure function, equal arguments give equal objects (so that applying twice changes nothing).
 * In the mode `ingress`, call it again with `ingressHost` when the wave `ingress` is ready, and go on with the waves after it.
 * @throws CombinationError when a product of the settings cannot run yet.
 */
export function wavesOf(environment: Environment, outputs: StackOutputs, facts: RunningFacts): readonly Wave[] {
  if (environment.gateway === 'native') throw new CombinationError('gateway');
  if (environment.observe === 'native') throw new CombinationError('observe');
  const secrets = secretSpecs(outputs, facts.providerVariables);
  const secretVersion = facts.secretVersion ?? '';
  const langfuse = langfuseObjects(environment, outputs, { publicUrl: publicUrl(outputs, facts), adminEmail: environment.adminEmail, secretVersion });
  return [
    wave('base', 120, baseObjects(environment, outputs)),
    ...(environment.ingress === 'ingress' ? [wave('ingress', 600, ingressObjects(environment, outputs))] : []),
    wave('clickhouse', 600, clickhouseObjects(environment, outputs), secrets.clickhouse),
    wave('databases', 600, databaseObjects(outputs), secrets.databases),
    wave('migrations', 1800, [litellmMigration(), langfuseMigration(environment, outputs)], secrets.migrations),
    wave('services', 900, [...litellmObjects(environment, outputs, secretVersion), ...langfuse], secrets.services),
    wave('traffic', 300, trafficObjects(environment, outputs)),
  ];
}
