// Where and how to connect: one set of options becomes pg's client configuration, for a URL or for a Unix socket.
import pg from 'pg';
import { clientWithTokens, rdsTokens } from './iam-token.ts';

/** Options of openRecords. Give `connectionString` or `socketFolder`. */
export interface RecordsOptions {
  /** postgresql:// URL of any PostgreSQL >= 14. `pgbouncer=true` in it means: a transaction pooler stands between. */
  connectionString?: string;
  /** Folder of the Unix socket `.s.PGSQL.5432` (the embedded server). */
  socketFolder?: string;
  user?: string;
  database?: string;
  /** A URL that reaches the server itself, for LISTEN, when `connectionString` leads to a transaction pooler. */
  listenConnectionString?: string;
  /** Signs in with IAM tokens of this region (null: as AWS's chain says) instead of a password. */
  iam?: { region: string | null };
  /** Connections kept at most; default 4. */
  poolSize?: number;
  /** The server ends a statement after this long; default 30,000. */
  statementTimeoutMs?: number;
  /** A statement that the server neither answers nor ends (it is stopped, the network is cut) is given up after this long; default: 5 s after the server's own limit. */
  answerTimeoutMs?: number;
  /** How long to wait for a connection (a new one, or a free place in the pool); default 5,000. */
  connectTimeoutMs?: number;
  /** Told about failures that no caller sees: a lost idle connection, a lost LISTEN connection. */
  onError?: (error: Error) => void;
}

/** Our tables live here and nowhere else; the database may be shared with other products. */
export const SCHEMA = 'genai';
export const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_MARGIN_MS = 5_000;
const SOCKET_USER = 'genai';
const SOCKET_DATABASE = 'postgres';
const OID_DATE = 1082;

/** True when the URL says that a transaction pooler stands between (Prisma's spelling, found in existing configurations). */
export function namesPooler(connectionString: string | undefined): boolean {
  return connectionString !== undefined && URL.canParse(connectionString) && new URL(connectionString).searchParams.get('pgbouncer') === 'true';
}

/**
 * The pg configuration of one connection. `pooled` leaves out the start-up options, which a transaction pooler refuses or forgets:
 * then every transaction sets them for itself.
 * @throws TypeError when neither a URL nor a socket folder is given.
 */
export function clientConfig(options: RecordsOptions, pooled: boolean): pg.ClientConfig {
  const timeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  const startup = `-c search_path=${SCHEMA} -c statement_timeout=${timeoutMs} -c TimeZone=UTC`;
  const shared: pg.ClientConfig = {
    application_name: 'genai',
    connectionTimeoutMillis: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    query_timeout: options.answerTimeoutMs ?? timeoutMs + ANSWER_MARGIN_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    types: { getTypeParser },
    ...(pooled ? {} : { options: startup }),
  };
  if (options.connectionString !== undefined) {
    return { ...shared, connectionString: withoutForeignParameters(options.connectionString, pooled ? null : startup) };
  }
  if (options.socketFolder === undefined) throw new TypeError('openRecords needs a connectionString or a socketFolder');
  return { ...shared, host: options.socketFolder, port: 5432, user: options.user ?? SOCKET_USER, database: options.database ?? SOCKET_DATABASE };
}

/** pg lets the URL's `options` win over ours, so both are joined there, ours last (PostgreSQL takes the last). Prisma's own parameters are dropped. */
function withoutForeignParameters(connectionString: string, startup: string | null): string {
  if (!URL.canParse(connectionString)) return connectionString;
  const url = new URL(connectionString);
  const own = url.searchParams.get('options');
  for (const name of ['options', 'pgbouncer', 'schema', 'connection_limit', 'pool_timeout', 'statement_cache_size']) url.searchParams.delete(name);
  if (startup !== null && own !== null) url.searchParams.set('options', `${own} ${startup}`);
  return url.toString();
}

/** What connects: pg's own, or one that signs in with IAM tokens. */
export function clientClass(options: Pick<RecordsOptions, 'iam'>): typeof pg.Client {
  return options.iam === undefined ? pg.Client : clientWithTokens(rdsTokens(options.iam.region));
}

/** pg's parsers, but a `date` stays text: as a Date it would depend on the process's time zone. int8 and numeric are text already. */
function getTypeParser(oid: number, format?: string): unknown {
  if (oid === OID_DATE) return String;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
