// What is known of a sum of costs: calls of unknown price make it a lower bound, and a sum of nothing known is unknown, never 0.
import { parseDecimal } from '#lib/decimal.ts';

export interface KnownCost {
  /** Decimal string; null when no call that used anything has a known price. */
  value: string | null;
  /** True when calls of unknown price come on top of `value`. */
  atLeast: boolean;
}

/** Reads the cost of a group of calls. A sum of 0 beside calls of unknown price says nothing about what was spent, so it is unknown too. */
export function knownCost({ cost, unknownCostCalls }: { cost: string; unknownCostCalls: number }): KnownCost {
  if (unknownCostCalls === 0) return { value: cost, atLeast: false };
  const units = parseDecimal(cost);
  return units === null || units === 0n ? { value: null, atLeast: false } : { value: cost, atLeast: true };
}
