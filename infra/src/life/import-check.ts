// What of a Terraform state still stands in the account, and what its cluster made beside the state? Only looks: nothing here removes anything.
import type { Cloud } from '#aws/cloud.ts';
import { CloudError } from '#aws/error.ts';
import type { Item, ItemKind } from '#aws/inventory/item.ts';
import type { Findings } from '#aws/inventory/port.ts';
import type { ListedKind } from '#aws/listing/port.ts';
import { ENVIRONMENT_TAG } from '#environment.ts';
import type { SeedResource, SeedState } from '#seed/state.ts';
import type { LifeContext } from './context.ts';

/** Why nobody knows. `type`: the account is not asked about such a thing; `id`: the state has none. */
export type Unknown = 'credentials' | 'account' | 'region' | 'type' | 'id' | 'refused';
export type Standing = 'stands' | 'gone' | 'tie' | 'not-checked';

export interface CheckedResource extends SeedResource {
  standing: Standing;
  unknown: Unknown | null;
}

export interface Outside {
  kind: ItemKind;
  id: string;
  name: string;
  state: string;
}

export interface ImportCheck {
  /** Null when there were no usable credentials. */
  account: string | null;
  resources: CheckedResource[];
  /** What the state does not hold: made by the cluster's controllers or by services. */
  outside: Outside[];
  /** Why what is outside could not be looked for, or not all of it. */
  outsideUnknown: Unknown | 'cluster' | null;
  /** What AWS said where it refused. */
  reasons: string[];
}

/** Kinds that controllers and services make beside a state. */
const OUTSIDE_KINDS: readonly ItemKind[] = [
  'instance',
  'launch-template',
  'load-balancer',
  'target-group',
  'network-interface',
  'volume',
  'snapshot',
  'security-group',
  'log-group',
];

/** No environment has this name, so that no tag of ours takes anything for the state's. */
const NO_ENVIRONMENT = '-';

/**
 * @param clusters names besides those in the state
 * @throws CloudError only for faults that no question is to blame for
 */
export async function checkState(context: LifeContext, state: SeedState, clusters: readonly string[]): Promise<ImportCheck> {
  const names = [...new Set([...state.clusters, ...clusters])];
  const caller = await answer(context.cloud.account.caller());
  if (caller instanceof CloudError) return unasked(state, 'credentials', null, [caller.message]);
  const accounts = state.resources.flatMap(({ account }) => account ?? []);
  if (accounts.length > 0 && !accounts.includes(caller.account)) return unasked(state, 'account', caller.account, []);
  const reasons = new Set<string>();
  const resources = await checked(context, state.resources, reasons);
  if (names.length === 0 && state.vpcIds.length === 0)
    return { account: caller.account, resources, outside: [], outsideUnknown: 'cluster', reasons: [...reasons] };
  const [outside, isWhole] = await outsideOf(context, { names, state }, reasons);
  return { account: caller.account, resources, outside, outsideUnknown: isWhole ? null : 'refused', reasons: [...reasons] };
}

async function answer<Value>(call: Promise<Value>): Promise<Value | CloudError> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CloudError) return error;
    throw error;
  }
}

function unasked(state: SeedState, unknown: Unknown, account: string | null, reasons: string[]): ImportCheck {
  const resources = state.resources.map((row): CheckedResource => (row.isTie ? tie(row) : { ...row, standing: 'not-checked', unknown }));
  return { account, resources, outside: [], outsideUnknown: unknown, reasons };
}

const tie = (row: SeedResource): CheckedResource => ({ ...row, standing: 'tie', unknown: null });

