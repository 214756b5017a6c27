// How old rows may become: the ages that a stored row's class stands for, and what a project's rules say of an environment and tags. Pure.
import { z } from 'zod';

/** Age in days of each retention class; null = for ever. A row carries its class for ever, so this list only ever grows at its end, to eight. */
const CLASS_DAYS: readonly (number | null)[] = [null, 3, 7, 14, 30, 90, 180, 365];

/** Langfuse's own bounds: 0 (for ever) or three days and more. */
export const retentionDays = z
  .number()
  .int()
  .max(36_500)
  .refine((days) => days === 0 || days >= 3, 'Retention must be 0 (for ever) or at least 3 days');

export const retentionRule = z
  .strictObject({ environment: z.string().min(1).max(40).optional(), tag: z.string().min(1).max(500).optional(), days: retentionDays })
  .refine((rule) => rule.environment !== undefined || rule.tag !== undefined, 'A rule names an environment, a tag, or both');

export const retentionRules = z.array(retentionRule).max(20);
export type RetentionRule = z.output<typeof retentionRule>;

/** What holds for one project. The first rule that fits counts; without one `days` does. 0 = for ever. */
export interface RetentionPolicy {
  days: number;
  rules: readonly RetentionRule[];
}

/** Age of a class in days, null = for ever. */
export function daysOfClass(retentionClass: number): number | null {
  return CLASS_DAYS[retentionClass] ?? null;
}

/** The class whose age is the least that is not less than `days`. */
export function classOfDays(days: number): number {
  if (days === 0) return 0;
  const index = CLASS_DAYS.findIndex((age) => age !== null && age >= days);
  return index === -1 ? 0 : index;
}

/** Longer of two ages, 0 being the longest. */
const longer = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.max(a, b));

/**
 * The class of a row. A row may lack tags that its trace has, so a rule for another tag that would count before the one that fits is taken for
 * possible: a class is never shorter than what holds in the end, and what is kept too long by it is deleted by row.
 */
export function classOf(policy: RetentionPolicy, environment: string, tags: readonly string[]): number {
  let days: number | null = null;
  for (const rule of policy.rules) {
    if (rule.environment !== undefined && rule.environment !== environment) continue;
    days = days === null ? rule.days : longer(days, rule.days);
    if (rule.tag === undefined || tags.includes(rule.tag)) return classOfDays(days);
  }
  return classOfDays(days === null ? policy.days : longer(days, policy.days));
}

/** The shortest finite age that any row of the project may have; null when all are kept for ever. */
export function shortestDays({ days, rules }: RetentionPolicy): number | null {
  const finite = [days, ...rules.map((rule) => rule.days)].filter((age) => age > 0);
  return finite.length === 0 ? null : Math.min(...finite);
}

/** Whether some row of the project may be kept longer than so many days. */
export function mayOutlive(policy: RetentionPolicy, days: number): boolean {
  return [policy.days, ...policy.rules.map((rule) => rule.days)].some((age) => age === 0 || age > days);
}
