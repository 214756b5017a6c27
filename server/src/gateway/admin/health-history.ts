// The rest of /health/*: what checks showed before, one connection tried on its own, whether receivers answer, how busy the process is, and draining on request.
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { actorOf, adminRoute, badRequest } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';
import type { HealthRow } from './health-checks.ts';

const historyQuery = z.looseObject({
  model: z.string().max(800).optional(),
  status_filter: z.enum(['healthy', 'unhealthy']).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
const connectionBody = z.looseObject({
  litellm_params: z.record(z.string(), z.unknown()).nullish(),
  mode: z.string().max(100).nullish(),
  model_info: z.record(z.string(), z.unknown()).nullish(),
});
const serviceQuery = z.looseObject({ service: z.string().min(1).max(200) });

const DRAIN_POLL_MS = 50;
const DRAIN_TIMEOUT_MS = 600_000;

export function healthHistoryRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const get = { method: 'GET' } as const;
  return [
    adminRoute({ ...get, path: '/health/history', summary: 'What checks of deployments showed, newest first', query: historyQuery, handle: on(history) }),
    adminRoute({ ...get, path: '/health/latest', summary: 'The newest check of each deployment', handle: on(latest) }),
    adminRoute({
      method: 'POST',
      path: '/health/test_connection',
      summary: 'Call a model once, registered or not',
      body: connectionBody,
      handle: on(tryConnection),
    }),
    adminRoute({ ...get, path: '/health/services', summary: 'Whether a receiver of calls or alerts answers', query: serviceQuery, handle: on(service) }),
    adminRoute({
      ...get,
      path: '/health/backlog',
      summary: 'Calls in flight in this process',
      handle: async () => Response.json({ in_flight_requests: deps.callsInFlight() }),
    }),
    adminRoute({ ...get, path: '/health/readiness/details', summary: 'Readiness with what it rests on', handle: on(details) }),
    adminRoute({ ...get, path: '/health/drain', access: ['anonymous'], summary: 'Leave the rotation and wait for the calls in flight', handle: on(drain) }),
  ];
}

async function history(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const query = readQuery(http, historyQuery);
  const { rows, total } = await deps.health.history({ model: query.model ?? null, status: query.status_filter ?? null }, query);
  return Response.json({ health_checks: rows.map(view), total_records: total, limit: query.limit, offset: query.offset });
}

async function latest(deps: AdminDeps): Promise<Response> {
  const rows = await deps.health.latest();
  return Response.json({ latest_health_checks: Object.fromEntries(rows.map((row) => [row.model_id, view(row)])), total_models: rows.length });
}

/** LiteLLM_HealthCheckTable. */
function view(row: HealthRow): Record<string, unknown> {
  return {
    health_check_id: row.id,
    model_name: row.model_name,
    model_id: row.model_id,
    status: row.is_healthy ? 'healthy' : 'unhealthy',
    healthy_count: row.is_healthy ? 1 : 0,
    unhealthy_count: row.is_healthy ? 0 : 1,
    error_message: row.error,
    response_time_ms: row.latency_ms,
    details: null,
    checked_by: row.checked_by,
    checked_at: row.checked_at.toISOString(),
  };
}

async function tryConnection(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, connectionBody);
  const params = body.litellm_params ?? {};
  const [deployment] = await deploymentsOf(deps, params, body.mode ?? null);
  if (deployment === undefined) throw badRequest('Name the model in litellm_params.model.', 'litellm_params');
  const [result] = await deps.health.run([deployment], actorOf(context), context.signal);
  const said = { model: deployment.upstreamModel, latency_ms: result?.latencyMs ?? null };
  if (result?.healthy) return Response.json({ status: 'success', result: said });
  return Response.json({ status: 'error', result: { ...said, error: result?.error ?? 'the check was interrupted' } });
}

/** The configured deployment of that name when nothing but the name is given, else what the parameters describe. @throws AppError 400. */
async function deploymentsOf(deps: AdminDeps, params: Readonly<Record<string, unknown>>, mode: string | null): Promise<Deployment[]> {
  const { model } = params;
  if (typeof model !== 'string' || model === '') return [];
  const configured = deps.config().deployments.filter(({ modelName }) => modelName === model);
  if (configured.length > 0 && Object.keys(params).length === 1) return configured;
  const built = await deps.storedModels.attempt({ id: 'test_connection', modelName: model, params, info: mode === null ? {} : { mode } });
  if ('problem' in built) throw badRequest(`The model cannot be served: ${built.problem}.`, 'litellm_params');
  return [built.deployment];
}

async function service(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { service: name } = readQuery(http, serviceQuery);
  const failures = await deps.callbacks.check(name);
  if (failures === null) {
    const message = `${name} is not configured: set it in callbacks, success_callback, failure_callback or alerting.`;
    throw new AppError(message, { status: 422, code: 'bad_request_error', param: 'service' });
  }
  if (failures.length === 0) return Response.json({ status: 'success', message: `${name} answered` });
  throw new AppError(`${name} does not answer as it should: ${failures.join('; ')}`, { status: 424, code: 'service_unhealthy', param: 'service' });
}

const PING_TIMEOUT_MS = 2_000;

async function details(deps: AdminDeps): Promise<Response> {
  const connected = await deps.records.ping(PING_TIMEOUT_MS);
  const healthy = connected && !deps.draining();
  const { callbacks } = deps.config();
  const body = { status: healthy ? 'healthy' : 'unhealthy', db: connected ? 'connected' : 'disconnected', cache: null, success_callbacks: callbacks };
  return Response.json({ ...body, coordination: deps.coordination(), callbacks: deps.callbacks.states(), in_flight_requests: deps.callsInFlight() });
}

/** Off unless the configuration has `enable_drain_endpoint`; the kubelet has no key, so the token is what keeps others out. */
async function drain(deps: AdminDeps, { http, signal }: RouteContext): Promise<Response> {
  const { drainEndpoint } = deps.config();
  if (drainEndpoint === null) throw new AppError('Not Found: general_settings.enable_drain_endpoint is not set.', { status: 404, code: 'not_found_error' });
  if (drainEndpoint.token !== null && !sameText(http.req.header('x-drain-token') ?? '', drainEndpoint.token)) {
    throw new AppError('The header X-Drain-Token does not hold the configured token.', { status: 401, code: 'auth_error' });
  }
  deps.beginDrain();
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  while (deps.callsInFlight() > 0 && Date.now() < deadline && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  return Response.json({ status: 'drained', in_flight_requests: deps.callsInFlight() });
}

/** In constant time, whatever their lengths. */
function sameText(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
