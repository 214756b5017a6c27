// The process's log: JSON lines by pino, secrets taken out, never waiting for a slow reader. Requests write one wide event each.
import { type DestinationStream, destination, pino } from 'pino';
import { isSecretName, isSuspicious, redactEvent, redactText } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;
/** The fields of an event that is written for each request: no objects, so that a line costs one JSON.stringify. */
export type FlatFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A line at level info that may wait a moment (`EVENT_WAIT_MS`) and leave together with others: what is written once a request. */
  event(message: string, fields: FlatFields): void;
  /** The same log with fields on every line. */
  with(fields: LogFields): Log;
  /** Writes what is still in memory; for the end of the process. */
  flush(): void;
}

/** Lines held in memory while standard error is slow; beyond, lines are dropped rather than requests delayed. */
const MAX_BUFFERED_BYTES = 4 << 20;
/** Events are handed to the operating system together: at this size, or after this time. */
const EVENT_BYTES = 8 << 10;
const EVENT_WAIT_MS = 50;

/**
 * A log at `level`, on standard error unless `stream` is given.
 * Field values and messages are redacted (telemetry/redact.ts): keys never reach a log, whoever logs them.
 */
export function createLog(options: { level: LogLevel; stream?: DestinationStream }): Log {
  const stream = options.stream ?? destination({ dest: 2, sync: false, minLength: EVENT_BYTES, maxLength: MAX_BUFFERED_BYTES });
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    stream,
  );
  return wrap(logger, {}, new Lines(stream));
}

/** Where lines go. */
class Lines {
  readonly #stream: DestinationStream & { flush?: () => void; flushSync?: () => void };
  #timer: NodeJS.Timeout | null = null;

  constructor(stream: DestinationStream) {
    this.#stream = stream;
  }

  /** A line that may wait for others. */
  gather(line: string): void {
    this.#stream.write(line);
    this.#timer ??= setTimeout(() => this.push(), EVENT_WAIT_MS).unref();
  }

  /** What is in memory goes to the operating system; nobody waits. */
  push(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      this.#stream.flush?.();
    } catch {
      // The reader is gone: there is nobody left to tell.
    }
  }

  /** The same, waited for. */
  finish(): void {
    try {
      this.#stream.flushSync?.();
    } catch {
      // Nothing was written yet, or the reader is gone.
    }
  }
}

function wrap(logger: pino.Logger, fixed: LogFields, lines: Lines): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](fields === undefined ? fixed : { ...fixed, ...redactEvent(fields) }, redactText(message));
      lines.push();
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    event(message, fields) {
      if (!logger.isLevelEnabled('info')) return;
      const text = JSON.stringify(fields);
      // Whatever looks like a secret takes the careful way.
      if (isSuspicious(text) || hasSecretName(fields)) logger.info({ ...fixed, ...redactEvent(fields) }, redactText(message));
      else lines.gather(eventLine(fixed, text, message));
    },
    with: (more) => wrap(logger, { ...fixed, ...redactEvent(more) }, lines),
    flush: () => lines.finish(),
  };
}

function hasSecretName(fields: FlatFields): boolean {
  for (const name in fields) if (isSecretName(name)) return true;
  return false;
}

/** The line as pino would write it. */
function eventLine(fixed: LogFields, fields: string, message: string): string {
  const head = `{"level":"info","time":"${new Date().toISOString()}"`;
  const own = [JSON.stringify(fixed), fields].filter((object) => object !== '{}').map((object) => `,${object.slice(1, -1)}`);
  return `${head}${own.join('')},"msg":${JSON.stringify(message)}}\n`;
}
