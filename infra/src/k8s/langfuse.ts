// Langfuse: web and worker, and the Job that migrates PostgreSQL and ClickHouse before they start.
import type { Environment } from '#environment.ts';
import { IMAGES } from '#images.ts';
import type { StackOutputs } from '#outputs.ts';
import { JOB_SERVICE_ACCOUNT } from './base.ts';
import { CLICKHOUSE_SERVICE } from './clickhouse.ts';
import { CLICKHOUSE_CLUSTER, CLICKHOUSE_DATABASE, CLICKHOUSE_USER } from './clickhouse-config.ts';
import { CLICKHOUSE_PORTS } from './clickhouse-ports.ts';
import { EVENTS_PREFIXES, OBSERVE_SERVICE, SERVICE_ACCOUNTS } from './names.ts';
import type { KubernetesObject } from './object.ts';
import { configAnnotation, deployment, httpProbe, job, type PodWish, portProbe } from './pods.ts';
import { productOf } from './products.ts';
import { RESOURCES } from './resources.ts';

/** The Secret of web, worker and migration; and the one with the first organisation, project, keys and administrator, which web alone reads. */
export const OBSERVE_SECRET = 'observe-env';
export const OBSERVE_INIT_SECRET = 'observe-init-env';

/** Port of the worker, which only the kubelet asks. */
export const WORKER_PORT = 3030;
/** `nextjs` and `expressjs` of the images. */
const LANGFUSE_UID = 1001;

/** Made at the first start; Langfuse ignores all of LANGFUSE_INIT_* without both ids. */
export const FIRST_PROJECT = { organizationId: 'genai', organizationName: 'GenAI Platform', projectId: 'operations', projectName: 'Operations' } as const;

const bucket = (what: 'EVENT_UPLOAD' | 'MEDIA_UPLOAD' | 'BATCH_EXPORT', prefix: string, outputs: StackOutputs, region: string): Record<string, string> => ({
  [`LANGFUSE_S3_${what}_BUCKET`]: outputs.eventsBucket,
  [`LANGFUSE_S3_${what}_PREFIX`]: prefix,
  [`LANGFUSE_S3_${what}_REGION`]: region,
});

/** Variables without secrets, of web, worker and migration alike. Contract: Langfuse's docs "self-hosting/configuration" and its Helm chart. No licence key is ever set. */
export const langfuseEnvironment = (environment: Pick<Environment, 'region'>, outputs: StackOutputs): Readonly<Record<string, string>> => ({
  NODE_ENV: 'production',
  HOSTNAME: '0.0.0.0',
  AWS_REGION: environment.region,
  TELEMETRY_ENABLED: 'false',
  CLICKHOUSE_URL: `http://${CLICKHOUSE_SERVICE}:${CLICKHOUSE_PORTS.http}`,
  CLICKHOUSE_MIGRATION_URL: `clickhouse://${CLICKHOUSE_SERVICE}:${CLICKHOUSE_PORTS.native}`,
  CLICKHOUSE_MIGRATION_SSL: 'false',
  CLICKHOUSE_USER,
  CLICKHOUSE_DB: CLICKHOUSE_DATABASE,
  CLICKHOUSE_CLUSTER_ENABLED: 'true',
  CLICKHOUSE_CLUSTER_NAME: CLICKHOUSE_CLUSTER,
  REDIS_HOST: outputs.cacheHost,
  REDIS_PORT: String(outputs.cachePort),
  REDIS_TLS_ENABLED: 'true',
  LANGFUSE_S3_BATCH_EXPORT_ENABLED: 'true',
  ...bucket('EVENT_UPLOAD', EVENTS_PREFIXES.events, outputs, environment.region),
  ...bucket('MEDIA_UPLOAD', EVENTS_PREFIXES.media, outputs, environment.region),
  ...bucket('BATCH_EXPORT', EVENTS_PREFIXES.exports, outputs, environment.region),
});

const migrationsOff = { LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED: 'true', LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED: 'true' } as const;

type Fixed = Pick<PodWish, 'userId' | 'readOnlyRoot'>;
/** Next.js writes its cache and Prisma its engine state below the application: the root stays writable, everything else is restricted. */
const FIXED: Fixed = { userId: LANGFUSE_UID, readOnlyRoot: false };

