// In what a measure is counted, and how its values are written. Pure.
import { formatCompact, formatCount, formatDuration, formatMoney } from '#lib/format.ts';

export type Unit = 'count' | 'money' | 'milliseconds' | 'number';

/** Model prices are in dollars. */
const CURRENCY = 'USD';

export function unitOf(measure: string, aggregation: string): Unit {
  if (aggregation === 'count' || aggregation === 'uniq') return 'count';
  if (measure.endsWith('Cost')) return 'money';
  if (/latency|timeToFirstToken/i.test(measure)) return 'milliseconds';
  if (/^(count|observationsCount|scoresCount|countScores)$/.test(measure)) return 'count';
  return measure === 'value' ? 'number' : aggregation === 'sum' && /Tokens$/.test(measure) ? 'count' : 'number';
}

/** A value for tables and big figures. */
export function formatValue(value: number | null, unit: Unit, language: string): string {
  if (value === null || !Number.isFinite(value)) return '–';
  switch (unit) {
    case 'count':
      return Math.abs(value) >= 1e6 ? formatCompact(value, language) : formatCount(value, language);
    case 'money':
      // A float's last digits are not the amount's.
      return formatMoney(plain(value), CURRENCY, language) ?? '–';
    case 'milliseconds':
      return formatDuration(value);
    case 'number':
      return new Intl.NumberFormat(language, { maximumSignificantDigits: 4 }).format(value);
  }
}

/** A value for an axis. */
export function formatTick(value: number, unit: Unit, language: string): string {
  if (unit === 'count' || (unit === 'number' && Math.abs(value) >= 1000)) return formatCompact(value, language);
  if (unit === 'milliseconds') return value === 0 ? '0' : formatDuration(value);
  return formatValue(value, unit, language);
}

/** Twelve decimals and no exponent. */
function plain(value: number): string {
  return value.toFixed(12).replace(/\.?0+$/, '');
}
