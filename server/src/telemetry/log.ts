// The process's log: JSON lines by pino, secrets taken out, never waiting for a slow reader. Requests write one wide event each.
import { type DestinationStream, destination, pino } from 'pino';
import { redactEvent, redactText } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields on every line. */
  with(fields: LogFields): Log;
  /** Writes what is still in memory; for the end of the process. */
  flush(): void;
}

/** Lines held in memory while standard error is slow; beyond, lines are dropped rather than requests delayed. */
const MAX_BUFFERED_BYTES = 4 << 20;

/**
 * A log at `level`, on standard error unless `stream` is given.
 * Field values and messages are redacted (telemetry/redact.ts): keys never reach a log, whoever logs them.
 */
export function createLog(options: { level: LogLevel; stream?: DestinationStream }): Log {
  const stream = options.stream ?? destination({ dest: 2, sync: false, maxLength: MAX_BUFFERED_BYTES });
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    stream,
  );
  return wrap(logger, {}, () => flushStream(stream));
}

function wrap(logger: pino.Logger, fixed: LogFields, flush: () => void): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (logger.isLevelEnabled(level)) logger[level](fields === undefined ? fixed : { ...fixed, ...redactEvent(fields) }, redactText(message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(logger, { ...fixed, ...redactEvent(fields) }, flush),
    flush,
  };
}

function flushStream(stream: DestinationStream): void {
  try {
    (stream as { flushSync?: () => void }).flushSync?.();
  } catch {
    // Nothing was written yet, or the reader is gone: there is nobody left to tell.
  }
}
