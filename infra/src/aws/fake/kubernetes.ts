// For tests only: a cluster whose controllers make pods, machines, volumes and load balancers in the fake account, and take them away again.
import type { Tags } from '#aws/tags.ts';
import type { KubernetesObject, ObjectReference } from '#k8s/object.ts';
import { type ExecStreams, type KindReference, KubernetesError, type KubernetesPort, type ServerObject } from '#kubernetes/port.ts';
import { FakeClickhouse } from './clickhouse.ts';
import type { FakeWorld } from './world.ts';

const READY_MS = 20_000;
const NODE_MS = 15_000;

interface Stored {
  applied: string;
  object: ServerObject;
}

const keyOf = (reference: ObjectReference): string => `${reference.kind}/${reference.namespace ?? ''}/${reference.name}`;

export class FakeKubernetes {
  readonly objects = new Map<string, Stored>();
  private readonly world: FakeWorld;
  readonly clusterName: string;
  private readonly vpcId: string | null;
  private readonly tags: Tags;
  isAlive = true;
  /** Contents of the databases, once something is in them. */
  readonly databases = new Map<string, string>();
  readonly clickhouse = new FakeClickhouse();
  private version = 0;

  constructor(world: FakeWorld, cluster: { name: string; vpcId: string | null; tags: Tags }) {
    this.world = world;
    this.clusterName = cluster.name;
    this.vpcId = cluster.vpcId;
    this.tags = cluster.tags;
    world.add('security-group', `eks-cluster-sg-${cluster.name}`, { tags: { [`kubernetes.io/cluster/${cluster.name}`]: 'owned' }, vpcId: cluster.vpcId });
    if (world.script.strays === true) world.add('log-group', `/aws/eks/${cluster.name}/cluster`, { tags: {} });
  }

  port(): KubernetesPort {
    const guarded = async <Answer>(run: () => Answer): Promise<Answer> => {
      if (!this.isAlive || this.world.script.apiGone === true) throw new KubernetesError('unreachable', 'the cluster does not answer');
      return run();
    };
    return {
      apply: async (object) => await guarded(() => this.apply(object)),
      get: async (reference) => await guarded(() => this.objects.get(keyOf(reference))?.object ?? null),
      list: async (kind, options = {}) => await guarded(() => this.list(kind, options.namespace)),
      remove: async (reference) => await guarded(() => this.remove(reference)),
      patch: async (reference, patch) => await guarded(() => this.patchOne(reference, patch)),
      logs: async () => await guarded(() => 'the last line of the log'),
      run: async (_pod, command, streams) =>
        command[0] === 'clickhouse-client' ? await this.clickhouse.run(command.at(-1) ?? '', streams) : await this.run(command, streams),
      isReachable: async () => this.isAlive && this.world.script.apiGone !== true,
      close: async () => {},
    };
  }

  /** The databases of the tools pod: a dump is what was filled in before. */
  private async run(command: readonly string[], streams: ExecStreams): Promise<void> {
    const database = command.find((word) => word.startsWith('--dbname='))?.slice('--dbname='.length) ?? '';
    const { databases } = this;
    if (command[0] === 'pg_dump') return streams.output?.(Buffer.from(databases.get(database) ?? ''));
    if (streams.input === undefined) return streams.output?.(Buffer.from(databases.has(database) ? '7' : '0'));
    const chunks: Uint8Array[] = [];
    for await (const chunk of streams.input) chunks.push(chunk);
    databases.set(database, Buffer.concat(chunks).toString());
  }

  private list(kind: KindReference, namespace?: string): ServerObject[] {
    const all = [...this.objects.values()].map(({ object }) => object);
    return all.filter((object) => object.kind === kind.kind && (namespace === undefined || object.metadata.namespace === namespace));
  }

  private apply(object: KubernetesObject): ServerObject {
    const reference = { ...object.metadata, kind: object.kind, apiVersion: object.apiVersion };
    const known = this.objects.get(keyOf(reference));
    const applied = JSON.stringify(object);
    if (known?.applied === applied) return known.object;
    if (known !== undefined && object.kind === 'Job') throw new KubernetesError('invalid', 'spec.template: Invalid value: field is immutable');
    return this.store(object, applied);
  }

