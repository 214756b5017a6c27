// Which model of a project a name means, and what its usage costs. Pure; patterns run within a time limit.
import { formatPicos, type Picos, parsePicos } from '#lib/money.ts';
import { withinTime } from '#observe/api/time-bound.ts';
import type { TierInput } from './schema.ts';

export type StoredTier = TierInput & { id: string };

export interface PricedModel {
  id: string;
  matchPattern: string;
  startDate: Date | null;
  createdAt: Date;
  tiers: readonly StoredTier[];
}

const PATTERN_TIMEOUT_MS = 50;

/** A pattern in PostgreSQL's dialect as JavaScript's: the option `(?i)` stands in front there. @throws SyntaxError. */
export function patternOf(pattern: string): RegExp {
  const options = /^\(\?([a-z]*)\)/.exec(pattern);
  return new RegExp(pattern.slice(options?.[0].length ?? 0), options?.[1]?.includes('i') ? 'i' : '');
}

/** Whether a model's pattern matches a name; a pattern that cannot be run or takes too long matches nothing. */
export function matches(model: Pick<PricedModel, 'matchPattern'>, name: string): boolean {
  try {
    const pattern = patternOf(model.matchPattern);
    return withinTime(() => pattern.test(name), PATTERN_TIMEOUT_MS);
  } catch {
    return false;
  }
}

/** Of models that match a name the one that holds at an instant: the latest start date that is past, else one without. */
export function modelAt(matching: readonly PricedModel[], at: Date): PricedModel | null {
  const begun = matching.filter(({ startDate }) => startDate === null || startDate <= at);
  begun.sort((one, other) => (other.startDate?.getTime() ?? 0) - (one.startDate?.getTime() ?? 0) || other.createdAt.getTime() - one.createdAt.getTime());
  return begun[0] ?? null;
}

/** The first tier by priority whose conditions hold, else the default. */
export function tierOf(tiers: readonly StoredTier[], usage: Readonly<Record<string, number>>): StoredTier | null {
  const conditional = tiers.filter(({ isDefault }) => !isDefault).sort((one, other) => one.priority - other.priority);
  const found = conditional.find(({ conditions }) => conditions.every((condition) => holds(condition, usage)));
  return found ?? tiers.find(({ isDefault }) => isDefault) ?? null;
}

function holds({ usageDetailPattern, operator, value, caseSensitive }: TierInput['conditions'][number], usage: Readonly<Record<string, number>>): boolean {
  try {
    const pattern = new RegExp(usageDetailPattern, caseSensitive ? '' : 'i');
    const keys = withinTime(() => Object.keys(usage).filter((key) => pattern.test(key)), PATTERN_TIMEOUT_MS);
    const sum = keys.reduce((total, key) => total + (usage[key] ?? 0), 0);
    return { gt: sum > value, gte: sum >= value, lt: sum < value, lte: sum <= value, eq: sum === value, neq: sum !== value }[operator];
  } catch {
    return false;
  }
}

/** Cost by usage key and in total as decimal strings; null when the tier prices none of the usage. A price of `total` alone is that of all units. */
export function costOf(
  prices: Readonly<Record<string, number>>,
  usage: Readonly<Record<string, number>>,
): { costDetails: Record<string, string>; totalCost: string } | null {
  const costs: Record<string, Picos> = {};
  for (const [key, price] of Object.entries(prices)) {
    const count = Object.hasOwn(usage, key) ? usage[key] : undefined;
    if (count === undefined || !Number.isSafeInteger(count) || count < 0) continue;
    costs[key] = BigInt(count) * parsePicos(price);
  }
  const keys = Object.keys(costs);
  if (keys.length === 0) return null;
  const parts = keys.filter((key) => key !== 'total');
  const total = parts.length === 0 ? (costs.total as Picos) : parts.reduce((sum, key) => sum + (costs[key] as Picos), 0n);
  return {
    costDetails: { ...Object.fromEntries(parts.map((key) => [key, formatPicos(costs[key] as Picos)])), total: formatPicos(total) },
    totalCost: formatPicos(total),
  };
}
