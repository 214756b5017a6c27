// Records over PostgreSQL by `pg`: a small pool, one schema, transactions, LISTEN. Safe behind a transaction pooler: no named statements, no session state.
import pg from 'pg';
import { AppError } from '#lib/errors.ts';
import { clientClass, clientConfig, DEFAULT_STATEMENT_TIMEOUT_MS, namesPooler, type RecordsOptions, SCHEMA } from './connection.ts';
import { isAway, translateFailure } from './failures.ts';
import { createListener, type Listener } from './listener.ts';
import type { Records, RecordsSession, Statement } from './port.ts';
import { isStatement, sql } from './sql.ts';

const DEFAULT_POOL_SIZE = 4;
/** Callers that wait for a connection at most; beyond it they get 503 at once. */
const MAX_WAITING = 2_000;

/**
 * Opens the records store; the first connection is made by the first statement. Failures of the connection are AppErrors
 * (503 `no_db_connection`, retryable); errors of a statement (constraints) are PostgreSQL's own, see `sqlState`.
 */
export function openRecords(options: RecordsOptions): Records {
  return new PostgresRecords(options);
}

class PostgresRecords implements Records {
  readonly #options: RecordsOptions;
  readonly #onError: (error: Error) => void;
  readonly #client: typeof pg.Client;
  #pool: pg.Pool;
  #pooled: boolean;
  #listener: Listener | null = null;

  constructor(options: RecordsOptions) {
    this.#options = options;
    this.#onError = options.onError ?? (() => {});
    this.#pooled = namesPooler(options.connectionString);
    this.#client = clientClass(options);
    this.#pool = this.#openPool();
  }

  async query<Row = Record<string, unknown>>(statement: Statement): Promise<Row[]> {
    if (this.#pooled) return this.transaction((session) => session.query<Row>(statement));
    const client = await this.#connect();
    if (this.#pooled) {
      client.release();
      return this.query(statement);
    }
    let broken = false;
    try {
      return await run<Row>(client, statement);
    } catch (error) {
      broken = isAway(error);
      throw translateFailure(error);
    } finally {
      client.release(broken);
    }
  }

  async transaction<Result>(work: (session: RecordsSession) => Promise<Result>): Promise<Result> {
    const client = await this.#connect();
    let ended = false;
    let broken = false;
    const session: RecordsSession = {
      query: async (statement) => {
        if (ended) throw new Error('the transaction has ended; use its session only inside');
        return run(client, statement);
      },
    };
    try {
      await client.query(this.#pooled ? this.#pooledBegin() : 'BEGIN');
      const result = await work(session);
      ended = true;
      const done = await client.query('COMMIT');
      // COMMIT of a failed transaction is answered by ROLLBACK: a statement failed and `work` swallowed it.
      if (done.command === 'ROLLBACK') throw new Error('the transaction was rolled back: one of its statements had failed');
      return result;
    } catch (error) {
      ended = true;
      // A connection that does not answer is not asked again; any other is only kept when the server has forgotten the transaction.
      broken = isAway(error);
      if (!broken) {
        await client.query('ROLLBACK').catch(() => {
          broken = true;
        });
      }
      throw translateFailure(error);
    } finally {
      client.release(broken);
    }
  }

  async listen(channel: string, handler: (payload: string) => void, onGap: () => void): Promise<() => Promise<void>> {
    const { listenConnectionString } = this.#options;
    const target = listenConnectionString === undefined ? this.#options : { ...this.#options, connectionString: listenConnectionString };
    this.#listener ??= createListener(clientConfig(target, true), this.#onError, this.#client);
    return this.#listener.subscribe({ channel, handler, onGap });
  }

  async ping(timeoutMs: number): Promise<boolean> {
    const timeout = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => timeout.resolve(false), timeoutMs);
    const answer = this.query(sql`SELECT 1`).then(
      () => true,
      () => false,
    );
    try {
      return await Promise.race([answer, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener?.close(), this.#pool.ending ? undefined : this.#pool.end()]);
  }

  async #connect(): Promise<pg.PoolClient> {
    if (this.#pool.waitingCount >= MAX_WAITING) {
      throw new AppError('Too many requests wait for the records database; try again in a few seconds.', {
        status: 503,
        code: 'no_db_connection',
        retryAfterSeconds: 2,
      });
    }
    const pool = this.#pool;
    try {
      return await pool.connect();
    } catch (error) {
      const isOwnPool = this.#pool === pool;
      if (!isPoolerRefusal(error) || (isOwnPool && this.#pooled)) throw translateFailure(error);
      // The first to notice changes over for all. The old pool holds no connection; whoever still waits in it comes here too.
      if (isOwnPool) {
        this.#pooled = true;
        this.#pool = this.#openPool();
      }
      return await this.#connect();
    }
  }

  #openPool(): pg.Pool {
    const pooled = this.#pooled;
    const pool = new pg.Pool({
      ...clientConfig(this.#options, pooled),
      Client: this.#client,
      max: this.#options.poolSize ?? DEFAULT_POOL_SIZE,
      idleTimeoutMillis: 60_000,
      onConnect: async (client) => {
        // The pool listens only to idle connections; one that breaks between two statements of a caller would end the process otherwise.
        client.on('error', () => {});
        if (!pooled) await verifySearchPath(client);
      },
    });
    // An idle connection that breaks leaves the pool by itself; without a listener it would end the process.
    pool.on('error', (error) => this.#onError(error));
    return pool;
  }

  #pooledBegin(): string {
    const timeoutMs = this.#options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
    return `BEGIN; SET LOCAL search_path TO ${SCHEMA}; SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL TimeZone = 'UTC'`;
  }
}

async function run<Row>(client: pg.PoolClient, statement: Statement): Promise<Row[]> {
  if (!isStatement(statement)) throw new TypeError('records take statements made by the sql tag');
  const { text, values } = statement;
  const result = await client.query(values.length === 0 ? { text } : { text, values: values as unknown[] });
  return Array.isArray(result) ? [] : (result.rows as Row[]);
}

class PoolerBetween extends Error {}

/** A pooler that silently drops start-up options would send our unqualified names into somebody else's `public` schema: find out before the first statement. */
async function verifySearchPath(client: pg.ClientBase): Promise<void> {
  const result = await client.query<{ search_path: string }>('SHOW search_path');
  if (result.rows[0]?.search_path !== SCHEMA) throw new PoolerBetween('the start-up options were dropped on the way to PostgreSQL');
}

function isPoolerRefusal(error: unknown): boolean {
  return error instanceof PoolerBetween || (error instanceof Error && /unsupported startup parameter/i.test(error.message));
}
