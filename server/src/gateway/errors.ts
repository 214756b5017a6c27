// Failures of a call in one shape, and their wire form: LiteLLM's envelope and class names (litellm.md §1.3), with anything that looks like a key taken out.

import { AppError } from '#lib/errors.ts';
import { numberOf, textOf } from '#lib/json.ts';
import type { Deployment } from '#settings/settings.ts';
import { UpstreamSaid } from './providers/wire.ts';
import { retryDelayMs } from './retry-after.ts';

/** Why a try or a call failed, as the client and the ledger see it. */
export interface Failure {
  /** Status for the client. */
  readonly status: number;
  /** Status that the upstream sent, null when it sent none. */
  readonly upstreamStatus: number | null;
  /** LiteLLM's class name, for example RateLimitError; null for the gateway's own refusals. */
  readonly errorClass: string | null;
  readonly message: string;
  readonly type: string | null;
  readonly param: string | null;
  /** `provider_specific_fields` of the envelope. */
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly retryAfterMs: number | null;
  /** More response headers, flat. */
  readonly headers: readonly string[];
}

const LONGEST_MESSAGE = 2_000;
const KEY_LIKE = /\b(sk|pk|rk)-[A-Za-z0-9_\-*.]{6,}|\bBearer\s+[A-Za-z0-9._~+/=-]{8,}|\b[0-9a-fA-F]{32,}\b|\b[A-Za-z0-9]{60,}\b/g;

const CLOUD_SECRETS = [
  'client_secret',
  'databricks_client_secret',
  'snowflake_jwt',
  'vertex_credentials',
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
];

/** An upstream's text without anything that looks like a credential, at most 2,000 characters. */
export function redact(text: string, deployment: Deployment | null = null): string {
  let clean = text.slice(0, LONGEST_MESSAGE * 2);
  for (const secret of [deployment?.apiKey, deployment?.azureAdToken, ...CLOUD_SECRETS.map((name) => deployment?.cloud?.[name])])
    if (secret && secret.length >= 4) clean = clean.replaceAll(secret, '[redacted]');
  return clean.replace(KEY_LIKE, '[redacted]').slice(0, LONGEST_MESSAGE);
}

/** The envelope as JSON text. `code` is a string, as LiteLLM's clients expect. */
export function envelope(failure: Failure): string {
  const { message, type, param, status, fields } = failure;
  return JSON.stringify({ error: { message, type, param, code: String(status), ...(fields === null ? {} : { provider_specific_fields: fields }) } });
}

/** One of the gateway's own refusals, or a fault of ours (which tells nothing of the inside). */
export function ownFailure(error: unknown): Failure {
  const known = error instanceof AppError;
  const details = known && typeof error.details === 'object' ? (error.details as { headers?: readonly string[] } | null) : null;
  return {
    status: known ? error.status : 500,
    upstreamStatus: null,
    errorClass: null,
    message: known ? error.message : 'Internal error of the gateway. The id in the x-litellm-call-id header finds it in the log.',
    type: known ? error.code : 'internal_server_error',
    param: known ? (error.param ?? null) : null,
    fields: null,
    retryAfterMs: known && error.retryAfterSeconds !== undefined ? error.retryAfterSeconds * 1000 : null,
    headers: details?.headers ?? [],
  };
}

/** Status that an upstream's answer maps to, and the class whose name people match on. */
function classOf(status: number, code: string | null, message: string): { status: number; errorClass: string } {
  if (code === 'content_filter' || code === 'content_policy_violation') return { status: 400, errorClass: 'ContentPolicyViolationError' };
  if (
    code === 'context_length_exceeded' ||
    /maximum context length|context window|prompt is too long|input is too long|exceeds the maximum number of tokens/i.test(message)
  )
    return { status: 400, errorClass: 'ContextWindowExceededError' };
  const named = CLASSES[status];
  if (named !== undefined) return { status, errorClass: named };
  if (status >= 500) return { status, errorClass: 'InternalServerError' };
  if (status >= 400) return { status, errorClass: 'BadRequestError' };
  // Redirects and other answers that are no answer.
  return { status: 502, errorClass: 'APIError' };
}

