// AppError: the one error that rooms throw on purpose; each door maps it once to the dialect its client speaks.

/** What went wrong in the platform's own words; `http/errors.ts` turns it into LiteLLM's, OpenAI's or Langfuse's envelope. */
export interface AppErrorOptions {
  /** HTTP status that the client gets. */
  status: number;
  /** Machine-readable code of the field, for example `budget_exceeded` or `LangfuseNotFoundError`. */
  code: string;
  /** Name of the offending parameter, where one is to blame. */
  param?: string;
  /** Whether the same request may succeed later unchanged. */
  retryable?: boolean;
  /** Sent as `Retry-After`, in seconds. */
  retryAfterSeconds?: number;
  /** Extra structured detail that the dialect may show (never secrets). */
  details?: unknown;
  cause?: unknown;
}

/** An expected failure. `message` is shown to the user and says what to do next; it never contains key material or bodies. */
export class AppError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly details: unknown;

  constructor(message: string, options: AppErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.status = options.status;
    this.code = options.code;
    this.param = options.param;
    this.retryable = options.retryable ?? (options.status === 429 || options.status === 503);
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.details = options.details;
  }
}
