// The scanner against JSON.parse: same verdict on every input, same values, and no second `model` in any spelling.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberOf, memberValue, ScanError, scanObject } from './scan.ts';

function scanned(text: string): Record<string, unknown> | 'refused' {
  try {
    const object = scanObject(Buffer.from(text));
    return Object.fromEntries(object.members.map((member) => [member.key, memberValue(object, member)]));
  } catch (error) {
    expect(error).toBeInstanceOf(ScanError);
    return 'refused';
  }
}

/** What JSON.parse says; duplicates at the top level count as refused, found by a reviver-free second opinion. */
function parsed(text: string): Record<string, unknown> | 'refused' {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : 'refused';
  } catch {
    return 'refused';
  }
}

describe('scanObject', () => {
  it('finds members and their byte ranges', () => {
    const bytes = Buffer.from(' {"model" : "a/b", "messages":[{"role":"user","content":"こん\\"{"}],"n":1.5e+3 ,"stream":true}\n');
    const object = scanObject(bytes);
    expect(object.members.map((member) => [member.key, bytes.toString('utf8', member.valueStart, member.valueEnd)])).toEqual([
      ['model', '"a/b"'],
      ['messages', '[{"role":"user","content":"こん\\"{"}]'],
      ['n', '1.5e+3'],
      ['stream', 'true'],
    ]);
    expect(memberOf(object, 'stream')?.valueEnd).toBe(bytes.length - 2);
  });

  it.each(['{"model":"a","model":"b"}', '{"model":"a","mod\\u0065l":"b"}', '{"mod\\u0065l":"a","model":"b"}', '{"\\u006dodel":"a","x":{},"mode\\u006c":"b"}'])(
    'refuses a second spelling of a key: %s',
    (text) => {
      expect(scanned(text)).toBe('refused');
    },
  );

  it('refuses a duplicate among many keys', () => {
    const keys = Array.from({ length: 40 }, (_, index) => `"k${index}":${index}`).join(',');
    expect(scanned(`{${keys}}`)).toEqual(parsed(`{${keys}}`));
    expect(scanned(`{${keys},"k3":1}`)).toBe('refused');
  });

  it('allows duplicates below the top level, as JSON.parse does', () => {
    expect(scanned('{"a":{"b":1,"b":2}}')).toEqual({ a: { b: 2 } });
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => scanObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow('UTF-8');
    expect(() => scanObject(Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]))).toThrow('UTF-8');
  });

  it('keeps __proto__ and constructor as ordinary keys', () => {
    expect(scanObject(Buffer.from('{"__proto__":1,"constructor":2}')).members.map((member) => member.key)).toEqual(['__proto__', 'constructor']);
  });

  it('refuses nesting that would exhaust a recursive reader, without a crash', () => {
    expect(scanned(`{"a":${'['.repeat(100_000)}`)).toBe('refused');
    expect(scanned(`{"a":${'['.repeat(500)}${']'.repeat(500)}}`)).not.toBe('refused');
  });

  it('agrees with JSON.parse on generated objects', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), fc.constantFrom(0, 1, 2, '\t', '\n'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(scanned(text)).toEqual(parsed(text));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with JSON.parse on broken texts: one edit of a valid object at every kind of place', () => {
    const fragments = [
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      '+',
      't',
      'true',
      'null',
      ' ',
      '\n',
      '\u0000',
      '\u001f',
      '\u007f',
      '\\u12',
      '\\ud800',
      '\\/',
      '\u2028',
      'é',
      '',
    ];
    const base = '{"m":"a\\n\\u00e9","x":[1,-0,0.5,1e9,2E-3,true,false,null,{"y":{},"z":[]}],"s":"日本\\\\"}';
    fc.assert(
      fc.property(fc.nat(base.length), fc.nat(3), fc.constantFrom(...fragments), (at, removed, inserted) => {
        const text = base.slice(0, at) + inserted + base.slice(at + removed);
        const mine = scanned(text);
        // A twin key is the one stated difference: JSON.parse keeps the last.
        if (mine === 'refused' && parsed(text) !== 'refused') expect(() => scanObject(Buffer.from(text))).toThrow('appears twice');
        else expect(mine).toEqual(parsed(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('agrees with JSON.parse on token soup', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '"\\u0061"',
      '1',
      '-1',
      '01',
      '1.',
      '.5',
      'true',
      'nul',
      'null',
      ' ',
      '\t',
      '"',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 14 }), (tokens) => {
        const text = `{${tokens.join('')}}`;
        const mine = scanned(text);
        if (mine === 'refused' && parsed(text) !== 'refused') expect(() => scanObject(Buffer.from(text))).toThrow('appears twice');
        else expect(mine).toEqual(parsed(text));
      }),
      { numRuns: 10_000 },
    );
  });
});
