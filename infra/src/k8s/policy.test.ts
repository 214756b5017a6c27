// What must be true of every pod and of how pods may speak to each other.
import { describe, expect, it } from 'vitest';
import { IMAGES } from '#images.ts';
import { sampleEnvironment, sampleOutputs } from '#sample-fixture.ts';
import { NAMESPACE, SERVICE_ACCOUNTS } from './names.ts';
import type { KubernetesObject } from './object.ts';
import { secretArnsOf } from './secrets.ts';
import { CombinationError, wavesOf } from './waves.ts';

interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  envFrom?: { secretRef: { name: string } }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: { allowPrivilegeEscalation: boolean; readOnlyRootFilesystem: boolean; capabilities: { drop: string[] } };
  livenessProbe?: unknown;
  readinessProbe?: unknown;
  startupProbe?: unknown;
  volumeMounts?: { name: string; mountPath: string }[];
}
interface PodSpec {
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  containers: Container[];
  volumes?: { name: string }[];
  securityContext: Record<string, unknown>;
  topologySpreadConstraints: { topologyKey: string }[];
  nodeSelector: Record<string, string>;
}
interface Workload extends KubernetesObject {
  spec: {
    replicas?: number;
    selector?: { matchLabels: Record<string, string> };
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
}

const environment = sampleEnvironment({
  models: [{ name: 'gpt-4o-mini', model: 'azure/gpt-4o-mini', apiBase: 'https://x.openai.azure.com', apiKeyVariable: 'AZURE_API_KEY' }],
});
const facts = { providerVariables: ['AZURE_API_KEY'], secretVersion: 'v1' };
const waves = wavesOf(environment, sampleOutputs(), facts);
const objects = waves.flatMap((wave) => wave.objects);
const kindOf = (...kinds: string[]): KubernetesObject[] => objects.filter(({ kind }) => kinds.includes(kind));
const workloads = kindOf('Deployment', 'StatefulSet', 'Job') as unknown as Workload[];
const services = workloads.filter(({ kind }) => kind !== 'Job');
const own = services.filter(({ metadata }) => metadata.namespace === NAMESPACE);

/** The pods that may not have a read-only root, and why. */
const WRITABLE_ROOT: Record<string, string> = {
  web: 'Next.js writes its cache beside the application',
  worker: 'Prisma writes beside the application',
  'observe-migration': 'Prisma writes beside the application',
  'gateway-migration': 'Prisma writes beside the application',
};

describe.each(workloads.map((workload) => [`${workload.kind} ${workload.metadata.name}`, workload] as const))('%s', (_name, { spec }) => {
  const pod = spec.template.spec;
  const container = pod.containers[0] as Container;

  it('runs unprivileged, and read-only where the image allows it', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    if (!container.securityContext.readOnlyRootFilesystem) expect(WRITABLE_ROOT).toHaveProperty(container.name);
    else expect(WRITABLE_ROOT).not.toHaveProperty(container.name);
  });

  it('asks for memory and processor, and is limited', () => {
    expect(Object.keys(container.resources.requests).sort()).toEqual(['cpu', 'memory']);
    expect(Object.keys(container.resources.limits).sort()).toEqual(['cpu', 'memory']);
  });

  it('runs an image of the table, by digest, on an architecture that it has', () => {
    expect(container.image).toMatch(/^[a-z0-9./_-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    const pinned = Object.values(IMAGES).find(({ digest }) => container.image.endsWith(digest));
    expect(pinned?.architectures).toContain(pod.nodeSelector['kubernetes.io/arch']);
  });

  it('mounts only volumes that it has', () => {
    const known = [...(pod.volumes ?? []).map(({ name }) => name), ...(spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name)];
    for (const { name } of container.volumeMounts ?? []) expect(known).toContain(name);
  });

  it('holds no secret in a variable', () => {
    for (const { name, value } of container.env ?? []) {
      expect(name).not.toMatch(/PASSWORD|SECRET|_KEY$|SALT|TOKEN|LICENSE/);
      expect(value ?? '').not.toMatch(/sk-|pk-lf-|:\/\/[^/\s]+:[^/\s]+@/);
    }
  });

  it('selects itself', () => expect(spec.template.metadata.labels).toMatchObject(spec.selector?.matchLabels ?? {}));
});

describe('the services', () => {
  it('have all three probes', () => {
    for (const { metadata, spec } of services) {
      const [container] = spec.template.spec.containers;
      expect([metadata.name, container?.livenessProbe !== undefined, container?.readinessProbe !== undefined, container?.startupProbe !== undefined]).toEqual([
        metadata.name,
        true,
        true,
        true,
      ]);
    }
  });

  it('spread over zones and nodes', () => {
    for (const { spec } of own)
      expect(spec.template.spec.topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ]);
  });

  it('have a budget each, which always lets a pod go', () => {
    const budgets = kindOf('PodDisruptionBudget') as (KubernetesObject & {
      spec: { maxUnavailable: number; minAvailable?: number; selector: { matchLabels: unknown } };
    })[];
    expect(budgets.map(({ spec }) => JSON.stringify(spec.selector.matchLabels)).sort()).toEqual(
      own.map(({ spec }) => JSON.stringify(spec.selector?.matchLabels)).sort(),
    );
    for (const { spec } of budgets) expect([spec.maxUnavailable, spec.minAvailable]).toEqual([1, undefined]);
  });

  it('leave the number of their pods to the autoscaler, so that a second up takes nothing back', () => {
    const scaled = (
      kindOf('HorizontalPodAutoscaler') as (KubernetesObject & { spec: { scaleTargetRef: { name: string }; minReplicas: number; maxReplicas: number } })[]
    ).map(({ spec }) => spec);
    const deployments = own.filter(({ kind }) => kind === 'Deployment');
    expect(scaled.map(({ scaleTargetRef }) => scaleTargetRef.name).sort()).toEqual(deployments.map(({ metadata }) => metadata.name).sort());
    for (const { spec } of deployments) expect(spec.replicas).toBeUndefined();
    for (const { minReplicas, maxReplicas } of scaled) expect(maxReplicas).toBeGreaterThan(minReplicas);
  });

  it('keep the names that clients know', () => {
    const ports = Object.fromEntries(
      (kindOf('Service') as (KubernetesObject & { spec: { ports: { port: number }[] } })[]).map(({ metadata, spec }) => [metadata.name, spec.ports[0]?.port]),
    );
    expect(ports).toMatchObject({ 'litellm-service': 4000, 'langfuse-web': 3000 });
  });
});

describe('the service accounts', () => {
  it('of pods with a role are those of the Pod Identity associations, and pods get no token of Kubernetes', () => {
    const used = own.map(({ spec }) => spec.template.spec.serviceAccountName).sort();
    expect(used).toEqual(Object.values(SERVICE_ACCOUNTS).sort());
    for (const { spec } of workloads.filter(({ metadata }) => metadata.namespace === NAMESPACE))
      expect(spec.template.spec.automountServiceAccountToken).toBe(false);
  });
  it('all exist in the first wave', () => {
    const made = waves[0]?.objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name) ?? [];
    for (const { metadata, spec } of workloads) if (metadata.namespace === NAMESPACE) expect(made).toContain(spec.template.spec.serviceAccountName);
  });
});

