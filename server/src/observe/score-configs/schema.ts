// What a score config may look like (langfuse.md §1.6): a name, a data type, and the range or the categories that go with it.
import { z } from 'zod';

const name = z.string().min(1).max(35);
const category = z.object({ label: z.string().min(1).max(500), value: z.number() });
const categories = z.array(category).max(1_000);
const bound = z.number().nullish();

export const createConfigBody = z
  .object({
    name,
    dataType: z.enum(['NUMERIC', 'CATEGORICAL', 'BOOLEAN', 'TEXT']),
    minValue: bound,
    maxValue: bound,
    categories: categories.nullish(),
    description: z.string().max(10_000).nullish(),
  })
  .superRefine((config, context) => {
    for (const message of problemsOf(config)) context.addIssue({ code: 'custom', message });
  });

export type CreateConfig = z.output<typeof createConfigBody>;

export const updateConfigBody = z
  .object({
    isArchived: z.boolean().nullish(),
    name: name.nullish(),
    minValue: bound,
    maxValue: bound,
    categories: categories.nullish(),
    description: z.string().max(10_000).nullish(),
  })
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'Request body cannot be empty');

export type Category = z.output<typeof category>;

/** The range and categories of a data type. */
export interface ConfigRules {
  dataType: string;
  minValue?: number | null | undefined;
  maxValue?: number | null | undefined;
  categories?: readonly Category[] | null | undefined;
}

/** Every boolean config has these. */
const BOOLEAN_CATEGORIES: readonly Category[] = [
  { label: 'True', value: 1 },
  { label: 'False', value: 0 },
];

/** The categories that are stored. */
export function categoriesOf(dataType: string, given: Category[] | null): Category[] | null {
  if (dataType === 'BOOLEAN') return [...BOOLEAN_CATEGORIES];
  return dataType === 'CATEGORICAL' ? given : null;
}

/** What does not fit together; [] when everything does. */
export function problemsOf({ dataType, minValue, maxValue, categories: given }: ConfigRules): string[] {
  const problems: string[] = [];
  const ranged = (minValue ?? null) !== null || (maxValue ?? null) !== null;
  if (dataType !== 'NUMERIC' && ranged) problems.push(`minValue and maxValue are for NUMERIC configs, not for ${dataType}.`);
  if ((minValue ?? null) !== null && (maxValue ?? null) !== null && (minValue as number) >= (maxValue as number))
    problems.push('Maximum value must be greater than Minimum value.');
  if (dataType === 'CATEGORICAL') problems.push(...categoryProblems(given ?? []));
  else if (dataType !== 'BOOLEAN' && given?.length) problems.push(`Categories are for CATEGORICAL configs, not for ${dataType}.`);
  return problems;
}

function categoryProblems(given: readonly Category[]): string[] {
  if (given.length === 0) return ['A CATEGORICAL config needs at least one category.'];
  const labels = repeated(given.map(({ label }) => label));
  const values = repeated(given.map(({ value }) => value));
  return [
    ...labels.map((label) => `Duplicate category label: ${label}, category labels must be unique`),
    ...values.map((value) => `Duplicate category value: ${value}, category values must be unique`),
  ];
}

function repeated<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
