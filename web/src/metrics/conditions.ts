// Conditions of the one filter language as lines that people edit, and back. Pure.
import type { FilterCondition } from '@genai/server/contract';

export interface ConditionLine {
  column: string;
  operator: string;
  /** Of metadata: which key. */
  key: string;
  values: string[];
}

export type Holds = 'text' | 'number' | 'list' | 'boolean' | 'metadata';
const LIST_OPERATORS = ['any of', 'none of', 'all of'];
const NULL_OPERATORS = ['is null', 'is not null'];
const TEXT_OPERATORS = ['=', 'contains', 'does not contain', 'starts with', 'ends with'];

/** What a line may say of a column, by what the column holds. */
export const OPERATORS: Readonly<Record<Holds, readonly string[]>> = {
  text: ['any of', 'none of', ...TEXT_OPERATORS, ...NULL_OPERATORS],
  number: ['=', '>', '<', '>=', '<=', ...NULL_OPERATORS],
  list: LIST_OPERATORS,
  boolean: ['=', '<>'],
  metadata: TEXT_OPERATORS,
};

/** How many values an operator takes. */
export function arity(operator: string): 'none' | 'one' | 'many' {
  if (NULL_OPERATORS.includes(operator)) return 'none';
  return LIST_OPERATORS.includes(operator) ? 'many' : 'one';
}

export function isEditable(holds: string | undefined): holds is Holds {
  return holds !== undefined && Object.hasOwn(OPERATORS, holds);
}

/** An empty line on a column. */
export function newLine(column: string, holds: Holds): ConditionLine {
  return { column, operator: OPERATORS[holds][0] ?? '=', key: '', values: [] };
}

/** The condition that a line says; null while something of it is missing. */
export function conditionOf({ column, operator, key, values }: ConditionLine, holds: Holds): FilterCondition | null {
  if (!OPERATORS[holds].includes(operator)) return null;
  if (arity(operator) === 'none') return { type: 'null', column, operator };
  if (arity(operator) === 'many') {
    const type = holds === 'list' ? 'arrayOptions' : 'stringOptions';
    return values.length === 0 ? null : { type, column, operator, value: values };
  }
  const [value] = values;
  if (value === undefined || value === '') return null;
  switch (holds) {
    case 'number':
      return Number.isFinite(Number(value)) ? { type: 'number', column, operator, value: Number(value) } : null;
    case 'boolean':
      return { type: 'boolean', column, operator, value: value === 'true' };
    case 'metadata':
      return key === '' ? null : { type: 'stringObject', column, key, operator, value };
    default:
      return { type: 'string', column, operator, value };
  }
}

/** The conditions of lines; what is not filled in asks for nothing. */
export function conditionsOf(lines: readonly ConditionLine[], holdsOf: (column: string) => string | undefined): FilterCondition[] {
  return lines.flatMap((line) => {
    const holds = holdsOf(line.column);
    const condition = isEditable(holds) ? conditionOf(line, holds) : null;
    return condition === null ? [] : [condition];
  });
}

/** Conditions that lines can show, and those that are only carried along. */
export function linesOf(
  conditions: readonly FilterCondition[],
  holdsOf: (column: string) => string | undefined,
): { lines: ConditionLine[]; others: FilterCondition[] } {
  const lines: ConditionLine[] = [];
  const others: FilterCondition[] = [];
  for (const condition of conditions) {
    const holds = holdsOf(condition.column);
    const { value } = condition;
    const values = Array.isArray(value) ? value.map(String) : value === undefined || value === '' ? [] : [String(value)];
    const line: ConditionLine = { column: condition.column, operator: condition.operator, key: condition.key ?? '', values };
    const back = isEditable(holds) ? conditionOf(line, holds) : null;
    // A condition that a line would change (of another type, of numbers in metadata) stays as it is.
    if (back !== null && back.type === condition.type) lines.push(line);
    else others.push(condition);
  }
  return { lines, others };
}
