// What a failed statement means for the caller: the store is away (503), it took too long, or the text cannot be stored; everything else stays PostgreSQL's own error.
import { AppError } from '#lib/errors.ts';
import { sqlState } from './sql.ts';

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'EACCES',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTCONN',
]);
/** admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, too_many_connections, configuration_limit_exceeded. */
const AWAY_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '53400']);
const AWAY_MESSAGES =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after|The server does not support SSL)/;

/** True when the server could not be reached or went away, so that the same statement may succeed later. */
export function isAway(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && NETWORK_CODES.has(code)) return true;
  if (error instanceof AggregateError) return error.errors.some(isAway);
  const state = sqlState(error);
  if (state !== null) return state.startsWith('08') || AWAY_STATES.has(state);
  return error instanceof Error && AWAY_MESSAGES.test(error.message);
}

/** Turns what pg threw into what a room may see. AppErrors and errors of the statement itself (constraints, syntax) pass unchanged. */
export function translateFailure(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (isAway(error)) return noConnection(error);
  if (isDistrust(error)) return distrusted(error);
  switch (sqlState(error)) {
    case '57014':
      return new AppError('The database took too long to answer; try again.', { status: 503, code: 'db_timeout', retryAfterSeconds: 2, cause: error });
    case '40001':
    case '40P01':
      return new AppError('Another change was made at the same moment; try again.', { status: 503, code: 'db_conflict', retryAfterSeconds: 1, cause: error });
    case '25006':
      return new AppError('The database is read-only at the moment (a failover?); try again.', {
        status: 503,
        code: 'no_db_connection',
        retryAfterSeconds: 2,
        cause: error,
      });
    case '28P01':
    case '28000':
    case '3D000':
      return new AppError('PostgreSQL refused the connection: check user, password and database name of the records URL.', {
        status: 503,
        code: 'no_db_connection',
        retryAfterSeconds: 5,
        cause: error,
      });
    case '22021':
    case '22P05':
      return new AppError('A text holds a NUL character, which cannot be stored; remove it.', { status: 400, code: 'invalid_text', cause: error });
    default:
      return error;
  }
}

/** The other end of the connection is not who it should be, by its certificate. */
function isDistrust(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(code);
}

function distrusted(cause: unknown): AppError {
  const why = (cause as { code: string }).code;
  return new AppError(
    `The certificate of PostgreSQL is not trusted (${why}): name its authority with sslrootcert=<file> in the records URL, or in NODE_EXTRA_CA_CERTS.`,
    { status: 503, code: 'no_db_connection', retryAfterSeconds: 5, cause },
  );
}

function noConnection(cause: unknown): AppError {
  return new AppError('The records database cannot be reached at the moment; try again in a few seconds.', {
    status: 503,
    code: 'no_db_connection',
    retryable: true,
    retryAfterSeconds: 2,
    cause,
  });
}
