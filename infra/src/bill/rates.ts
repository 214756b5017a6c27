// The price table that comes with this version.
import type { Rates } from './bill.ts';

/** The rates of a region. @throws an Error that names the regions there are when the region has no table. */
export function ratesOf(region: string): Rates {
  throw new Error(`There is no price table for ${region} yet.`);
}
