// Every widget that comes with the platform is answered by the real engine with the columns that its chart draws.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricsRoutes } from '#observe/metrics/routes.ts';
import { observation, score } from '#observe/store/rows-fixture.ts';
import { openReads, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { CURATED_DASHBOARDS, curatedWidget } from './curated.ts';

let reads: ReadsFixture;
beforeAll(async () => {
  reads = await openReads(metricsRoutes);
  await reads.write({
    observations: [
      observation('g', {
        type: 'GENERATION',
        provided_model_name: 'gpt-4o',
        start_time: '2026-11-20T12:00:00.000000Z',
        completion_start_time: '2026-11-20T12:00:01.000000Z',
        end_time: '2026-11-20T12:00:02.000000Z',
        usage_details: { input: '10', output: '5', total: '15' },
        cost_details: { input: '0.5', output: '0.25' },
        total_cost: '0.75',
        user_id: 'taro',
        trace_name: 'chat',
      }),
    ],
    scores: [score('s', { value: 0.5, timestamp: '2026-11-20T12:00:00.000000Z' })],
  });
});
afterAll(async () => await reads.close());

describe('each widget of the platform', () => {
  const ids = CURATED_DASHBOARDS.flatMap(({ placements }) => placements.map(({ widgetId }) => widgetId));
  it.each(ids)('%s is answered', async (id) => {
    const widget = curatedWidget(id);
    if (widget === null) throw new Error(id);
    const query = {
      view: widget.view,
      dimensions: widget.dimensions,
      metrics: widget.metrics.map(({ measure, agg }) => ({ measure, aggregation: agg })),
      filters: widget.filters,
      timeDimension: widget.chartType.endsWith('_TIME_SERIES') ? { granularity: 'auto' } : null,
      fromTimestamp: '2026-11-19T00:00:00Z',
      toTimestamp: '2026-11-22T00:00:00Z',
      config: { bins: widget.chartConfig.bins ?? undefined, row_limit: widget.chartConfig.row_limit ?? undefined },
    };
    const { status, body } = await reads.get(`/api/public/metrics?query=${encodeURIComponent(JSON.stringify(query))}`);
    expect(status, JSON.stringify(body)).toBe(200);
    const [row] = body.data;
    for (const { field } of widget.dimensions) expect(row?.[field], field).toBeTruthy();
    for (const { measure, agg } of widget.metrics) expect(row?.[`${agg}_${measure}`], measure).toBeTruthy();
  });
});
