// What GET /api/public/experiments and /experiment-items may be asked: parameters, field groups, the cursor (langfuse.md §1.1 row 31).
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';
import { type FilterCondition, parseFilter } from '#observe/filter/filter.ts';
import { commaListParameter, instantParameter, limitParameter, wordParameter } from '#observe/filter/parameters.ts';

const scoreLimit = z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().int().min(1).max(50).default(50));

const common = {
  fields: commaListParameter,
  limit: limitParameter(100),
  scoreLimit,
  cursor: wordParameter,
  fromStartTime: z.iso.datetime({ offset: true }),
  toStartTime: instantParameter,
  datasetId: commaListParameter,
  filter: wordParameter,
};

export const experimentParameters = z.object({ ...common, id: commaListParameter, name: commaListParameter });
export const experimentItemParameters = z.object({
  ...common,
  experimentId: commaListParameter,
  experimentName: commaListParameter,
  experimentItemId: commaListParameter,
});

const EXPERIMENT_GROUPS = ['core', 'metadata', 'scores'] as const;
const ITEM_GROUPS = ['core', 'dataset', 'io', 'metadata', 'itemMetadata', 'experimentMetadata', 'scores'] as const;
export type ExperimentGroup = (typeof EXPERIMENT_GROUPS)[number];
export type ItemGroup = (typeof ITEM_GROUPS)[number];

/** @throws AppError 400 for a group that is none. */
export function experimentGroups(fields: readonly string[] | undefined): ReadonlySet<ExperimentGroup> {
  return new Set(known(fields, EXPERIMENT_GROUPS) ?? ['core']);
}

/** `core,dataset` when none is named. @throws AppError 400 for a group that is none. */
export function itemGroups(fields: readonly string[] | undefined): ReadonlySet<ItemGroup> {
  return new Set(known(fields, ITEM_GROUPS) ?? ['core', 'dataset']);
}

function known<Group extends string>(fields: readonly string[] | undefined, groups: readonly Group[]): Group[] | null {
  if (fields === undefined || fields.length === 0) return null;
  return fields.map((field) => {
    const group = groups.find((one) => one === field);
    if (group === undefined) throw refusal(`Invalid fields: ${field.slice(0, 60)}. Use ${groups.join(', ')}.`, 'fields');
    return group;
  });
}

function refusal(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError', param });
}

/** What may be asked of an experiment's texts: the simple parameters, each replaced by filter conditions on its column. */
export type TextConditions<Column extends string> = { column: Column; condition: Extract<FilterCondition, { type: 'string' | 'stringOptions' | 'null' }> }[];

/**
 * Comma lists and the `filter` parameter as one list of conditions.
 * @throws AppError 400 for a column that is not in `simple` or a type that no text has.
 */
export function textConditions<Column extends string>(
  simple: Readonly<Record<Column, readonly string[] | undefined>>,
  filter: string | undefined,
): TextConditions<Column> {
  const columns = Object.keys(simple) as Column[];
  const asked = parseFilter(filter).map((condition) => {
    const column = columns.find((name) => name === condition.column);
    if (column === undefined) throw refusal(`Invalid filter column: ${condition.column}. Known columns: ${columns.join(', ')}.`, 'filter');
    if (!isTextCondition(condition))
      throw refusal(`Invalid filter: column ${condition.column} takes the types string and stringOptions without the operator matches.`, 'filter');
    return { column, condition };
  });
  const filtered = new Set(asked.map(({ column }) => column));
  const lists = columns.flatMap((column) => {
    const value = simple[column];
    if (!value?.length || filtered.has(column)) return [];
    return [{ column, condition: { type: 'stringOptions' as const, column, operator: 'any of' as const, value: [...value] } }];
  });
  return [...lists, ...asked];
}

function isTextCondition(condition: FilterCondition): condition is Extract<FilterCondition, { type: 'string' | 'stringOptions' | 'null' }> {
  return condition.type === 'stringOptions' || condition.type === 'null' || (condition.type === 'string' && condition.operator !== 'matches');
}

/** Behind which row the next page begins: its instant to the microsecond, and its id. */
export interface ExperimentCursor {
  at: string;
  id: string;
}

const cursorSchema = z.object({ v: z.literal(1), at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/), id: z.string().min(1).max(800) });

export function encodeExperimentCursor({ at, id }: ExperimentCursor): string {
  return Buffer.from(JSON.stringify({ v: 1, at, id }), 'utf8').toString('base64url');
}

/** @throws AppError 400 `Invalid cursor format`. */
export function decodeExperimentCursor(text: string): ExperimentCursor {
  try {
    const { at, id } = cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    if (Number.isNaN(Date.parse(at))) throw new RangeError('not an instant');
    return { at, id };
  } catch (cause) {
    throw new AppError('Invalid cursor format', { status: 400, code: 'InvalidRequestError', param: 'cursor', cause });
  }
}
