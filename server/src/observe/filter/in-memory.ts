// The filter language over rows that are not in the store: the same conditions, the same answers as filter/to-sql.ts gives (a test compares them).
import { AppError } from '#lib/errors.ts';
import { foldText, holdsAllWords } from '#observe/search/fold-text.ts';
import type { FilterCondition } from './filter.ts';

/** A column that may be filtered by: what it holds and how a row gives it (null where it is absent). */
export type MemoryColumn<Row> =
  | { holds: 'text' | 'instant'; of: (row: Row) => string | null }
  | { holds: 'number'; of: (row: Row) => number | null }
  | { holds: 'boolean'; of: (row: Row) => boolean }
  | { holds: 'list'; of: (row: Row) => readonly string[] }
  | { holds: 'metadata'; of: (row: Row) => Readonly<Record<string, string>> };

export type MemoryColumns<Row> = Readonly<Record<string, MemoryColumn<Row>>>;

type Holds<Row> = (row: Row) => boolean;

/** Whether a row fulfils every condition. @throws AppError 400 for an unknown column and for a type that does not fit it. */
export function filterInMemory<Row>(conditions: readonly FilterCondition[], columns: MemoryColumns<Row>): Holds<Row> {
  const tests = conditions.map((condition) => {
    const column = Object.hasOwn(columns, condition.column) ? columns[condition.column] : undefined;
    if (column === undefined) throw refusal(`Invalid filter column: ${condition.column}. Known columns: ${Object.keys(columns).join(', ')}.`);
    const test = testOf(condition, column);
    if (test === null) throw refusal(`Invalid filter: column ${condition.column} cannot be filtered with type ${condition.type}.`);
    return test;
  });
  return (row) => tests.every((test) => test(row));
}

function refusal(message: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError', param: 'filter' });
}

function testOf<Row>(condition: FilterCondition, column: MemoryColumn<Row>): Holds<Row> | null {
  if ('key' in condition) return column.holds === 'metadata' ? namedTest(condition, column.of) : null;
  switch (column.holds) {
    case 'text':
      return textTest(condition, column.of);
    case 'instant':
      return instantTest(condition, column.of);
    case 'number':
      return numberTest(condition, column.of);
    case 'list':
      return listTest(condition, column.of);
    case 'boolean':
      return booleanTest(condition, column.of);
    default:
      return null;
  }
}

function textTest<Row>(condition: FilterCondition, of: (row: Row) => string | null): Holds<Row> | null {
  if (condition.type === 'null') return (row) => (of(row) === null) === (condition.operator === 'is null');
  if (condition.type === 'string') return (row) => matchesText(of(row), condition.operator, condition.value);
  if (condition.type !== 'stringOptions') return null;
  const values = new Set(condition.value);
  return (row) => {
    const value = of(row);
    return (value !== null && values.has(value)) === (condition.operator === 'any of');
  };
}

type TextOperator = Extract<FilterCondition, { type: 'string' }>['operator'];

function matchesText(value: string | null, operator: TextOperator, asked: string): boolean {
  switch (operator) {
    case '=':
      return value === asked;
    case 'contains':
      return value?.includes(asked) === true;
    case 'does not contain':
      return value === null || !value.includes(asked);
    case 'starts with':
      return value?.startsWith(asked) === true;
    case 'ends with':
      return value?.endsWith(asked) === true;
    case 'matches':
      return holdsAllWords(value === null ? null : foldText(value), asked);
  }
}

type Comparison = '=' | '>' | '<' | '>=' | '<=';

function compares<Value extends number | string>(value: Value, operator: Comparison, asked: Value): boolean {
  switch (operator) {
    case '=':
      return value === asked;
    case '>':
      return value > asked;
    case '<':
      return value < asked;
    case '>=':
      return value >= asked;
    case '<=':
      return value <= asked;
  }
}

/** Stored instants are ISO texts in UTC to the microsecond, so they compare as texts. */
function instantTest<Row>(condition: FilterCondition, of: (row: Row) => string | null): Holds<Row> | null {
  if (condition.type === 'null') return (row) => (of(row) === null) === (condition.operator === 'is null');
  if (condition.type !== 'datetime') return null;
  const asked = `${new Date(condition.value).toISOString().slice(0, 23)}000Z`;
  return (row) => {
    const value = of(row);
    return value !== null && compares(value, condition.operator, asked);
  };
}

function numberTest<Row>(condition: FilterCondition, of: (row: Row) => number | null): Holds<Row> | null {
  if (condition.type === 'null') return (row) => (of(row) === null) === (condition.operator === 'is null');
  if (condition.type !== 'number') return null;
  return (row) => {
    const value = of(row);
    return value !== null && compares(value, condition.operator, condition.value);
  };
}

function listTest<Row>(condition: FilterCondition, of: (row: Row) => readonly string[]): Holds<Row> | null {
  if (condition.type !== 'arrayOptions' && condition.type !== 'stringOptions') return null;
  const { operator, value: asked } = condition;
  if (operator === 'all of') return (row) => asked.every((one) => of(row).includes(one));
  return (row) => asked.some((one) => of(row).includes(one)) === (operator === 'any of');
}

function booleanTest<Row>(condition: FilterCondition, of: (row: Row) => boolean): Holds<Row> | null {
  if (condition.type === 'null') return () => condition.operator === 'is not null';
  if (condition.type !== 'boolean') return null;
  return (row) => (of(row) === condition.value) === (condition.operator === '=');
}

/** What ClickHouse's toFloat64OrNull takes for a number, of what clients write. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A key that is absent reads as '' where its absence does not decide already, as a map of the store does. */
function namedTest<Row>(condition: Extract<FilterCondition, { key: string }>, of: (row: Row) => Readonly<Record<string, string>>): Holds<Row> {
  const { key } = condition;
  const read = (row: Row): string | null => {
    const values = of(row);
    return Object.hasOwn(values, key) ? (values[key] as string) : null;
  };
  switch (condition.type) {
    case 'stringObject':
      return condition.operator === 'does not contain'
        ? (row) => matchesText(read(row) ?? '', condition.operator, condition.value)
        : (row) => read(row) !== null && matchesText(read(row), condition.operator, condition.value);
    case 'numberObject':
      return (row) => {
        const value = read(row);
        return value !== null && NUMBER.test(value) && compares(Number(value), condition.operator, condition.value);
      };
    case 'categoryOptions':
      return condition.operator === 'none of'
        ? (row) => !condition.value.includes(read(row) ?? '')
        : (row) => read(row) !== null && condition.value.includes(read(row) as string);
    case 'booleanObject':
      return (row) => read(row) !== null && (read(row)?.toLowerCase() === String(condition.value)) === (condition.operator === '=');
  }
}
