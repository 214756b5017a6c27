// A bound on how many media are in memory at once: a few have their turn, some wait, the rest are told to come again.
import { AppError } from '#lib/errors.ts';

/** Runs `work` when it is its turn. @throws AppError 503 with Retry-After when too many wait already. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function createTurns(atOnce: number, waitingAtMost: number): Turns {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= waitingAtMost)
        throw new AppError('Too many media are on their way: send again in a second.', { status: 503, code: 'ServiceUnavailableError', retryAfterSeconds: 1 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The turn goes over to who waits, or ends.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
