// GET /api/console/overview (contract.ts): totals, latency, a series and the largest models, keys and teams of a range.
import { z } from 'zod';
import type { ConsoleBreakdownRow, ConsoleOverview } from '#contract.ts';
import type { RouteContext } from '#http/route.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { parameters } from '#observe/filter/parameters.ts';
import { numbersOf, sumOfPrefix } from '#observe/filter/values.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { type OverviewRow, overviewRows, overviewTraces } from './overview-sql.ts';
import { assertUser, consoleRange, projectParameter, rangeParameters } from './parameters.ts';

export const overviewParameters = z.object({ projectId: projectParameter, ...rangeParameters });

/** Widths that people read easily; the range gets between about 30 and 90 of them. */
const BUCKETS_SECONDS = [10, 30, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000];
const AIMED_BUCKETS = 60;

/** The narrowest readable bucket that gives at most 60 over a range. */
export function bucketSecondsOf(range: { from: Date; to: Date }): number {
  const seconds = (range.to.getTime() - range.from.getTime()) / 1000;
  return BUCKETS_SECONDS.find((width) => seconds / width <= AIMED_BUCKETS) ?? Math.ceil(seconds / AIMED_BUCKETS);
}

/** The names of teams by id; a team that is gone has none. */
export type TeamNames = (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;

export async function overview({ analytics, teamNames }: { analytics: Analytics; teamNames: TeamNames }, { http, principal }: RouteContext): Promise<Response> {
  assertUser(principal);
  const asked = parameters(http, overviewParameters);
  const range = consoleRange(asked);
  const bucketSeconds = bucketSecondsOf(range);
  const [rows, [traces]] = await Promise.all([
    analytics.query<OverviewRow>(overviewRows(asked.projectId, range, bucketSeconds)),
    analytics.query<{ traces: string }>(overviewTraces(asked.projectId, range)),
  ]);
  const part = (name: OverviewRow['part']) => rows.filter((row) => row.part === name);
  const [totals] = part('total');
  const answer: ConsoleOverview = {
    totals: { ...totalsOf(totals), traces: Number(traces?.traces ?? 0) },
    latencyMs: { p50: quantile(totals?.latency, 0), p95: quantile(totals?.latency, 1), p99: quantile(totals?.latency, 2) },
    firstTokenMs: { p50: quantile(totals?.first_token, 0), p95: quantile(totals?.first_token, 1) },
    bucketSeconds,
    series: seriesOf(range, bucketSeconds, part('bucket')),
    byModel: largest(part('model')),
    byKey: largest(part('key')),
    byTeam: await named(largest(part('team')), teamNames),
  };
  return http.json(answer);
}

function totalsOf(totals: OverviewRow | undefined): Omit<ConsoleOverview['totals'], 'traces'> {
  return {
    calls: Number(totals?.calls ?? 0),
    failures: Number(totals?.failures ?? 0),
    inputTokens: tokens(totals, 'input'),
    outputTokens: tokens(totals, 'output'),
    cost: plain(totals?.cost),
    unknownCostCalls: Number(totals?.unknown_cost ?? 0),
    currency: totals?.currency || 'USD',
  };
}

function plain(decimal: string | undefined): string {
  return formatPicos(parsePicos(decimal ?? '0'));
}

function quantile(values: (number | null)[] | undefined, index: number): number | null {
  const value = values?.[index];
  return value === null || value === undefined || Number.isNaN(value) ? null : value;
}

/** Every bucket of the range, empty ones included. */
function seriesOf(range: { from: Date; to: Date }, bucketSeconds: number, found: readonly OverviewRow[]): ConsoleOverview['series'] {
  const byBucket = new Map(found.map((bucket) => [bucket.bucket, bucket]));
  const count = Math.ceil((range.to.getTime() - range.from.getTime()) / 1000 / bucketSeconds);
  return Array.from({ length: count }, (_, index) => {
    const bucket = byBucket.get(index);
    return {
      at: new Date(range.from.getTime() + index * bucketSeconds * 1000).toISOString(),
      calls: Number(bucket?.calls ?? 0),
      failures: Number(bucket?.failures ?? 0),
      cost: plain(bucket?.cost),
      inputTokens: tokens(bucket, 'input'),
      outputTokens: tokens(bucket, 'output'),
    };
  });
}

/** Tokens of the usage keys of one side. */
function tokens(row: OverviewRow | undefined, side: 'input' | 'output'): number {
  return sumOfPrefix(numbersOf(row?.usage ?? {}), side) ?? 0;
}

/** Teams by what people call them; the id where there is no name, or while the records are away. */
async function named(rows: ConsoleBreakdownRow[], teamNames: TeamNames): Promise<ConsoleBreakdownRow[]> {
  if (rows.length === 0) return rows;
  const names = await teamNames(rows.map((row) => row.name)).catch(() => new Map<string, string>());
  return rows.map((row) => ({ ...row, name: names.get(row.name) ?? row.name }));
}

const LARGEST_GROUPS = 20;

/** The largest groups by cost, then by calls; calls without a name are left out. */
function largest(rows: readonly OverviewRow[]): ConsoleBreakdownRow[] {
  return rows
    .filter((row) => row.name !== '')
    .sort((one, other) => Number(other.cost) - Number(one.cost) || Number(other.calls) - Number(one.calls) || one.name.localeCompare(other.name))
    .slice(0, LARGEST_GROUPS)
    .map((row) => ({
      name: row.name,
      calls: Number(row.calls),
      cost: plain(row.cost),
      unknownCostCalls: Number(row.unknown_cost),
      tokens: tokens(row, 'input') + tokens(row, 'output'),
    }));
}
