// Mounts the rooms' routes: request id -> CORS -> who is it -> may they -> body -> handler -> error edge. Everything but the data plane goes through here.
import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { type Principal, roleOf } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { OWN_TELEMETRY_HEADER } from '#telemetry/spans.ts';
import { asAppError, errorResponse } from './errors.ts';
import type { Dialect, Route, Surface } from './route.ts';

/** How each surface finds out who is calling. Rejections are AppErrors with the dialect's own texts. */
export type Authenticators = Record<Exclude<Surface, 'llm' | 'internal'>, (request: Request) => Promise<Principal>>;

/** One wide event a request, for the log and the metrics. */
export interface RequestEvent {
  requestId: string;
  method: string;
  /** The route's pattern, never the raw path: bounded cardinality. */
  route: string;
  surface: Surface;
  status: number;
  durationMs: number;
  role: string;
  error: Error | null;
  /** W3C trace context as it came; null = none. */
  traceparent: string | null;
  /** An export of a platform's own traces (telemetry/spans.ts): nothing may be traced because of it. */
  isOwnTelemetry: boolean;
}

export interface AppOptions {
  door: 'gateway' | 'observe';
  routes: readonly Route[];
  authenticate: Authenticators;
  /** Answers what no route matches: console pages, Swagger, 404. */
  fallback: (http: Context) => Response | Promise<Response>;
  onRequest: (event: RequestEvent) => void;
  /** Told of each answered request of the observe surface, with whom it came from and the reason when it was refused. */
  onClient?: (call: { http: Context; principal: Principal; route: string; status: number; refusal: string | null }) => void;
}

const CORS_HEADERS: Record<string, string> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers': '*, authorization',
  'access-control-expose-headers': '*',
  'access-control-max-age': '86400',
};

/** `*` only where a credential is a header that a page must know; never where a cookie would be sent along. */
const allowsAnyOrigin = (surface: Surface): boolean => surface === 'llm' || surface === 'observe';

/** The Hono app of one door. Both doors mount every route; they differ in what `/` shows. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  const methodsOfPath = new Map<string, Set<string>>();
  for (const route of options.routes) {
    const methods = methodsOfPath.get(route.path) ?? new Set();
    methods.add(route.method);
    methodsOfPath.set(route.path, methods);
    app.on(route.method, route.path, (http) => serve(http, route, options));
    // Langfuse's probes use HEAD where the contract says GET.
    if (route.method === 'GET') app.on('HEAD', route.path, (http) => serve(http, route, options));
  }
  const mounted = new Set<string>();
  for (const route of options.routes) {
    if (mounted.has(route.path)) continue;
    mounted.add(route.path);
    const methods = methodsOfPath.get(route.path) as Set<string>;
    if (allowsAnyOrigin(route.surface)) app.on('OPTIONS', route.path, () => new Response(null, { status: 200, headers: CORS_HEADERS }));
    app.all(route.path, () => methodNotAllowed(methods, route.dialect));
  }
  app.all('*', (http) => options.fallback(http));
  app.onError((error) => errorResponse(error, 'openai'));
  return app;
}

async function serve(http: Context, route: Route, options: AppOptions): Promise<Response> {
  const startedAt = performance.now();
  const requestId =
    http.req
      .header('x-request-id')
      ?.slice(0, 100)
      .replace(/[^\w.:-]/g, '') || randomUUID();
  let principal: Principal = { kind: 'anonymous' };
  let failure: AppError | null = null;
  let response: Response;
  try {
    principal = await admit(http.req.raw, route, options.authenticate);
    response = await route.handle({ http, principal, signal: http.req.raw.signal });
  } catch (thrown) {
    failure = asAppError(thrown);
    response = errorResponse(failure, route.dialect);
  }
  const answer = withHeaders(response, route.surface, requestId);
  options.onRequest({
    requestId,
    method: http.req.method,
    route: route.path,
    surface: route.surface,
    status: answer.status,
    durationMs: performance.now() - startedAt,
    role: roleOf(principal),
    error: failure === null ? null : failure.cause instanceof Error ? failure.cause : failure,
    traceparent: http.req.header('traceparent') ?? null,
    isOwnTelemetry: http.req.header(OWN_TELEMETRY_HEADER) !== undefined,
  });
  if (route.surface === 'observe') options.onClient?.({ http, principal, route: route.path, status: answer.status, refusal: failure?.message ?? null });
  return answer;
}

function withHeaders(response: Response, surface: Surface, requestId: string): Response {
  const put = (headers: Headers): void => {
    headers.set('x-request-id', requestId);
    headers.set('x-content-type-options', 'nosniff');
    if (allowsAnyOrigin(surface)) for (const [name, value] of Object.entries(CORS_HEADERS)) headers.set(name, value);
  };
  try {
    // A copy would make a web stream of the body, which costs more than most answers.
    put(response.headers);
    return response;
  } catch {
    // A Response that came through fetch-like APIs can have immutable headers.
    const headers = new Headers(response.headers);
    put(headers);
    return new Response(response.body, { status: response.status, headers });
  }
}

/** Authenticates and checks the role table. @throws AppError 401 without a credential, 403 with one that is not enough. */
async function admit(request: Request, route: Route, authenticate: Authenticators): Promise<Principal> {
  if (route.access.includes('anonymous')) return { kind: 'anonymous' };
  if (route.surface === 'llm' || route.surface === 'internal') throw new AppError('This path is not served here.', { status: 404, code: 'not_found_error' });
  const principal = await authenticate[route.surface](request);
  if (!route.access.includes(roleOf(principal))) throw forbidden(principal, route.dialect);
  return principal;
}

function forbidden(principal: Principal, dialect: Dialect): AppError {
  if (principal.kind === 'anonymous') {
    return new AppError(dialect === 'console' ? 'Sign in first.' : 'Authentication Error, No api key passed in.', { status: 401, code: 'auth_error' });
  }
  return new AppError(`This credential (${roleOf(principal)}) may not use this route.`, {
    status: 403,
    code: dialect === 'langfuse' ? 'ForbiddenError' : 'auth_error',
  });
}

function methodNotAllowed(methods: ReadonlySet<string>, dialect: Dialect): Response {
  const error = new AppError('Method not allowed', { status: 405, code: 'MethodNotAllowed' });
  const response = errorResponse(error, dialect);
  response.headers.set('allow', [...methods].join(', '));
  return response;
}
