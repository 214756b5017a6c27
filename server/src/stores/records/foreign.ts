// Somebody else's PostgreSQL: one connection, one transaction, names that are found there and not known here. For taking over and giving back, never for our own tables.
import pg from 'pg';
import { AppError } from '#lib/errors.ts';

export interface ForeignTransaction {
  /** Rows as text columns by name; `values` are bound as $n. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface ForeignOptions {
  /** `read`: the server itself refuses every write. */
  access: 'read' | 'write';
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Prisma's own parameters, which PostgreSQL would refuse. */
const PRISMA_PARAMETERS = ['schema', 'pgbouncer', 'connection_limit', 'pool_timeout', 'statement_cache_size', 'connect_timeout', 'sslaccept'];

/**
 * Runs `work` in one transaction on another database and closes the connection. `read` sees one consistent state and cannot write; `write` commits when `work`
 * resolves. @throws AppError 400 when the address is none or the database cannot be reached.
 */
export async function withForeignDatabase<Result>(
  url: string,
  options: ForeignOptions,
  work: (session: ForeignTransaction) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: plainUrl(url),
    application_name: 'genai takeover',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    throw unreachable(error);
  }
  try {
    await client.query(options.access === 'read' ? 'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN');
    const result = await work({ query: async (text, values = []) => (await client.query(text, values as unknown[])).rows });
    await client.query(options.access === 'read' ? 'ROLLBACK' : 'COMMIT');
    return result;
  } finally {
    await client.end().catch(() => {});
  }
}

/** A name as SQL takes it, whatever it is made of. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The schema that a Prisma address names; null when it names none. */
export function schemaOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).searchParams.get('schema') : null;
}

function plainUrl(text: string): string {
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol)) {
    throw new AppError('The database address is no URL: postgresql://user:password@host:5432/database', { status: 400, code: 'bad_database_url' });
  }
  const url = new URL(text);
  for (const name of PRISMA_PARAMETERS) url.searchParams.delete(name);
  return url.toString();
}

/** The driver's words without the address: it holds a password. */
function unreachable(error: unknown): AppError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new AppError(`The database cannot be reached: ${code ?? ''} ${message === '' ? 'no answer' : message}`.replace('  ', ' '), {
    status: 400,
    code: 'database_unreachable',
    cause: error,
  });
}
