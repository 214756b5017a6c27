// Conditions on the content of rows: `searchQuery` with `searchType`, and the filter operator `matches` on input, output or both (Langfuse's events tables).
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';
import type { FilterCondition } from '#observe/filter/filter.ts';
import { wordParameter } from '#observe/filter/parameters.ts';
import type { SearchField } from './folded.ts';

/** What is asked of the content of rows. */
export interface ContentQuestion {
  question: string;
  field: SearchField;
}

const FIELDS: Readonly<Record<string, SearchField>> = { input: 'input', output: 'output', content: 'any', inputOutput: 'any' };

/** Parameters of a list that can be searched. `searchType`: content (default), id, or both. */
export const searchParameters = {
  searchQuery: wordParameter,
  searchType: z.preprocess(
    (value) => (value === undefined || value === '' ? ['content'] : typeof value === 'string' ? value.split(',') : value),
    z.array(z.enum(['content', 'id'])).max(2),
  ),
};

/** Conditions on content, taken out of a filter. @throws AppError 400 for an operator that content does not know. */
export function contentOf(filter: readonly FilterCondition[]): { content: ContentQuestion[]; rest: FilterCondition[] } {
  const content: ContentQuestion[] = [];
  const rest: FilterCondition[] = [];
  for (const condition of filter) {
    const field = Object.hasOwn(FIELDS, condition.column) ? FIELDS[condition.column] : undefined;
    if (field === undefined) rest.push(condition);
    else if (condition.type === 'string' && (condition.operator === 'matches' || condition.operator === 'contains'))
      content.push({ question: condition.value, field });
    else
      throw new AppError(`Invalid filter: ${condition.column} is searched with type string and the operator matches or contains.`, {
        status: 400,
        code: 'InvalidRequestError',
        param: 'filter',
      });
  }
  return { content, rest };
}
