// What an environment costs: parts with unit prices and their sources, a day, a month and the ways of using it.
import type { Environment } from '#environment.ts';

/** A price with where and when it was read. `usd: null` is a price that nobody here knows: it is shown, and makes a total "≥". */
export interface Price {
  readonly key: string;
  readonly what: string;
  readonly unit: 'hour' | 'GB' | 'GB-month' | 'month' | 'million requests' | 'ACU-hour' | 'LCU-hour' | 'vCPU-hour' | 'GB-hour';
  readonly usd: number | null;
  readonly source: string | null;
  /** The day of the source, `YYYY-MM-DD`. */
  readonly date: string | null;
}

/** The dated price table of one region, with the exchange rate. */
export interface Rates {
  readonly region: string;
  readonly prices: readonly Price[];
  readonly yenPerUsd: { readonly rate: number; readonly date: string; readonly source: string };
}

/** An amount; `atLeast` when a part of it is unknown. */
export interface Amount {
  readonly usd: number;
  readonly yen: number;
  readonly atLeast: boolean;
}

/** One line of the bill: `quantity` units an hour (a GB-month counts 1/730 an hour). */
export interface BillPart {
  readonly name: string;
  readonly quantity: number;
  readonly price: Price;
  readonly day: Amount;
  readonly month: Amount;
  /** What the line assumes, when it depends on use. */
  readonly note?: string;
}

/** The bill of one form of the platform. */
export interface Bill {
  readonly title: string;
  readonly parts: readonly BillPart[];
  /** What depends on use and is not in the totals (traffic, requests), with its unit price. */
  readonly byUse: readonly Price[];
  readonly hour: Amount;
  readonly day: Amount;
  readonly month: Amount;
  /** A month in which it is destroyed every evening: 20 weekdays of `hoursADay`. */
  readonly eveningDestroyed: { readonly days: 20; readonly hoursADay: number; readonly month: Amount };
  /** Friday evening to Monday morning, forgotten. */
  readonly weekend: { readonly hours: number; readonly total: Amount };
  readonly yenPerUsd: Rates['yenPerUsd'];
}

/** The bill of an environment at given rates; needs no synth. */
export function billOf(_environment: Environment, _rates: Rates): Bill {
  throw new Error('no price table yet');
}

/** The bill of the seed's own form: 2 NAT gateways, 2 load balancers, its pods. */
export function seedBill(_rates: Rates): Bill {
  throw new Error('no price table yet');
}
