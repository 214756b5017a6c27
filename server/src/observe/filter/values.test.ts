// Stored values on their way out: what was sent comes back, whatever it was.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoMs, metadataValue, parsedContent, parsedMetadata, rawContent, secondsBetween, sumOfPrefix } from './values.ts';

describe('values on their way out', () => {
  it('gives content back as it was sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(typeof value !== 'string');
        expect(parsedContent(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(rawContent(JSON.stringify(value))).toBe(JSON.stringify(value));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(rawContent(JSON.stringify(text))).toBe(text);
      }),
    );
    expect(parsedContent('"plain"')).toBe('plain');
    expect(parsedContent(JSON.stringify('{"sent":"as text"}'))).toEqual({ sent: 'as text' });
    expect([parsedContent(null), rawContent(null), parsedContent('{broken'), rawContent('"broken')]).toEqual([null, null, '{broken', '"broken']);
  });

  it('keeps text that only looks like a number, and never throws on metadata', () => {
    expect(parsedMetadata({ a: '1', b: '1.0', c: '007', d: 'true', e: '{"x":[1]}', f: '{broken', g: '12345678901234567890' })).toEqual({
      a: 1,
      b: '1.0',
      c: '007',
      d: true,
      e: { x: [1] },
      f: '{broken',
      g: '12345678901234567890',
    });
    fc.assert(fc.property(fc.string(), (text) => void metadataValue(text)));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(typeof value !== 'string');
        expect(JSON.stringify(metadataValue(JSON.stringify(value)))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('measures to the microsecond and shows milliseconds', () => {
    expect(isoMs('2026-11-23T21:40:00.123456Z')).toBe('2026-11-23T21:40:00.123Z');
    expect(secondsBetween('2026-11-23T21:40:00.123456Z', '2026-11-23T21:40:01.123457Z')).toBe(1.000001);
    expect([sumOfPrefix({ input: 1, input_cached: 2, output: 4 }, 'input'), sumOfPrefix({ output: 4 }, 'input')]).toEqual([3, null]);
  });
});
