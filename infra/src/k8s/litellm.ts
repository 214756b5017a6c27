// LiteLLM: its configuration, its pods, and the Job that migrates its database before they start.
import type { Environment } from '#environment.ts';
import { IMAGES } from '#images.ts';
import type { StackOutputs } from '#outputs.ts';
import { JOB_SERVICE_ACCOUNT } from './base.ts';
import { metadataOf } from './labels.ts';
import { litellmConfigText } from './litellm-config.ts';
import { GATEWAY_SERVICE, OBSERVE_SERVICE, SERVICE_ACCOUNTS } from './names.ts';
import type { KubernetesObject } from './object.ts';
import { configAnnotation, configFile, deployment, httpProbe, job, scratch } from './pods.ts';
import { productOf } from './products.ts';
import { RESOURCES } from './resources.ts';

/** The Secret of the pods, and the smaller one of the migration. */
export const GATEWAY_SECRET = 'gateway-env';
export const GATEWAY_MIGRATION_SECRET = 'gateway-migration-env';

const CONFIG_MAP = 'gateway-config';
/** `nobody` of the image. */
const LITELLM_UID = 65_534;

/** Variables without secrets. Contract: LiteLLM's docs "config_settings" and its Helm chart. */
export const litellmEnvironment = (outputs: StackOutputs): Readonly<Record<string, string>> => ({
  HOME: '/tmp',
  LANGFUSE_HOST: `http://${OBSERVE_SERVICE.name}:${OBSERVE_SERVICE.port}`,
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  LITELLM_LOG: 'INFO',
  LITELLM_MODE: 'PRODUCTION',
  LITELLM_MIGRATION_DIR: '/app/migrations',
  REDIS_HOST: outputs.cacheHost,
  REDIS_PORT: String(outputs.cachePort),
  REDIS_SSL: 'True',
  STORE_MODEL_IN_DB: 'True',
  UI_USERNAME: 'admin',
  // Migrations are the Job's: pods that migrate in parallel deadlock and serve with half a schema.
  DISABLE_SCHEMA_UPDATE: 'true',
});

/** The wave "migrations" of the gateway. */
export const litellmMigration = (): KubernetesObject =>
  job(
    'gateway-migration',
    {
      component: 'gateway-migration',
      image: IMAGES.litellm,
      architectures: IMAGES.litellm.architectures,
      serviceAccount: JOB_SERVICE_ACCOUNT,
      userId: LITELLM_UID,
      // Prisma's command line writes beside itself; the Job lives for a minute and holds one database password.
      readOnlyRoot: false,
      resources: RESOURCES.job,
      command: ['python', 'litellm/proxy/prisma_migration.py'],
      env: { DISABLE_SCHEMA_UPDATE: 'false', LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
      secrets: [GATEWAY_MIGRATION_SECRET],
    },
    900,
  );

/** The wave "services" of the gateway. */
export function litellmObjects(environment: Environment, outputs: StackOutputs, secretVersion: string): readonly KubernetesObject[] {
  const config = litellmConfigText(environment);
  const { healthPath, readyPath } = productOf('litellm');
  const { port } = GATEWAY_SERVICE;
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf('gateway', CONFIG_MAP), data: { 'config.yaml': config } },
    deployment('gateway', {
      component: 'gateway',
      image: IMAGES.litellm,
      architectures: IMAGES.litellm.architectures,
      serviceAccount: SERVICE_ACCOUNTS.gateway,
      userId: LITELLM_UID,
      readOnlyRoot: true,
      resources: RESOURCES.gateway,
      // A stream may run for minutes after the load balancer has stopped to send new calls.
      terminationGracePeriodSeconds: 120,
      args: ['--config', '/app/config.yaml', '--port', String(port)],
      env: litellmEnvironment(outputs),
      secrets: [GATEWAY_SECRET],
      ports: { http: port },
      annotations: configAnnotation(config, secretVersion),
      probes: {
        startupProbe: httpProbe(healthPath, port, { periodSeconds: 5, failureThreshold: 60 }),
        readinessProbe: httpProbe(readyPath, port, { periodSeconds: 10, failureThreshold: 3 }),
        livenessProbe: httpProbe(healthPath, port, { periodSeconds: 20, failureThreshold: 6 }),
      },
      mounts: [
        configFile('config', CONFIG_MAP, '/app/config.yaml', 'config.yaml'),
        scratch('tmp', '/tmp', '256Mi'),
        scratch('npm', '/.npm'),
        scratch('home', '/nonexistent'),
        scratch('migrations', '/app/migrations'),
      ],
    }),
  ];
}
