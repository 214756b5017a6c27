// The filter parameter: any text gives conditions or a 400, and no value or key of a condition ever stands in the SQL's text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { sql } from '#stores/analytics/sql.ts';
import { parseFilter } from './filter.ts';
import { type FilterColumns, filterToSql } from './to-sql.ts';

const COLUMNS: FilterColumns = {
  name: { holds: 'text', expression: sql`name` },
  latency: { holds: 'number', expression: sql`latency` },
  timestamp: { holds: 'instant', expression: sql`timestamp` },
  tags: { holds: 'list', expression: sql`tags` },
  public: { holds: 'boolean', expression: sql`public` },
  metadata: { holds: 'metadata', expression: sql`metadata` },
  scores: { holds: 'named numbers', expression: sql`scores` },
};

function compiled(parameter: string): { text: string } | 'refused' {
  try {
    return {
      text: filterToSql(parseFilter(parameter), COLUMNS)
        .map((condition) => condition.text)
        .join(' AND '),
    };
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).status).toBe(400);
    return 'refused';
  }
}

const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }), fc.constant(null), fc.constant('2026-11-20T00:00:00Z'));
const condition = fc.record(
  {
    type: fc.constantFrom(
      'datetime',
      'string',
      'number',
      'stringOptions',
      'arrayOptions',
      'stringObject',
      'numberObject',
      'categoryOptions',
      'booleanObject',
      'boolean',
      'null',
      'x',
    ),
    column: fc.oneof(fc.constantFrom(...Object.keys(COLUMNS), '__proto__', 'constructor'), fc.string()),
    operator: fc.constantFrom(
      '=',
      '<>',
      '>',
      '<',
      '>=',
      '<=',
      'any of',
      'none of',
      'all of',
      'contains',
      'does not contain',
      'starts with',
      'ends with',
      'is null',
      'is not null',
    ),
    key: fc.string(),
    value,
  },
  { requiredKeys: ['type', 'column'] },
);

describe('the filter parameter', () => {
  it('gives conditions or a 400 for any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void compiled(text)));
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 4 }), (conditions) => void compiled(JSON.stringify(conditions))),
      { numRuns: 1_000 },
    );
  });

  it('never lets a value or a key into the text of the statement', () => {
    const secret = fc.string({ minLength: 3 }).map((text) => `§${text}§`);
    fc.assert(
      fc.property(secret, secret, (text, key) => {
        const conditions = [
          { type: 'string', column: 'name', operator: 'contains', value: text },
          { type: 'stringOptions', column: 'name', operator: 'any of', value: [text] },
          { type: 'arrayOptions', column: 'tags', operator: 'all of', value: [text] },
          { type: 'stringObject', column: 'metadata', key, operator: '=', value: text },
          { type: 'categoryOptions', column: 'metadata', key, operator: 'none of', value: [text] },
          { type: 'numberObject', column: 'scores', key, operator: '>', value: 1.5 },
        ];
        const result = compiled(JSON.stringify(conditions));
        expect(result).not.toBe('refused');
        expect((result as { text: string }).text).not.toContain('§');
      }),
    );
  });

  it('is nothing when it is absent or empty', () => {
    expect([parseFilter(undefined), parseFilter(''), parseFilter('[]')]).toEqual([[], [], []]);
  });
});