  private store(object: KubernetesObject, applied = JSON.stringify(object), status: unknown = undefined): ServerObject {
    this.version += 1;
    const { name, namespace } = object.metadata;
    const metadata = {
      ...object.metadata,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: this.world.id('uid'),
      generation: this.version,
      resourceVersion: String(this.version),
    };
    const made: ServerObject = { ...object, metadata, ...(status === undefined ? {} : { status }) };
    this.objects.set(keyOf({ ...object.metadata, kind: object.kind, apiVersion: object.apiVersion }), { applied, object: made });
    this.react(made);
    return made;
  }

  private setStatus(reference: ObjectReference, status: unknown): void {
    const stored = this.objects.get(keyOf(reference));
    if (stored !== undefined) stored.object = { ...stored.object, status };
  }

  private react(object: ServerObject): void {
    const reference = { ...object.metadata, kind: object.kind, apiVersion: object.apiVersion };
    const later = (ms: number, run: () => void): void => this.world.after(ms, () => (this.isAlive && this.objects.has(keyOf(reference)) ? run() : undefined));
    const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
    if (object.kind === 'NodePool' || object.kind === 'NodeClass') later(2000, () => this.setStatus(reference, ready));
    if (object.kind === 'Job') later(READY_MS, () => this.finishJob(reference));
    if (object.kind === 'Deployment' || object.kind === 'StatefulSet') later(5000, () => this.runWorkload(object, reference));
    if (object.kind === 'Pod' && object.status === undefined) later(3000, () => this.setStatus(reference, { phase: 'Running' }));
    if (object.kind === 'Ingress') later(10_000, () => this.balance(object, reference));
  }

  private finishJob(reference: ObjectReference): void {
    this.ensureNode();
    const isBad = this.world.script.badImage === reference.name;
    this.setStatus(reference, {
      conditions: [isBad ? { type: 'Failed', status: 'True', message: 'Job has reached the specified backoff limit' } : { type: 'Complete', status: 'True' }],
    });
  }

