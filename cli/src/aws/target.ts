// The environment on AWS as a target of the checks: its doors, its credentials from Secrets Manager, its buckets.
import type { LifeContext } from '@genai/infra/life/context';
import type { StackOutputs } from '@genai/infra/outputs';
import type { Target } from '#verify/check.ts';
import { infra } from './infra.ts';

/** The target of an environment that stands. @throws LifeError when its stacks are not whole */
export async function standingTarget(life: LifeContext): Promise<Target> {
  const { standingOutputs } = await infra(() => import('@genai/infra/life/standing'));
  const { outputs, urls } = await standingOutputs(life);
  return await targetOf(life, outputs, urls);
}

/** LiteLLM's and Langfuse's pods write their logs every ten seconds or so. */
const WAIT_MS = 90_000;

export async function targetOf(life: LifeContext, outputs: StackOutputs, urls: { gateway: string | null; observe: string | null }): Promise<Target> {
  const secret = JSON.parse((await life.cloud.secrets.read(outputs.platformSecretArn)) ?? '{}') as Record<string, string>;
  const { buckets } = life.cloud;
  return {
    gatewayUrl: urls.gateway ?? '',
    observeUrl: urls.observe ?? '',
    key: secret.litellmMasterKey ?? null,
    publicKey: secret.projectPublicKey ?? null,
    secretKey: secret.projectSecretKey ?? null,
    email: life.environment.adminEmail,
    password: secret.adminPassword ?? null,
    model: null,
    waitMs: WAIT_MS,
    clickhouse: null,
    adminSocket: null,
    second: null,
    buckets: {
      events: async (limit) => await buckets.list(outputs.eventsBucket, 'events/', limit),
      clickhousePrefixes: async (limit) => await buckets.prefixes(outputs.clickhouseBucket, limit),
      eventsName: outputs.eventsBucket,
      clickhouseName: outputs.clickhouseBucket,
    },
  };
}
