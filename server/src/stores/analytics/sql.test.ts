// Statements: values bound and never in the text, fragments numbered through, settings in one clause.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { join, oneOf, type SqlFragment, sql, text, texts, uint32, withSettings } from './sql.ts';

describe('analytics statements', () => {
  it('never carry a value in their text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, unit: 'binary' }), (value) => {
        const statement = sql`SELECT * FROM t WHERE a = ${text(value)} AND b IN ${texts([value])}`;
        expect(statement.text).toBe('SELECT * FROM t WHERE a = {p0:String} AND b IN {p1:Array(String)}');
        expect(statement.parameters).toEqual({ p0: value.toWellFormed(), p1: [value.toWellFormed()] });
      }),
    );
  });

  it('number the values of nested fragments through', () => {
    const inner = sql`x = ${uint32(1)}`;
    const outer = sql`SELECT ${text('a')} WHERE (${join([inner, inner], ' OR ')}) LIMIT ${uint32(5)}`;
    expect(outer.text).toBe('SELECT {p0:String} WHERE (x = {p1:UInt32} OR x = {p2:UInt32}) LIMIT {p3:UInt32}');
    expect(outer.parameters).toEqual({ p0: 'a', p1: 1, p2: 1, p3: 5 });
  });

  it('refuse bare values and unknown identifiers', () => {
    expect(() => sql`SELECT ${'x' as unknown as SqlFragment}`).toThrow(TypeError);
    expect(() => oneOf(['name', 'timestamp'], 'password')).toThrow(RangeError);
  });

  it('get settings added to their own clause', () => {
    expect(withSettings('SELECT 1', { a: 1 })).toBe('SELECT 1 SETTINGS a = 1');
    expect(withSettings('SELECT (SELECT 1 SETTINGS z = 1) SETTINGS a = 1', { b: "x'y\\" })).toBe(
      "SELECT (SELECT 1 SETTINGS z = 1) SETTINGS a = 1, b = 'x\\'y\\\\'",
    );
    expect(withSettings('SELECT (SELECT 1 SETTINGS z = 1)', { b: 1 })).toBe('SELECT (SELECT 1 SETTINGS z = 1) SETTINGS b = 1');
  });
});
