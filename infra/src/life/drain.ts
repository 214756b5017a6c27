// Takes everything off the cluster that would outlive it: load balancers, volumes, nodes. Bounded in time; what stays is said and left to the sweep.

import { referenceTo } from '#k8s/object.ts';
import type { KindReference, KubernetesPort, ServerObject } from '#kubernetes/port.ts';
import { KubernetesError } from '#kubernetes/port.ts';
import type { LifeContext } from './context.ts';
import { phaseMeter } from './report.ts';

const POLL_MS = 5000;

const kind = (apiVersion: string, name: string): KindReference => ({ apiVersion, kind: name });

const BINDINGS = kind('eks.amazonaws.com/v1', 'TargetGroupBinding');
const INGRESS = kind('networking.k8s.io/v1', 'Ingress');
const SERVICE = kind('v1', 'Service');
const CLAIM = kind('v1', 'PersistentVolumeClaim');
const VOLUME = kind('v1', 'PersistentVolume');
const NODE_POOL = kind('karpenter.sh/v1', 'NodePool');
const NODE_CLAIM = kind('karpenter.sh/v1', 'NodeClaim');
const NODE = kind('v1', 'Node');

/** What would make new pods or hold old ones back. */
const GUARDS = [kind('autoscaling/v2', 'HorizontalPodAutoscaler'), kind('policy/v1', 'PodDisruptionBudget')];
const WORKLOADS = [kind('batch/v1', 'CronJob'), kind('batch/v1', 'Job'), kind('apps/v1', 'Deployment'), kind('apps/v1', 'StatefulSet')];

/** @param isVolumeKept claims go, but their volumes stay (they were retained before). Answers what did not go in time. */
export async function drain(context: LifeContext, kubernetes: KubernetesPort, isVolumeKept: boolean): Promise<string[]> {
  const tell = phaseMeter(context.report, context.clock, 'drain');
  const waits: string[] = [];
  const step = async (kinds: readonly KindReference[], timeoutMs: number, filter: (object: ServerObject) => boolean = () => true): Promise<void> => {
    waits.push(...(await removeAll({ context, kubernetes, tell }, kinds, { timeoutMs, filter })));
  };
  await step(GUARDS, 60_000);
  // The controllers that undo these need living nodes and an API: before everything else goes.
  await step([BINDINGS, INGRESS], 180_000);
  await step([SERVICE], 180_000, (service) => (service.spec as { type?: string } | undefined)?.type === 'LoadBalancer');
  await step(WORKLOADS, 300_000);
  await step([CLAIM], 120_000);
  if (!isVolumeKept) await step([VOLUME], 300_000);
  await step([NODE_POOL], 120_000);
  // Nodes before the cluster: what they hold in the network would otherwise stay when the cluster has gone.
  await step([NODE_CLAIM], 600_000);
  waits.push(...(await goneInTime({ context, kubernetes, tell }, [NODE], { timeoutMs: 300_000, filter: () => true })));
  if (waits.length > 0) context.report.say('drain.incomplete', { count: waits.length, names: waits.slice(0, 5).join(', ') });
  else context.report.say('drain.done');
  return waits;
}

interface Work {
  context: LifeContext;
  kubernetes: KubernetesPort;
  tell: (detail: string) => void;
}

interface Limits {
  timeoutMs: number;
  filter: (object: ServerObject) => boolean;
}

async function removeAll(work: Work, kinds: readonly KindReference[], limits: Limits): Promise<string[]> {
  for (const object of await remaining(work.kubernetes, kinds, limits.filter)) {
    work.tell(`${object.kind} ${object.metadata.name}`);
    // A built-in pool of EKS may refuse: its nodes go by their claims.
    await work.kubernetes.remove(referenceTo(object)).catch(unlessRefused);
  }
  return await goneInTime(work, kinds, limits);
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof KubernetesError && ['denied', 'invalid', 'conflict'].includes(error.code))) throw error;
}

async function goneInTime(work: Work, kinds: readonly KindReference[], { timeoutMs, filter }: Limits): Promise<string[]> {
  const deadline = work.context.clock.now().getTime() + timeoutMs;
  for (;;) {
    const left = await remaining(work.kubernetes, kinds, filter);
    const names = left.map((object) => `${object.kind} ${object.metadata.name}`);
    if (left.length === 0 || work.context.clock.now().getTime() > deadline) return names;
    work.tell(names.slice(0, 3).join(', '));
    await work.context.clock.sleep(POLL_MS);
  }
}

async function remaining(kubernetes: KubernetesPort, kinds: readonly KindReference[], filter: (object: ServerObject) => boolean): Promise<ServerObject[]> {
  const found: ServerObject[] = [];
  for (const one of kinds) found.push(...(await kubernetes.list(one)).filter(filter));
  return found;
}
