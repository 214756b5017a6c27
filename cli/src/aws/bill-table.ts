// The bill as tables: parts with unit prices and sources, and the ways of using the environment beside the seed's own form.
import type { Bill, Price } from '@genai/infra/bill/bill';
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';
import { billWord } from './bill-words.ts';
import { dollars, money } from './money.ts';

const unitPrice = (io: Io, price: Price): string => (price.usd === null ? io.text('bill.unknown') : `$${price.usd} / ${billWord(io.language, price.unit)}`);
const sourceOf = (price: Price): string => [price.date, price.source].filter((part) => part !== null).join(' ') || '-';

/** Every part on a line; what a line assumes and where its price comes from stand below, by number. */
export function partsTable(io: Io, bill: Bill): string {
  const header = [io.text('bill.part'), io.text('bill.quantity'), io.text('bill.price'), io.text('bill.day'), io.text('bill.month')];
  const rows = bill.parts.map((part, index) => [
    `${index + 1}. ${billWord(io.language, part.name)}`,
    String(Math.round(part.quantity * 1000) / 1000),
    unitPrice(io, part.price),
    money(part.day),
    money(part.month),
  ]);
  const total = [io.text('bill.total'), '', '', money(bill.day), money(bill.month)];
  const sources = bill.parts.map(
    (part, index) => `  ${index + 1}. ${part.note === undefined ? '' : `${billWord(io.language, part.note)}. `}${sourceOf(part.price)}`,
  );
  const byUse = bill.byUse.map((price) => `  ${billWord(io.language, price.what)}: ${unitPrice(io, price)}. ${sourceOf(price)}`);
  return [renderTable(header, [...rows, total]), '', io.text('bill.sources'), ...sources, '', io.text('bill.by-use'), ...byUse].join('\n');
}

/** The ways of use, this environment and the seed's form side by side. */
export function waysTable(io: Io, ours: Bill, seed: Bill): string {
  const { eveningDestroyed: evenings, weekend } = ours;
  const both = (pick: (bill: Bill) => string): [string, string] => [pick(ours), pick(seed)];
  const rows = [
    [io.text('bill.hour'), ...both((bill) => money(bill.hour))],
    [io.text('bill.day'), ...both((bill) => money(bill.day))],
    [io.text('bill.always'), ...both((bill) => money(bill.month))],
    [io.text('bill.evenings', { days: evenings.days, hours: evenings.hoursADay }), ...both((bill) => money(bill.eveningDestroyed.month))],
    [io.text('bill.weekend', { hours: weekend.hours }), ...both((bill) => money(bill.weekend.total))],
  ];
  const { rate, date, source } = ours.yenPerUsd;
  const notes = [io.text('bill.rate', { rate, date, source })];
  if (ours.day.atLeast || seed.day.atLeast) notes.push(io.text('bill.at-least'));
  return [renderTable([io.text('bill.way'), io.text('bill.ours'), io.text('bill.seed')], rows), '', ...notes].join('\n');
}

/** Price a day of things that stand, in words. */
export function dayPrice(prices: readonly (number | null)[], yenPerUsd: number): string {
  const usd = prices.reduce<number>((sum, price) => sum + (price ?? 0), 0);
  return money({ usd, yen: usd * yenPerUsd, atLeast: prices.includes(null) });
}

export const priceOrUnknown = (io: Io, usd: number | null): string => (usd === null ? io.text('bill.unknown') : dollars(usd));
