// Amounts as people read them: dollars and yen side by side, "≥" when a part is unknown.
import type { Amount } from '@genai/infra/bill/bill';

/** "$4.47 (¥693)". Small amounts get more decimals, so that an hour's price is not rounded to nothing. */
export function money(amount: Amount): string {
  return `${amount.atLeast ? '≥ ' : ''}${dollars(amount.usd)} (¥${Math.round(amount.yen).toLocaleString('en-US')})`;
}

export function dollars(usd: number): string {
  const decimals = usd !== 0 && Math.abs(usd) < 1 ? 3 : 2;
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`;
}

/** "3:05" minutes and seconds, "1:02:03" above an hour. */
export function clockTime(seconds: number): string {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}
