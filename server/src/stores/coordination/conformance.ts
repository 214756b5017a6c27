// What every coordination must do; run by each adapter's test. Results may be values or promises, so everything is awaited.
import { describe, expect, it } from 'vitest';
import { accountsConformance, type MakeCoordination } from './conformance-accounts.ts';
import { valuesConformance } from './conformance-values.ts';
import type { Coordination } from './port.ts';

const MINUTE = 60_000;
/** Start of a minute. */
const T0 = 1_800_000_000_000 - (1_800_000_000_000 % MINUTE);

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function coordinationConformance(name: string, make: MakeCoordination): void {
  accountsConformance(name, make);
  const using = (work: (coordination: Coordination) => Promise<void>) => async () => {
    const made = await make(new Map());
    try {
      await work(made.coordination);
    } finally {
      await made.coordination.close();
      await made.remove();
    }
  };

  valuesConformance(name, (work) => using((coordination) => work(coordination.values)));
  describe(`coordination on ${name}`, () => {
    it(
      'takes up to the maximum of a window and starts over in the next one',
      using(async (coordination) => {
        const limit = [{ key: 'k', windowMs: MINUTE, max: 2, cost: 1 }];
        expect(await coordination.take(limit, T0)).toEqual({ allowed: true, used: [1], resetAtMs: T0 + MINUTE });
        expect(await coordination.take(limit, T0 + 59_999)).toMatchObject({ allowed: true, used: [2] });
        expect(await coordination.take(limit, T0 + 59_999)).toEqual({ allowed: false, refusedBy: 0, used: [2], resetAtMs: T0 + MINUTE });
        expect(await coordination.take(limit, T0 + MINUTE)).toMatchObject({ allowed: true, used: [1], resetAtMs: T0 + 2 * MINUTE });
      }),
    );

    it(
      'takes from all windows or from none',
      using(async (coordination) => {
        const roomy = { key: 'a', windowMs: MINUTE, max: 10, cost: 1 };
        const narrow = { key: 'b', windowMs: MINUTE, max: 0, cost: 1 };
        const unlimited = { key: 'c', windowMs: MINUTE, max: -1, cost: 1_000 };
        expect(await coordination.take([roomy, narrow, unlimited], T0)).toMatchObject({ allowed: false, refusedBy: 1, used: [0, 0, 0] });
        expect(await coordination.take([roomy, unlimited], T0)).toMatchObject({ allowed: true, used: [1, 1_000] });
        expect(await coordination.take([], T0)).toMatchObject({ allowed: true, used: [] });
      }),
    );

    it(
      'adds after the fact, beyond the maximum too, and keeps windows of different lengths apart',
      using(async (coordination) => {
        await coordination.add('k', MINUTE, 500, T0);
        expect(await coordination.take([{ key: 'k', windowMs: MINUTE, max: 100, cost: 0 }], T0)).toMatchObject({ allowed: false, used: [500] });
        expect(await coordination.take([{ key: 'k', windowMs: 1_000, max: 100, cost: 7 }], T0)).toMatchObject({ allowed: true, used: [7] });
      }),
    );

    it(
      'never lets more in than the maximum when many come at once',
      using(async (coordination) => {
        const answers = await Promise.all(Array.from({ length: 50 }, async () => coordination.take([{ key: 'k', windowMs: MINUTE, max: 7, cost: 1 }], T0)));
        expect(answers.filter((answer) => answer.allowed)).toHaveLength(7);
        const entered = await Promise.all(Array.from({ length: 50 }, async (_, index) => coordination.enter('p', 3, `h${index}`, MINUTE, T0)));
        expect(entered.filter(Boolean)).toHaveLength(3);
      }),
    );

    it(
      'gives a place back when its holder leaves or its lease ends',
      using(async (coordination) => {
        expect(await coordination.enter('k', 1, 'one', 1_000, T0)).toBe(true);
        expect(await coordination.enter('k', 1, 'two', 1_000, T0 + 999)).toBe(false);
        expect(await coordination.enter('k', 1, 'one', 1_000, T0 + 999)).toBe(true);
        await coordination.leave('k', 'stranger');
        expect(await coordination.enter('k', 1, 'two', 1_000, T0 + 1_998)).toBe(false);
        expect(await coordination.enter('k', 1, 'two', 1_000, T0 + 1_999)).toBe(true);
        await coordination.leave('k', 'two');
        expect(await coordination.enter('k', 1, 'three', 1_000, T0 + 2_000)).toBe(true);
        expect(await coordination.enter('closed', 0, 'x', 1_000, T0)).toBe(false);
      }),
    );

    it(
      'brings whispers to who attends, in their order, and to nobody else',
      using(async ({ whispers }) => {
        const heard: string[] = [];
        const stop = await whispers.attend('t', (message) => void heard.push(message));
        const stopOther = await whispers.attend('other', (message) => void heard.push(`other ${message}`));
        for (const message of ['one: 日本', 'two']) await whispers.whisper('t', message);
        await until(() => heard.length >= 2);
        stop();
        await whispers.whisper('t', 'nobody attends');
        await whispers.whisper('unheard', 'never');
        await whispers.whisper('other', 'last');
        await until(() => heard.length >= 3);
        expect(heard).toEqual(['one: 日本', 'two', 'other last']);
        stopOther();
      }),
    );

    it(
      'brings news to everybody who listens to the topic, also to its sender, until they stop',
      using(async (coordination) => {
        const heard: string[] = [];
        const stop = coordination.news.hear('t', (message) => void heard.push(message));
        coordination.news.hear('other', (message) => void heard.push(`other ${message}`));
        await coordination.news.tell('t', 'one: 日本', true);
        expect(heard).toEqual(['one: 日本']);
        stop();
        await coordination.news.tell('t', 'two', true);
        expect(heard).toEqual(['one: 日本']);
        expect(coordination.state()).toMatchObject({ away: false, processes: 1 });
      }),
    );
  });
}
