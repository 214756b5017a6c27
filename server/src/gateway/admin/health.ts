// /health* as LiteLLM has them (litellm.md §1.5): alive, ready, and a real call to every deployment. And /metrics.
import { z } from 'zod';
import { readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import type { Deployment } from '#settings/settings.ts';
import { PROMETHEUS_CONTENT_TYPE } from '#telemetry/metrics.ts';
import type { AdminDeps } from './deps.ts';
import { publicBase } from './model-view.ts';

const PARALLEL_CHECKS = 4;
const PING_TIMEOUT_MS = 2_000;
const healthQuery = z.looseObject({ model: z.string().max(500).optional(), model_id: z.string().max(200).optional() });

export function healthRoutes(deps: AdminDeps): Route[] {
  const open = { method: 'GET', surface: 'admin', dialect: 'litellm', access: ['anonymous'] } as const;
  const alive = () => (deps.draining() ? Response.json('shutting down', { status: 503 }) : Response.json("I'm alive!"));
  return [
    { ...open, path: '/health/liveliness', summary: 'Whether the process lives', handle: alive },
    { ...open, path: '/health/liveness', summary: 'Whether the process lives', handle: alive },
    { ...open, path: '/health/readiness', summary: 'Whether the process can serve', handle: () => readiness(deps) },
    {
      ...open,
      path: '/metrics',
      summary: 'Prometheus metrics',
      handle: () => new Response(deps.metrics.text(), { headers: { 'content-type': PROMETHEUS_CONTENT_TYPE } }),
    },
    {
      ...open,
      path: '/health',
      access: ['master', 'user-admin'],
      summary: 'Calls every configured deployment (costs a few tokens each)',
      query: healthQuery,
      handle: (context) => health(deps, context),
    },
  ];
}

async function readiness(deps: AdminDeps): Promise<Response> {
  const connected = await deps.records.ping(PING_TIMEOUT_MS);
  const healthy = connected && !deps.draining();
  const { kind, away, processes } = deps.coordination();
  // A process that decides alone still serves: only the state is told.
  const coordination = kind === 'memory' ? { kind } : { kind, state: away ? 'away' : 'connected', processes };
  const body = { status: healthy ? 'healthy' : 'unhealthy', db: connected ? 'connected' : 'disconnected', coordination };
  return Response.json(body, { status: healthy ? 200 : 503 });
}

async function health(deps: AdminDeps, { http, signal }: RouteContext): Promise<Response> {
  const query = readQuery(http, healthQuery);
  const waiting = deps
    .config()
    .deployments.filter((one) => (query.model === undefined || one.modelName === query.model) && (query.model_id === undefined || one.id === query.model_id));
  const healthy: unknown[] = [];
  const unhealthy: unknown[] = [];
  const queue = [...waiting];
  async function work(): Promise<void> {
    for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) {
      const problem = next.problem ?? null;
      const check = problem === null ? await deps.checkDeployment(next, signal) : { healthy: false, latencyMs: 0, error: problem };
      if (check.healthy) healthy.push({ ...endpoint(next), latency_ms: check.latencyMs });
      else unhealthy.push({ ...endpoint(next), error: check.error });
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_CHECKS }, work));
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
