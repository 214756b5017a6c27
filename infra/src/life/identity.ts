// Whose is what stands there? Resolves an environment's stacks, cluster and network, and refuses what has its name but not its tag.
import type { ClusterState } from '#aws/cluster/port.ts';
import { isTaggedOurs, type Scope } from '#aws/inventory/scope.ts';
import type { StackState } from '#aws/stacks/port.ts';
import { clusterName, ENVIRONMENT_TAG, type Environment, stackName } from '#environment.ts';
import type { StackPart } from '#stacks/synthesize.ts';
import { type LifeContext, LifeError } from './context.ts';

export const STACK_PARTS: readonly StackPart[] = ['network', 'data', 'cluster', 'edge'];

export interface Identity {
  account: string;
  caller: string;
  /** Every stack of the environment that exists, in the order of creation. */
  stacks: StackState[];
  cluster: ClusterState | null;
  scope: Scope;
}

export function scopeOf(environment: Environment, vpcIds: readonly string[] = []): Scope {
  const name = clusterName(environment);
  return { environment: environment.name, tagKey: ENVIRONMENT_TAG, clusterName: name, namePrefix: name, vpcIds };
}

/** @throws LifeError 'identity.refused' when something has the environment's name and another's tag, or none */
export async function identify({ environment, cloud }: LifeContext): Promise<Identity> {
  const caller = await cloud.account.caller();
  const scope = scopeOf(environment);
  const names = STACK_PARTS.map((part) => stackName(environment, part));
  const all = await cloud.stacks.list();
  const stacks = all.filter((stack) => names.includes(stack.name) || stack.tags[ENVIRONMENT_TAG] === environment.name);
  // A stack under review is the shell of a change set that was never carried out: it holds nothing, and may carry no tag yet.
  const real = stacks.filter((stack) => stack.status !== 'REVIEW_IN_PROGRESS');
  for (const stack of real) refuseUnless(stack.tags[ENVIRONMENT_TAG] === environment.name, `stack ${stack.name}`, environment, stack.tags);
  const cluster = await cloud.cluster.find(scope.clusterName);
  if (cluster !== null) refuseUnless(isTaggedOurs(scope, cluster.tags), `cluster ${cluster.name}`, environment, cluster.tags);
  const rank = (stack: StackState): number => (names.indexOf(stack.name) + STACK_PARTS.length + 1) % (STACK_PARTS.length + 1);
  const known = [...stacks.map((stack) => stack.outputs.VpcId), cluster?.vpcId];
  const vpcIds = [...new Set(known.filter((id) => typeof id === 'string'))];
  return {
    account: caller.account,
    caller: caller.arn,
    stacks: stacks.toSorted((first, second) => rank(first) - rank(second)),
    cluster,
    scope: { ...scope, vpcIds },
  };
}

function refuseUnless(isOurs: boolean, what: string, environment: Environment, tags: Readonly<Record<string, string>>): void {
  if (isOurs) return;
  const found = tags[ENVIRONMENT_TAG];
  throw new LifeError('identity.refused', { what, tag: ENVIRONMENT_TAG, wanted: environment.name, found: found ?? '-' });
}

/** The same scope with the networks that carry the environment's tag: with no stack left they are found by it alone. */
export async function widened(context: LifeContext, scope: Scope): Promise<Scope> {
  const { items } = await context.cloud.inventory.find(scope);
  const tagged = items.filter((item) => item.kind === 'vpc').map((item) => item.id);
  return { ...scope, vpcIds: [...new Set([...scope.vpcIds, ...tagged])] };
}
