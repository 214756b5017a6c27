// What AWS calls exceptions in a stream, as failures with statuses.
import { UpstreamSaid } from '#gateway/providers/wire.ts';
import { type Fields, textOf } from '#lib/json.ts';

const STATUSES: Readonly<Record<string, number>> = {
  throttlingException: 429,
  validationException: 400,
  modelTimeoutException: 408,
  serviceUnavailableException: 503,
  internalServerException: 500,
  modelStreamErrorException: 500,
};

/** The failure that a message of another type than `event` says. */
export function exceptionOf(headers: ReadonlyMap<string, string>, body: Fields): UpstreamSaid {
  const type = headers.get(':exception-type') ?? headers.get(':error-code') ?? 'internalServerException';
  const message = textOf(body.message) || headers.get(':error-message') || type;
  return new UpstreamSaid(JSON.stringify({ error: { type, message, status: Object.hasOwn(STATUSES, type) ? STATUSES[type] : 500 } }));
}
