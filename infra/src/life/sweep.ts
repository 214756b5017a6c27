// Removes what no stack owns, round by round, until nothing is left or nothing moves any more; and proves it by looking again.
import { CloudError } from '#aws/error.ts';
import { ITEM_KINDS, type Item } from '#aws/inventory/item.ts';
import type { Findings } from '#aws/inventory/port.ts';
import { isTaggedOurs, type Scope } from '#aws/inventory/scope.ts';
import { emptyBucket } from './buckets.ts';
import type { LifeContext } from './context.ts';
import { isKept } from './keep.ts';
import { phaseMeter } from './report.ts';

const PAUSE_MS = 15_000;
/** NAT gateways, databases and load balancers take minutes to go. */
const MAX_SWEEP_MS = 30 * 60_000;
/** Listings are not always up to date: nothing found counts only when it is found twice. */
const PROOF_PAUSE_MS = 10_000;
/** Rounds without any change before it is given up. */
const MAX_IDLE_ROUNDS = 12;

/** Other people's machines and stores may stand in our network by mistake: these are removed only with our tag. */
const NEVER_BY_PLACE: readonly Item['kind'][] = ['instance', 'database-cluster', 'database-instance', 'cache', 'load-balancer', 'nat-gateway', 'vpc-endpoint'];

export interface SweepPolicy {
  /** Values of the keep tag that are left alone. */
  kept: readonly string[];
  /** Physical ids that belong to stacks that stay. */
  owned: ReadonlySet<string>;
}

export interface Leftovers {
  left: Item[];
  kept: Item[];
  unreadable: Findings['unreadable'];
}

export function mayRemove(scope: Scope, item: Item): boolean {
  if (item.kind === 'other') return false;
  if (NEVER_BY_PLACE.includes(item.kind)) return isTaggedOurs(scope, item.tags);
  return true;
}

/** Splits what was found into what is to go and what stays on purpose. */
export function sortLeftovers({ items, unreadable }: Findings, policy: SweepPolicy): Leftovers {
  const stays = (item: Item): boolean => policy.owned.has(item.id) || isKept(item, policy.kept);
  return { left: items.filter((item) => !stays(item)), kept: items.filter(stays), unreadable };
}

/** Physical ids of everything that the stacks hold. */
export async function ownedBy(context: LifeContext, stackNames: readonly string[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const name of stackNames) for (const resource of await context.cloud.stacks.resources(name)) ids.add(resource.physicalId);
  return ids;
}

const DELETING = /delet|terminat|shutting-down/i;

/** Removes until nothing is left. Answers what stays, from the last look. */
export async function sweep(context: LifeContext, scope: Scope, policy: SweepPolicy): Promise<Leftovers> {
  const tell = phaseMeter(context.report, context.clock, 'sweep');
  const deadline = context.clock.now().getTime() + MAX_SWEEP_MS;
  let lastSeen = '';
  let idleRounds = 0;
  for (;;) {
    const leftovers = sortLeftovers(await context.cloud.inventory.find(scope), policy);
    const removable = leftovers.left.filter((item) => mayRemove(scope, item));
    const seen = removable.map((item) => `${item.id} ${item.state}`).join('\n');
    idleRounds = seen === lastSeen ? idleRounds + 1 : 0;
    lastSeen = seen;
    const isOver = removable.length === 0 || idleRounds >= MAX_IDLE_ROUNDS || context.clock.now().getTime() > deadline;
    if (isOver) {
      for (const item of leftovers.left.filter((found) => !removable.includes(found))) context.report.say('sweep.foreign', { kind: item.kind, id: item.id });
      return leftovers;
    }
    await removeRound(context, removable, tell);
    await context.clock.sleep(PAUSE_MS);
  }
}

/** One attempt on each thing, holders before what they hold. Used alone as a repair between two attempts to delete a stack. */
export async function removeRound(context: LifeContext, items: readonly Item[], tell: (detail: string) => void): Promise<void> {
  const ordered = items.toSorted((first, second) => ITEM_KINDS.indexOf(first.kind) - ITEM_KINDS.indexOf(second.kind));
  for (const item of ordered) {
    // What is on its way out goes by itself; only a secret in its recovery window has to be told again.
    if (DELETING.test(item.state) && item.kind !== 'secret') continue;
    tell(`${item.kind} ${item.name}`);
    await removeOne(context, item, tell);
  }
}

async function removeOne(context: LifeContext, item: Item, tell: (detail: string) => void): Promise<void> {
  try {
    if (item.kind === 'bucket') await emptyBucket(context, item.id, tell);
    await context.cloud.inventory.remove(item);
    context.report.say('sweep.removed', { kind: item.kind, id: item.id });
  } catch (error) {
    // Held by something that is still going, or refused: the next round or the proof says what became of it.
    if (!(error instanceof CloudError) || error.code === 'credentials') throw error;
    tell(`${item.kind} ${item.name}: ${error.message}`);
  }
}

/** Looks twice, apart in time; everything that either look found counts. */
export async function prove(context: LifeContext, scope: Scope, policy: SweepPolicy): Promise<Leftovers> {
  const tell = phaseMeter(context.report, context.clock, 'proof');
  const first = sortLeftovers(await context.cloud.inventory.find(scope), policy);
  if (first.left.length > 0) return first;
  tell('');
  await context.clock.sleep(PROOF_PAUSE_MS);
  return sortLeftovers(await context.cloud.inventory.find(scope), policy);
}
