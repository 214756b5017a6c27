// The `filter` parameter of the public API: a JSON array of {type, column, operator, value, key?} (langfuse.md §1.0), parsed and checked; what is malformed is a 400.
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';

const column = z.string().min(1).max(100);
const listOperator = z.enum(['any of', 'none of', 'all of']);
const numberOperator = z.enum(['=', '>', '<', '>=', '<=']);
const stringOperator = z.enum(['=', 'contains', 'does not contain', 'starts with', 'ends with', 'matches']);
const equality = z.enum(['=', '<>']);
const words = z.array(z.string().max(5_000)).max(1_000);
const key = z.string().min(1).max(200);

const conditionSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('datetime'), column, operator: z.enum(['>', '<', '>=', '<=']), value: z.iso.datetime({ offset: true }) }),
  z.object({ type: z.literal('string'), column, operator: stringOperator, value: z.string().max(5_000) }),
  z.object({ type: z.literal('number'), column, operator: numberOperator, value: z.number() }),
  z.object({ type: z.literal('stringOptions'), column, operator: z.enum(['any of', 'none of']), value: words }),
  z.object({ type: z.literal('arrayOptions'), column, operator: listOperator, value: words }),
  z.object({ type: z.literal('stringObject'), column, key, operator: stringOperator, value: z.string().max(5_000) }),
  z.object({ type: z.literal('numberObject'), column, key, operator: numberOperator, value: z.number() }),
  z.object({ type: z.literal('categoryOptions'), column, key, operator: z.enum(['any of', 'none of']), value: words }),
  z.object({ type: z.literal('booleanObject'), column, key, operator: equality, value: z.boolean() }),
  z.object({ type: z.literal('boolean'), column, operator: equality, value: z.boolean() }),
  z.object({ type: z.literal('null'), column, operator: z.enum(['is null', 'is not null']), value: z.literal('').optional() }),
]);

/** One checked condition. */
export type FilterCondition = z.output<typeof conditionSchema>;

/** The conditions of a list, of a metric query, of a widget: one language. */
export const conditionsSchema = z.array(conditionSchema).max(50);

/** Conditions of the parameter's text; [] when it is absent or empty. @throws AppError 400 for broken JSON, unknown types and operators. */
export function parseFilter(parameter: string | undefined): FilterCondition[] {
  if (parameter === undefined || parameter.trim() === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(parameter);
  } catch (cause) {
    throw new AppError('Invalid filter: the parameter is not valid JSON. Send a JSON array of conditions.', {
      status: 400,
      code: 'InvalidRequestError',
      param: 'filter',
      cause,
    });
  }
  const result = conditionsSchema.safeParse(parsed);
  if (result.success) return result.data;
  throw new AppError('Invalid request data', { status: 400, code: 'InvalidRequestError', param: 'filter', details: result.error.issues });
}
