// The metrics of several processes in one text: every series is there, told apart, and each family stands once.
import { expect, it } from 'vitest';
import { createMetrics } from '#telemetry/metrics.ts';
import { joinExpositions, withWorkers } from './worker-metrics.ts';

function metricsOf(calls: number) {
  const metrics = createMetrics();
  metrics.counter({ name: 'calls_total', help: 'Calls.', labels: ['model'] }).add(calls, 'gpt "4", {x}');
  metrics.counter({ name: 'dropped_total', help: 'Dropped.' });
  metrics.histogram({ name: 'seconds', help: 'How long.', buckets: [1] }).observe(calls);
  return metrics;
}

it('joins families and labels the series of the others', () => {
  const text = joinExpositions(metricsOf(1).text(), new Map([['0', `${metricsOf(2).text()}# HELP only_here x\n# TYPE only_here gauge\nonly_here 5\n`]]));
  expect(text.split('\n').filter((line) => line.startsWith('# HELP'))).toHaveLength(4);
  expect(text).toContain('calls_total{model="gpt \\"4\\", {x}"} 1\ncalls_total{worker="0",model="gpt \\"4\\", {x}"} 2\n');
  expect(text).toContain('dropped_total 0\ndropped_total{worker="0"} 0\n');
  expect(text).toContain('seconds_bucket{worker="0",le="+Inf"} 1');
  expect(text).toContain('only_here{worker="0"} 5\n');
});

it('asks the others at each refresh', async () => {
  let asked = 0;
  const workers = { metrics: async () => new Map([[String(asked++), metricsOf(3).text()]]), state: () => ({ ready: 1, wanted: 2 }) };
  const { metrics: joined, workers: state } = withWorkers(metricsOf(1), workers);
  expect(state?.()).toEqual({ ready: 1, wanted: 2 });
  expect(joined.text()).not.toContain('worker=');
  await joined.refresh();
  expect(joined.text()).toContain('dropped_total{worker="0"} 0');
  await joined.refresh();
  expect(joined.text()).toContain('dropped_total{worker="1"} 0');
});
