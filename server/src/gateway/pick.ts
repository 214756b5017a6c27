// Which deployment of a group gets the next try: not tried before, not resting, lowest order, then by weight.
import type { Target } from './target.ts';

/**
 * The next target, or null when the group is empty.
 * Prefers targets that were not tried and do not rest; when nothing else is left, a tried or resting one is used again: resting is never an outage of our making.
 */
export function pick(targets: readonly Target[], tried: ReadonlySet<Target>, nowMs: number, random: () => number = Math.random): Target | null {
  if (targets.length <= 1) return targets[0] ?? null;
  const fresh = targets.filter((target) => isFresh(target, tried, nowMs));
  if (fresh.length > 0) return weighted(lowestOrder(fresh), random);
  const awake = targets.filter((target) => target.problem === null && !target.health.isResting(nowMs));
  if (awake.length > 0) return weighted(lowestOrder(awake), random);
  return targets.reduce((soonest, target) => (target.health.restsUntilMs() < soonest.health.restsUntilMs() ? target : soonest));
}

/** Whether another target than those tried could be called now. */
export function hasFresh(targets: readonly Target[], tried: ReadonlySet<Target>, nowMs: number): boolean {
  return targets.some((target) => isFresh(target, tried, nowMs));
}

function isFresh(target: Target, tried: ReadonlySet<Target>, nowMs: number): boolean {
  return target.problem === null && !tried.has(target) && !target.health.isResting(nowMs);
}

function lowestOrder(targets: readonly Target[]): readonly Target[] {
  const order = Math.min(...targets.map(orderOf));
  return targets.filter((target) => orderOf(target) === order);
}

const orderOf = (target: Target): number => target.deployment.order ?? Number.MAX_SAFE_INTEGER;

/** By the first of weight, rpm, tpm that any of them states; one that states none gets the mean of the others. */
function weighted(targets: readonly Target[], random: () => number): Target {
  const weights = weightsOf(targets);
  let point = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let index = 0; index < targets.length; index++) {
    point -= weights[index] as number;
    if (point < 0) return targets[index] as Target;
  }
  return targets.at(-1) as Target;
}

function weightsOf(targets: readonly Target[]): number[] {
  for (const field of ['weight', 'rpm', 'tpm'] as const) {
    const stated = targets.map((target) => target.deployment[field]);
    const known = stated.filter((weight): weight is number => weight !== null && weight >= 0);
    const sum = known.reduce((total, weight) => total + weight, 0);
    if (sum > 0) return stated.map((weight) => (weight !== null && weight >= 0 ? weight : sum / known.length));
  }
  return targets.map(() => 1);
}
