// GET /health: one smallest real call to a deployment, over connections of its own, so that a check never disturbs traffic.
import type { Deployment, GatewayConfig, Settings } from '#settings/settings.ts';
import { redactText } from '#telemetry/redact.ts';
import type { DeploymentCheck } from './admin/deps.ts';
import { Snapshot } from './snapshot.ts';
import type { Target } from './target.ts';

const TIMEOUT_MS = 30_000;
const LONGEST_ERROR = 500;

/** Makes the check for a configuration's connection rules. Never rejects; errors are redacted. */
export function createDeploymentCheck(config: () => GatewayConfig, settings: Pick<Settings, 'network'>) {
  return async (deployment: Deployment, signal: AbortSignal): Promise<DeploymentCheck> => {
    const startedAt = performance.now();
    const finish = (error: string | null): DeploymentCheck => ({
      healthy: error === null,
      latencyMs: Math.round(performance.now() - startedAt),
      error: error === null ? null : redactText(error).slice(0, LONGEST_ERROR),
    });
    const snapshot = new Snapshot({ ...config(), deployments: [deployment] }, settings);
    try {
      const target = snapshot.groups.get(deployment.modelName)?.targets[0];
      if (target === undefined) return finish('the deployment is not in the configuration');
      if (target.problem !== null) return finish(target.problem.message);
      return finish(await callOnce(target, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])));
    } catch (error) {
      return finish((error as Error).message);
    } finally {
      await snapshot.retire();
    }
  };
}

/** Null when the upstream answered 2xx, else what it said. */
async function callOnce(target: Target, signal: AbortSignal): Promise<string | null> {
  const { upstream, dispatcher, deployment } = target;
  // A deployment that answers in this process has no upstream that could be unwell.
  if (upstream === null || dispatcher === null) return null;
  const endpoint = deployment.mode === 'embedding' ? 'embeddings' : 'chat';
  const question = endpoint === 'chat' ? { messages: [{ role: 'user', content: 'ping' }], max_tokens: 5 } : { input: 'ping' };
  const answer = await dispatcher.request({
    origin: upstream.origin,
    path: upstream.path(endpoint, deployment.upstreamModel),
    method: 'POST',
    headers: [...upstream.headers, 'content-type', 'application/json'],
    body: JSON.stringify({ model: deployment.upstreamModel, ...question }),
    signal,
  });
  const text = await answer.body.text();
  return answer.statusCode >= 200 && answer.statusCode < 300 ? null : `HTTP ${answer.statusCode}: ${text}`;
}
