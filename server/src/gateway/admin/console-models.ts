// GET /api/console/models: the configured models with their upstreams, readiness and prices (contract.ts ConsoleModels).
import type { ConsoleModels } from '#contract.ts';
import type { Route } from '#http/route.ts';
import { formatPicos } from '#lib/money.ts';
import type { Deployment } from '#settings/settings.ts';
import type { AdminDeps } from './deps.ts';
import { publicBase } from './model-view.ts';

const MILLION = 1_000_000n;

export function consoleModelsRoute(deps: AdminDeps): Route {
  return {
    method: 'GET',
    path: '/api/console/models',
    surface: 'console',
    dialect: 'console',
    access: ['user-admin', 'user-member', 'user-viewer'],
    summary: 'The configured models',
    handle: () => {
      const byName = Map.groupBy(deps.config().deployments, (deployment) => deployment.modelName);
      const answer: ConsoleModels = { data: [...byName].map(([name, members]) => ({ name, deployments: members.map((member) => upstream(member, deps)) })) };
      return Response.json(answer);
    },
  };
}

function upstream(deployment: Deployment, deps: AdminDeps): ConsoleModels['data'][number]['deployments'][number] {
  const price = deps.prices.ofDeployment(deployment);
  const problem = deployment.problem ?? null;
  return {
    id: deployment.id,
    provider: deployment.providerName,
    upstreamModel: deployment.upstreamModel,
    apiBase: publicBase(deployment.apiBase),
    mode: deployment.mode,
    ready: problem === null,
    problem,
    inputCostPerMillion: price === null ? null : formatPicos(price.inputPicos * MILLION),
    outputCostPerMillion: price === null ? null : formatPicos(price.outputPicos * MILLION),
    priceId: price?.id ?? null,
  };
}
