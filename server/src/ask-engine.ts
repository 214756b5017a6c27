// How the front asks the engine: a request passed on, or a read of its own.
import { readBody } from '#http/body.ts';
import type { RouteContext } from '#http/route.ts';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, textOf } from '#lib/json.ts';
import type { EngineLink } from './engine-link.ts';

/** A read that came in, answered by the engine. */
export async function forwardToEngine(engine: EngineLink, { http, principal }: RouteContext): Promise<Response> {
  const reads = http.req.method === 'GET' || http.req.method === 'HEAD';
  return await engine.forward(http.req.raw, principal, reads ? undefined : await readBody(http));
}

/** A read of the front itself (a POST when there is a body), in somebody's name: null when it is not found. @throws AppError 400 in the engine's words, 503 while it is away. */
export async function askEngine(engine: EngineLink | null, principal: Principal, path: string, body?: unknown): Promise<unknown> {
  const request = new Request(`http://engine${path}`, body === undefined ? {} : { method: 'POST' });
  const answer = engine === null ? null : await engine.forward(request, principal, body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
  if (answer?.ok) return await answer.json();
  const said = answer === null ? '' : await answer.text();
  if (answer?.status === 404) return null;
  if (answer?.status === 400) throw new AppError(messageOf(said), { status: 400, code: 'InvalidRequestError' });
  throw new AppError('Stored events cannot be read at the moment: try again in a few seconds.', {
    status: 503,
    code: 'ServiceUnavailableError',
    retryAfterSeconds: 2,
  });
}

function messageOf(body: string): string {
  try {
    return textOf(fieldsOf(JSON.parse(body)).message) || 'Invalid request data';
  } catch {
    return 'Invalid request data';
  }
}
