// Metrics against real rows on both adapters' SQL: every view, dimension, measure and aggregation, time buckets, the gateway's double counted once, days, refusals.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observation, score, trace } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { AGGREGATIONS, parseMetricsQuery } from './query.ts';
import { metricsRoutes } from './routes.ts';
import { VIEW_OF } from './views.ts';

let reads: ReadsFixture;
const RANGE = { fromTimestamp: '2026-11-19T00:00:00Z', toTimestamp: '2026-11-22T00:00:00Z' };
const ask = (query: Record<string, unknown>, path = '/api/public/metrics') =>
  reads.get(`${path}?query=${encodeURIComponent(JSON.stringify({ ...RANGE, ...query }))}`);
const data = async (query: Record<string, unknown>, path?: string) => (await ask(query, path)).body.data;

beforeAll(async () => {
  reads = await openReads(metricsRoutes);
  const generation = {
    type: 'GENERATION',
    provided_model_name: 'gpt-4o',
    usage_details: { input: '10', output: '5', total: '15' },
    cost_details: { input: '0.5', output: '0.25' },
    total_cost: '0.75',
  };
  await reads.write({
    traces: [
      trace('one', { user_id: 'taro', session_id: 's', tags: ['a', 'b'], name: 'chat', release: 'r1' }),
      trace('two', { user_id: 'hana', name: 'chat', timestamp: '2026-11-21T12:00:00.000000Z' }),
      { ...trace('theirs'), project_id: 'project-2' },
    ],
    observations: [
      observation('g1', {
        ...generation,
        trace_id: 'one',
        start_time: '2026-11-20T12:00:00.000000Z',
        end_time: '2026-11-20T12:00:02.000000Z',
        completion_start_time: '2026-11-20T12:00:01.000000Z',
        prompt_name: 'p',
        prompt_version: 2,
      }),
      observation('g2', { ...generation, trace_id: 'two', start_time: '2026-11-21T12:00:00.000000Z', end_time: '2026-11-21T12:00:04.000000Z', level: 'ERROR' }),
      // An SDK's report of a call with the gateway's own record under it: tokens and cost count once.
      observation('report', { ...generation, trace_id: 'two', start_time: '2026-11-21T12:00:00.000000Z', end_time: '2026-11-21T12:00:01.000000Z' }),
      observation('record', {
        ...generation,
        trace_id: 'two',
        start_time: '2026-11-21T12:00:00.000000Z',
        parent_observation_id: 'report',
        cost_source: 'gateway',
        call_id: 'c',
      }),
      observation('span', { trace_id: 'one', parent_observation_id: 'g1' }),
    ],
    scores: [
      score('n1', { trace_id: 'one', observation_id: 'g1', value: 0.5 }),
      score('n2', { trace_id: 'two', value: 1 }),
      score('b1', { trace_id: 'one', data_type: 'BOOLEAN', name: 'ok', value: 1, string_value: 'True' }),
      score('c1', { trace_id: 'one', data_type: 'CATEGORICAL', name: 'verdict', value: null, string_value: 'good' }),
    ],
  });
});
afterAll(async () => await reads.close());

const metric = (measure: string, aggregation: string) => ({ measure, aggregation });

