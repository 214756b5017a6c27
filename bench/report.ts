// The tables that a run prints.
import type { RoundsResult } from './rounds.ts';

const COLUMNS = ['lane', 'x bare', 'spread', 'cpu us', 'req/s', 'p50 ms', 'p99 ms', 'first byte', '+direct', 'RSS MB', 'failed'];

export function tableOf(result: RoundsResult): string {
  const rows = result.lanes.map((lane) => [
    lane.lane,
    fixed(lane.ratio, 2),
    lane.ratios.length > 0 && lane.ratio !== 1 ? `${fixed(lane.ratioLow, 2)}-${fixed(lane.ratioHigh, 2)}` : '-',
    fixed(lane.cpuUsPerRequest, 1),
    fixed(lane.requestsPerSecond, 0),
    fixed(lane.p50Ms, 2),
    fixed(lane.p99Ms, 2),
    fixed(lane.firstByteP50Ms, 2),
    fixed(lane.addedFirstByteP50Ms, 2),
    lane.residentBytes === null ? '-' : fixed(lane.residentBytes / 1048576, 0),
    lane.failures === 0 ? '0' : `${lane.failures} (${lane.firstFailure})`,
  ]);
  return `\n${result.label}\n${aligned([COLUMNS, ...rows])}`;
}

/** Rows of name and value. */
export function listOf(title: string, rows: readonly (readonly [string, string])[]): string {
  return `\n${title}\n${aligned(rows.map(([name, value]) => [name, value]))}`;
}

export function fixed(value: number | null, digits: number): string {
  return value === null || Number.isNaN(value) ? '-' : value.toFixed(digits);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join('  '))
    .join('\n');
}
