// Exact arithmetic on decimal strings, the form in which money crosses the wire; whole units of 1e-12 in a bigint, never a float sum.

const SCALE = 12;
const UNIT = 10n ** BigInt(SCALE);
const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?$/;

/** Parses "0.00015", 1.5e-7 or "2" into units of 1e-12; null when the text is no decimal number. Digits beyond twelve decimals are rounded half up. */
export function parseDecimal(value: string | number | null | undefined): bigint | null {
  if (value === null || value === undefined) return null;
  const match = DECIMAL.exec(String(value).trim());
  if (!match || (match[2] === '' && match[3] === '')) return null;
  const shift = Number(match[4] ?? 0) - (match[3]?.length ?? 0) + SCALE;
  const digits = BigInt(`${match[2]}${match[3]}`);
  if (shift > 400) return null;
  const divisor = shift < 0 ? 10n ** BigInt(-shift) : 1n;
  const magnitude = shift < 0 ? (digits + divisor / 2n) / divisor : digits * 10n ** BigInt(shift);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** Writes units of 1e-12 as a plain decimal string without trailing zeros. */
export function formatDecimal(units: bigint): string {
  const magnitude = units < 0n ? -units : units;
  const fraction = (magnitude % UNIT).toString().padStart(SCALE, '0').replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${magnitude / UNIT}${fraction ? `.${fraction}` : ''}`;
}

/** Adds decimal strings; nulls are left out, and the sum of nothing known is null (unknown), not "0". */
export function addDecimals(values: readonly (string | null)[]): string | null {
  let sum: bigint | null = null;
  for (const value of values) {
    const units = parseDecimal(value);
    if (units !== null) sum = (sum ?? 0n) + units;
  }
  return sum === null ? null : formatDecimal(sum);
}

/** Share of `part` in `whole` as a percentage from 0 to 100 with one decimal, for bars; null when the whole is unknown or not positive. */
export function percentOf(part: string | number | null, whole: string | number | null): number | null {
  const partUnits = parseDecimal(part);
  const wholeUnits = parseDecimal(whole);
  if (partUnits === null || wholeUnits === null || wholeUnits <= 0n) return null;
  const permille = Number((partUnits * 1000n) / wholeUnits);
  return Math.max(0, Math.min(100, permille / 10));
}
