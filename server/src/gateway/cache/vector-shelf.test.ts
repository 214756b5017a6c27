// Vectors as bytes: what is put on a shelf is found again, most similar first, within bounds, and other bytes are no shelf.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { questionIn } from './question.ts';
import { directionOf, MOST_SHELVED, packShelf, type Shelved, shelvedWith, similarity, similarOnes, unpackShelf } from './vector-shelf.ts';

const numbers = (length: number) => fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1, max: 1 }), { minLength: length, maxLength: length });
const key = (index: number): string => index.toString(16).padStart(64, '0');
const shelved = (values: number[], index: number, endsAtMs = 1_000): Shelved => ({ endsAtMs, key: key(index), vector: directionOf(values) as Int16Array });

describe('a direction', () => {
  it('is most similar to itself, and as similar to another as their cosine says', () => {
    fc.assert(
      fc.property(numbers(8), numbers(8), (one, other) => {
        const [a, b] = [directionOf(one), directionOf(other)];
        if (a === null || b === null) return;
        expect(similarity(a, a)).toBeGreaterThan(0.999);
        const most = (values: number[]) => values.map((value) => value / Math.max(...values.map(Math.abs)));
        const [x, y] = [most(one), most(other)];
        const dot = (left: number[], right: number[]) => left.reduce((sum, value, at) => sum + value * (right[at] as number), 0);
        expect(Math.abs(similarity(a, b) - dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)))).toBeLessThan(0.001);
      }),
    );
  });
  it('is null for what has none', () => {
    for (const values of [null, 'x', [], [0, 0], [1, 'a'], [Number.NaN], Array.from({ length: 9_000 }, () => 1)]) expect(directionOf(values)).toBeNull();
    expect(directionOf([1e300, 1e300])).toEqual(directionOf([1e-300, 1e-300]));
    expect(similarity(directionOf([1, 1]) as Int16Array, directionOf([1, 1, 1]) as Int16Array)).toBe(-1);
  });
});

describe('a shelf', () => {
  it('is read as it was written; other bytes are an empty one', () => {
    fc.assert(
      fc.property(fc.array(numbers(3), { maxLength: 5 }), fc.uint8Array({ maxLength: 60 }), (all, bytes) => {
        const shelf = all.filter((values) => directionOf(values) !== null).map((values, index) => shelved(values, index));
        expect(unpackShelf(packShelf(shelf))).toEqual(shelf);
        expect(Array.isArray(unpackShelf(Buffer.from(bytes)))).toBe(true);
      }),
    );
    expect(unpackShelf(null)).toEqual([]);
  });
  it('keeps the newest, an answer once, of one kind, and what has not ended', () => {
    let shelf: readonly Shelved[] = [];
    for (let index = 0; index < MOST_SHELVED + 5; index++) shelf = shelvedWith(shelf, shelved([1, index], index), 0);
    expect([shelf.length, shelf[0]?.key, shelf.at(-1)?.key]).toEqual([MOST_SHELVED, key(5), key(MOST_SHELVED + 4)]);
    expect(shelvedWith(shelf, shelved([1, 2], 7), 0).filter((one) => one.key === key(7))).toHaveLength(1);
    expect(shelvedWith(shelf, shelved([1, 2, 3], 1), 0)).toHaveLength(1);
    expect(shelvedWith(shelf, shelved([1, 2], 1, 9_999), 5_000)).toHaveLength(1);
    const long = Array.from({ length: 8_192 }, (_, at) => at + 1);
    for (let index = 0; index < 100; index++) shelf = shelvedWith(shelf, shelved(long, index), 0);
    expect(packShelf(shelf).length).toBeLessThanOrEqual(1024 * 1024);
  });
  it('gives the similar ones that have not ended, the most similar first', () => {
    const shelf = [shelved([1, 0], 1), shelved([1, 0.1], 2), shelved([0, 1], 3), shelved([1, 0], 4, 10)];
    const found = similarOnes(shelf, directionOf([1, 0.09]) as Int16Array, { threshold: 0.9, nowMs: 500 });
    expect(found.map((one) => one.key)).toEqual([key(2), key(1)]);
  });
});

describe('a question', () => {
  it('is the last text of a user; everything else and its numbers stand around it', () => {
    const said = (text: string, before: object[] = []) => questionIn([...before, { role: 'user', content: text }]);
    expect(said('How are you?')?.text).toBe('How are you?');
    expect(said('How are you?')?.around).toBe(said('How do you do?')?.around);
    expect(said('Order 12')?.around).not.toBe(said('Order 13')?.around);
    expect(said('注文１２')?.around).toBe(said('order 12')?.around);
    expect(said('a', [{ role: 'system', content: 'x' }])?.around).not.toBe(said('a')?.around);
    const part = (text: string, more = {}) => questionIn([{ role: 'user', content: [{ type: 'text', text, ...more }] }]);
    expect(part('a')?.around).not.toBe(part('a', { cache_control: { type: 'ephemeral' } })?.around);
    for (const messages of [
      null,
      [],
      [{ role: 'assistant', content: 'a' }],
      [{ role: 'user', content: ' ' }],
      [{ role: 'user', content: [{ type: 'image_url' }] }],
    ])
      expect(questionIn(messages)).toBeNull();
    expect(said('x'.repeat(8_001))).toBeNull();
  });
  it('is found or not in anything, without a fault', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void questionIn(value)));
    fc.assert(fc.property(fc.array(fc.record({ role: fc.constantFrom('user', 'system'), content: fc.jsonValue() })), (messages) => void questionIn(messages)));
  });
});
