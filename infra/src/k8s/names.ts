// The names inside the cluster. Service names are the seed's, in every combination of products, so that clients never change.

/** The one namespace of the platform. */
export const NAMESPACE = 'genai-platform';

/** Service accounts that have an IAM role through EKS Pod Identity; the associations of the stack and the pods use these same names. */
export const SERVICE_ACCOUNTS = { gateway: 'gateway', web: 'langfuse-web', worker: 'langfuse-worker', clickhouse: 'clickhouse' } as const;

/** Whose pods these are. */
export type PodRole = keyof typeof SERVICE_ACCOUNTS;

/** Services: name and port. */
export const GATEWAY_SERVICE = { name: 'litellm-service', port: 4000 } as const;
export const OBSERVE_SERVICE = { name: 'langfuse-web', port: 3000 } as const;

/** Databases and their owners on the one Aurora cluster: two Prisma histories never meet in one schema. */
export const DATABASES = {
  gateway: { database: 'litellm', user: 'litellm' },
  observe: { database: 'langfuse', user: 'langfuse' },
} as const;

/** Administrator of the Aurora cluster, used by the bootstrap Job alone. */
export const DATABASE_ADMINISTRATOR = 'platform';

/** Where Langfuse writes what it receives, in the events bucket. */
export const EVENTS_PREFIXES = { events: 'events/', media: 'media/', exports: 'exports/' } as const;
