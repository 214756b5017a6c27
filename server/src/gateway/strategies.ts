// LiteLLM's routing strategies: which of the deployments that could be called is called (litellm.md §3.8). Pure; what they look at is kept by load.ts.
import type { Prices } from '#prices/port.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import type { Target } from './target.ts';

/** What a strategy may look at. */
export interface RoutingView {
  readonly routing: GatewayConfig['routing'];
  readonly prices: Prices;
  readonly nowMs: number;
  readonly random: () => number;
}

/** One of several targets, never none. */
export function choose(targets: readonly Target[], view: RoutingView): Target {
  if (targets.length === 1) return targets[0] as Target;
  switch (view.routing.strategy) {
    case 'least-busy':
      return lowest(targets, ({ load }) => load.inFlight, view);
    case 'latency-based-routing':
      return fastest(targets, view);
    case 'usage-based-routing':
    case 'usage-based-routing-v2':
      return leastUsed(targets, view);
    case 'cost-based-routing':
      return lowest(targets, (target) => priceOf(target, view), view);
    default:
      return weighted(targets, view.random);
  }
}

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

/** The target with the least value; among equals by chance, so that equals share the calls. */
function lowest(targets: readonly Target[], value: (target: Target) => number, view: RoutingView): Target {
  const values = targets.map(value);
  const least = Math.min(...values);
  return anyOf(
    targets.filter((_, index) => values[index] === least),
    view.random,
  );
}

function anyOf(targets: readonly Target[], random: () => number): Target {
  return targets[Math.floor(random() * targets.length)] ?? (targets[0] as Target);
}

/** The least mean time to an answer, or one within the buffer of it; one that is not known yet is tried first. */
function fastest(targets: readonly Target[], view: RoutingView): Target {
  const times = targets.map(({ load }) => load.latencyMs(view.nowMs));
  const unknown = targets.filter((_, index) => times[index] === null);
  if (unknown.length > 0) return anyOf(unknown, view.random);
  const limit = Math.min(...(times as number[])) * (1 + view.routing.latencyBuffer);
  return anyOf(
    targets.filter((_, index) => (times[index] as number) <= limit),
    view.random,
  );
}

/** The fewest tokens in this minute among those whose stated rpm and tpm have room; when none has, among all: a full one is for its provider to refuse. */
function leastUsed(targets: readonly Target[], view: RoutingView): Target {
  const open = targets.filter(({ deployment, load }) => {
    const { requests, tokens } = load.minute(view.nowMs);
    return (deployment.rpm === null || requests < deployment.rpm) && (deployment.tpm === null || tokens < deployment.tpm);
  });
  const candidates = open.length > 0 ? open : targets;
  return lowest(candidates, ({ load }) => load.minute(view.nowMs).tokens, view);
}

/** Picos of one input and one output token; an unknown price is the dearest. */
function priceOf(target: Target, view: RoutingView): number {
  const price = target.price(view.prices, view.nowMs);
  return price === null ? Number.POSITIVE_INFINITY : Number(price.inputPicos + price.outputPicos);
}
