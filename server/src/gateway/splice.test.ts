// Splicing keeps every byte it was not told to change.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanObject } from './scan.ts';
import { splice } from './splice.ts';

const edit = (text: string, replace: Record<string, unknown>, drop: string[] = [], rename: Record<string, string> = {}) =>
  splice(scanObject(Buffer.from(text)), {
    replace: new Map(Object.entries(replace).map(([key, value]) => [key, Buffer.from(JSON.stringify(value))])),
    drop: new Set(drop),
    rename: new Map(Object.entries(rename)),
  }).toString();

describe('splice', () => {
  it('returns the same buffer when nothing changes', () => {
    const bytes = Buffer.from('{ "model" : "a" }');
    expect(splice(scanObject(bytes), { replace: new Map([['model', Buffer.from('"a"')]]), drop: new Set(['tags']), rename: new Map() })).toBe(bytes);
  });

  it('replaces the model and leaves odd numbers and spaces as they came', () => {
    expect(edit('{"seed": 12345678901234567890 , "model":"a", "x":1.0}', { model: 'bb' })).toBe('{"seed": 12345678901234567890 , "model":"bb","x":1.0}');
  });

  it('drops first, middle, last and all members', () => {
    expect(edit('{"a":1,"b":2,"c":3}', {}, ['a'])).toBe('{"b":2,"c":3}');
    expect(edit('{"a":1,"b":2,"c":3}', {}, ['b'])).toBe('{"a":1,"c":3}');
    expect(edit('{"a":1,"b":2,"c":3}', {}, ['b', 'c'])).toBe('{"a":1}');
    expect(edit('{"a":1}', {}, ['a'])).toBe('{}');
  });

  it('appends members that are missing, also to an empty object', () => {
    expect(edit('{}', { model: 'm' })).toBe('{"model":"m"}');
    expect(edit('{"a":1}', { stream_options: { include_usage: true } })).toBe('{"a":1,"stream_options":{"include_usage":true}}');
  });

  it('renames a key, and drops it when the new name is there already', () => {
    expect(edit('{"max_tokens":5,"a":1}', {}, [], { max_tokens: 'max_completion_tokens' })).toBe('{"max_completion_tokens":5,"a":1}');
    expect(edit('{"max_tokens":5,"max_completion_tokens":6}', {}, [], { max_tokens: 'max_completion_tokens' })).toBe('{"max_completion_tokens":6}');
  });

  it('equals the same edit on the parsed object', () => {
    const keys = fc.constantFrom('model', 'tags', 'a', 'b', 'c');
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), fc.dictionary(keys, fc.jsonValue()), fc.array(fc.constantFrom('tags', 'c')), (object, replace, drop) => {
        const wanted = new Set(drop);
        for (const key of wanted) delete replace[key];
        const expected = { ...object, ...replace };
        for (const key of wanted) delete expected[key];
        expect(JSON.parse(edit(JSON.stringify(object, null, 1), replace, drop))).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });
});
