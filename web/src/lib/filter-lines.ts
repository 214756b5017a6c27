// Lines of a filter that a form shows (a column, any or none of, values) and the API's conditions.
import type { FilterCondition } from '@genai/server/contract';

export interface FilterLine {
  column: string;
  operator: 'any of' | 'none of';
  values: string[];
}

/** Lines as the API's conditions; a line without values asks for nothing. */
export function conditionsOf(lines: readonly FilterLine[]): FilterCondition[] {
  return lines
    .filter(({ values }) => values.length > 0)
    .map(({ column, operator, values }) => ({ type: column === 'tags' ? 'arrayOptions' : 'stringOptions', column, operator, value: values }));
}

/** Conditions that the form can show, and those that it only carries along. */
export function linesOf(conditions: readonly FilterCondition[]): { lines: FilterLine[]; others: FilterCondition[] } {
  const lines: FilterLine[] = [];
  const others: FilterCondition[] = [];
  for (const condition of conditions) {
    const listed = (condition.type === 'stringOptions' || condition.type === 'arrayOptions') && Array.isArray(condition.value);
    if (listed && (condition.operator === 'any of' || condition.operator === 'none of'))
      lines.push({ column: condition.column, operator: condition.operator, values: (condition.value as unknown[]).map(String) });
    else others.push(condition);
  }
  return { lines, others };
}
