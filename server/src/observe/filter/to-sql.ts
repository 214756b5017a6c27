// Checked filter conditions -> SQL over the columns that a list knows; an unknown column or a type that does not fit it is a 400.
import { AppError } from '#lib/errors.ts';
import { textHolds } from '#observe/search/folded.ts';
import { float64, instant, type SqlFragment, sql, text, texts } from '#stores/analytics/sql.ts';
import type { FilterCondition } from './filter.ts';

/** A column that may be filtered by: what it holds and its SQL expression (Nullable where it can be absent). */
export interface FilterColumn {
  holds: 'text' | 'number' | 'instant' | 'list' | 'boolean' | 'metadata' | 'named numbers' | 'named texts';
  expression: SqlFragment;
}

export type FilterColumns = Readonly<Record<string, FilterColumn>>;

/** One boolean expression a condition. @throws AppError 400. */
export function filterToSql(conditions: readonly FilterCondition[], columns: FilterColumns): SqlFragment[] {
  return conditions.map((condition) => {
    const column = Object.hasOwn(columns, condition.column) ? columns[condition.column] : undefined;
    if (!column) throw refusal(`Invalid filter column: ${condition.column}. Known columns: ${Object.keys(columns).join(', ')}.`);
    const expression = toSql(condition, column);
    if (!expression) throw refusal(`Invalid filter: column ${condition.column} cannot be filtered with type ${condition.type}.`);
    return expression;
  });
}

function refusal(message: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError', param: 'filter' });
}

function toSql(condition: FilterCondition, { holds, expression }: FilterColumn): SqlFragment | null {
  if ('key' in condition) return namedValue(condition, { holds, expression });
  if (condition.type === 'null') return nullness(condition.operator, holds, expression);
  switch (`${condition.type} on ${holds}`) {
    case 'datetime on instant':
      return compareInstant(expression, condition as InstantCondition);
    case 'number on number':
      return compareNumber(expression, condition as NumberCondition);
    case 'string on text':
      return matchText(expression, condition as TextCondition);
    case 'stringOptions on text':
      return anyOf(expression, condition as ListCondition);
    case 'stringOptions on list':
    case 'arrayOptions on list':
      return listMatch(expression, condition as ListCondition);
    case 'boolean on boolean':
      return sql`${expression} ${condition.operator === '=' ? sql`=` : sql`!=`} ${condition.value ? sql`1` : sql`0`}`;
    default:
      return null;
  }
}

function nullness(operator: 'is null' | 'is not null', holds: FilterColumn['holds'], expression: SqlFragment): SqlFragment | null {
  if (!['text', 'number', 'instant', 'boolean'].includes(holds)) return null;
  return operator === 'is null' ? sql`${expression} IS NULL` : sql`${expression} IS NOT NULL`;
}

const NUMBER = { '=': sql`=`, '>': sql`>`, '<': sql`<`, '>=': sql`>=`, '<=': sql`<=` } as const;

type InstantCondition = { operator: keyof typeof NUMBER; value: string };
type NumberCondition = { operator: keyof typeof NUMBER; value: number };
type TextCondition = { operator: '=' | 'contains' | 'does not contain' | 'starts with' | 'ends with' | 'matches'; value: string };
type ListCondition = { operator: 'any of' | 'none of' | 'all of'; value: string[] };

function compareInstant(expression: SqlFragment, { operator, value }: InstantCondition): SqlFragment {
  return sql`ifNull(${expression} ${NUMBER[operator]} ${instant(new Date(value))}, 0)`;
}

function compareNumber(expression: SqlFragment, { operator, value }: NumberCondition): SqlFragment {
  return sql`ifNull(${expression} ${NUMBER[operator]} ${float64(value)}, 0)`;
}

function matchText(expression: SqlFragment, { operator, value }: TextCondition): SqlFragment {
  switch (operator) {
    case '=':
      return sql`ifNull(${expression} = ${text(value)}, 0)`;
    case 'contains':
      return sql`ifNull(position(${expression}, ${text(value)}) > 0, 0)`;
    case 'does not contain':
      return sql`ifNull(position(${expression}, ${text(value)}) = 0, 1)`;
    case 'starts with':
      return sql`ifNull(startsWith(${expression}, ${text(value)}), 0)`;
    case 'matches':
      return sql`ifNull(${textHolds(expression, value)}, 0)`;
    case 'ends with':
      return sql`ifNull(endsWith(${expression}, ${text(value)}), 0)`;
  }
}

function anyOf(expression: SqlFragment, { operator, value }: ListCondition): SqlFragment {
  return operator === 'none of' ? sql`ifNull(NOT has(${texts(value)}, ${expression}), 1)` : sql`ifNull(has(${texts(value)}, ${expression}), 0)`;
}

function listMatch(expression: SqlFragment, { operator, value }: ListCondition): SqlFragment {
  if (operator === 'all of') return sql`hasAll(${expression}, ${texts(value)})`;
  return operator === 'any of' ? sql`hasAny(${expression}, ${texts(value)})` : sql`NOT hasAny(${expression}, ${texts(value)})`;
}

/** Conditions on one named value of a map: metadata keys, score names. */
function namedValue(condition: Extract<FilterCondition, { key: string }>, { holds, expression }: FilterColumn): SqlFragment | null {
  const value = sql`${expression}[${text(condition.key)}]`;
  const present = sql`mapContains(${expression}, ${text(condition.key)})`;
  if (holds === 'named numbers') return condition.type === 'numberObject' ? sql`(${present} AND ${compareNumber(value, condition)})` : null;
  if (holds !== 'metadata' && holds !== 'named texts') return null;
  switch (condition.type) {
    case 'stringObject':
      return condition.operator === 'does not contain' ? matchText(value, condition) : sql`(${present} AND ${matchText(value, condition)})`;
    case 'numberObject':
      return sql`(${present} AND ${compareNumber(sql`toFloat64OrNull(${value})`, condition)})`;
    case 'categoryOptions':
      return condition.operator === 'none of' ? anyOf(value, condition) : sql`(${present} AND ${anyOf(value, condition)})`;
    case 'booleanObject':
      return sql`(${present} AND lower(${value}) ${condition.operator === '=' ? sql`=` : sql`!=`} ${text(String(condition.value))})`;
  }
}
