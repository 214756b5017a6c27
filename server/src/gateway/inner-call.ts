// Calls that the gateway makes on behalf of another: the client's request once more, under its trace, for the same end user, session and tags.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { spanIdOf } from '#lib/id.ts';
import type { Fields } from '#lib/json.ts';
import type { Call } from './call.ts';
import { parseTraceparent } from './trace-context.ts';

/** Members of a body that say on whose behalf a call is made. */
const CONTEXT: ReadonlySet<string> = new Set('user metadata litellm_metadata tags litellm_session_id'.split(' '));

/** Those of a body. */
export function contextIn(body: Fields): Fields {
  return Object.fromEntries(Object.entries(body).filter(([key]) => CONTEXT.has(key)));
}

/** The client's headers, under its trace; where it has none the outer call is the root. @param mark tells this request from the outer one where upstreams take a repetition for the same. */
export function innerHeaders({ id, request: { headers } }: Pick<Call, 'id' | 'request'>, mark: string): IncomingHttpHeaders {
  const joined = parseTraceparent(headers.traceparent) === null ? { traceparent: `00-${id}-${spanIdOf(id)}-01` } : {};
  const key = headers['idempotency-key'];
  return { ...headers, ...joined, ...(typeof key === 'string' && key !== '' ? { 'idempotency-key': `${key}-${mark}` } : {}) };
}

/** The client's request with other headers; its body was read. */
export function requestWith(request: IncomingMessage, headers: IncomingHttpHeaders): IncomingMessage {
  return Object.create(request, { headers: { value: headers } }) as IncomingMessage;
}
