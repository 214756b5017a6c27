// Destroys an environment from any state and proves that nothing is left: identity, drain, buckets, stacks with repairs, sweep, proof.
import { CloudError } from '#aws/error.ts';
import type { Item } from '#aws/inventory/item.ts';
import type { Scope } from '#aws/inventory/scope.ts';
import type { StackState } from '#aws/stacks/port.ts';
import { KubernetesError } from '#kubernetes/port.ts';
import { emptyBucket } from './buckets.ts';
import { budgetName } from './budget.ts';
import type { LifeContext } from './context.ts';
import { openCluster } from './door.ts';
import { drain } from './drain.ts';
import { type Identity, identify, widened } from './identity.ts';
import { isKept, KEEP_TAG, retainVolumes } from './keep.ts';
import { phaseMeter } from './report.ts';
import { deleteStack } from './stack-delete.ts';
import { deletionRounds } from './stack-order.ts';
import { type Leftovers, mayRemove, ownedBy, prove, removeRound, type SweepPolicy, sortLeftovers, sweep } from './sweep.ts';

const MAX_ATTEMPTS = 4;
const REPAIR_PAUSE_MS = 15_000;

/** Parts that stay with --keep-data: the stores, and the network they stand in. */
const DATA_PARTS = ['network', 'data'];

export interface DownOptions {
  keepData: boolean;
}

export interface DownResult extends Leftovers {
  stacksLeft: string[];
  stacksKept: string[];
  budgetLeft: boolean;
  /** Nothing is left but what was kept on purpose, and everything could be looked at. */
  isEmpty: boolean;
}

export interface DownPlan {
  stacks: StackState[];
  kept: StackState[];
  identity: Identity;
  leftovers: Leftovers;
}

export async function down(context: LifeContext, options: DownOptions): Promise<DownResult> {
  const identity = await identify(context);
  const scope = await widened(context, identity.scope);
  const stacksKept = options.keepData ? identity.stacks.filter((stack) => isDataStack(stack.name)) : [];
  await drainCluster(context, identity, options);
  if (options.keepData) await markVolumes(context, scope);
  else await emptyBuckets(context, scope);
  await removeStacks(context, identity, { scope, keep: stacksKept, kept: keptValues(options) });
  const policy: SweepPolicy = {
    kept: keptValues(options),
    owned: await ownedBy(
      context,
      stacksKept.map((stack) => stack.name),
    ),
  };
  await sweep(context, scope, policy);
  await context.cloud.account.removeBudget(budgetName(context.environment)).catch(unlessDenied);
  return await proof(context, scope, policy, stacksKept);
}

const keptValues = ({ keepData }: DownOptions): string[] => (keepData ? ['data', 'backup'] : ['backup']);
const isDataStack = (name: string): boolean => DATA_PARTS.some((part) => name.endsWith(`-${part}`));

function unlessDenied(error: unknown): void {
  if (!(error instanceof CloudError) || error.code !== 'denied') throw error;
}

/** What `down` would remove and keep; changes nothing. */
export async function planDown(context: LifeContext, options: DownOptions): Promise<DownPlan> {
  const identity = await identify(context);
  const scope = await widened(context, identity.scope);
  const kept = options.keepData ? identity.stacks.filter((stack) => isDataStack(stack.name)) : [];
  const owned = await ownedBy(
    context,
    kept.map((stack) => stack.name),
  );
  const leftovers = sortLeftovers(await context.cloud.inventory.find(scope), { kept: keptValues(options), owned });
  return { stacks: identity.stacks.filter((stack) => !kept.includes(stack)), kept, identity, leftovers };
}

/** A cluster whose API is gone or refuses cannot be drained: the sweep then takes what its nodes leave. */
async function drainCluster(context: LifeContext, identity: Identity, options: DownOptions): Promise<void> {
  const kubernetes = identity.cluster === null ? null : openCluster(context, identity.cluster);
  if (kubernetes === null) return context.report.say('drain.skipped', { reason: identity.cluster === null ? '-' : identity.cluster.status });
  try {
    if (!(await kubernetes.isReachable())) return context.report.say('drain.skipped', { reason: 'API' });
    if (options.keepData) await retainVolumes(kubernetes);
    await drain(context, kubernetes, options.keepData);
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    context.report.say('drain.skipped', { reason: error.message });
  } finally {
    await kubernetes.close();
  }
}

async function markVolumes(context: LifeContext, scope: Scope): Promise<void> {
  const { items } = await context.cloud.inventory.find(scope);
  for (const item of items.filter((found) => found.kind === 'volume' && !isKept(found, ['data'])))
    await context.cloud.inventory.mark(item, { [KEEP_TAG]: 'data' });
}

async function emptyBuckets(context: LifeContext, scope: Scope): Promise<void> {
  const tell = phaseMeter(context.report, context.clock, 'buckets');
  const { items } = await context.cloud.inventory.find(scope);
  for (const bucket of items.filter((found) => found.kind === 'bucket' && !isKept(found, ['backup']))) {
    const count = await emptyBucket(context, bucket.id, tell);
    if (count > 0) context.report.say('bucket.emptied', { bucket: bucket.id, count });
  }
}

