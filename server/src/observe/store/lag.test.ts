// Lag: counted in records and in time, never understated, also across restarts of the journal.
import { describe, expect, it } from 'vitest';
import { createLag } from './lag.ts';

describe('the lag', () => {
  it('is nothing before anything was told and after everything was reached', () => {
    const lag = createLag(10n);
    expect(lag.now(5_000)).toEqual({ lagRecords: 0, lagMs: 0 });
    lag.told(12n, 1_000);
    lag.told(15n, 2_000);
    expect(lag.now(5_000)).toEqual({ lagRecords: 5, lagMs: 4_000 });
    lag.reached(12n);
    expect(lag.now(5_000)).toEqual({ lagRecords: 3, lagMs: 3_000 });
    lag.reached(15n);
    expect(lag.now(5_000)).toEqual({ lagRecords: 0, lagMs: 0 });
  });

  it('ignores what is reached already and keeps the oldest age when very much is told', () => {
    const lag = createLag(0n);
    lag.told(0n, 1);
    for (let index = 1; index <= 5_000; index += 1) lag.told(BigInt(index), index);
    expect(lag.now(6_000)).toEqual({ lagRecords: 5_000, lagMs: 5_999 });
  });

  it('counts a new start of the journal from its own beginning', () => {
    const lag = createLag(7n);
    lag.told((1n << 40n) + 3n, 0);
    expect(lag.now(0).lagRecords).toBe(3);
  });
});
