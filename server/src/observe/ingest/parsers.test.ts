import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBatchEvent } from './batch-events.ts';
import { environmentOf } from './environment.ts';
import { clampInstant, formatInstant, parseInstant, parseStoredInstant } from './instants.ts';
import { elementSpans, memberSpans, memberText } from './json-spans.ts';
import { WireReader } from './protobuf.ts';
import { asJsonText, cleanText, isTruthyJson } from './text.ts';
import { costDetails, legacyCost, legacyUsage, totalCost, usageDetails } from './usage.ts';

describe('instants', () => {
  it('are read with any offset and any precision', () => {
    expect(parseInstant('2026-11-23T12:00:00.123456-08:00')).toBe(Date.UTC(2026, 10, 23, 20) * 1000 + 123_456);
    expect(parseInstant('2026-11-23T12:00:00Z')).toBe(Date.UTC(2026, 10, 23, 12) * 1000);
    expect(parseInstant('2026-11-23T12:00:00.1+0900')).toBe(Date.UTC(2026, 10, 23, 3) * 1000 + 100_000);
    expect(parseInstant('0001-01-01T00:00:00Z')).toBeLessThan(0);
    for (const bad of ['2026-11-23', '2026-11-23T12:00:00', 'now', '', '2026-13-01T00:00:00Z', '+12026-01-01T00:00:00Z']) expect(parseInstant(bad)).toBeNull();
  });
  it('are the same in a run of one second as alone, whatever stands beside them', () => {
    const inSecond = fc.record({
      at: fc.date({ min: new Date(-2e12), max: new Date(4e12), noInvalidDate: true }),
      others: fc.array(fc.integer({ min: 0, max: 999 })),
    });
    fc.assert(
      fc.property(inSecond, ({ at, others }) => {
        const second = Math.floor(at.getTime() / 1000) * 1000;
        for (const ms of others) {
          const text = new Date(second + ms).toISOString();
          expect(parseInstant(text)).toBe((second + ms) * 1000);
          for (const bad of [text.replace('.', ','), text.replace('Z', 'z'), `${text.slice(0, 20)}1x3Z`, `${text.slice(0, 20)}  3Z`, `${text.slice(0, -1)}+`])
            expect(parseInstant(bad)).toBe(bad.includes(',') || bad.endsWith('z') ? (second + ms) * 1000 : null);
        }
      }),
    );
  });
  it('survive formatting and reading, also as ClickHouse writes them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000_000 }), (us) => {
        const text = formatInstant(us);
        expect(parseInstant(text)).toBe(us);
        expect(parseStoredInstant(text.replace('T', ' ').slice(0, -1))).toBe(us);
      }),
    );
  });
  it('are clamped to five years back and a day ahead', () => {
    const now = Date.UTC(2026, 10, 23) * 1000;
    expect(formatInstant(clampInstant(0, now)).slice(0, 4)).toBe('2021');
    expect(clampInstant(now * 2, now) - now).toBe(86_400_000_000);
    expect(clampInstant(now, now)).toBe(now);
  });
});

describe('spans of JSON text', () => {
  it('show the value that JSON.parse sees', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, 2), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const spans = memberSpans(text, 0, new Set(Object.keys(object)));
        expect(Object.fromEntries([...spans].map(([key, [start, end]]) => [key, JSON.parse(text.slice(start, end))]))).toEqual(JSON.parse(text));
      }),
    );
  });
  it('show the elements that JSON.parse sees', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1), (array, indent) => {
        const text = JSON.stringify(array, null, indent);
        expect(elementSpans(text, 0).map(([start, end]) => JSON.parse(text.slice(start, end)))).toEqual(JSON.parse(text));
      }),
    );
  });
  it('take the last of a repeated key and read escaped keys', () => {
    expect(memberText('{"a":1,"\\u0061":2}', 'a')).toBe('2');
  });
  it('end on any text', () => {
    fc.assert(fc.property(fc.string(), (text) => void [memberSpans(text, 0, new Set(['a'])), elementSpans(text, 0)]));
    fc.assert(
      fc.property(fc.array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', ' ', 'a')), (parts) => void memberSpans(parts.join(''), 0, new Set(['a']))),
    );
  });
});

