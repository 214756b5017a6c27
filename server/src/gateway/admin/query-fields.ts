// Query parameters that several admin routes share: page numbers, flags, amounts, dates.
import { z } from 'zod';
import { parsePicos } from '#lib/money.ts';

/** A whole number from 1 to `max`, as text in the query. */
export function pageNumber(fallback: number, max: number) {
  return z.coerce.number().int().min(1).max(max).default(fallback);
}

/** true/false as people write them in a query; absent = false. */
export const flag = z
  .enum(['true', 'false', 'True', 'False', '1', '0', ''])
  .optional()
  .transform((value) => value !== undefined && ['true', 'True', '1', ''].includes(value));

/** An amount in dollars as picos. */
export const amount = z
  .string()
  .max(60)
  .refine((value) => {
    try {
      parsePicos(value);
      return true;
    } catch {
      return false;
    }
  }, 'must be a number')
  .transform((value) => parsePicos(value))
  .optional();

/** A date or an instant: "2026-11-23", "2026-11-23 10:00:00", ISO 8601 with or without an offset. */
export const dateText = z.string().max(40).refine(isDate, 'must be a date such as 2026-11-23 or an instant such as 2026-11-23T10:00:00Z').optional();

const DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

function isDate(text: string): boolean {
  const match = DATE.exec(text.trim());
  if (match === null || match[1]?.startsWith('0000')) return false;
  const [, day, time = '00:00', zone = 'Z'] = match;
  const parsed = new Date(`${day}T${time}${zone}`);
  // JavaScript turns 31 February into March; PostgreSQL refuses it.
  return !Number.isNaN(parsed.getTime()) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day as string);
}

/** What a date text says: whether it is a whole day and whether it names its own offset. */
export function readDate(text: string): { text: string; wholeDay: boolean; hasOffset: boolean } {
  const match = DATE.exec(text.trim());
  return { text: text.trim(), wholeDay: match?.[2] === undefined, hasOffset: match?.[3] !== undefined };
}