describe('the secrets', () => {
  it('exist before the pods that read them', () => {
    const made: string[] = [];
    for (const wave of waves) {
      made.push(...wave.secrets.map(({ name }) => name));
      for (const workload of wave.objects.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind)) as unknown as Workload[]) {
        for (const container of workload.spec.template.spec.containers)
          for (const { secretRef } of container.envFrom ?? []) expect(made).toContain(secretRef.name);
      }
    }
  });
  it('come from three secrets of Secrets Manager, the administrator of the database only to the bootstrap', () => {
    const { databaseSecretArn, cacheSecretArn, platformSecretArn } = sampleOutputs();
    expect(secretArnsOf(waves.flatMap(({ secrets }) => secrets)).toSorted()).toEqual([cacheSecretArn, databaseSecretArn, platformSecretArn].sort());
    const administrators = waves.flatMap(({ secrets }) => secrets).filter((spec) => secretArnsOf([spec]).includes(databaseSecretArn));
    expect(administrators.map(({ name }) => name)).toEqual(['database-bootstrap-env']);
  });
  it('never stand in a ConfigMap', () => {
    for (const { data } of kindOf('ConfigMap')) expect(JSON.stringify(data)).not.toMatch(/sk-[A-Za-z0-9]|pk-lf-|:\/\/[^/\s"]+:[^/\s"]+@/);
  });
});

