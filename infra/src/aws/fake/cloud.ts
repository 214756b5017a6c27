// For tests only: every port of the cloud over one fake world, with throttling and a crash at any step.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Cloud } from '#aws/cloud.ts';
import { CloudError } from '#aws/error.ts';
import type { Item } from '#aws/inventory/item.ts';
import { isForeign, isLogGroupOurs, isNamedOurs, isOurs, type Scope } from '#aws/inventory/scope.ts';
import type { ListedKind } from '#aws/listing/port.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';
import { holdersOf } from './holders.ts';
import { FakeKubernetes } from './kubernetes.ts';
import { FakeStacks } from './stacks.ts';
import type { FakeWorld } from './world.ts';

export class Crash extends Error {}

/** Where the process dies: at the n-th step that changes something, before or after it took effect. */
export interface CrashPoint {
  step: number;
  when: 'before' | 'after';
}

const CHANGES = new Set([
  'propose',
  'discard',
  'execute',
  'delete',
  'unprotect',
  'removeSome',
  'create',
  'put',
  'write',
  'remove',
  'mark',
  'apply',
  'patch',
  'putBudget',
  'removeBudget',
]);

export class FakeCloud {
  readonly world: FakeWorld;
  readonly stacks: FakeStacks;
  readonly clusters = new Map<string, FakeKubernetes>();
  crash: CrashPoint | null = null;
  /** Changing calls so far, since the last reset. */
  steps = 0;
  private calls = 0;

  constructor(world: FakeWorld) {
    this.world = world;
    this.stacks = new FakeStacks(world, {
      clusterMade: (name, _id, vpcId, tags) => this.clusters.set(name, new FakeKubernetes(world, { name, vpcId, tags })),
      clusterGone: (name) => {
        this.clusters.get(name)?.destroy();
        this.clusters.delete(name);
      },
    });
  }

  /** Begins a new process: its steps count from zero. */
  reset(crash: CrashPoint | null = null): void {
    this.crash = crash;
    this.steps = 0;
  }

  connect = (door: { endpoint: string }): KubernetesPort => {
    const name = new URL(door.endpoint).hostname.split('.')[0] ?? '';
    const cluster = [...this.clusters.values()].find((candidate) => candidate.clusterName === name);
    const gone = new FakeKubernetes(new (this.world.constructor as new () => FakeWorld)(), { name, vpcId: null, tags: {} });
    gone.isAlive = false;
    return this.guarded((cluster ?? gone).port());
  };

  cloud(): Cloud {
    return this.guarded<Cloud>({
      stacks: this.stacks,
      account: this.account(),
      cluster: this.cluster(),
      buckets: this.buckets(),
      secrets: this.secrets(),
      inventory: this.inventory(),
      listing: { idsOf: async (kind) => this.idsOf(kind) },
      targets: { health: async () => [{ id: '10.0.0.9:4000', state: 'healthy', reason: null }] },
    });
  }

