// Deployments as LiteLLM's gauges: whether each can be asked now, and its limits. Read when somebody looks.
import type { GatewayConfig } from '#settings/settings.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { DeploymentState } from './gateway.ts';

const LABELS = ['litellm_model_name', 'model_id', 'api_base', 'api_provider'];
const HEALTHY = 0;
const OUTAGE = 2;

export interface WatchedDeployments {
  config: () => Pick<GatewayConfig, 'callbacks' | 'deployments'>;
  states: () => readonly DeploymentState[];
}

/** Registers the gauges. */
export function watchDeployments(metrics: Metrics, { config, states }: WatchedDeployments): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: LABELS });
  const state = gauge('litellm_deployment_state', '0 = may be asked, 2 = rests after failures or cannot be asked at all.');
  const rpm = gauge('litellm_deployment_rpm_limit', 'Requests a minute that the configuration allows.');
  const tpm = gauge('litellm_deployment_tpm_limit', 'Tokens a minute that the configuration allows.');
  metrics.onCollect(() => {
    const { callbacks, deployments } = config();
    if (!callbacks.includes('prometheus')) return;
    const byId = new Map(states().map((one) => [one.id, one]));
    for (const deployment of deployments) {
      const labels = [deployment.upstreamModel, deployment.id, baseOf(deployment.apiBase), deployment.providerName];
      const now = byId.get(deployment.id);
      state.set(now?.ready === true && now.restingUntilMs === null ? HEALTHY : OUTAGE, ...labels);
      if (deployment.rpm !== null) rpm.set(deployment.rpm, ...labels);
      if (deployment.tpm !== null) tpm.set(deployment.tpm, ...labels);
    }
  });
}

function baseOf(apiBase: string | null): string {
  if (apiBase === null || !URL.canParse(apiBase)) return 'None';
  const { origin, pathname } = new URL(apiBase);
  return origin + pathname;
}
