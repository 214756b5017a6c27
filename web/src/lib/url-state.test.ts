// Links survive being read, edited and pasted by people, and never lead away from the console.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRequestsSearch } from '#requests/url.ts';
import { readTracesSearch } from '#traces/url.ts';
import { readTimeRange, resolveTimeRange, toLocalInput, writeTimeRange } from './time-range.ts';
import { parseSearch, pickTexts, safeNextPath, stringifySearch } from './url-state.ts';

describe('query strings', () => {
  it('give back the texts that went in', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 })), (values) => {
        const clean = Object.fromEntries(Object.entries(values).filter(([name]) => name !== '__proto__'));
        expect(parseSearch(stringifySearch(clean))).toEqual(
          Object.fromEntries(Object.entries(clean).map(([name, value]) => [name.toWellFormed(), value.toWellFormed()])),
        );
      }),
    );
  });

  it('leave out what is not set', () => {
    expect(stringifySearch({ a: undefined, b: '', c: null, d: false, e: 'x y', f: '123' })).toBe('?e=x+y&f=123');
    expect(stringifySearch({})).toBe('');
  });

  it('take the first of a repeated name', () => {
    expect(parseSearch('?a=1&a=2')).toEqual({ a: '1' });
  });
});

describe('page state', () => {
  it('drops names and values that a page does not know', () => {
    expect(readRequestsSearch({ outcome: 'exploded', model: 'demo', other: 'x' })).toEqual({ model: 'demo' });
    expect(readTracesSearch({ tag: 123, user: '' })).toEqual({ tag: '123' });
    expect(pickTexts({ a: ['x'], b: {} }, ['a', 'b'])).toEqual({});
  });

  it('reads a window, two instants, or falls back', () => {
    expect(readTimeRange({ range: '7d' })).toEqual({ kind: 'window', name: '7d' });
    expect(readTimeRange({ range: 'toString' })).toEqual({ kind: 'window', name: '24h' });
    const between = readTimeRange({ from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z', range: '7d' });
    expect(between).toEqual({ kind: 'between', from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T00:00:00.000Z' });
    expect(readTimeRange(writeTimeRange(between))).toEqual(between);
    expect(readTimeRange({ from: '2026-11-02', to: '2026-11-01' })).toEqual({ kind: 'window', name: '24h' });
  });

  it('never throws on any pair of texts', () => {
    fc.assert(fc.property(fc.string(), fc.string(), fc.string(), (from, to, range) => void readTimeRange({ from, to, range })));
  });

  it('slides a window with the clock', () => {
    const now = Date.parse('2026-11-23T12:00:00Z');
    expect(resolveTimeRange({ kind: 'window', name: '1h' }, now)).toEqual({ from: '2026-11-23T11:00:00.000Z', to: '2026-11-23T12:00:00.000Z' });
    expect(Date.parse(toLocalInput('2026-11-23T12:00:00.000Z'))).toBe(now);
  });
});

describe('safeNextPath', () => {
  it('follows paths of the console only', () => {
    expect(safeNextPath('/project/p/traces/t?observation=o')).toBe('/project/p/traces/t?observation=o');
    expect(safeNextPath('/ui/keys')).toBe('/ui/keys');
    for (const next of [undefined, 'https://evil.example', '//evil.example', '/\\evil.example', '/api/auth/sign-out', '/ui/login?next=/ui/login', '/uix'])
      expect(safeNextPath(next)).toBe('/ui/overview');
  });
});
