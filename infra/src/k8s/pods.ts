// How every pod of the platform is built: unprivileged, bounded, spread over zones, on an architecture that its image has.
import { createHash } from 'node:crypto';
import { type ImageReference, imageName } from '#images.ts';
import { type Component, labelsOf, metadataOf, selectorOf } from './labels.ts';
import type { KubernetesObject } from './object.ts';

/** Requests and limits of a container; memory is limited at a multiple, processor time is not throttled below the node's. */
export interface Resources {
  readonly cpu: string;
  readonly memory: string;
  readonly memoryLimit: string;
  readonly cpuLimit: string;
}

/** A mounted folder: its place, and the volume. */
export interface Mount {
  readonly name: string;
  readonly path: string;
  readonly readOnly?: boolean;
  /** What the volume is; absent when a claim template of the StatefulSet provides it. */
  readonly volume?: Readonly<Record<string, unknown>>;
  readonly subPath?: string;
}

/** One pod as the platform writes it. */
export interface PodWish {
  readonly component: Component;
  readonly image: ImageReference;
  readonly architectures: readonly string[];
  readonly serviceAccount: string;
  readonly userId: number;
  readonly readOnlyRoot: boolean;
  readonly resources: Resources;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Names of Secrets and ConfigMaps whose keys become variables. */
  readonly secrets?: readonly string[];
  readonly ports?: Readonly<Record<string, number>>;
  readonly probes?: Readonly<Record<'livenessProbe' | 'readinessProbe' | 'startupProbe', unknown>>;
  readonly mounts?: readonly Mount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly onDemand?: boolean;
  readonly restartPolicy?: 'Always' | 'Never';
  readonly terminationGracePeriodSeconds?: number;
}

/** A scratch folder that goes with the pod. */
export const scratch = (name: string, path: string, sizeLimit = '64Mi'): Mount => ({ name, path, volume: { emptyDir: { sizeLimit } } });

/** A file of a ConfigMap. */
export const configFile = (name: string, configMap: string, path: string, key: string): Mount => ({
  name,
  path,
  subPath: key,
  readOnly: true,
  volume: { configMap: { name: configMap, items: [{ key, path: key }] } },
});

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 10);

/** Marks a pod with its configuration, so that a changed configuration rolls it. */
export const configAnnotation = (...configuration: readonly unknown[]): Readonly<Record<string, string>> => ({
  'genai-platform/config-hash': hash(configuration),
});

function container(wish: PodWish) {
  const mounts = wish.mounts ?? [];
  return {
    name: wish.component,
    image: imageName(wish.image),
    imagePullPolicy: 'IfNotPresent',
    ...(wish.command === undefined ? {} : { command: [...wish.command] }),
    ...(wish.args === undefined ? {} : { args: [...wish.args] }),
    ...(wish.env === undefined ? {} : { env: Object.entries(wish.env).map(([name, value]) => ({ name, value })) }),
    ...(wish.secrets === undefined ? {} : { envFrom: wish.secrets.map((name) => ({ secretRef: { name } })) }),
    ...(wish.ports === undefined ? {} : { ports: Object.entries(wish.ports).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })) }),
    ...wish.probes,
    resources: {
      requests: { cpu: wish.resources.cpu, memory: wish.resources.memory },
      limits: { cpu: wish.resources.cpuLimit, memory: wish.resources.memoryLimit },
    },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: wish.readOnlyRoot, capabilities: { drop: ['ALL'] } },
    ...(mounts.length === 0
      ? {}
      : {
          volumeMounts: mounts.map(({ name, path, readOnly, subPath }) => ({
            name,
            mountPath: path,
            ...(readOnly === true ? { readOnly } : {}),
            ...(subPath === undefined ? {} : { subPath }),
          })),
        }),
  };
}

/** The template of a pod. */
export function podTemplate(wish: PodWish) {
  const volumes = (wish.mounts ?? []).flatMap(({ name, volume }) => (volume === undefined ? [] : [{ name, ...volume }]));
  const unique = volumes.filter(({ name }, index) => volumes.findIndex((other) => other.name === name) === index);
  return {
    metadata: { labels: labelsOf(wish.component), ...(wish.annotations === undefined ? {} : { annotations: wish.annotations }) },
    spec: {
      serviceAccountName: wish.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(wish.restartPolicy === undefined ? {} : { restartPolicy: wish.restartPolicy }),
      terminationGracePeriodSeconds: wish.terminationGracePeriodSeconds ?? 30,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: wish.userId,
        runAsGroup: wish.userId,
        fsGroup: wish.userId,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      nodeSelector: {
        'kubernetes.io/os': 'linux',
        ...(wish.architectures.includes('arm64') ? { 'kubernetes.io/arch': 'arm64' } : { 'kubernetes.io/arch': 'amd64' }),
        ...(wish.onDemand === true ? { 'karpenter.sh/capacity-type': 'on-demand' } : {}),
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: selectorOf(wish.component) },
        },
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: selectorOf(wish.component) } },
      ],
      containers: [container(wish)],
      ...(unique.length === 0 ? {} : { volumes: unique }),
    },
  };
}

/** A Deployment. It names no number of replicas: the HorizontalPodAutoscaler decides, and a second `up` must not take its decision back. */
export const deployment = (name: string, wish: PodWish): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadataOf(wish.component, name),
  spec: {
    revisionHistoryLimit: 2,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    selector: { matchLabels: selectorOf(wish.component) },
    template: podTemplate(wish),
  },
});

/** A Job whose name carries the hash of its template: what it does is immutable, so a change is another Job and no change is the same one. */
export function job(name: string, wish: PodWish, activeDeadlineSeconds: number): KubernetesObject {
  const template = podTemplate({ ...wish, restartPolicy: 'Never' });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(wish.component, `${name}-${hash(template)}`),
    spec: { backoffLimit: 5, activeDeadlineSeconds, completions: 1, parallelism: 1, template },
  };
}

interface ProbeTiming {
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

/** Asks a path over HTTP; five seconds are allowed, because the answers ask a database. */
export const httpProbe = (path: string, port: number, { periodSeconds, failureThreshold }: ProbeTiming) => ({
  httpGet: { path, port },
  periodSeconds,
  failureThreshold,
  timeoutSeconds: 5,
});

/** Only asks whether the port is open: for liveness where every path asks a store, so that a store that is away restarts nobody. */
export const portProbe = (port: number, { periodSeconds, failureThreshold }: ProbeTiming) => ({
  tcpSocket: { port },
  periodSeconds,
  failureThreshold,
  timeoutSeconds: 5,
});
