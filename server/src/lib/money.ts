// Money as whole picodollars (1e-12 of the currency unit) in a bigint: the scale of Decimal(38, 12), so no rounding happens between memory, journal and stores.

/** An amount in units of 1e-12 of its currency. */
export type Picos = bigint;

const SCALE = 12;
const UNIT = 10n ** BigInt(SCALE);

/**
 * Parses a decimal number or string ("0.000150", 1.5e-7, "1e-7") into picos; digits beyond 12 decimals are rounded half up.
 * @param exponent the amount is this power of ten times the value: of what a million pixels cost, stated a pixel, no digit is lost.
 * @throws RangeError when the value is not a finite decimal number.
 */
export function parsePicos(value: string | number, exponent = 0): Picos {
  const match = /^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?\s*$/.exec(String(value));
  if (!match || (match[2] === '' && match[3] === '')) throw new RangeError(`not a decimal amount: ${String(value).slice(0, 40)}`);
  const digits = `${match[2]}${match[3]}`;
  const shift = Number(match[4] ?? 0) - (match[3]?.length ?? 0) + SCALE + exponent;
  const magnitude = shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : roundHalfUp(BigInt(digits), 10n ** BigInt(-shift));
  return match[1] === '-' ? -magnitude : magnitude;
}

function roundHalfUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor / 2n) / divisor;
}

/** Formats picos as a plain decimal string without trailing zeros: 150000000n becomes "0.00015". */
export function formatPicos(picos: Picos): string {
  const sign = picos < 0n ? '-' : '';
  const magnitude = picos < 0n ? -picos : picos;
  const fraction = (magnitude % UNIT).toString().padStart(SCALE, '0').replace(/0+$/, '');
  return `${sign}${magnitude / UNIT}${fraction ? `.${fraction}` : ''}`;
}

/** Picos as a JavaScript number, for envelopes whose contract is a JSON number (LiteLLM's `spend`); display only, never added up. */
export function picosToNumber(picos: Picos): number {
  return Number(formatPicos(picos));
}
