// What the routes of the admin API share: who may call them, who is written down as the actor, and the refusals that they have in common.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';

type Line = Pick<Route, 'method' | 'path' | 'summary' | 'handle'> & Partial<Route>;

/** A route of administration: the master key or an administrator's session, unless the line says otherwise. */
export function adminRoute(line: Line): Route {
  return { surface: 'admin', dialect: 'litellm', access: ['master', 'user-admin'], ...line };
}

/** Access of a route that owners of keys may use too, as far as managers.ts lets them. */
export const OWNERS = { access: ['master', 'user-admin', 'virtual-key'] } as const;

/** The same route under several paths (LiteLLM has aliases). */
export function adminRoutes(paths: readonly string[], line: Omit<Line, 'path'>): Route[] {
  return paths.map((path) => adminRoute({ ...line, path }));
}

/** Who changed something. LiteLLM calls the holder of the master key `default_user_id`; the header names whom he acts for. */
export function actorOf({ http, principal }: RouteContext): string {
  // Who administers by a key of his own cannot claim to be another.
  if (principal.kind === 'virtual-key') return principal.key.userId ?? principal.key.id;
  const claimed = http.req.header('litellm-changed-by')?.trim().slice(0, 200);
  if (claimed) return claimed;
  return principal.kind === 'user' ? principal.userId : 'default_user_id';
}

export function badRequest(message: string, param?: string): AppError {
  return new AppError(message, { status: 400, code: 'bad_request_error', ...(param === undefined ? {} : { param }) });
}

export function notFound(message: string, param?: string): AppError {
  return new AppError(message, { status: 404, code: 'not_found_error', ...(param === undefined ? {} : { param }) });
}
