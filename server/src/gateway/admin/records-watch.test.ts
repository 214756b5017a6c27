import { describe, expect, it } from 'vitest';
import { watchRecords } from './records-watch.ts';

describe('the watch over the records', () => {
  it('answers within a moment while the server stands still, asks once at a time, and says so when the question has failed', async () => {
    let asked = 0;
    let answer: (answers: boolean) => void = () => {};
    const watch = watchRecords(
      {
        ping: () => {
          asked++;
          return new Promise((resolve) => {
            answer = resolve;
          });
        },
      },
      2_000,
    );
    expect(await Promise.all([watch.isConnected(), watch.isConnected()])).toEqual([true, true]);
    expect(asked).toBe(1);
    answer(false);
    await new Promise((resolve) => setImmediate(resolve));
    const next = watch.isConnected();
    expect(asked).toBe(2);
    expect(await next).toBe(false);
    answer(true);
    await new Promise((resolve) => setImmediate(resolve));
    const last = watch.isConnected();
    answer(true);
    expect(await last).toBe(true);
  });
});
