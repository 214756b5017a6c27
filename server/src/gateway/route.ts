// Which deployment gets the next try of a call, and in words that last why the others did not: what rules a deployment out, where the session was before, then the strategy.
import type { Choice, PassedOver } from '#call-record.ts';
import type { Affinity } from './affinity.ts';
import type { Call } from './call.ts';
import { fitsContext, inputTokensOf } from './context-window.ts';
import type { GatewayDeps } from './deps.ts';
import { hasFresh, pick } from './pick.ts';
import type { Group } from './snapshot.ts';
import type { RoutingView } from './strategies.ts';
import type { Target } from './target.ts';

/** What one call has found out about the deployments of the group that it tries. */
export interface Trail {
  readonly tried: Set<Target>;
  /** Their provider's or their own budget has no room. */
  readonly overBudget: Set<Target>;
  /** The one that was tried (or asked for room) last. */
  last: Target | null;
}

export interface Routed {
  readonly target: Target;
  /** Null for a group of one: there was nothing to choose. */
  readonly choice: Choice | null;
}

/** Beyond these a row says how many there were. */
const MOST_PASSED_OVER = 20;

/** The next target. Never none: what rules deployments out only orders them, because a wrong guess here must not be an outage. */
export function route(call: Call, deps: GatewayDeps, affinity: Affinity, trail: Trail): Routed {
  const group = call.group as Group;
  if (group.targets.length === 1 && !call.snapshot.config.routing.tagFiltering) return { target: group.targets[0] as Target, choice: null };
  const view = viewOf(call, deps);
  const small = tooSmall(call, deps, group);
  const candidates = preferred(group.targets, trail.overBudget, small);
  const pinned = affinity.of(call, view.nowMs);
  const kept = pinned === null ? undefined : candidates.find(({ deployment }) => deployment.id === pinned);
  const stays = kept !== undefined && hasFresh([kept], trail.tried, view.nowMs);
  const target = stays ? kept : (pick(candidates, trail.tried, view) as Target);
  return { target, choice: explain(call, { target, by: stays ? 'affinity' : reasonOf(target, trail, view), small, trail, view }) };
}

/** Whether a deployment that was not tried could be called now. */
export function hasOthers(call: Call, trail: Trail, nowMs: number): boolean {
  const { targets } = call.group as Group;
  return hasFresh(trail.overBudget.size === 0 ? targets : targets.filter((target) => !trail.overBudget.has(target)), trail.tried, nowMs);
}

function viewOf(call: Call, deps: GatewayDeps): RoutingView {
  return { routing: call.snapshot.config.routing, prices: deps.prices, nowMs: deps.clock.nowMs(), random: Math.random };
}

/** Without those over budget and those whose context is too small; a rule that would leave none is left out, the context first. */
function preferred(targets: readonly Target[], overBudget: ReadonlySet<Target>, small: ReadonlySet<Target>): readonly Target[] {
  if (overBudget.size === 0 && small.size === 0) return targets;
  const affordable = targets.filter((target) => !overBudget.has(target));
  const fitting = affordable.filter((target) => !small.has(target));
  if (fitting.length > 0) return fitting;
  return affordable.length > 0 ? affordable : targets;
}

const NONE: ReadonlySet<Target> = new Set();

/** Deployments whose context window the call seems to pass (router_settings.enable_pre_call_checks). */
function tooSmall(call: Call, deps: GatewayDeps, group: Group): ReadonlySet<Target> {
  if (!call.snapshot.config.routing.preCallChecks) return NONE;
  const tokens = inputTokensOf(call);
  return new Set(group.targets.filter(({ deployment }) => !fitsContext(tokens, deps.prices.limitsOf(deployment))));
}

function reasonOf(target: Target, { tried }: Trail, view: RoutingView): string {
  if (tried.has(target)) return 'retry';
  return target.problem === null && target.health.takesCalls(view.nowMs) ? view.routing.strategy : 'last resort';
}

interface Explained {
  target: Target;
  by: string;
  small: ReadonlySet<Target>;
  trail: Trail;
  view: RoutingView;
}

function explain(call: Call, { target, by, small, trail, view }: Explained): Choice {
  const group = call.group as Group;
  const others = group.targets.filter((other) => other !== target);
  const passedOver = others.slice(0, MOST_PASSED_OVER).map((other) => whyNot(other, { target, by, small, trail, view }));
  for (const other of call.snapshot.resolve(call.model)?.targets ?? []) {
    if (passedOver.length < MOST_PASSED_OVER && !group.targets.includes(other)) passedOver.push({ deploymentId: other.deployment.id, why: 'tags' });
  }
  return { by, passedOver, others: others.length };
}

function whyNot(other: Target, { target, by, small, trail, view }: Explained): PassedOver {
  const deploymentId = other.deployment.id;
  if (other.problem !== null) return { deploymentId, why: 'not ready' };
  if (trail.overBudget.has(other)) return { deploymentId, why: 'budget' };
  if (trail.tried.has(other)) return { deploymentId, why: 'tried' };
  if (other.health.isResting(view.nowMs)) {
    return { deploymentId, why: 'resting', until: new Date(other.health.restsUntilMs()).toISOString(), ...other.health.restsBecause() };
  }
  if (!other.health.takesCalls(view.nowMs)) return { deploymentId, why: 'probed' };
  if (small.has(other)) return { deploymentId, why: 'context window' };
  if (by !== 'affinity' && orderOf(other) > orderOf(target)) return { deploymentId, why: 'order' };
  return { deploymentId, why: by === 'affinity' ? 'affinity' : 'strategy' };
}

const orderOf = (target: Target): number => target.deployment.order ?? Number.MAX_SAFE_INTEGER;
