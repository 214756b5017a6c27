// What every store of values does: keeps bytes for a time, and forgets them when told.
import { describe, expect, it } from 'vitest';
import type { Values } from './port.ts';

export function valuesConformance(name: string, using: (work: (values: Values) => Promise<void>) => () => Promise<void>): void {
  describe(`values on ${name}`, () => {
    it(
      'are kept byte for byte, replaced, removed',
      using(async (values) => {
        const bytes = Buffer.from([0, 255, 10, 13, 200]);
        expect(await values.get('a')).toBeNull();
        await values.set('a', bytes, 60_000);
        expect((await values.get('a'))?.equals(bytes)).toBe(true);
        await values.set('a', Buffer.from('b'), 60_000);
        expect((await values.get('a'))?.toString()).toBe('b');
        expect([await values.remove('a'), await values.remove('a'), await values.get('a')]).toEqual([true, false, null]);
      }),
    );
    it(
      'are gone when their time is over; without time they are not kept',
      using(async (values) => {
        await values.set('a', Buffer.from('x'), 80);
        await values.set('b', Buffer.from('x'), 0);
        expect((await values.get('a'))?.toString()).toBe('x');
        expect(await values.get('b')).toBeNull();
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(await values.get('a')).toBeNull();
      }),
    );
    it(
      'are all forgotten at once, and counted',
      using(async (values) => {
        for (let index = 0; index < 1_200; index += 1) await values.set(`many [*?] ${index}`, Buffer.from('x'), 60_000);
        expect(await values.clear()).toBe(1_200);
        expect(await values.get('many [*?] 7')).toBeNull();
        expect(await values.clear()).toBe(0);
      }),
    );
  });
}