/** One listing a kind, however many resources of it there are. */
async function checked({ cloud }: LifeContext, rows: readonly SeedResource[], reasons: Set<string>): Promise<CheckedResource[]> {
  const here = cloud.account.region;
  const kinds = new Set(rows.flatMap((row) => (row.isTie || unaskable(row, here) !== null ? [] : (row.listing ?? []))));
  const listings = new Map<ListedKind, ReadonlySet<string> | null>();
  for (const kind of kinds) listings.set(kind, await listed(cloud, kind, reasons));
  return rows.map((row) => {
    if (row.isTie) return tie(row);
    const ids = row.listing === null ? null : (listings.get(row.listing) ?? null);
    const unknown = unaskable(row, here) ?? (ids === null ? 'refused' : null);
    if (unknown !== null) return { ...row, standing: 'not-checked', unknown };
    return { ...row, standing: row.id !== null && ids?.has(row.id) === true ? 'stands' : 'gone', unknown: null };
  });
}

function unaskable({ listing, id, region }: SeedResource, here: string): Unknown | null {
  if (listing === null) return 'type';
  if (id === null) return 'id';
  // Buckets and IAM are listed for the whole account.
  return listing === 'bucket' || region === 'global' || region === here ? null : 'region';
}

async function listed(cloud: Cloud, kind: ListedKind, reasons: Set<string>): Promise<ReadonlySet<string> | null> {
  const ids = await answer(cloud.listing.idsOf(kind));
  if (!(ids instanceof CloudError)) return new Set(ids);
  reasons.add(ids.message);
  return null;
}

/** What the state does not hold, and whether all of it could be looked for. */
async function outsideOf(
  { cloud }: LifeContext,
  { names, state }: { names: readonly string[]; state: SeedState },
  reasons: Set<string>,
): Promise<[Outside[], boolean]> {
  const held = new Set(state.resources.map(({ id }) => id));
  const { items, isWhole } = await madeBeside(cloud, { names, vpcIds: state.vpcIds }, reasons);
  const groups = await listed(cloud, 'log-group', reasons);
  const logs = [...(groups ?? [])].filter((id) => isLogOf(state, id)).map((id): Outside => ({ kind: 'log-group', id, name: id, state: '' }));
  const found = new Map([...items, ...logs].filter(({ id }) => !held.has(id)).map((row) => [`${row.kind} ${row.id}`, row]));
  return [[...found.values()], isWhole && groups !== null];
}

/** Everything that carries the tag of one of the clusters or stands in one of the networks. */
async function madeBeside(
  cloud: Cloud,
  { names, vpcIds }: { names: readonly string[]; vpcIds: readonly string[] },
  reasons: Set<string>,
): Promise<{ items: Outside[]; isWhole: boolean }> {
  const items: Outside[] = [];
  let isWhole = true;
  for (const clusterName of names.length === 0 ? [''] : names) {
    const findings = await answer(
      cloud.inventory.find({ environment: NO_ENVIRONMENT, tagKey: ENVIRONMENT_TAG, clusterName, namePrefix: `genai-${NO_ENVIRONMENT}`, vpcIds }),
    );
    const refusals = findings instanceof CloudError ? [findings.message] : refusalsIn(findings);
    for (const reason of refusals) reasons.add(reason);
    isWhole &&= refusals.length === 0;
    if (!(findings instanceof CloudError)) items.push(...findings.items.filter(({ kind }) => OUTSIDE_KINDS.includes(kind)).map(outsideItem));
  }
  return { items, isWhole };
}

const outsideItem = ({ kind, id, name, state }: Item): Outside => ({ kind, id, name, state });

const refusalsIn = ({ unreadable }: Findings): string[] =>
  unreadable.filter((one) => OUTSIDE_KINDS.some((wanted) => wanted === one.kind)).map(({ kind, reason }) => `${kind}: ${reason}`);

/** Log groups that RDS makes for a database of the state. */
function isLogOf({ resources }: SeedState, name: string): boolean {
  const database = /^\/aws\/rds\/(?:cluster|instance)\/([^/]+)\//.exec(name)?.[1];
  return database !== undefined && resources.some(({ part, id }) => part === 'database' && id === database);
}
