import { describe, expect, it } from 'vitest';
import { nameOf, planFaults, randomOf } from './plan.ts';

const members = ['gateway-0', 'gateway-1', 'observe-0', 'worker-0'];

describe('the plan of a fault run', () => {
  it('is the same for the same seed and another one for another', () => {
    expect(planFaults({ seed: 7, minutes: 10, members })).toEqual(planFaults({ seed: 7, minutes: 10, members }));
    expect(planFaults({ seed: 7, minutes: 10, members })).not.toEqual(planFaults({ seed: 8, minutes: 10, members }));
  });

  it('meets every process and every store in ten minutes, in each way, and leaves the end quiet', () => {
    const plan = planFaults({ seed: 1, minutes: 10, members });
    const names = plan.map(({ fault }) => nameOf(fault)).join('\n');
    for (const member of members) expect(names).toContain(member);
    for (const store of ['postgres', 'redis', 's3', 'clickhouse', 'haproxy']) for (const kind of ['kill', 'pause']) expect(names).toContain(`${kind} ${store}`);
    for (const mode of ['cut', 'stall', 'slow', 'lose-disk', 'restart', 'pause']) expect(names).toContain(mode);
    expect(Math.max(...plan.map(({ atMs, lastsMs }) => atMs + lastsMs))).toBeLessThan(600_000);
  });

  it('draws evenly', () => {
    const random = randomOf(3);
    const drawn = Array.from({ length: 10_000 }, random);
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(drawn.reduce((sum, value) => sum + value, 0) / drawn.length - 0.5)).toBeLessThan(0.02);
  });
});
