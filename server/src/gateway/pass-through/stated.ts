// Pass-through endpoints of the configuration, made ready: which of them a path means, and the target that stands for its server.
import type { Dispatcher } from 'undici';
import { Target } from '#gateway/target.ts';
import type { Deployment, GatewayConfig, PassThroughEndpoint } from '#settings/settings.ts';
import type { PassThroughMatch } from './doors.ts';

export interface StatedEndpoint {
  readonly endpoint: PassThroughEndpoint;
  readonly target: Target;
}

/** @param pool the connections to an origin, by how the endpoint's certificates are verified. */
export function statedEndpoints(config: GatewayConfig, pool: (origin: string, sslVerify: Deployment['sslVerify']) => Dispatcher): Map<string, StatedEndpoint> {
  return new Map(
    config.passThroughEndpoints.map((endpoint) => {
      const deployment = deploymentOf(endpoint);
      return [endpoint.path, { endpoint, target: new Target(deployment, config, (origin) => pool(origin, deployment.sslVerify)) }];
    }),
  );
}

/** The endpoint of a path: exactly, or the longest one that takes what is below it. */
export function matchStated(stated: ReadonlyMap<string, StatedEndpoint>, path: string): PassThroughMatch | null {
  const match = (route: string, rest: string): PassThroughMatch => ({
    kind: 'pass-through',
    endpoint: 'pass-through',
    route,
    pathModel: null,
    provider: null,
    rest,
  });
  if (stated.has(path)) return match(path, '/');
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const route = path.slice(0, end);
    if (stated.get(route)?.endpoint.subpaths === true) return match(route, path.slice(end));
  }
  return null;
}

/** Its calls are priced by the request or not at all. */
function deploymentOf({ path, target, costPerRequest }: PassThroughEndpoint): Deployment {
  return fixedPriceDeployment({ id: `pass-through ${path}`, name: path, provider: 'pass_through', target, isPriced: costPerRequest !== null });
}

/** What stands in the log for a server that is called with no model; `isPriced`: by its calls, so that its tokens cost nothing. */
export function fixedPriceDeployment(stated: { id: string; name: string; provider: string; target: string; isPriced: boolean }): Deployment {
  const { id, name, provider, target, isPriced } = stated;
  const free = isPriced ? '0' : null;
  return {
    id,
    modelName: name,
    provider: 'openai-compatible',
    providerName: provider,
    upstreamModel: name,
    mode: null,
    apiBase: new URL(target).origin,
    apiKey: null,
    apiVersion: null,
    organization: null,
    azureAdToken: null,
    extraHeaders: {},
    defaultParameters: {},
    baseModel: null,
    inputCostPerToken: free,
    outputCostPerToken: free,
    cacheReadInputTokenCost: free,
    mockResponse: null,
    timeoutMs: null,
    streamTimeoutMs: null,
    maxRetries: null,
    weight: null,
    rpm: null,
    tpm: null,
    order: null,
    tags: [],
    sslVerify: true,
    info: {},
  };
}
