// Whatever a judge writes is a verdict of the evaluator's form, or a problem in words.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonPath, valueAt } from './json-path.ts';
import { defaultMapping, valuesOf } from './mapping.ts';
import { renderPrompt, variablesOf } from './prompt.ts';
import type { OutputDefinition } from './schema.ts';
import { answerInstruction, readVerdict } from './verdict.ts';

const described = { description: 'd' };
const numeric: OutputDefinition = { dataType: 'NUMERIC', reasoning: described, score: { ...described, minValue: 0, maxValue: 1 } };
const boolean: OutputDefinition = { dataType: 'BOOLEAN', reasoning: described, score: described };
const category = (shouldAllowMultipleMatches: boolean): OutputDefinition => ({
  dataType: 'CATEGORICAL',
  reasoning: described,
  score: { ...described, categories: ['Good', 'Bad'], shouldAllowMultipleMatches },
});

describe('a verdict', () => {
  it('is read out of prose and fences', () => {
    expect(readVerdict('Sure!\n```json\n{"reasoning": "because", "score": 0.5}\n```', numeric)).toEqual({ verdict: { values: [0.5], reasoning: 'because' } });
    expect(readVerdict('{"score": "1", "reasoning": 3}', numeric)).toEqual({ verdict: { values: [1], reasoning: '' } });
    expect(readVerdict('{"score": "TRUE"}', boolean)).toMatchObject({ verdict: { values: [true] } });
    expect(readVerdict('{"score": " good "}', category(false))).toMatchObject({ verdict: { values: ['Good'] } });
    expect(readVerdict('{"score": ["bad", "Good", "bad"]}', category(true))).toMatchObject({ verdict: { values: ['Bad', 'Good'] } });
  });

  it('is refused when it does not fit', () => {
    for (const [text, output] of [
      ['no braces', numeric],
      ['{"score": 7}', numeric],
      ['{"score": ""}', numeric],
      ['{"score": null}', boolean],
      ['{"score": "so-so"}', category(false)],
      ['{"score": ["Good", "Bad"]}', category(false)],
      ['{"score": []}', category(true)],
      ['} {', numeric],
    ] as const)
      expect(readVerdict(text, output), text).toHaveProperty('problem');
  });

  it('never throws, and a number lies within its bounds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.constantFrom(numeric, boolean, category(true)), (text, output) => {
        const read = readVerdict(`{"score": ${text}}`, output);
        if ('verdict' in read && output.dataType === 'NUMERIC') {
          expect(read.verdict.values[0]).toBeGreaterThanOrEqual(0);
          expect(read.verdict.values[0]).toBeLessThanOrEqual(1);
        }
        readVerdict(text, output);
      }),
    );
  });

  it('is asked for in the form of the evaluator', () => {
    expect(answerInstruction(numeric)).toContain('number from 0 to 1');
    expect(answerInstruction(category(true))).toContain('list of those that fit of "Good", "Bad"');
  });
});

describe('a prompt', () => {
  it('is filled in once: braces in a value stay as they are', () => {
    expect(variablesOf('{{a}} {{ 質問 }} {{a}} {{}}')).toEqual(['a', '質問']);
    expect(renderPrompt('{{a}}|{{b}}|{{質問}}', { a: '{{b}} $& $1', b: { x: 1 } })).toBe('{{b}} $& $1|{"x":1}|');
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(renderPrompt('<{{a}}>', { a: value })).toBe(`<${value}>`);
      }),
    );
  });
});

describe('a path', () => {
  it('finds what it names, and nothing else', () => {
    const value = { messages: [{ content: 'one' }, { content: 'two' }], 'odd key': { a: 1 } };
    const at = (path: string) => valueAt(value, parseJsonPath(path) ?? []);
    expect(at('$.messages[0].content')).toBe('one');
    expect(at('$.messages[-1].content')).toBe('two');
    expect(at('$.messages[*].content')).toEqual(['one', 'two']);
    expect(at("$['odd key'].a")).toBe(1);
    expect(at('$.constructor')).toBeUndefined();
    for (const bad of ['messages', '$messages', '$.', '$[x]', '$.a b', '$..a']) expect(parseJsonPath(bad), bad).toBeNull();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (path, value) => {
        const steps = parseJsonPath(`$${path}`);
        if (steps !== null) valueAt(value, steps);
      }),
    );
  });

  it('looks into JSON that was sent as text', () => {
    const mapping = [{ variable: 'q', source: 'input' as const, jsonPath: '$.question' }];
    expect(valuesOf(mapping, { input: '{"question":"x"}' })).toEqual({ q: 'x' });
    expect(valuesOf(mapping, { input: 'plain' })).toEqual({ q: undefined });
    expect(defaultMapping(['output', 'other'], 'session')).toEqual([{ variable: 'output', source: 'output' }]);
  });
});
