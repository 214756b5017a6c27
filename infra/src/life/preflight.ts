// Can `up` work here? Credentials, zones that are really open, room in the quotas, and what an earlier run left behind.
import type { Caller, Quota } from '#aws/account/port.ts';
import type { Environment } from '#environment.ts';
import { type LifeContext, LifeError } from './context.ts';
import { type Identity, identify, widened } from './identity.ts';
import { phaseMeter } from './report.ts';
import { ownedBy, sortLeftovers } from './sweep.ts';

export interface Preflight {
  caller: Caller;
  identity: Identity;
  /** Things that carry the environment's tag and belong to no stack: an earlier run left them. */
  leftovers: number;
}

/** How many of each a new environment needs. */
export function needed(environment: Environment): Readonly<Record<Quota['id'], number>> {
  return { 'elastic-ip': environment.sizes.natGateways, vpc: 1, 'load-balancer': 1 };
}

/** @throws LifeError 'preflight.*' with what to do */
export async function preflight(context: LifeContext): Promise<Preflight> {
  const { cloud, report } = context;
  phaseMeter(report, context.clock, 'preflight');
  const caller = await cloud.account.caller();
  report.say('preflight.caller', { account: caller.account, arn: caller.arn, region: cloud.account.region });
  const identity = await identify(context);
  await refuseClosedZones(context);
  if (identity.stacks.length === 0) await refuseShortQuotas(context);
  return { caller, identity, leftovers: identity.stacks.length === 0 ? await countLeftovers(context, identity) : 0 };
}

async function refuseClosedZones({ cloud, environment }: LifeContext): Promise<void> {
  const open = await cloud.account.zones();
  const closed = environment.availabilityZones.filter((zone) => !open.includes(zone));
  if (closed.length > 0) throw new LifeError('preflight.zones', { closed: closed.join(', '), open: open.join(', ') });
}

async function refuseShortQuotas({ cloud, environment, report }: LifeContext): Promise<void> {
  const wants = needed(environment);
  for (const quota of await cloud.account.quotas()) {
    if (quota.limit === null) report.say('preflight.quota-short', { what: quota.id, used: quota.used, limit: '?' });
    else if (quota.used + wants[quota.id] > quota.limit)
      throw new LifeError('preflight.quota', { what: quota.id, used: quota.used, limit: quota.limit, needed: wants[quota.id] });
  }
}

async function countLeftovers(context: LifeContext, identity: Identity): Promise<number> {
  const scope = await widened(context, identity.scope);
  const { left } = sortLeftovers(await context.cloud.inventory.find(scope), { kept: ['data', 'backup'], owned: await ownedBy(context, []) });
  if (left.length > 0) context.report.say('preflight.leftovers', { count: left.length });
  return left.length;
}