describe('the protobuf reader', () => {
  const reader = (...bytes: number[]) => new WireReader(Buffer.from(bytes));
  it('reads signed 64-bit numbers', () => {
    expect(reader(0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01).int64()).toBe(-5);
    expect(reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f).int64()).toBe('9223372036854775807');
  });
  it('reads nanoseconds as microseconds without losing one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n }), (nanoseconds) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(nanoseconds);
        expect(BigInt(new WireReader(bytes).microseconds())).toBe(nanoseconds / 1000n);
      }),
    );
  });
  it('refuses lengths beyond its end and endless varints', () => {
    expect(() => reader(200, 1).text()).toThrow(RangeError);
    expect(() => reader(...new Array<number>(11).fill(0xff)).varint()).toThrow(RangeError);
    expect(() => reader(0xff).varint()).toThrow(RangeError);
  });
});

describe('an element of a batch', () => {
  // {"type": {"toString": 0}} made a whole batch fail.
  it('is an event or refused alone, whatever it holds', () => {
    const element = fc.record({
      id: fc.oneof(fc.string(), fc.jsonValue()),
      timestamp: fc.constantFrom('2026-11-23T12:00:00Z', 1),
      type: fc.jsonValue(),
      body: fc.jsonValue(),
    });
    fc.assert(fc.property(fc.oneof(element, fc.jsonValue()), (value) => Object.keys(parseBatchEvent(value)).length === 1));
  });
});

describe('usage and cost', () => {
  it('takes every shape that SDKs send', () => {
    expect(legacyUsage({ promptTokens: 1, completionTokens: 2 })).toEqual({ input: '1', output: '2', total: '3' });
    expect(legacyUsage({ input: '7', unit: 'TOKENS', totalCost: 3 })).toEqual({ input: '7', total: '7' });
    expect(legacyCost({ inputCost: 0.1, totalCost: 0.3 })).toEqual({ input: '0.1', total: '0.3' });
    expect(
      usageDetails({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_tokens_details: { cached_tokens: 4, audio_tokens: null } }),
    ).toEqual({
      input: '6',
      input_cached_tokens: '4',
      output: '5',
      total: '15',
    });
    expect(usageDetails({ input_tokens: 10, output_tokens: 5, total_tokens: 15, output_tokens_details: { reasoning_tokens: 2 } })).toEqual({
      input: '10',
      output: '3',
      output_reasoning_tokens: '2',
      total: '15',
    });
  });
  it('drops what is no count and no amount', () => {
    expect(usageDetails({ a: -1, b: 1.5, c: Number.NaN, d: '5', e: 'x', f: null, g: 1e300 })).toEqual({ d: '5', total: '5' });
    expect(costDetails({ a: -1, b: Number.POSITIVE_INFINITY, c: 10_000_000, d: '0.5', e: 1e300 })).toEqual({ c: '10000000', d: '0.5' });
    expect(totalCost({ c: '10000000', d: '0.000000000001' })).toBe('10000000.000000000001');
  });
  it('never throws', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void [usageDetails(value), legacyUsage(value), legacyCost(value), costDetails(value)]));
  });
});

describe('text', () => {
  it('is well formed and free of NUL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = cleanText(text);
        expect(clean.isWellFormed() && !clean.includes('\0')).toBe(true);
        expect(JSON.parse(asJsonText(text))).toBeDefined();
      }),
    );
    expect(cleanText('a\ud800\0b')).toBe('a\ufffd\ufffdb');
  });
  it('knows what is empty', () => {
    for (const empty of ['""', '0', '0.0', '-0', 'null', 'false', '']) expect(isTruthyJson(empty)).toBe(false);
    for (const full of ['"0"', '1', '{}', '[]', 'true', '0.5']) expect(isTruthyJson(full)).toBe(true);
  });
});

describe('environments', () => {
  it.each([
    ['Prod', 'prod'],
    ['langfuse-eval', 'eval'],
    ['langfuse_langfuse-x', 'x'],
    ['a b', 'default'],
    ['', 'default'],
    ['x'.repeat(41), 'default'],
    ['本番', 'default'],
  ])('%s is %s', (sent, kept) => {
    expect(environmentOf(sent)).toBe(kept);
  });
});
