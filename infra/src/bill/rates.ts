// The price tables that come with this version: one file a region, one source a row.
import { z } from 'zod';
import tokyo from '#prices/ap-northeast-1.json' with { type: 'json' };
import type { Rates } from './bill.ts';

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const schema = z.strictObject({
  region: z.string(),
  prices: z.array(
    z.strictObject({
      key: z.string(),
      what: z.string(),
      unit: z.enum(['hour', 'GB', 'GB-month', 'month', 'million requests', 'ACU-hour', 'LCU-hour', 'share']),
      usd: z.number().nonnegative().nullable(),
      source: z.string().nullable(),
      date: day.nullable(),
    }),
  ),
  yenPerUsd: z.strictObject({ rate: z.number().positive(), date: day, source: z.string() }),
});

const TABLES: readonly Rates[] = [schema.parse(tokyo)];

/** The rates of a region. For a region without a table every price is unknown: the bill then shows its parts and "≥ 0". */
export function ratesOf(region: string): Rates {
  const table = TABLES.find((candidate) => candidate.region === region);
  return table ?? { region, prices: [], yenPerUsd: (TABLES[0] as Rates).yenPerUsd };
}

/** The same rates with another exchange rate, for example the one of today that the user gives. */
export const withYenPerUsd = (rates: Rates, rate: number, date: string): Rates => ({ ...rates, yenPerUsd: { rate, date, source: 'given by the user' } });
