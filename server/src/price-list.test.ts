// Prices in the records: a change ends the old price where the new one begins, and every process hears of it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { openPriceList, type PriceList } from './price-list.ts';

let database: TestRecords;
let [one, two]: PriceList[] = [];
const log = {
  warn: (message: string): never => {
    throw new Error(message);
  },
};
beforeAll(async () => {
  database = await startTestRecords();
  [one, two] = [await openPriceList(database.records, log), await openPriceList(database.open(), log)];
});
afterAll(async () => {
  await one?.close();
  await two?.close();
  await database?.stop();
});

const file = (input: number) => ({
  ...Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`filler-${index}`, { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }])),
  'new-model': { litellm_provider: 'openai', input_cost_per_token: input, output_cost_per_token: 2e-6 },
});
const priceAt = (list: PriceList | undefined, at = new Date()) => list?.prices.ofModel('new-model', at)?.inputPicos ?? null;

it('looks first, then brings a price that every process uses at once, with its past', async () => {
  expect(await one?.update(file(1e-6), false)).toMatchObject({ applied: false, new: 51, changed: 0 });
  expect(priceAt(one)).toBeNull();
  expect(await one?.update(file(1e-6), true)).toMatchObject({ applied: true, new: 51 });
  expect(priceAt(one)).toBe(1_000_000n);
  const first = new Date();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await one?.update(file(3e-6), true)).toMatchObject({ new: 0, changed: 1, unchanged: 50 });
  expect(await one?.update(file(3e-6), true)).toMatchObject({ new: 0, changed: 0, unchanged: 51 });
  await expect.poll(() => priceAt(two)).toBe(3_000_000n);
  expect(priceAt(two, first)).toBe(1_000_000n);
  expect(two?.history('new-model').map(({ price, validToMs }) => [price.input, validToMs === null])).toEqual([
    ['1000000', false],
    ['3000000', true],
  ]);
});

it('refuses what is no price file, and keeps what it has', async () => {
  await expect(one?.update({ hello: 1 }, true)).rejects.toMatchObject({ status: 400, code: 'bad_price_file' });
  expect(priceAt(one)).toBe(3_000_000n);
});
