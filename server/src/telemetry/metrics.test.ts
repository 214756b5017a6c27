import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('writes counters, gauges and histograms as Prometheus reads them', () => {
    const metrics = createMetrics();
    const calls = metrics.counter({ name: 'calls_total', help: 'Calls.', labels: ['model', 'status'] });
    calls.add(1, 'gpt-4o-mini', '200');
    calls.add(2, 'gpt-4o-mini', '200');
    calls.add(-5, 'gpt-4o-mini', '200');
    metrics.counter({ name: 'dropped_total', help: 'Dropped.' });
    const queue = metrics.gauge({ name: 'queue_length', help: 'Rows waiting.' });
    metrics.onCollect(() => queue.set(7));
    const seconds = metrics.histogram({ name: 'latency_seconds', help: 'Latency.', buckets: [0.1, 1] });
    for (const value of [0.05, 0.1, 0.5, 3, Number.NaN]) seconds.observe(value);
    expect(metrics.text()).toBe(
      [
        '# HELP calls_total Calls.',
        '# TYPE calls_total counter',
        'calls_total{model="gpt-4o-mini",status="200"} 3',
        '# HELP dropped_total Dropped.',
        '# TYPE dropped_total counter',
        'dropped_total 0',
        '# HELP queue_length Rows waiting.',
        '# TYPE queue_length gauge',
        'queue_length 7',
        '# HELP latency_seconds Latency.',
        '# TYPE latency_seconds histogram',
        'latency_seconds_bucket{le="0.1"} 2',
        'latency_seconds_bucket{le="1"} 3',
        'latency_seconds_bucket{le="+Inf"} 4',
        'latency_seconds_sum 3.65',
        'latency_seconds_count 4',
        '',
      ].join('\n'),
    );
  });

  it('keeps a bounded number of series and counts the rest together', () => {
    const metrics = createMetrics();
    const calls = metrics.counter({ name: 'calls_total', help: '', labels: ['user'] });
    for (let user = 0; user < 5_000; user += 1) calls.add(1, `user-${user}`);
    const lines = metrics.text().split('\n');
    expect(lines.length).toBeLessThan(1_010);
    expect(lines).toContain('calls_total{user="other"} 4000');
  });

  it('keeps one line a series whatever the label says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (label) => {
        const metrics = createMetrics();
        metrics.counter({ name: 'c', help: '', labels: ['l'] }).add(1, label);
        return metrics.text().trimEnd().split('\n').length === 3;
      }),
    );
  });

  it('refuses a name that is taken or that Prometheus would not read', () => {
    const metrics = createMetrics();
    metrics.gauge({ name: 'a', help: '' });
    expect(() => metrics.counter({ name: 'a', help: '' })).toThrow(RangeError);
    expect(() => metrics.counter({ name: 'a-b', help: '' })).toThrow(RangeError);
    expect(() => metrics.counter({ name: 'b', help: '', labels: ['x'] }).add(1)).toThrow(RangeError);
  });
});
