// Bytes and seconds as a person reads them: three digits that matter, one unit.
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** 1,234,567 -> "1.23 MB". */
export function bytes(value: number): string {
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? rest : Number(rest.toPrecision(3))} ${UNITS[unit]}`;
}

/** 0.04 -> "40 ms", 75 -> "1.3 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 3600) return `${Number((seconds / 60).toPrecision(2))} min`;
  return `${Number((seconds / 3600).toPrecision(2))} h`;
}