  private guarded<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value === 'function')
          return async (...values: unknown[]): Promise<unknown> =>
            await this.called(String(key), () => (value as (...v: unknown[]) => unknown).apply(target, values));
        return typeof value === 'object' && value !== null ? this.guarded(value) : value;
      },
    });
  }

  private async called(name: string, run: () => unknown): Promise<unknown> {
    this.calls += 1;
    const every = this.world.script.throttleEvery;
    if (every !== undefined && this.calls % every === 0) throw new CloudError('throttled', 'Rate exceeded');
    if (!CHANGES.has(name)) return await run();
    this.steps += 1;
    const dies = this.crash?.step === this.steps;
    if (dies && this.crash?.when === 'before') throw new Crash(`before ${name}`);
    const answer = await run();
    if (dies) throw new Crash(`after ${name}`);
    return answer;
  }

  private account(): Cloud['account'] {
    const { world } = this;
    return {
      region: world.region,
      caller: async () => ({ account: world.account, arn: `arn:aws:iam::${world.account}:user/operator` }),
      zones: async () => [`${world.region}a`, `${world.region}c`, `${world.region}d`],
      quotas: async () => [{ id: 'elastic-ip', limit: 5, used: world.all('elastic-ip').length }],
      findBudget: async (name) => world.budgets.get(name) ?? null,
      putBudget: async (order) => void world.budgets.set(order.name, order.limitUsdPerMonth),
      removeBudget: async (name) => void world.budgets.delete(name),
    };
  }

  private cluster(): Cloud['cluster'] {
    return {
      find: async (name) => {
        const found = this.world.items.get(name);
        if (found?.kind !== 'cluster') return null;
        const rest = { securityGroupId: `eks-cluster-sg-${name}`, vpcId: found.vpcId, tags: found.tags, createdAt: found.createdAt, isProtected: false };
        return { name, status: 'ACTIVE', version: '1.34', endpoint: `https://${name}.eks.test`, certificateAuthority: 'pem', ...rest };
      },
      token: async () => 'token',
      unprotect: async () => {},
      delete: async (name) => this.removeItem(this.world.items.get(name)),
    };
  }

  private buckets(): Cloud['buckets'] {
    const { objects } = this.world;
    let refills = this.world.script.refillsBucket === true ? 1 : 0;
    return {
      exists: async (bucket) => objects.has(bucket),
      tags: async (bucket) => this.world.items.get(bucket)?.tags ?? {},
      removeSome: async (bucket) => {
        const held = objects.get(bucket);
        const count = held?.size ?? 0;
        held?.clear();
        if (count > 0 && refills > 0) {
          refills -= 1;
          this.world.after(1000, () => held?.set('events/late', new Uint8Array(1)));
        }
        return count;
      },
      list: async (bucket, prefix, limit) =>
        [...(objects.get(bucket)?.entries() ?? [])]
          .filter(([key]) => key.startsWith(prefix))
          .slice(0, limit)
          .map(([key, body]) => ({ key, sizeBytes: body.length, modifiedAt: new Date(this.world.nowMs) })),
      prefixes: async (bucket, limit) => [...new Set([...(objects.get(bucket)?.keys() ?? [])].map((key) => `${key.split('/')[0]}/`))].slice(0, limit),
      create: async (bucket, tags) => {
        if (!objects.has(bucket)) this.world.add('bucket', bucket, { tags });
      },
      putFile: async (bucket, key, path) => void objects.get(bucket)?.set(key, readFileSync(path)),
      getFile: async (bucket, key, path) => {
        const body = objects.get(bucket)?.get(key);
        if (body !== undefined) writeFileSync(path, body);
        return body !== undefined;
      },
    };
  }

  private secrets(): Cloud['secrets'] {
    const { secrets } = this.world;
    return { read: async (id) => secrets.get(id) ?? null, write: async (id, value) => void secrets.set(id, value) };
  }

  private inventory(): Cloud['inventory'] {
    return {
      find: async (scope) => {
        const { deniedKind } = this.world.script;
        const items = this.world.listed().filter((found) => isOursInFake(scope, found) && found.kind !== deniedKind);
        return { items, unreadable: deniedKind === undefined ? [] : [{ kind: deniedKind, reason: 'not authorized' }] };
      },
      remove: async (found) => this.removeItem(this.world.items.get(found.id)),
      mark: async (found, tags) => this.world.patch(found.id, { tags: { ...this.world.items.get(found.id)?.tags, ...tags } }),
    };
  }

  private idsOf(kind: ListedKind): string[] {
    if (this.world.script.deniedKind === kind) throw new CloudError('denied', `not authorized to list ${kind}`);
    return this.world
      .listed()
      .filter((found) => found.kind === kind)
      .map(({ id }) => id);
  }

  private removeItem(found: Item | undefined): void {
    if (found === undefined) return;
    const reason = holdersOf(this.world, found);
    if (reason !== null) throw new CloudError('in-use', reason);
    if (found.kind === 'cluster') this.clusters.get(found.id)?.destroy();
    this.world.drop(found.id);
  }
}

/** The real rules of the inventory, over everything at once. */
function isOursInFake(scope: Scope, found: Item): boolean {
  if (found.kind === 'log-group') return isLogGroupOurs(scope, found.id);
  if (found.kind === 'vpc' || found.kind === 'volume') return isOurs({ ...scope, vpcIds: [] }, found.tags, found.vpcId);
  return isOurs(scope, found.tags, found.vpcId) || (isNamedOurs(scope, found.id) && !isForeign(scope, found.tags));
}
