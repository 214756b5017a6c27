// Which deployment of a group gets the next try: not tried before, not resting, lowest order, then as the routing strategy says.
import { choose, type RoutingView } from './strategies.ts';
import type { Target } from './target.ts';

/**
 * The next target, or null when the group is empty.
 * Prefers targets that were not tried and do not rest; when nothing else is left, a tried or resting one is used again: resting is never an outage of our making.
 */
export function pick(targets: readonly Target[], tried: ReadonlySet<Target>, view: RoutingView): Target | null {
  if (targets.length <= 1) return targets[0] ?? null;
  const fresh = targets.filter((target) => isFresh(target, tried, view.nowMs));
  if (fresh.length > 0) return choose(lowestOrder(fresh), view);
  const awake = targets.filter((target) => target.problem === null && target.health.takesCalls(view.nowMs));
  if (awake.length > 0) return choose(lowestOrder(awake), view);
  return targets.reduce((soonest, target) => (target.health.restsUntilMs() < soonest.health.restsUntilMs() ? target : soonest));
}

/** Whether another target than those tried could be called now. */
export function hasFresh(targets: readonly Target[], tried: ReadonlySet<Target>, nowMs: number): boolean {
  return targets.some((target) => isFresh(target, tried, nowMs));
}

function isFresh(target: Target, tried: ReadonlySet<Target>, nowMs: number): boolean {
  return target.problem === null && !tried.has(target) && target.health.takesCalls(nowMs);
}

function lowestOrder(targets: readonly Target[]): readonly Target[] {
  const order = Math.min(...targets.map(orderOf));
  return targets.filter((target) => orderOf(target) === order);
}

const orderOf = (target: Target): number => target.deployment.order ?? Number.MAX_SAFE_INTEGER;
