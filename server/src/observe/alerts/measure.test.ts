// What rules measure, against the real engine: the window's ends, filters, nothing to measure.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '#identity/principal.ts';
import { metricsRoutes } from '#observe/metrics/routes.ts';
import { observation, score } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { checkMeasured, type Measured, measure } from './measure.ts';

let reads: ReadsFixture;
beforeAll(async () => {
  reads = await openReads(metricsRoutes);
  const generation = { type: 'GENERATION', environment: 'live', total_cost: '0.5', cost_details: { total: '0.5' } };
  await reads.write({
    observations: [
      observation('a', { ...generation, start_time: '2026-11-20T12:00:00.000000Z', end_time: '2026-11-20T12:00:02.000000Z' }),
      observation('b', { ...generation, environment: 'test', start_time: '2026-11-20T12:04:59.999000Z', end_time: '2026-11-20T12:05:03.000000Z' }),
      { ...observation('theirs', { ...generation, start_time: '2026-11-20T12:01:00.000000Z' }), project_id: 'project-2' },
    ],
    scores: [score('s', { value: 0.25, timestamp: '2026-11-20T12:01:00.000000Z' })],
  });
});
afterAll(async () => await reads.close());

const ask = async (principal: Principal, path: string): Promise<unknown> => {
  const { status, body } = await reads.get(path, principal);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
};
const at = (time: string, over: Partial<Measured>) =>
  measure(
    ask,
    projectKey('project-1'),
    { view: 'observations', measure: 'totalCost', aggregation: 'sum', filters: [], windowMinutes: 5, ...over },
    new Date(`2026-11-20T${time}Z`),
  );

describe('a rule measures', () => {
  it('its window, the begin included and the end not, of its own project', async () => {
    expect(await at('12:05:00', {})).toBe(1);
    expect(await at('12:04:59', {})).toBe(0.5);
    expect(await at('12:05:01', {})).toBe(0.5);
    expect(await at('12:05:00', { filters: [{ type: 'stringOptions', column: 'environment', operator: 'any of', value: ['live'] }] })).toBe(0.5);
    expect(await at('12:05:00', { measure: 'latency', aggregation: 'max' })).toBe(3001);
    expect(await at('12:05:00', { view: 'scores-numeric', measure: 'value', aggregation: 'avg' })).toBe(0.25);
    expect(await at('12:05:00', { view: 'traces', measure: 'count', aggregation: 'count' })).toBe(0);
  });

  it('zero where sums and counts have nothing, and nothing where a latency has', async () => {
    expect(await at('10:00:00', {})).toBe(0);
    expect(await at('10:00:00', { measure: 'count', aggregation: 'count' })).toBe(0);
    expect(await at('10:00:00', { measure: 'uniqueUserIds', aggregation: 'uniq' })).toBe(0);
    for (const aggregation of ['avg', 'p95', 'max'] as const) expect(await at('10:00:00', { measure: 'latency', aggregation })).toBeNull();
  });

  it('only what its view knows', () => {
    const measured: Measured = { view: 'observations', measure: 'totalCost', aggregation: 'sum', filters: [], windowMinutes: 5 };
    expect(() => checkMeasured(measured)).not.toThrow();
    expect(() => checkMeasured({ ...measured, measure: 'value' })).toThrow('Invalid measure');
    expect(() => checkMeasured({ ...measured, filters: [{ type: 'string', column: 'x', operator: '=', value: '' }] })).toThrow('Invalid filter column');
  });
});
