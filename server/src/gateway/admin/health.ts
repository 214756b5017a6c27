// /health* as LiteLLM has them (litellm.md §1.5): alive, ready, and a real call to every deployment. And /metrics.
import { z } from 'zod';
import { readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import type { Deployment } from '#settings/settings.ts';
import { PROMETHEUS_CONTENT_TYPE } from '#telemetry/metrics.ts';
import { actorOf } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';
import { healthHistoryRoutes } from './health-history.ts';
import { publicBase } from './model-view.ts';
import { type RecordsWatch, watchRecords } from './records-watch.ts';

const PING_TIMEOUT_MS = 2_000;
const healthQuery = z.looseObject({ model: z.string().max(500).optional(), model_id: z.string().max(200).optional() });

export function healthRoutes(deps: AdminDeps): Route[] {
  // Begun by the first probe: listing routes touches no store.
  let watch: RecordsWatch | null = null;
  const watched = (): RecordsWatch => {
    watch ??= watchRecords(deps.records, PING_TIMEOUT_MS);
    return watch;
  };
  const open = { method: 'GET', surface: 'admin', dialect: 'litellm', access: ['anonymous'] } as const;
  const alive = () => (deps.draining() ? Response.json('shutting down', { status: 503 }) : Response.json("I'm alive!"));
  return [
    { ...open, path: '/health/liveliness', summary: 'Whether the process lives', handle: alive },
    { ...open, path: '/health/liveness', summary: 'Whether the process lives', handle: alive },
    { ...open, path: '/health/readiness', summary: 'Whether the process can serve', handle: () => readiness(deps, watched()) },
    {
      ...open,
      path: '/metrics',
      summary: 'Prometheus metrics',
      async handle() {
        await deps.metrics.refresh();
        return new Response(deps.metrics.text(), { headers: { 'content-type': PROMETHEUS_CONTENT_TYPE } });
      },
    },
    {
      ...open,
      path: '/health',
      access: ['master', 'user-admin'],
      summary: 'Calls every configured deployment (costs a few tokens each), or tells the last background round',
      query: healthQuery,
      handle: (context) => health(deps, context),
    },
    ...healthHistoryRoutes(deps),
  ];
}

/** What goes on without a store stays in the balancer, as `degraded`. Written down in docs/how-to/run-apart.md. */
async function readiness(deps: AdminDeps, watch: RecordsWatch): Promise<Response> {
  const connected = await watch.isConnected();
  const workers = deps.workers?.();
  const analytics = deps.analytics?.();
  const serves = (connected || deps.servesWithoutRecords) && !deps.draining() && workers?.ready !== 0 && !isOpening(analytics);
  const { kind, away, processes } = deps.coordination();
  const money = deps.money();
  // A process that decides alone still serves: only the state is told.
  const coordination = kind === 'memory' ? { kind } : { kind, state: away ? 'away' : 'connected', processes };
  const isWhole = connected && money?.away !== true && workers?.ready === workers?.wanted && analytics?.opened !== false;
  const status = serves ? statusOf(isWhole) : 'unhealthy';
  const body = {
    status,
    db: connected ? 'connected' : 'disconnected',
    coordination,
    ...(analytics?.opened === false ? { analytics: 'opening' } : {}),
    ...(workers === undefined ? {} : { workers }),
    ...(money === null ? {} : { money: { state: money.away ? money.whenAway : 'connected', owed_calls: money.owed } }),
  };
  return Response.json(body, { status: serves ? 200 : 503 });
}

function isOpening(analytics: { opened: boolean; required: boolean } | undefined): boolean {
  return analytics?.required === true && !analytics.opened;
}

function statusOf(isWhole: boolean): 'healthy' | 'degraded' {
  return isWhole ? 'healthy' : 'degraded';
}

async function health(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const query = readQuery(context.http, healthQuery);
  const isAsked = ({ modelName, id }: Deployment): boolean =>
    (query.model === undefined || modelName === query.model) && (query.model_id === undefined || id === query.model_id);
  const known = deps.health.cached();
  const results =
    known?.filter(({ deployment }) => isAsked(deployment)) ??
    (await deps.health.run(deps.config().deployments.filter(isAsked), actorOf(context), context.signal));
  const healthy = results.filter((result) => result.healthy).map(({ deployment, latencyMs }) => ({ ...endpoint(deployment), latency_ms: latencyMs }));
  const unhealthy = results.filter((result) => !result.healthy).map(({ deployment, error }) => ({ ...endpoint(deployment), error }));
  return Response.json({
    healthy_endpoints: healthy,
    unhealthy_endpoints: unhealthy,
    healthy_count: healthy.length,
    unhealthy_count: unhealthy.length,
  });
}

function endpoint(deployment: Deployment): Record<string, unknown> {
  const base = publicBase(deployment.apiBase);
  return {
    model: `${deployment.providerName}/${deployment.upstreamModel}`,
    model_name: deployment.modelName,
    model_id: deployment.id,
    ...(base === null ? {} : { api_base: base }),
  };
}