/** The wave "migrations" of observability. The image's entry point migrates both stores, then runs what it is given: here, nothing. */
export const langfuseMigration = (environment: Environment, outputs: StackOutputs): KubernetesObject =>
  job(
    'observe-migration',
    {
      ...FIXED,
      component: 'observe-migration',
      image: IMAGES.langfuseWeb,
      architectures: IMAGES.langfuseWeb.architectures,
      serviceAccount: JOB_SERVICE_ACCOUNT,
      resources: RESOURCES.job,
      args: ['true'],
      env: { ...langfuseEnvironment(environment, outputs), NEXTAUTH_URL: `http://${OBSERVE_SERVICE.name}:${OBSERVE_SERVICE.port}` },
      secrets: [OBSERVE_SECRET],
    },
    1800,
  );

/** What one environment's web and worker need besides the stacks' outputs. */
export interface LangfuseFacts {
  /** The address under which people open Langfuse; logins fail under any other. */
  readonly publicUrl: string;
  readonly adminEmail: string;
  readonly secretVersion: string;
}

/** The wave "services" of observability. */
export function langfuseObjects(environment: Environment, outputs: StackOutputs, facts: LangfuseFacts): readonly KubernetesObject[] {
  const { healthPath, readyPath } = productOf('langfuse');
  const { port } = OBSERVE_SERVICE;
  const common = { ...langfuseEnvironment(environment, outputs), ...migrationsOff, NEXTAUTH_URL: facts.publicUrl };
  const annotations = configAnnotation(facts.secretVersion);
  return [
    deployment('langfuse-web', {
      ...FIXED,
      component: 'web',
      image: IMAGES.langfuseWeb,
      architectures: IMAGES.langfuseWeb.architectures,
      serviceAccount: SERVICE_ACCOUNTS.web,
      resources: RESOURCES.web,
      env: {
        ...common,
        PORT: String(port),
        AUTH_DISABLE_SIGNUP: 'true',
        LANGFUSE_INIT_ORG_ID: FIRST_PROJECT.organizationId,
        LANGFUSE_INIT_ORG_NAME: FIRST_PROJECT.organizationName,
        LANGFUSE_INIT_PROJECT_ID: FIRST_PROJECT.projectId,
        LANGFUSE_INIT_PROJECT_NAME: FIRST_PROJECT.projectName,
        LANGFUSE_INIT_USER_EMAIL: facts.adminEmail,
        LANGFUSE_INIT_USER_NAME: 'Administrator',
      },
      secrets: [OBSERVE_SECRET, OBSERVE_INIT_SECRET],
      ports: { http: port },
      annotations,
      probes: {
        startupProbe: httpProbe(healthPath, port, { periodSeconds: 5, failureThreshold: 60 }),
        readinessProbe: httpProbe(readyPath, port, { periodSeconds: 10, failureThreshold: 3 }),
        livenessProbe: httpProbe(healthPath, port, { periodSeconds: 20, failureThreshold: 6 }),
      },
    }),
    deployment('langfuse-worker', {
      ...FIXED,
      component: 'worker',
      image: IMAGES.langfuseWorker,
      architectures: IMAGES.langfuseWorker.architectures,
      serviceAccount: SERVICE_ACCOUNTS.worker,
      resources: RESOURCES.worker,
      terminationGracePeriodSeconds: 60,
      env: { ...common, PORT: String(WORKER_PORT) },
      secrets: [OBSERVE_SECRET],
      ports: { http: WORKER_PORT },
      annotations,
      // Both of the worker's health paths ask PostgreSQL and Redis: as liveness they would restart it whenever a store is away.
      probes: {
        startupProbe: portProbe(WORKER_PORT, { periodSeconds: 5, failureThreshold: 60 }),
        readinessProbe: httpProbe('/api/ready', WORKER_PORT, { periodSeconds: 10, failureThreshold: 3 }),
        livenessProbe: portProbe(WORKER_PORT, { periodSeconds: 20, failureThreshold: 6 }),
      },
    }),
  ];
}
