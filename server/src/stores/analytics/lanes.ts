// A bounded number of connections that each do one thing at a time, with a bounded queue of those who wait.
import { AppError } from '#lib/errors.ts';

export interface Lanes<Connection> {
  /** Runs `work` on a free connection, waiting in order for one. @throws AppError 503 when too many wait or the lanes are closed. */
  run<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result>;
  /** Takes a connection; the caller gives it back by calling `release` once. */
  take(): Promise<{ connection: Connection; release: () => void }>;
  /** Refuses new work and resolves when all work in flight has ended. */
  drain(): Promise<void>;
}

/** Lanes over the given connections; at most `maxWaiting` callers wait. */
export function openLanes<Connection>(connections: readonly Connection[], maxWaiting: number): Lanes<Connection> {
  const free = [...connections];
  const waiting: { resolve: (connection: Connection) => void; reject: (error: Error) => void }[] = [];
  let closed = false;
  let drained: (() => void) | null = null;

  function release(connection: Connection): void {
    const next = waiting.shift();
    if (next) next.resolve(connection);
    else {
      free.push(connection);
      if (closed && free.length === connections.length) drained?.();
    }
  }

  async function acquire(): Promise<Connection> {
    if (closed) throw busy('The analytics store is closing. Try again in a few seconds.');
    const connection = free.pop();
    if (connection !== undefined) return connection;
    if (waiting.length >= maxWaiting) throw busy('Too many queries are waiting for the analytics store. Try again in a few seconds.');
    return await new Promise<Connection>((resolve, reject) => waiting.push({ resolve, reject }));
  }

  async function take(): Promise<{ connection: Connection; release: () => void }> {
    const connection = await acquire();
    let given = false;
    return {
      connection,
      release: () => {
        if (!given) release(connection);
        given = true;
      },
    };
  }

  return {
    take,
    run: async (work) => {
      const connection = await acquire();
      try {
        return await work(connection);
      } finally {
        release(connection);
      }
    },
    drain: async () => {
      closed = true;
      for (const waiter of waiting.splice(0)) waiter.reject(busy('The analytics store is closing. Try again in a few seconds.'));
      if (free.length < connections.length)
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
    },
  };
}

function busy(message: string): AppError {
  return new AppError(message, { status: 503, code: 'analytics_busy', retryAfterSeconds: 1 });
}
