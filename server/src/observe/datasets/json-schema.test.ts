// Schemas of people: what they accept and refuse, and that none of them holds the process up.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSchema, type JsonSchema } from './json-schema.ts';

describe('a JSON Schema of a dataset', () => {
  it('names what does not obey', () => {
    const check = compileSchema(
      { type: 'object', required: ['question'], properties: { question: { type: 'string', minLength: 1 }, when: { format: 'date-time' } } },
      'inputSchema',
    );
    expect(check({ question: '天気は？', when: '2026-11-20T12:00:00Z' })).toEqual([]);
    expect(check({})).toEqual(["value must have required property 'question'"]);
    expect(check({ question: '' })[0]).toContain('/question');
    expect(check({ question: 'q', when: 'noon' })).toHaveLength(1);
    expect(check(null)).toHaveLength(1);
  });

  it('is refused when it is none, and keywords of other tools are let be', () => {
    for (const schema of [{ type: 'strin' }, { required: 'x' }, { $ref: 'https://example.com/other.json' }, { pattern: '(' }])
      expect(() => compileSchema(schema as JsonSchema, 'inputSchema')).toThrow(/^inputSchema is not a valid JSON Schema/);
    expect(compileSchema({ $schema: 'http://json-schema.org/draft-07/schema#', 'x-order': 1, example: 1 }, 'inputSchema')(1)).toEqual([]);
  });

  it('ends a pattern that never ends', () => {
    const check = compileSchema({ type: 'string', pattern: '^(a+)+$' }, 'inputSchema');
    const startedAt = performance.now();
    expect(() => check(`${'a'.repeat(50_000)}!`)).toThrow('takes too long');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('never breaks, whatever the schema says', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('type', 'properties', 'items', 'enum', '$ref', 'allOf', 'pattern', 'minimum', '__proto__'), fc.jsonValue()),
        fc.jsonValue(),
        (schema, value) => {
          try {
            expect(Array.isArray(compileSchema(schema as JsonSchema, 'inputSchema')(value))).toBe(true);
          } catch (error) {
            expect(error).toMatchObject({ status: 400 });
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