interface Removal {
  scope: Scope;
  keep: readonly StackState[];
  kept: readonly string[];
}

async function removeStacks(context: LifeContext, identity: Identity, removal: Removal): Promise<void> {
  const going = identity.stacks.filter((stack) => !removal.keep.includes(stack));
  const tell = phaseMeter(context.report, context.clock, 'stacks');
  for (const stack of removal.keep) context.report.say('stack.kept', { stack: stack.name });
  if (identity.cluster?.isProtected === true) await context.cloud.cluster.unprotect(identity.cluster.name);
  // One round after the other, and the stacks of a round side by side: a database and a cluster take ten minutes each.
  for (const round of deletionRounds(context, going)) await Promise.all(round.map(async (stack) => await removeStack(context, stack, removal, tell)));
}

/** Deletes a stack; when that fails, removes what is known to hold it and tries again. A stack that stays is found by the proof. */
async function removeStack(context: LifeContext, stack: StackState, removal: Removal, tell: (detail: string) => void): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await deleteStack(context, stack, tell);
    if (outcome.isGone) return context.report.say('stack.deleted', { stack: stack.name });
    context.report.say('stack.delete-failed', { stack: stack.name, reason: outcome.reason });
    if (attempt >= MAX_ATTEMPTS) return;
    context.report.say('repair.try', { stack: stack.name, attempt });
    await repair(context, stack, removal, tell);
    await context.clock.sleep(REPAIR_PAUSE_MS * attempt);
  }
}

/** The known holders: instance profiles on the node role, orphan groups and interfaces, volumes, load balancers of controllers, a bucket that was written to again. */
async function repair(context: LifeContext, stack: StackState, removal: Removal, tell: (detail: string) => void): Promise<void> {
  const standing = (await context.cloud.stacks.list()).filter((other) => other.tags[removal.scope.tagKey] === removal.scope.environment);
  const owned = await ownedBy(
    context,
    standing.map((other) => other.name),
  );
  const cluster = await context.cloud.cluster.find(removal.scope.clusterName);
  const { left } = sortLeftovers(await context.cloud.inventory.find(removal.scope), { kept: removal.kept, owned });
  // While the cluster lives, its own group and machines are its own; only the profile holds a role that is to go.
  const isHolder = (item: Item): boolean =>
    cluster === null || item.kind === 'instance-profile' || (item.kind === 'network-interface' && item.state === 'available');
  await removeRound(
    context,
    left.filter((item) => mayRemove(removal.scope, item) && isHolder(item)),
    tell,
  );
  for (const resource of await context.cloud.stacks.resources(stack.id)) {
    if (resource.resourceType !== 'AWS::S3::Bucket' || resource.status === 'DELETE_COMPLETE') continue;
    const count = await emptyBucket(context, resource.physicalId, tell);
    if (count > 0) context.report.say('bucket.refilled', { bucket: resource.physicalId, count });
  }
}

async function proof(context: LifeContext, scope: Scope, policy: SweepPolicy, stacksKept: readonly StackState[]): Promise<DownResult> {
  const leftovers = await prove(context, scope, policy);
  const standing = (await identify(context)).stacks.map((stack) => stack.name);
  const kept = stacksKept.map((stack) => stack.name);
  const stacksLeft = standing.filter((name) => !kept.includes(name));
  const budgetLeft = (await context.cloud.account.findBudget(budgetName(context.environment)).catch(nullUnlessOther)) !== null;
  const isEmpty = leftovers.left.length === 0 && leftovers.unreadable.length === 0 && stacksLeft.length === 0 && !budgetLeft;
  return { ...leftovers, stacksLeft, stacksKept: standing.filter((name) => kept.includes(name)), budgetLeft, isEmpty };
}

/** An operator who may not use Budgets has made none. */
function nullUnlessOther(error: unknown): null {
  unlessDenied(error);
  return null;
}

/** `sweep` alone: what stands without a stack and without a cluster. */
export async function sweepAlone(context: LifeContext): Promise<DownResult> {
  const identity = await identify(context);
  const scope = await widened(context, identity.scope);
  const policy: SweepPolicy = {
    kept: ['data', 'backup'],
    owned: await ownedBy(
      context,
      identity.stacks.map((stack) => stack.name),
    ),
  };
  // A standing cluster makes machines and volumes that no stack owns: they are its own, not left over.
  if (identity.cluster === null) await sweep(context, scope, policy);
  const leftovers = identity.cluster === null ? await prove(context, scope, policy) : { left: [], kept: [], unreadable: [] };
  return {
    ...leftovers,
    stacksLeft: identity.cluster === null ? [] : identity.stacks.map((stack) => stack.name),
    stacksKept: identity.stacks.map((stack) => stack.name),
    budgetLeft: false,
    isEmpty: identity.cluster === null && leftovers.left.length === 0 && leftovers.unreadable.length === 0,
  };
}
