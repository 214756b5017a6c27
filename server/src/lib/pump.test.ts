import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pump, type PumpOptions } from './pump.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pumpOf = (pass: () => Promise<number | null>, more: Partial<PumpOptions> = {}) =>
  new Pump({ pass, onError: () => {}, againMs: 5_000, shortestMs: 50, longestMs: 300_000, ...more });

describe('a pump', () => {
  it('looks when it is woken, and again when the next thing is due', async () => {
    const pass = vi.fn<() => Promise<number | null>>().mockResolvedValueOnce(1_000).mockResolvedValue(null);
    const pump = pumpOf(pass);
    pump.wake();
    await vi.advanceTimersByTimeAsync(999);
    expect(pass).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(pass).toHaveBeenCalledTimes(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps waits within its bounds', async () => {
    const pass = vi.fn<() => Promise<number | null>>().mockResolvedValueOnce(-20_000).mockResolvedValueOnce(1e12).mockResolvedValue(null);
    const pump = pumpOf(pass);
    pump.wake();
    await vi.advanceTimersByTimeAsync(50);
    expect(pass).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(pass).toHaveBeenCalledTimes(3);
  });

  // Rules of alerts, exports and judgements that were saved while a pass was finding nothing waited for the next wake-up, which may never have come.
  it('looks once more when it is woken while a pass finds nothing', async () => {
    const found = Promise.withResolvers<null>();
    const pass = vi.fn<() => Promise<number | null>>().mockReturnValueOnce(found.promise).mockResolvedValue(null);
    const pump = pumpOf(pass);
    pump.wake();
    for (let times = 0; times < 5; times += 1) pump.wake();
    found.resolve(null);
    await vi.advanceTimersByTimeAsync(0);
    expect(pass).toHaveBeenCalledTimes(2);
  });

  it('says what failed and tries again', async () => {
    const onError = vi.fn();
    const pass = vi.fn<() => Promise<number | null>>().mockRejectedValueOnce(new Error('away')).mockResolvedValue(null);
    const pump = pumpOf(pass, { onError });
    pump.wake();
    await vi.advanceTimersByTimeAsync(4_999);
    expect([onError.mock.calls.length, pass.mock.calls.length]).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(pass).toHaveBeenCalledTimes(2);
  });

  it('waits for the pass under way when it is closed, and begins none after it', async () => {
    const under = Promise.withResolvers<number>();
    const pass = vi.fn(() => under.promise);
    const pump = pumpOf(pass);
    pump.wake();
    pump.wake();
    let isClosed = false;
    const closing = pump.close().then(() => {
      isClosed = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect([isClosed, pump.closed]).toEqual([false, true]);
    under.resolve(10);
    await closing;
    pump.wake();
    pump.sleep(0);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect([pass.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('has seen everything that it was woken for, whenever that was, with one pass at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(30), fc.nat(20), fc.boolean()), { maxLength: 30 }), async (steps) => {
        let [written, seen, passing, most] = [0, 0, 0, 0];
        const lasts = steps.map(([, lastsMs, fails]) => ({ lastsMs, fails }));
        const pump = pumpOf(async () => {
          passing += 1;
          most = Math.max(most, passing);
          const read = written;
          const { lastsMs, fails } = lasts.pop() ?? { lastsMs: 0, fails: false };
          await new Promise((resolve) => setTimeout(resolve, lastsMs));
          passing -= 1;
          if (fails) throw new Error('away');
          seen = read;
          return null;
        });
        for (const [afterMs] of steps) {
          await vi.advanceTimersByTimeAsync(afterMs);
          written += 1;
          pump.wake();
        }
        await vi.advanceTimersByTimeAsync(31 * 5_100);
        expect([seen, most]).toEqual([written, Math.min(written, 1)]);
        await pump.close();
      }),
    );
  });
});