  private runWorkload(object: ServerObject, reference: ObjectReference): void {
    this.ensureNode();
    const { name, namespace = 'default' } = object.metadata;
    const isBad = this.world.script.badImage === name;
    const waiting = { name: 'main', ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } };
    this.store({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `${name}-0`, namespace } }, '', {
      phase: isBad ? 'Pending' : 'Running',
      containerStatuses: isBad ? [waiting] : [],
    });
    for (const template of (object.spec as { volumeClaimTemplates?: { metadata?: { name?: string } }[] }).volumeClaimTemplates ?? [])
      this.claim(`${template.metadata?.name}-${name}-0`, namespace);
    if (isBad) return;
    const replicas = Number((object.spec as { replicas?: number }).replicas ?? 1);
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, observedGeneration: object.metadata.generation };
    this.world.after(READY_MS, () => {
      this.setStatus(reference, counts);
      this.write();
    });
  }

  /** Running pods fill the buckets. */
  private write(): void {
    if (!this.isAlive) return;
    for (const bucket of this.world.all('bucket')) this.world.objects.get(bucket.id)?.set(`events/${this.world.id('object')}`, new Uint8Array(1));
  }

  private claim(name: string, namespace: string): void {
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace } };
    if (this.objects.has(keyOf({ ...claim, ...claim.metadata }))) return;
    this.store(claim);
    const waiting = this.list({ apiVersion: 'v1', kind: 'PersistentVolume' }).find(
      (volume) => (volume.spec as { claimRef?: { name?: string } }).claimRef?.name === name,
    );
    if (waiting !== undefined) {
      this.world.patch((waiting.spec as { csi: { volumeHandle: string } }).csi.volumeHandle, { state: 'in-use' });
      return;
    }
    const id = this.world.id('vol');
    const created = {
      'kubernetes.io/created-for/pvc/name': name,
      'kubernetes.io/created-for/pvc/namespace': namespace,
      [`kubernetes.io/cluster/${this.clusterName}`]: 'owned',
    };
    this.world.add('volume', id, { tags: created, state: 'in-use', sizeGib: 20, zone: `${this.world.region}a` });
    const spec = { csi: { volumeHandle: id }, claimRef: { name, namespace }, persistentVolumeReclaimPolicy: 'Delete' };
    this.store({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `pvc-${id}` }, spec });
  }

  private balance(object: ServerObject, reference: ObjectReference): void {
    const arn = `arn:lb/${object.metadata.name}`;
    this.world.add('load-balancer', arn, { tags: { 'elbv2.k8s.aws/cluster': this.clusterName }, vpcId: this.vpcId });
    this.setStatus(reference, { loadBalancer: { ingress: [{ hostname: 'k8s.elb.test' }] } });
  }

  private ensureNode(): void {
    if (this.list({ apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim' }).length > 0) return;
    const pool = this.list({ apiVersion: 'karpenter.sh/v1', kind: 'NodePool' })[0];
    if (pool === undefined) return;
    const id = this.world.id('i');
    this.store({ apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim', metadata: { name: `claim-${id}` } });
    this.store({ apiVersion: 'v1', kind: 'Node', metadata: { name: id } });
    const tags = { ...this.tags, 'aws:eks:cluster-name': this.clusterName };
    this.world.add('instance', id, { tags, state: 'running', vpcId: this.vpcId });
    this.world.add('network-interface', `eni-${id}`, { tags: { ...tags, group: `eks-cluster-sg-${this.clusterName}` }, state: 'in-use', vpcId: this.vpcId });
    const role = this.world.all('role').find((found) => found.id.includes('NodeRole') && found.tags['genai:environment'] === this.tags['genai:environment']);
    if (role !== undefined && this.world.all('instance-profile').length === 0)
      this.world.add('instance-profile', `eks-${this.world.region}-${this.clusterName}-1`, { tags: this.tags, name: `profile of ${role.id}` });
  }

  private patchOne(reference: ObjectReference, patch: unknown): void {
    const stored = this.objects.get(keyOf(reference));
    if (stored === undefined) return;
    const change = patch as { spec?: object };
    stored.object = { ...stored.object, spec: { ...(stored.object.spec as object), ...change.spec } };
  }

  private remove(reference: ObjectReference): void {
    const stored = this.objects.get(keyOf(reference));
    if (stored === undefined) return;
    const away = (): boolean => this.objects.delete(keyOf(reference));
    const { name, namespace } = reference;
    switch (reference.kind) {
      case 'Deployment':
      case 'StatefulSet':
        away();
        this.objects.delete(keyOf({ apiVersion: 'v1', kind: 'Pod', name: `${name}-0`, ...(namespace === undefined ? {} : { namespace }) }));
        return;
      case 'PersistentVolumeClaim':
        away();
        this.releaseVolume(name);
        return;
      case 'Ingress':
        this.world.after(10_000, () => this.world.drop(`arn:lb/${name}`));
        away();
        return;
      case 'NodeClaim':
        this.world.after(NODE_MS, () => this.nodeGone(name.replace('claim-', '')));
        return;
      default:
        away();
    }
  }

  private releaseVolume(claimName: string): void {
    const volume = this.list({ apiVersion: 'v1', kind: 'PersistentVolume' }).find(
      (found) => (found.spec as { claimRef?: { name?: string } }).claimRef?.name === claimName,
    );
    if (volume === undefined) return;
    const spec = volume.spec as { csi: { volumeHandle: string }; persistentVolumeReclaimPolicy?: string };
    this.world.after(NODE_MS, () => {
      if (!this.isAlive) return;
      if (spec.persistentVolumeReclaimPolicy === 'Retain') return this.world.patch(spec.csi.volumeHandle, { state: 'available' });
      this.objects.delete(keyOf({ apiVersion: 'v1', kind: 'PersistentVolume', name: volume.metadata.name }));
      this.world.drop(spec.csi.volumeHandle);
    });
  }

  private nodeGone(id: string): void {
    if (this.world.script.stuckNode === true && this.isAlive) return;
    this.objects.delete(keyOf({ apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim', name: `claim-${id}` }));
    this.objects.delete(keyOf({ apiVersion: 'v1', kind: 'Node', name: id }));
    this.world.drop(id);
    this.world.drop(`eni-${id}`);
    if (this.world.script.keepsInstanceProfile === true) return;
    for (const profile of this.world.all('instance-profile')) this.world.drop(profile.id);
  }

  /** EKS ends its machines with the cluster, but what they held in the network and on disks stays. */
  destroy(): void {
    this.isAlive = false;
    const machines = this.world.all('instance').filter((instance) => instance.tags['aws:eks:cluster-name'] === this.clusterName);
    for (const machine of machines) {
      this.world.patch(machine.id, { state: 'shutting-down' });
      this.world.patch(`eni-${machine.id}`, { state: 'available' });
      this.world.after(60_000, () => this.world.drop(machine.id));
    }
    for (const volume of this.world.all('volume')) this.world.patch(volume.id, { state: 'available' });
    if (machines.length === 0) this.world.drop(`eks-cluster-sg-${this.clusterName}`);
  }
}
