// Applies one wave of Kubernetes objects and waits until it is ready; says in words what keeps it from getting there.
import type { KubernetesObject, ObjectReference } from '#k8s/object.ts';
import { referenceTo } from '#k8s/object.ts';
import type { ReadyRule, Wave } from '#k8s/waves.ts';
import { type Trouble, troublesOf } from '#kubernetes/diagnosis.ts';
import { KubernetesError, type KubernetesPort, type ServerObject } from '#kubernetes/port.ts';
import { readinessOf } from '#kubernetes/readiness.ts';
import { type LifeContext, LifeError } from './context.ts';
import { phaseMeter } from './report.ts';

const POLL_MS = 3000;
const GONE_TIMEOUT_MS = 120_000;
const LOG_LINES = 20;
/** A trouble is said once it has lasted: pods pass through many states on their way. */
const TROUBLE_AFTER_MS = 30_000;

export interface WaveResult {
  /** Objects that the server changed or made. */
  changes: number;
}

/** @param secrets the wave's Secrets with their values. @throws LifeError 'wave.failed' with the trouble, its detail and the newest log lines reported before */
export async function applyWave(context: LifeContext, kubernetes: KubernetesPort, wave: Wave, secrets: readonly KubernetesObject[]): Promise<WaveResult> {
  const tell = phaseMeter(context.report, context.clock, 'wave', wave.name);
  let changes = 0;
  for (const object of [...secrets, ...wave.objects]) {
    tell(`${object.kind} ${object.metadata.name}`);
    if (await applyOne(context, kubernetes, object)) changes += 1;
  }
  await allReady(context, kubernetes, wave, tell);
  context.report.say(changes === 0 ? 'wave.unchanged' : 'wave.done', { wave: wave.name, count: changes });
  return { changes };
}

/** True when the server changed something. */
async function applyOne(context: LifeContext, kubernetes: KubernetesPort, object: KubernetesObject): Promise<boolean> {
  const reference = referenceTo(object);
  const before = await kubernetes.get(reference);
  // A job that has failed stays failed: it is made anew, so that the next run tries again.
  if (object.kind === 'Job' && before !== null && readinessOf('complete', before).state === 'failed') return await applyAnew(context, kubernetes, object);
  try {
    const after = await kubernetes.apply(object);
    return before === null || before.metadata.resourceVersion !== after.metadata.resourceVersion;
  } catch (error) {
    // What a job runs cannot be changed in place.
    const isImmutable = error instanceof KubernetesError && error.code === 'invalid' && /immutable/i.test(error.message);
    if (object.kind !== 'Job' || !isImmutable) throw error;
    return await applyAnew(context, kubernetes, object);
  }
}

async function applyAnew(context: LifeContext, kubernetes: KubernetesPort, object: KubernetesObject): Promise<boolean> {
  await kubernetes.remove(referenceTo(object));
  await goneWithin(context, kubernetes, referenceTo(object));
  await kubernetes.apply(object);
  return true;
}

async function goneWithin(context: LifeContext, kubernetes: KubernetesPort, reference: ObjectReference): Promise<void> {
  const deadline = context.clock.now().getTime() + GONE_TIMEOUT_MS;
  while ((await kubernetes.get(reference)) !== null) {
    if (context.clock.now().getTime() > deadline) throw new LifeError('wave.held', { object: `${reference.kind}/${reference.name}` });
    await context.clock.sleep(POLL_MS);
  }
}

async function allReady(context: LifeContext, kubernetes: KubernetesPort, wave: Wave, tell: (detail: string) => void): Promise<void> {
  const startedAt = context.clock.now().getTime();
  const said = new Set<string>();
  for (;;) {
    const states = await statesOf(kubernetes, wave.ready);
    const open = states.filter(({ readiness }) => readiness.state !== 'ready');
    if (open.length === 0) return;
    const waitedMs = context.clock.now().getTime() - startedAt;
    const failed = open.find(({ readiness }) => readiness.state === 'failed');
    const isOver = failed !== undefined || waitedMs > wave.timeoutSeconds * 1000;
    if (isOver || waitedMs > TROUBLE_AFTER_MS)
      await sayTroubles(
        { context, kubernetes, said },
        open.map(({ rule }) => rule),
      );
    if (isOver) {
      const { rule, readiness } = failed ?? (open[0] as (typeof open)[number]);
      throw new LifeError(failed === undefined ? 'wave.slow' : 'wave.failed', {
        wave: wave.name,
        object: `${rule.object.kind}/${rule.object.name}`,
        reason: readiness.detail,
        seconds: Math.round(waitedMs / 1000),
      });
    }
    tell(open.map(({ rule, readiness }) => `${rule.object.name}: ${readiness.detail}`).join(', '));
    await context.clock.sleep(POLL_MS);
  }
}

async function statesOf(kubernetes: KubernetesPort, rules: readonly ReadyRule[]): Promise<{ rule: ReadyRule; readiness: ReturnType<typeof readinessOf> }[]> {
  const states = [];
  for (const rule of rules) states.push({ rule, readiness: readinessOf(rule.condition, await kubernetes.get(rule.object)) });
  return states;
}

/** Each trouble once, with the last lines of the container's log where there are any. */
async function sayTroubles(
  { context, kubernetes, said }: { context: LifeContext; kubernetes: KubernetesPort; said: Set<string> },
  rules: readonly ReadyRule[],
): Promise<void> {
  for (const namespace of new Set(rules.map((rule) => rule.object.namespace ?? 'default'))) {
    for (const trouble of await troublesIn(kubernetes, namespace, rules)) {
      const id = `${trouble.pod} ${trouble.code}`;
      if (said.has(id)) continue;
      said.add(id);
      context.report.say('wave.trouble', { trouble: trouble.code, pod: trouble.pod, detail: trouble.detail });
      if (trouble.container === null) continue;
      const pod = { namespace, name: trouble.pod, container: trouble.container };
      const text = (await kubernetes.logs(pod, { tailLines: LOG_LINES })) || (await kubernetes.logs(pod, { tailLines: LOG_LINES, previous: true }));
      if (text.trim() !== '') context.report.say('wave.log', { pod: trouble.pod, text: text.trimEnd() });
    }
  }
}

/** Troubles of the pods that belong to the objects waited for: their names begin with the owner's. */
async function troublesIn(kubernetes: KubernetesPort, namespace: string, rules: readonly ReadyRule[]): Promise<Trouble[]> {
  const pods = await kubernetes.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace });
  const own = pods.filter((pod: ServerObject) => rules.some((rule) => pod.metadata.name.startsWith(`${rule.object.name}-`)));
  return troublesOf(own, await kubernetes.list({ apiVersion: 'v1', kind: 'Event' }, { namespace }));
}