describe('the waves', () => {
  it('come in order, migrations before pods', () => {
    expect(waves.map(({ name }) => name)).toEqual(['base', 'clickhouse', 'databases', 'migrations', 'services', 'traffic']);
    expect(wavesOf(sampleEnvironment({ ingress: 'ingress' }), sampleOutputs({ ingress: 'ingress' }), facts).map(({ name }) => name)).toEqual([
      'base',
      'ingress',
      'clickhouse',
      'databases',
      'migrations',
      'services',
      'traffic',
    ]);
  });
  it('have a service before the Ingress that names it: without it the cluster makes no load balancer', () => {
    const fallback = wavesOf(sampleEnvironment({ ingress: 'ingress' }), sampleOutputs({ ingress: 'ingress' }), facts);
    const order = fallback.flatMap((wave) => wave.objects).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    for (const [ingress, behind] of [
      ['gateway', 'litellm-service'],
      ['langfuse-web', 'langfuse-web'],
    ]) {
      expect(order.indexOf(`Service/${behind}`)).toBeGreaterThanOrEqual(0);
      expect(order.indexOf(`Service/${behind}`)).toBeLessThan(order.indexOf(`Ingress/${ingress}`));
    }
  });
  it('wait for what they apply', () => {
    for (const { ready } of waves) {
      for (const { object, condition } of ready) {
        const wanted =
          { Job: 'complete', Deployment: 'rolled-out', StatefulSet: 'rolled-out', NodePool: 'ready', NodeClass: 'ready' }[object.kind] ?? 'applied';
        expect([object.kind, condition]).toEqual([object.kind, wanted]);
      }
    }
  });
  it('refuse what this version cannot run, and say what to do', () => {
    for (const change of [{ gateway: 'native' }, { observe: 'native' }] as const) {
      expect(() => wavesOf(sampleEnvironment(change), sampleOutputs(), facts)).toThrow(CombinationError);
      expect(() => wavesOf(sampleEnvironment(change), sampleOutputs(), facts)).toThrow(/Use (gateway|observe): (litellm|langfuse)/);
    }
  });
  it('roll the pods when a secret has changed, and run a Job again only when it has', () => {
    const later = wavesOf(environment, sampleOutputs(), { ...facts, secretVersion: 'v2' });
    const jobs = (list: typeof waves) =>
      list
        .flatMap((wave) => wave.objects)
        .filter(({ kind }) => kind === 'Job')
        .map(({ metadata }) => metadata.name);
    expect(jobs(later)).toEqual(jobs(waves));
    expect(JSON.stringify(later.find(({ name }) => name === 'services'))).not.toEqual(JSON.stringify(waves.find(({ name }) => name === 'services')));
  });
  it('give Langfuse the address under which people open it', () => {
    const urlIn = (list: typeof waves) => {
      const web = list
        .flatMap((wave) => wave.objects)
        .find(({ metadata, kind }) => kind === 'Deployment' && metadata.name === 'langfuse-web') as unknown as Workload;
      return web.spec.template.spec.containers[0]?.env?.find(({ name }) => name === 'NEXTAUTH_URL')?.value;
    };
    expect(urlIn(waves)).toBe('http://genai-lb.ap-northeast-1.elb.amazonaws.com:3000');
    expect(
      urlIn(wavesOf(sampleEnvironment({ ingress: 'ingress' }), sampleOutputs({ ingress: 'ingress' }), { ...facts, ingressHost: 'k8s.elb.amazonaws.com' })),
    ).toBe('http://k8s.elb.amazonaws.com:3000');
  });
});
