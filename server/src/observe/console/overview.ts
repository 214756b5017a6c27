// GET /api/console/overview (contract.ts): totals, latency, a series and the largest models, keys and teams of a range.
import { z } from 'zod';
import type { ConsoleOverview } from '#contract.ts';
import type { RouteContext } from '#http/route.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { parameters } from '#observe/filter/parameters.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import {
  type OverviewBucket,
  type OverviewGroup,
  type OverviewTotals,
  overviewGroups,
  overviewSeries,
  overviewTotals,
  overviewTraces,
} from './overview-sql.ts';
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

export async function overview(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  assertUser(principal);
  const asked = parameters(http, overviewParameters);
  const range = consoleRange(asked);
  const bucketSeconds = bucketSecondsOf(range);
  const groups = (by: 'model' | 'key' | 'team') => analytics.query<OverviewGroup>(overviewGroups(asked.projectId, range, by));
  const [[totals], [traces], buckets, byModel, byKey, byTeam] = await Promise.all([
    analytics.query<OverviewTotals>(overviewTotals(asked.projectId, range)),
    analytics.query<{ traces: string }>(overviewTraces(asked.projectId, range)),
    analytics.query<OverviewBucket>(overviewSeries(asked.projectId, range, bucketSeconds)),
    groups('model'),
    groups('key'),
    groups('team'),
  ]);
  const answer: ConsoleOverview = {
    totals: { ...totalsOf(totals), traces: Number(traces?.traces ?? 0) },
    latencyMs: { p50: quantile(totals?.latency, 0), p95: quantile(totals?.latency, 1), p99: quantile(totals?.latency, 2) },
    firstTokenMs: { p50: quantile(totals?.first_token, 0), p95: quantile(totals?.first_token, 1) },
    bucketSeconds,
    series: seriesOf(range, bucketSeconds, buckets),
    byModel: byModel.map(groupOf),
    byKey: byKey.map(groupOf),
    byTeam: byTeam.map(groupOf),
  };
  return http.json(answer);
}

function totalsOf(totals: OverviewTotals | undefined): Omit<ConsoleOverview['totals'], 'traces'> {
  return {
    calls: Number(totals?.calls ?? 0),
    failures: Number(totals?.failures ?? 0),
    inputTokens: Number(totals?.input_tokens ?? 0),
    outputTokens: Number(totals?.output_tokens ?? 0),
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
function seriesOf(range: { from: Date; to: Date }, bucketSeconds: number, found: readonly OverviewBucket[]): ConsoleOverview['series'] {
  const byBucket = new Map(found.map((bucket) => [bucket.bucket, bucket]));
  const count = Math.ceil((range.to.getTime() - range.from.getTime()) / 1000 / bucketSeconds);
  return Array.from({ length: count }, (_, index) => {
    const bucket = byBucket.get(index);
    return {
      at: new Date(range.from.getTime() + index * bucketSeconds * 1000).toISOString(),
      calls: Number(bucket?.calls ?? 0),
      failures: Number(bucket?.failures ?? 0),
      cost: plain(bucket?.cost),
      inputTokens: Number(bucket?.input_tokens ?? 0),
      outputTokens: Number(bucket?.output_tokens ?? 0),
    };
  });
}

function groupOf(group: OverviewGroup): ConsoleOverview['byModel'][number] {
  return { name: group.name, calls: Number(group.calls), cost: plain(group.cost), tokens: Number(group.tokens) };
}