describe('GET /api/public/metrics', () => {
  it('measures traces with their observations and scores', async () => {
    const measures = [
      metric('count', 'count'),
      metric('observationsCount', 'sum'),
      metric('scoresCount', 'sum'),
      metric('uniqueUserIds', 'uniq'),
      metric('totalTokens', 'sum'),
      metric('totalCost', 'sum'),
      metric('latency', 'max'),
    ];
    expect(await data({ view: 'traces', dimensions: [{ field: 'name' }], metrics: measures })).toEqual([
      {
        name: 'chat',
        count_count: 2,
        sum_observationsCount: 5,
        sum_scoresCount: 4,
        uniq_uniqueUserIds: 2,
        sum_totalTokens: 45,
        sum_totalCost: 2.25,
        max_latency: 4000,
      },
    ]);
    expect(
      await data({
        view: 'traces',
        metrics: [metric('count', 'count')],
        filters: [{ type: 'arrayOptions', column: 'tags', operator: 'any of', value: ['a'] }],
      }),
    ).toEqual([{ count_count: 1 }]);
  });

  it('measures observations by model, and a call that two report once', async () => {
    const query = {
      view: 'observations',
      dimensions: [{ field: 'providedModelName' }],
      metrics: [
        metric('count', 'count'),
        metric('inputTokens', 'sum'),
        metric('outputTokens', 'sum'),
        metric('totalCost', 'sum'),
        metric('latency', 'p50'),
        metric('timeToFirstToken', 'avg'),
        metric('countScores', 'sum'),
      ],
    };
    const [model, none] = (await data(query)) as Record<string, unknown>[];
    expect(model).toEqual({
      providedModelName: 'gpt-4o',
      count_count: 4,
      sum_inputTokens: 30,
      sum_outputTokens: 15,
      sum_totalCost: 2.25,
      p50_latency: 2000,
      avg_timeToFirstToken: 1000,
      sum_countScores: 1,
    });
    expect(none).toMatchObject({ providedModelName: null, count_count: 1 });
    expect(await data({ view: 'observations', dimensions: [{ field: 'userId' }], metrics: [metric('count', 'count')] })).toEqual([
      { userId: 'hana', count_count: 3 },
      { userId: 'taro', count_count: 2 },
    ]);
  });

  it('measures scores by their trace and observation', async () => {
    expect(
      await data({
        view: 'scores-numeric',
        dimensions: [{ field: 'traceName' }, { field: 'observationPromptName' }],
        metrics: [metric('value', 'avg'), metric('count', 'count')],
      }),
    ).toEqual([
      { traceName: 'chat', observationPromptName: null, avg_value: 1, count_count: 2 },
      { traceName: 'chat', observationPromptName: 'p', avg_value: 0.5, count_count: 1 },
    ]);
    expect(await data({ view: 'scores-categorical', dimensions: [{ field: 'stringValue' }], metrics: [metric('count', 'count')] })).toEqual([
      { stringValue: 'good', count_count: 1 },
    ]);
    expect(await data({ view: 'scores-boolean', metrics: [metric('value', 'avg')] })).toEqual([{ avg_value: 1 }]);
  });

  it('buckets by time and orders as asked', async () => {
    const byDay = { view: 'observations', metrics: [metric('count', 'count')], timeDimension: { granularity: 'day' } };
    expect(await data(byDay)).toEqual([
      { time_dimension: '2026-11-20T00:00:00.000Z', count_count: 2 },
      { time_dimension: '2026-11-21T00:00:00.000Z', count_count: 3 },
    ]);
    expect((await data({ ...byDay, orderBy: [{ field: 'count_count', direction: 'desc' }] })).map((row) => row.count_count)).toEqual([3, 2]);
    for (const granularity of ['auto', 'minute', 'hour', 'week', 'month'])
      expect([granularity, (await data({ ...byDay, timeDimension: { granularity } })).length > 0]).toEqual([granularity, true]);
    expect(await data({ ...byDay, config: { row_limit: 1 } })).toHaveLength(1);
    const [histogram] = await data({ view: 'observations', metrics: [metric('latency', 'histogram')], config: { bins: 3 } });
    expect(((histogram?.histogram_latency ?? []) as unknown[][]).every((bin) => bin.length === 3)).toBe(true);
  });

  it('answers every dimension, measure and aggregation that it names', async () => {
    for (const [view, { dimensions, measures }] of Object.entries(VIEW_OF)) {
      for (const field of Object.keys(dimensions)) {
        const answer = await ask({ view, dimensions: [{ field }], metrics: [metric('count', 'count')] });
        expect([view, field, answer.status]).toEqual([view, field, 200]);
      }
      for (const measure of Object.keys(measures)) {
        const answers = await Promise.all(AGGREGATIONS.map(async (aggregation) => (await ask({ view, metrics: [metric(measure, aggregation)] })).status));
        expect([view, measure, answers.filter((status) => status !== 200 && status !== 400)]).toEqual([view, measure, []]);
      }
    }
  });

  it('refuses what it does not know', async () => {
    const count = [metric('count', 'count')];
    const refused: Record<string, unknown>[] = [
      { view: 'other', metrics: count },
      { view: 'traces', metrics: [] },
      { view: 'traces', metrics: [metric('nothing', 'sum')] },
      { view: 'traces', metrics: [metric('count', 'median')] },
      { view: 'traces', metrics: count, dimensions: [{ field: '__proto__' }] },
      { view: 'traces', metrics: count, filters: [{ type: 'string', column: 'nothing', operator: '=', value: 'x' }] },
      { view: 'traces', metrics: count, orderBy: [{ field: 'name', direction: 'asc' }] },
      { view: 'traces', metrics: count, fromTimestamp: RANGE.toTimestamp },
      { view: 'traces', metrics: count, config: { row_limit: 1_001 } },
    ];
    for (const query of refused) expect([query, (await ask(query)).status]).toEqual([query, 400]);
    for (const path of ['/api/public/metrics', '/api/public/metrics?query=', '/api/public/metrics?query={'])
      expect([path, (await reads.get(path)).status]).toEqual([path, 400]);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseMetricsQuery(text);
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      }),
    );
  });
});

