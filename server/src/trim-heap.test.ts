import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { trimHeapOnce } from './trim-heap.ts';

let garbage: WeakRef<object>;
const collected = async (): Promise<boolean> => {
  // A weak reference is kept until the end of the turn that made or read it.
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return garbage.deref() === undefined;
};

beforeEach(() => {
  vi.useFakeTimers();
  garbage = new WeakRef({ large: new Array(1000).fill('x') });
});
afterEach(() => vi.useRealTimers());

describe('the heap after a start', () => {
  it('is collected once, when nothing is going on', async () => {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    trimHeapOnce(() => false);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await collected()).toBe(true);
    expect((globalThis as { gc?: unknown }).gc).toBeUndefined();
  });
  it('is left alone while calls are under way', async () => {
    let asked = 0;
    trimHeapOnce(() => {
      asked++;
      return true;
    });
    await vi.advanceTimersByTimeAsync(120_000);
    // Twenty looks and the last one's second question; then it gives up.
    expect(asked).toBe(21);
  });
  it('is left alone after a cancellation', async () => {
    const isBusy = vi.fn(() => false);
    trimHeapOnce(isBusy)();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(isBusy).not.toHaveBeenCalled();
  });
});
