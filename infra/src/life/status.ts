// What stands, how it does, since when, what it has cost so far about, when it ends, and what belongs to nobody.
import type { Item, ItemKind } from '#aws/inventory/item.ts';
import type { TargetHealth } from '#aws/targets/port.ts';
import { billOf } from '#bill/bill.ts';
import { ratesOf } from '#bill/rates.ts';
import { EXPIRY_TAG } from '#environment.ts';
import { NAMESPACE } from '#k8s/names.ts';
import { type Trouble, troublesOf } from '#kubernetes/diagnosis.ts';
import { KubernetesError, type ServerObject } from '#kubernetes/port.ts';
import type { LifeContext } from './context.ts';
import { openCluster } from './door.ts';
import { type Identity, identify, widened } from './identity.ts';
import { ownedBy, sortLeftovers } from './sweep.ts';

export interface PodState {
  name: string;
  phase: string;
  isReady: boolean;
  restarts: number;
}

export interface Status {
  account: string;
  stacks: { name: string; status: string; createdAt: Date }[];
  /** Null when the cluster cannot be asked; `clusterNote` says why. */
  pods: PodState[] | null;
  clusterNote: string;
  troubles: Trouble[];
  targets: ({ door: 'gateway' | 'observe' } & TargetHealth)[];
  stores: { kind: ItemKind; id: string; state: string }[];
  ageHours: number | null;
  costSoFar: { usd: number; yen: number; atLeast: boolean } | null;
  expiresAt: Date | null;
  isExpired: boolean;
  leftovers: Item[];
  unreadable: { kind: string; reason: string }[];
}

/** What a standing cluster makes by itself, outside of every stack: not left over while it stands. */
const OF_CLUSTER: readonly ItemKind[] = [
  'instance',
  'launch-template',
  'volume',
  'network-interface',
  'security-group',
  'instance-profile',
  'load-balancer',
  'target-group',
  'log-group',
  'database-snapshot',
];
const STORES: readonly ItemKind[] = ['database-cluster', 'database-instance', 'cache', 'bucket'];

export async function statusOf(context: LifeContext): Promise<Status> {
  const identity = await identify(context);
  const scope = await widened(context, identity.scope);
  const findings = await context.cloud.inventory.find(scope);
  const owned = await ownedBy(
    context,
    identity.stacks.map((stack) => stack.name),
  );
  const { left } = sortLeftovers(findings, { kept: ['data', 'backup'], owned });
  const now = context.clock.now();
  const createdAt = identity.stacks.map((stack) => stack.createdAt.getTime()).toSorted((first, second) => first - second)[0] ?? null;
  const ageHours = createdAt === null ? null : (now.getTime() - createdAt) / 3_600_000;
  const expiry = Date.parse(findings.items.find((item) => item.kind === 'vpc')?.tags[EXPIRY_TAG] ?? '');
  return {
    account: identity.account,
    stacks: identity.stacks.map(({ name, status, createdAt: at }) => ({ name, status, createdAt: at })),
    ...(await clusterState(context, identity)),
    targets: await targetsOf(context, identity),
    stores: findings.items.filter((item) => STORES.includes(item.kind)).map(({ kind, id, state }) => ({ kind, id, state })),
    ageHours,
    costSoFar: costSoFar(context, ageHours),
    expiresAt: Number.isNaN(expiry) ? null : new Date(expiry),
    isExpired: expiry < now.getTime(),
    leftovers: identity.cluster === null ? left : left.filter((item) => !OF_CLUSTER.includes(item.kind)),
    unreadable: findings.unreadable,
  };
}

/** The price an hour of everything, times the age of the oldest stack: an estimate that leaves traffic out. */
function costSoFar({ environment }: LifeContext, ageHours: number | null): Status['costSoFar'] {
  if (ageHours === null) return null;
  const { hour } = billOf(environment, ratesOf(environment.region));
  return { usd: hour.usd * ageHours, yen: hour.yen * ageHours, atLeast: hour.atLeast };
}

async function clusterState(context: LifeContext, identity: Identity): Promise<Pick<Status, 'pods' | 'clusterNote' | 'troubles'>> {
  const kubernetes = identity.cluster === null ? null : openCluster(context, identity.cluster);
  if (kubernetes === null) return { pods: null, clusterNote: identity.cluster?.status ?? '-', troubles: [] };
  try {
    const pods = await kubernetes.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: NAMESPACE });
    const events = await kubernetes.list({ apiVersion: 'v1', kind: 'Event' }, { namespace: NAMESPACE });
    return { pods: pods.map(podState), clusterNote: identity.cluster?.status ?? '', troubles: troublesOf(pods, events) };
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    return { pods: null, clusterNote: error.message, troubles: [] };
  } finally {
    await kubernetes.close();
  }
}

function podState(pod: ServerObject): PodState {
  const status = (pod.status ?? {}) as { phase?: string; containerStatuses?: { ready?: boolean; restartCount?: number }[] };
  const containers = status.containerStatuses ?? [];
  return {
    name: pod.metadata.name,
    phase: status.phase ?? '',
    isReady: status.phase === 'Succeeded' || (status.phase === 'Running' && containers.every((container) => container.ready !== false)),
    restarts: containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0),
  };
}

async function targetsOf(context: LifeContext, identity: Identity): Promise<Status['targets']> {
  const outputs: Record<string, string> = Object.assign({}, ...identity.stacks.map((stack) => stack.outputs));
  const doors = [
    ['gateway', outputs.GatewayTargetGroupArn],
    ['observe', outputs.ObserveTargetGroupArn],
  ] as const;
  const found: Status['targets'] = [];
  for (const [door, arn] of doors) if (arn !== undefined) for (const health of await context.cloud.targets.health(arn)) found.push({ door, ...health });
  return found;
}
