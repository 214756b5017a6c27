// Creates or completes an environment from whatever is there: stacks, secrets, Kubernetes objects in waves, the budget alarm. Run twice it changes nothing.
import type { Environment } from '#environment.ts';
import { ingressUrls } from '#k8s/ingress.ts';
import type { Wave } from '#k8s/waves.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';
import { readStackOutputs, type StackOutputs } from '#outputs.ts';
import type { StackTemplate } from '#stacks/synthesize.ts';
import { ensureBudget } from './budget.ts';
import { type LifeContext, LifeError } from './context.ts';
import { openCluster } from './door.ts';
import { scopeOf } from './identity.ts';
import { isKept, volumesFor } from './keep.ts';
import { completeSecrets, providerVariablesOf, secretReader, versionOf } from './platform-secrets.ts';
import { preflight } from './preflight.ts';
import { phaseMeter } from './report.ts';
import { ensureStack, type StackResult } from './stack-create.ts';
import { applyWave } from './wave.ts';

const POLL_MS = 5000;
const API_TIMEOUT_MS = 10 * 60_000;

export interface UpOptions {
  /** Variables of the models' providers with their values. */
  providerKeys: Readonly<Record<string, string>>;
  budget: { limitUsdPerMonth: number; email: string | null };
  /** Values of a backup for the platform's secret; empty without one. */
  savedSecrets: Readonly<Record<string, string>>;
  /** Fills the databases when they exist and before anything uses them. */
  restore?: (kubernetes: KubernetesPort, outputs: StackOutputs) => Promise<void>;
  /** Fills the tables of traces when the migrations have made them and before anything serves. */
  restoreTraces?: (kubernetes: KubernetesPort) => Promise<void>;
}

export interface UpResult {
  outputs: StackOutputs;
  /** Resources and objects that were made, changed or removed; 0 = everything was as it should be. */
  changes: number;
  urls: { gateway: string | null; observe: string | null };
  startedAt: Date;
}

export async function up(context: LifeContext, options: UpOptions): Promise<UpResult> {
  const startedAt = context.clock.now();
  await preflight(context);
  const results = await ensureStacks(context, context.blueprint.synthesize(context.environment));
  const outputs = readStackOutputs(Object.assign({}, ...results.map((result) => result.state.outputs)));
  phaseMeter(context.report, context.clock, 'secrets');
  const secrets = await completeSecrets(context, outputs, { saved: options.savedSecrets, providerKeys: options.providerKeys });
  const kubernetes = await reachCluster(context, outputs);
  let waved: Waved;
  try {
    waved = await applyWaves(context, kubernetes, outputs, { ...options, values: secrets.values });
  } finally {
    await kubernetes.close();
  }
  phaseMeter(context.report, context.clock, 'budget');
  await ensureBudget(context, options.budget.limitUsdPerMonth, options.budget.email);
  const changes = results.reduce((sum, result) => sum + result.changes, 0) + waved.changes + (secrets.changed ? 1 : 0);
  return { outputs, changes, urls: urlsOf(outputs, waved.ingressHost), startedAt };
}

/** Stacks that do not depend on each other are made side by side. The first failure is thrown when the others have come to rest. */
async function ensureStacks(context: LifeContext, templates: readonly StackTemplate[]): Promise<StackResult[]> {
  const running = new Map<string, Promise<StackResult>>();
  for (const template of templates) {
    const needs = template.dependsOn.map((name) => running.get(name));
    running.set(
      template.name,
      (async () => {
        await Promise.all(needs);
        return await ensureStack(context, template);
      })(),
    );
  }
  const outcomes = await Promise.allSettled(running.values());
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

async function reachCluster(context: LifeContext, outputs: StackOutputs): Promise<KubernetesPort> {
  const deadline = context.clock.now().getTime() + API_TIMEOUT_MS;
  for (;;) {
    const cluster = await context.cloud.cluster.find(outputs.clusterName);
    const kubernetes = cluster === null ? null : openCluster(context, cluster);
    if (kubernetes !== null) {
      if (await kubernetes.isReachable()) return kubernetes;
      await kubernetes.close();
    }
    if (context.clock.now().getTime() > deadline) throw new LifeError('cluster.unreachable', { cluster: outputs.clusterName });
    await context.clock.sleep(POLL_MS);
  }
}

interface Waved {
  changes: number;
  ingressHost: string | null;
}

type Given = { values: Readonly<Record<string, string>> } & Pick<UpOptions, 'restore' | 'restoreTraces'>;

async function applyWaves(context: LifeContext, kubernetes: KubernetesPort, outputs: StackOutputs, given: Given): Promise<Waved> {
  const facts = { providerVariables: providerVariablesOf(given.values), secretVersion: versionOf(given.values) };
  const render = secretReader(context);
  let waves = context.blueprint.waves(context.environment, outputs, facts);
  let changes = 0;
  let ingressHost: string | null = null;
  for (let at = 0; at < waves.length; at += 1) {
    const wave = waves[at] as Wave;
    if (wave.name === 'clickhouse') changes += await bindKeptVolumes(context, kubernetes, wave);
    changes += (await applyWave(context, kubernetes, wave, await render(wave))).changes;
    if (wave.name === 'databases') await given.restore?.(kubernetes, outputs);
    if (wave.name === 'migrations') await given.restoreTraces?.(kubernetes);
    if (wave.name !== 'ingress') continue;
    ingressHost = await hostOfIngress(kubernetes, wave);
    // The address is known only now: the waves after this one are drawn again with it.
    if (ingressHost !== null) waves = context.blueprint.waves(context.environment, outputs, { ...facts, ingressHost });
  }
  return { changes, ingressHost };
}

async function hostOfIngress(kubernetes: KubernetesPort, wave: Wave): Promise<string | null> {
  const rule = wave.ready.find(({ condition }) => condition === 'has-address');
  const ingress = rule === undefined ? null : await kubernetes.get(rule.object);
  const status = ingress?.status as { loadBalancer?: { ingress?: { hostname?: string }[] } } | undefined;
  return status?.loadBalancer?.ingress?.[0]?.hostname ?? null;
}

/** Volumes that `down --keep-data` left are bound again before the claims would ask for new ones. */
async function bindKeptVolumes(context: LifeContext, kubernetes: KubernetesPort, wave: Wave): Promise<number> {
  const { items } = await context.cloud.inventory.find(scopeOf(context.environment));
  const kept = items.filter((item) => item.kind === 'volume' && item.state === 'available' && isKept(item, ['data']));
  let bound = 0;
  for (const object of volumesFor(wave, kept)) {
    if ((await kubernetes.get({ apiVersion: 'v1', kind: 'PersistentVolume', name: object.metadata.name })) !== null) continue;
    await kubernetes.apply(object);
    context.report.say('volume.bound', { volume: object.metadata.name });
    bound += 1;
  }
  return bound;
}

/** Where the doors are: from the stack, or of the load balancer that the cluster made. */
export function urlsOf(outputs: StackOutputs, ingressHost: string | null): UpResult['urls'] {
  const own = ingressHost === null ? null : ingressUrls(ingressHost);
  return { gateway: outputs.gatewayUrl ?? own?.gatewayUrl ?? null, observe: outputs.observeUrl ?? own?.observeUrl ?? null };
}

/** Where a person looks for the credentials; never the credentials. */
export function secretPlaces(outputs: StackOutputs, environment: Environment): { arn: string; region: string; fields: string[] } {
  return { arn: outputs.platformSecretArn, region: environment.region, fields: ['litellmMasterKey', 'projectPublicKey', 'projectSecretKey', 'adminPassword'] };
}
