// AppError -> the envelope that the client's dialect knows. The only place where errors take a wire shape outside the data plane.
import { AppError } from '#lib/errors.ts';
import type { Dialect } from './route.ts';

/** Any thrown value as an AppError: unknown faults become a 500 that tells nothing of the inside. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError('Internal error. The request id in the x-request-id header finds it in the log.', {
    status: 500,
    code: 'internal_server_error',
    cause: thrown,
  });
}

/**
 * The JSON body of an error in a dialect.
 * litellm/openai: litellm.md §1.3 (`code` is a string); langfuse: langfuse.md §1.0; console: contract.ts.
 */
export function errorBody(error: AppError, dialect: Dialect): Record<string, unknown> {
  switch (dialect) {
    case 'litellm':
    case 'openai':
      return { error: { message: error.message, type: error.code, param: error.param ?? null, code: String(error.status) } };
    case 'anthropic':
      return { type: 'error', error: { type: error.code, message: error.message } };
    case 'google':
      return { error: { code: error.status, message: error.message, status: error.code } };
    case 'langfuse':
      // Validation errors carry the issues where domain errors carry their name.
      return { message: error.message, error: error.details ?? error.code };
    case 'langfuse-unstable':
      return unstableBody(error);
    case 'console':
      return { error: { code: error.code, message: error.message, ...(error.details === undefined ? {} : { details: error.details }) } };
  }
}

/** Codes of what was not refused by the API itself, by status. */
const UNSTABLE_CODES: Readonly<Record<number, string>> = {
  400: 'invalid_body',
  401: 'authentication_failed',
  403: 'access_denied',
  404: 'resource_not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'invalid_request',
  422: 'unprocessable_content',
  429: 'rate_limited',
  503: 'internal_error',
};

/** Langfuse's unstable API: a code to branch on, and details that name the field. */
function unstableBody(error: AppError): Record<string, unknown> {
  const own = /^[a-z]+(_[a-z]+)*$/.test(error.code) && error.status < 500 && error.code !== 'auth_error' && error.code !== 'bad_request_error';
  const code = own ? error.code : (UNSTABLE_CODES[error.status] ?? 'internal_error');
  const details = Array.isArray(error.details) ? { issues: error.details } : error.details;
  return { message: error.message, code, ...(details === undefined ? {} : { details }) };
}

/** The whole response of an error: status, Retry-After where it helps, the envelope. */
export function errorResponse(thrown: unknown, dialect: Dialect): Response {
  const error = asAppError(thrown);
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterSeconds)));
  // A page of the console (auth_error) must not make the browser ask for a name and a password.
  if (error.status === 401 && dialect.startsWith('langfuse') && error.code !== 'auth_error') headers['www-authenticate'] = 'Basic realm="project keys"';
  return new Response(JSON.stringify(errorBody(error, dialect)), { status: error.status, headers });
}
