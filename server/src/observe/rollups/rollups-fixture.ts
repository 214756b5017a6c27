// Test only: random observations and metrics queries, and whether roll-ups answer as single rows do.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { MetricsQuery } from '#observe/metrics/query.ts';
import { metricsStatement, rolledStatement } from '#observe/metrics/statement.ts';
import type { ObservationRow } from '#observe/rows.ts';
import { observation, PROJECT } from '#observe/store/rows-fixture.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { ROLLED_DIMENSIONS, ROLLED_MEASURES } from './columns.ts';
import { coverageOf } from './coverage.ts';

const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export const isoOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}000Z`;

const some = <Value>(...values: Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

/** An observation of one of few identities, some days before `nowMs`: often the same again with other content, or gone. */
export function arbitraryObservation(nowMs: number): fc.Arbitrary<ObservationRow> {
  return fc
    .record({
      id: fc.integer({ min: 0, max: 30 }),
      lies: fc.integer({ min: 0, max: 3 }),
      latencyMs: fc.option(fc.integer({ min: 0, max: 90_000 })),
      firstMs: fc.option(fc.integer({ min: 0, max: 9_000 })),
      name: some(null, '', 'chat', 'tool'),
      model: some(null, 'gpt-4o', 'claude'),
      level: some('DEFAULT', 'ERROR'),
      environment: some('default', 'staging'),
      type: some('SPAN', 'GENERATION'),
      prompt: some(null, 1, 2),
      parent: some('', 'id-3', 'id-4', 'id-5'),
      source: some('', 'computed', 'gateway', 'elsewhere'),
      tokens: fc.integer({ min: 0, max: 1_000 }),
      deleted: fc.integer({ min: 0, max: 5 }),
    })
    .map((asked) => {
      // An identity has a few places near each other, and moves by a tombstone as the fold moves it. A gateway call lies within half a day of what it lies under (REACH_MS).
      const isGateway = asked.source === 'gateway' && ![3, 4, 5].includes(asked.id);
      const of = isGateway && asked.parent !== '' ? Number(asked.parent.slice(3)) : asked.id;
      const startMs = nowMs - 5 * DAY_MS + ((of * 7_919) % 4_500) * MINUTE_MS + asked.lies * 107 * MINUTE_MS;
      const after = (ms: number | null): string | null => (ms === null ? null : isoOf(startMs + ms));
      return observation(`id-${asked.id}`, {
        trace_id: 'trace',
        start_time: isoOf(startMs),
        end_time: after(asked.latencyMs),
        completion_start_time: after(asked.firstMs),
        name: asked.name,
        provided_model_name: asked.model,
        level: asked.level,
        environment: asked.environment,
        type: asked.type,
        prompt_name: asked.prompt === null ? null : 'prompt',
        prompt_version: asked.prompt,
        parent_observation_id: asked.parent,
        ...sourced(asked, isGateway),
        usage_details: { input: String(asked.tokens), output: '7', total: String(asked.tokens + 7) },
        cost_details: { input: '0.25', output: `0.${asked.tokens}` },
        total_cost: asked.tokens === 0 ? null : `1.${asked.tokens}`,
        is_deleted: asked.deleted === 0 ? 1 : 0,
      });
    });
}

function sourced({ id, source }: { id: number; source: string }, isGateway: boolean): Pick<ObservationRow, 'cost_source' | 'call_id'> {
  if (isGateway) return { cost_source: 'gateway', call_id: `call-${id}` };
  return { cost_source: source === 'gateway' ? 'client' : source, call_id: '' };
}

const AGGREGATIONS = ['sum', 'avg', 'count', 'max', 'min'] as const;

/** A query that roll-ups can answer, with edges anywhere. */
export function arbitraryQuery(nowMs: number): fc.Arbitrary<MetricsQuery> {
  const measures = Object.keys(ROLLED_MEASURES);
  const metric = fc.oneof(
    fc.constant({ measure: 'count', aggregation: 'count' as const }),
    fc.record({ measure: some(...measures), aggregation: some(...AGGREGATIONS) }),
    fc.record({
      measure: some('latency', 'timeToFirstToken'),
      aggregation: some('p50' as const, 'p75' as const, 'p90' as const, 'p95' as const, 'p99' as const),
    }),
  );
  const filter = some<MetricsQuery['filters'][number]>(
    { type: 'string', column: 'name', operator: '=', value: 'chat' },
    { type: 'stringOptions', column: 'environment', operator: 'any of', value: ['staging'] },
    { type: 'null', column: 'providedModelName', operator: 'is null', value: '' },
    { type: 'number', column: 'promptVersion', operator: '>', value: 1 },
    { type: 'boolean', column: 'isRootObservation', operator: '=', value: true },
  );
  return fc
    .record({
      dimensions: fc.uniqueArray(some(...Object.keys(ROLLED_DIMENSIONS)), { maxLength: 3 }),
      metrics: fc.array(metric, { minLength: 1, maxLength: 4 }),
      filters: fc.array(filter, { maxLength: 2 }),
      granularity: some(null, 'hour' as const, 'day' as const, 'week' as const, 'month' as const, 'auto' as const),
      fromMinutes: fc.integer({ min: 2 * 24 * 60, max: 7 * 24 * 60 }),
      toMinutes: fc.integer({ min: 0, max: 26 * 60 }),
    })
    .map(({ dimensions, granularity, fromMinutes, toMinutes, ...rest }) => ({
      view: 'observations' as const,
      ...rest,
      dimensions: dimensions.map((field) => ({ field })),
      timeDimension: granularity === null ? null : { granularity },
      fromTimestamp: new Date(nowMs - fromMinutes * MINUTE_MS).toISOString(),
      toTimestamp: new Date(nowMs - toMinutes * MINUTE_MS).toISOString(),
      config: { row_limit: 1_000 },
    }));
}

const OPTIONS = { projectId: PROJECT, highCardinality: true, rowLimit: 1_000 };

/** Asks both ways and compares; whether roll-ups answered at all. */
export async function expectEqualAnswers(analytics: Analytics, query: MetricsQuery): Promise<boolean> {
  const rolled = await rolledStatement(query, OPTIONS, (range) => coverageOf(analytics, PROJECT, range));
  if (rolled === null) return false;
  const keys = query.dimensions.length + (query.timeDimension ? 1 : 0);
  const [fromRollups, fromRows] = [await analytics.query(rolled), await analytics.query(metricsStatement(query, OPTIONS).statement)];
  const [actual, expected] = [byKey(fromRollups, keys), byKey(fromRows, keys)];
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [key, values] of expected) {
    const found = actual.get(key) as (number | null)[];
    values.forEach((value, index) => {
      const other = found[index] as number | null;
      // Only the order of additions may differ.
      const isEqual = value === null || other === null ? value === other : Math.abs(value - other) <= 1e-9 * Math.max(1, Math.abs(value));
      if (!isEqual) expect({ key, index, value: other }).toEqual({ key, index, value });
    });
  }
  return true;
}

function byKey(rows: readonly Record<string, unknown>[], keys: number): Map<string, (number | null)[]> {
  return new Map(
    rows.map((row) => {
      const cells = Object.values(row);
      return [JSON.stringify(cells.slice(0, keys)), cells.slice(keys).map((cell) => (cell === null ? null : Number(cell)))] as const;
    }),
  );
}
