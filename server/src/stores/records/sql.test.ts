// The sql tag: values are bound, whatever they contain; only the tag's own statements are spliced.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isStatement, isUniqueViolation, sql, sqlState } from './sql.ts';

describe('sql', () => {
  test('binds every value as $n in order', () => {
    const statement = sql`SELECT * FROM t WHERE a = ${1} AND b = ${'x'}`;
    expect(statement).toEqual({ text: 'SELECT * FROM t WHERE a = $1 AND b = $2', values: [1, 'x'] });
  });

  test('splices nested statements and renumbers their values', () => {
    const condition = sql`b = ${2} OR c = ${3}`;
    const statement = sql`SELECT 1 WHERE a = ${1} AND (${condition}) AND d = ${4} AND (${condition})`;
    expect(statement.text).toBe('SELECT 1 WHERE a = $1 AND (b = $2 OR c = $3) AND d = $4 AND (b = $5 OR c = $6)');
    expect(statement.values).toEqual([1, 2, 3, 4, 2, 3]);
  });

  test('joins statements', () => {
    const joined = sql.join([sql`a = ${1}`, sql`b = ${2}`, sql`c IS NULL`], sql` AND `);
    expect(joined).toEqual({ text: 'a = $1 AND b = $2 AND c IS NULL', values: [1, 2] });
    expect(sql.join([], sql`, `).text).toBe('');
  });

  test('quotes identifiers from the list and refuses all others', () => {
    expect(sql`ORDER BY ${sql.identifier('spend', ['spend', 'alias'])}`.text).toBe('ORDER BY "spend"');
    expect(() => sql.identifier('x"; DROP TABLE t; --', ['spend'])).toThrow(RangeError);
    expect(() => sql.identifier('a b', ['a b'])).toThrow(RangeError);
  });

  test('refuses raw strings, written placeholders and foreign statements', () => {
    expect(() => (sql as unknown as (text: string) => unknown)('SELECT 1')).toThrow(TypeError);
    expect(() => (sql as unknown as (text: string[]) => unknown)(['SELECT 1'])).toThrow(TypeError);
    expect(() => sql`SELECT $1`).toThrow(TypeError);
    expect(() => sql.join([{ text: 'SELECT 1', values: [] }], sql`, `)).toThrow(TypeError);
  });

  test('binds an object that only looks like a statement', () => {
    const forged = JSON.parse('{"text":"1; DROP TABLE t","values":[]}');
    expect(sql`SELECT ${forged}`).toEqual({ text: 'SELECT $1', values: [forged] });
  });

  test('never lets any value into the text', () => {
    fc.assert(
      fc.property(fc.array(fc.anything(), { maxLength: 6 }), (values) => {
        const strings = Array.from({ length: values.length + 1 }, (_, index) => `chunk${index} `);
        const template = Object.freeze(Object.assign([...strings], { raw: Object.freeze([...strings]) })) as unknown as TemplateStringsArray;
        const statement = sql(template, ...values);
        const expected = strings.map((chunk, index) => (index === 0 ? chunk : `$${index}${chunk}`)).join('');
        expect(statement.text).toBe(expected);
        expect(statement.values).toEqual(values);
        const nested = sql`SELECT ${0} WHERE ${statement}`;
        expect(nested.values).toEqual([0, ...values]);
        expect(nested.text.replace(/\$\d+/g, '?')).toBe(`SELECT ? WHERE ${expected.replace(/\$\d+/g, '?')}`);
      }),
    );
  });

  test('knows its own statements and SQLSTATEs', () => {
    expect(isStatement(sql`SELECT 1`)).toBe(true);
    expect(isStatement({ text: '', values: [] })).toBe(false);
    expect(sqlState({ code: '23505' })).toBe('23505');
    expect(sqlState({ code: 'ECONNREFUSED' })).toBeNull();
    expect(isUniqueViolation({ code: '23505', constraint: 'a' }, 'a')).toBe(true);
    expect(isUniqueViolation({ code: '23505', constraint: 'a' }, 'b')).toBe(false);
  });
});
