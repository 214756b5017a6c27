// The life cycle over AWS itself: the SDK's cloud, a real cluster client, the machine's clock.
import { sdkCloud } from '#aws/sdk.ts';
import type { Environment } from '#environment.ts';
import { wavesOf } from '#k8s/waves.ts';
import { kubernetesClient } from '#kubernetes/client.ts';
import { synthesize } from '#stacks/synthesize.ts';
import { type LifeContext, systemClock } from './context.ts';
import { patient } from './patience.ts';
import type { Reporter } from './report.ts';

/** @param signal ends every wait; what was started on AWS goes on there, and the next run takes it up */
export function openLife(environment: Environment, report: Reporter, signal: AbortSignal): LifeContext {
  const clock = systemClock(signal);
  return {
    environment,
    cloud: patient(sdkCloud(environment.region), clock),
    connect: kubernetesClient,
    blueprint: { synthesize, waves: wavesOf },
    clock,
    report,
  };
}
