// 64-bit numbers of OTLP's JSON form: digits, JSON numbers or {low, high}.
import { longOf } from './otlp-json.ts';

const MAX_UINT64 = (1n << 64n) - 1n;
const MAX_INT64 = (1n << 63n) - 1n;

/** A whole number, exact where it was given exactly; null when it is none. */
function wholeOf(value: unknown): bigint | null {
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : null;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null;
  if (value === null || typeof value !== 'object') return null;
  const { low, high } = value as { low?: unknown; high?: unknown };
  return Number.isFinite(low) && Number.isFinite(high) ? longOf(value) : null;
}

/** An unsigned 64-bit number; null when it is none. */
export function uint64Of(value: unknown): bigint | null {
  const whole = wholeOf(value);
  return whole === null || whole < 0n || whole > MAX_UINT64 ? null : whole;
}

/** A signed 64-bit number; null when it is none. */
export function int64Of(value: unknown): bigint | null {
  const whole = wholeOf(value);
  return whole === null || whole > MAX_INT64 || whole < -MAX_INT64 - 1n ? null : whole;
}

/** Nanoseconds since 1970; 0 = not given or not an instant. */
export function nanosecondsOf(value: unknown): bigint {
  return uint64Of(value) ?? 0n;
}

/** A double, also as the words of proto3's JSON ("NaN", "Infinity"); null when it is none. */
export function doubleOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^(?:NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(value)) return null;
  return Number(value);
}