describe('GET /api/public/v2/metrics', () => {
  const v2 = '/api/public/v2/metrics';
  it('measures observations and scores, and groups by nothing that is different in every row', async () => {
    const count = [metric('count', 'count')];
    expect(await data({ view: 'observations', dimensions: [{ field: 'isRootObservation' }], metrics: count }, v2)).toHaveLength(2);
    expect(
      await data({ view: 'observations', metrics: count, filters: [{ type: 'boolean', column: 'isRootObservation', operator: '=', value: true }] }, v2),
    ).toEqual([{ count_count: 3 }]);
    expect((await ask({ view: 'traces', metrics: count }, v2)).status).toBe(400);
    for (const field of ['id', 'traceId', 'userId', 'sessionId', 'parentObservationId'])
      expect([field, (await ask({ view: 'observations', dimensions: [{ field }], metrics: count }, v2)).status]).toEqual([field, 400]);
  });
});

describe('GET /api/public/metrics/daily', () => {
  it('gives usage and cost by day and model', async () => {
    const answer = await reads.get('/api/public/metrics/daily');
    expect(answer.body.meta).toEqual({ page: 1, limit: 50, totalItems: 2, totalPages: 1 });
    expect(answer.body.data).toEqual([
      {
        date: '2026-11-21',
        countTraces: 1,
        countObservations: 3,
        totalCost: 1.5,
        usage: [{ model: 'gpt-4o', inputUsage: 20, outputUsage: 10, totalUsage: 30, totalCost: 1.5, countObservations: 3, countTraces: 1 }],
      },
      {
        date: '2026-11-20',
        countTraces: 1,
        countObservations: 2,
        totalCost: 0.75,
        usage: [
          { model: 'gpt-4o', inputUsage: 10, outputUsage: 5, totalUsage: 15, totalCost: 0.75, countObservations: 1, countTraces: 1 },
          { model: null, inputUsage: 0, outputUsage: 0, totalUsage: 0, totalCost: 0, countObservations: 1, countTraces: 1 },
        ],
      },
    ]);
    expect((await reads.get('/api/public/metrics/daily?userId=taro&tags=a')).body.data).toMatchObject([
      { date: '2026-11-20', countTraces: 1, countObservations: 2 },
    ]);
    expect((await reads.get('/api/public/metrics/daily?traceName=other')).body.data).toEqual([]);
    expect((await reads.get('/api/public/metrics/daily?limit=1&page=2')).body.data).toMatchObject([{ date: '2026-11-20' }]);
    expect((await reads.get('/api/public/metrics/daily', projectKey('project-2'))).body.data).toMatchObject([{ countTraces: 1, countObservations: 0 }]);
    expect((await reads.get('/api/public/metrics/daily?page=0')).status).toBe(400);
  });
});