const CLASSES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  408: 'Timeout',
  422: 'UnprocessableEntityError',
  429: 'RateLimitError',
  502: 'BadGatewayError',
  503: 'ServiceUnavailableError',
  504: 'Timeout',
};

/** Where a failure happened, for its text. */
export interface Origin {
  readonly label: string;
  readonly deployment: Deployment;
}

/** An upstream's error answer: its own message and details are kept. */
export function upstreamFailure(status: number, body: string, origin: Origin, retryAfterMs: number | null): Failure {
  const error = errorObject(body);
  const text = typeof error?.message === 'string' ? error.message : body.trim().startsWith('<') ? `the upstream answered ${status} without JSON` : body;
  const code = typeof error?.code === 'string' ? error.code : null;
  const known = classOf(status, code, text);
  const fields: Record<string, unknown> = {};
  if (error?.innererror !== undefined) fields.innererror = error.innererror;
  if (code !== null) fields.upstream_code = code;
  return {
    status: known.status,
    upstreamStatus: status,
    errorClass: known.errorClass,
    message: `litellm.${known.errorClass}: ${origin.label} - ${redact(text, origin.deployment)}`,
    type: typeof error?.type === 'string' ? error.type : null,
    param: typeof error?.param === 'string' ? error.param : null,
    fields: Object.keys(fields).length === 0 ? null : fields,
    retryAfterMs: retryAfterMs ?? retryDelayMs(error?.details),
    headers: [],
  };
}

/** The `error` object of an upstream's body, whatever dialect it speaks. */
function errorObject(body: string): Record<string, unknown> | null {
  try {
    const parsed = JSON.parse(body) as { error?: unknown; message?: unknown; detail?: unknown };
    if (typeof parsed.error === 'object' && parsed.error !== null) return parsed.error as Record<string, unknown>;
    const message = parsed.error ?? parsed.message ?? parsed.detail;
    return message === undefined ? null : { message: typeof message === 'string' ? message : JSON.stringify(message) };
  } catch {
    return null;
  }
}

/** An error that an upstream sent inside a stream, as JSON text. */
export function streamedFailure(data: string, origin: Origin): Failure {
  return upstreamFailure(statusOfError(errorObject(data)), data, origin, null);
}

/** Statuses of errors that name a type and no number (Anthropic's list). */
const TYPE_STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

function statusOfError(error: Record<string, unknown> | null): number {
  const status = numberOf(error?.status ?? error?.code);
  if (status >= 400 && status < 600) return status;
  const type = textOf(error?.type);
  return Object.hasOwn(TYPE_STATUSES, type) ? (TYPE_STATUSES[type] as number) : 500;
}

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
  'GENAI_TIMEOUT',
]);

/** The upstream could not be reached, fell silent, went away, or sent what cannot be understood. */
export function transportFailure(error: Error & { code?: string }, origin: Origin): Failure {
  if (error instanceof UpstreamSaid) return streamedFailure(error.message, origin);
  if (error instanceof AnswerFault) return answerFailure(error.message, origin);
  const timedOut = TIMEOUT_CODES.has(error.code ?? '');
  const errorClass = timedOut ? 'Timeout' : 'APIConnectionError';
  return {
    status: timedOut ? 408 : 500,
    upstreamStatus: null,
    errorClass,
    message: `litellm.${errorClass}: ${origin.label} - ${redact(error.message || error.code || 'the connection failed', origin.deployment)}`,
    type: null,
    param: null,
    fields: null,
    retryAfterMs: null,
    headers: [],
  };
}

/** The upstream's answer makes no sense or ends too early. */
export function answerFailure(what: string, origin: Origin): Failure {
  return {
    status: 502,
    upstreamStatus: 200,
    errorClass: 'APIError',
    message: `litellm.APIError: ${origin.label} - ${what}`,
    type: null,
    param: null,
    fields: null,
    retryAfterMs: null,
    headers: [],
  };
}

/** The upstream's answer could not be understood; the message says why. */
export class AnswerFault extends Error {}

/** An expected time-out of ours. */
export class TimeoutError extends Error {
  readonly code = 'GENAI_TIMEOUT';
}

/** The client went away: nothing more is sent, the call is settled by what was delivered. */
export class ClientGone extends Error {
  constructor() {
    super('the client closed the connection');
    this.name = 'ClientGone';
  }
}
