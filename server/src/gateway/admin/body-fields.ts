// Fields that several bodies of the admin API share, in LiteLLM's names: text, amounts, limits, durations, and the rules of a level.
import { z } from 'zod';
import { durationMs } from '#lib/duration.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';

export const text = z.string().max(800);
/** Ids are parts of account names: no control characters. */
export const id = z
  .string()
  .min(1)
  .max(800)
  .refine((value) => !/\p{Cc}/u.test(value), 'must hold no control characters');
export const amount = z.union([z.number(), z.string()]).refine(isAmount, 'must be a number of dollars >= 0 and below 10^26').nullish();
export const limit = z.number().int('must be a whole number').min(0, 'must be >= 0').max(Number.MAX_SAFE_INTEGER).nullish();
export const duration = z
  .string()
  .refine((value) => durationMs(value) !== null, 'must be a duration such as "30s", "12h", "30d" or "1mo"')
  .nullish();
export const json = z.record(z.string(), z.unknown()).nullish();
export const models = z.array(text).max(1_000).nullish();

const window = { max_budget: amount, budget_limit: amount, budget_duration: duration, time_period: duration };
const modelBudget = z.union([z.number().min(0), z.looseObject(window).refine(isWindow, 'needs budget_limit and time_period')]);
const limitByModel = z.record(text, z.number().int('must be a whole number').min(0, 'must be >= 0').max(Number.MAX_SAFE_INTEGER)).nullish();

/** Several windows at once, and limits of single models. */
export const modelLimitFields = {
  budget_limits: z.array(z.looseObject(window).refine(isWindow, 'needs max_budget and budget_duration')).max(20).nullish(),
  model_max_budget: z.record(text, modelBudget).nullish(),
  /** The most of what is left of a window of `budget_duration` that the next one gets on top. */
  max_budget_rollover: amount,
  model_rpm_limit: limitByModel,
  model_tpm_limit: limitByModel,
};

/** Everything that a level may be held to. */
export const levelFields = {
  max_budget: amount,
  soft_budget: amount,
  budget_duration: duration,
  tpm_limit: limit,
  rpm_limit: limit,
  max_parallel_requests: limit,
  budget_id: id.nullish(),
  ...modelLimitFields,
};

export type LevelBody = z.infer<z.ZodObject<typeof levelFields>>;

/** Dollars as picos; null clears. */
export const toPicos = (value: number | string | null): bigint | null => (value === null ? null : parsePicos(value));

function isWindow(entry: { max_budget?: unknown; budget_limit?: unknown; budget_duration?: unknown; time_period?: unknown }): boolean {
  return (entry.max_budget ?? entry.budget_limit ?? null) !== null && (entry.budget_duration ?? entry.time_period ?? null) !== null;
}

/** The records hold 38 digits, 12 of them behind the point. */
const LARGEST_PICOS = 10n ** 38n;

function isAmount(value: number | string): boolean {
  try {
    const picos = parsePicos(value);
    return picos >= 0n && picos < LARGEST_PICOS;
  } catch {
    return false;
  }
}

/** PostgreSQL's text and jsonb take neither NUL nor half a surrogate pair: said here, with the field's name. */
export function refuseUnstorable(body: Record<string, unknown>, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(body)) {
    if (!isStorable(name) || !isStorable(value)) {
      context.addIssue({ code: 'custom', path: [isStorable(name) ? name : 'field name'], message: 'holds a NUL character or broken Unicode; remove it' });
    }
  }
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\u0000');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, field]) => isStorable(name) && isStorable(field));
}

/** A rule as it is stored: amounts that the records compute with are plain decimals. */
export function storedRule(name: string, value: unknown): unknown {
  return name === 'max_budget_rollover' && value !== null && value !== undefined ? formatPicos(parsePicos(value as number | string)) : value;
}

/** The fields of a body that the gateway only keeps, on top of those kept before; null takes one away. */
export function keptFields(body: Record<string, unknown>, own: ReadonlySet<string>, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const kept = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(body)) {
    if (own.has(name)) continue;
    if (value === null || value === undefined) kept.delete(name);
    else kept.set(name, storedRule(name, value));
  }
  return Object.fromEntries(kept);
}
