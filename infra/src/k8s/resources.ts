// How much each pod asks for; the bill counts its nodes from these figures.
import type { Resources } from './pods.ts';

/** LiteLLM at 512 MiB is killed within seconds (the seed's limit), therefore 1.5 GiB. Langfuse's are below its documented minimum of 2 CPU and 4 GiB for production, enough for a test environment. */
export const RESOURCES = {
  gateway: { cpu: '500m', memory: '1536Mi', cpuLimit: '2', memoryLimit: '2560Mi' },
  web: { cpu: '500m', memory: '1536Mi', cpuLimit: '2', memoryLimit: '2560Mi' },
  worker: { cpu: '500m', memory: '1536Mi', cpuLimit: '2', memoryLimit: '2560Mi' },
  clickhouse: { cpu: '1', memory: '4Gi', cpuLimit: '2', memoryLimit: '6Gi' },
  job: { cpu: '100m', memory: '512Mi', cpuLimit: '1', memoryLimit: '1Gi' },
  metricsServer: { cpu: '50m', memory: '100Mi', cpuLimit: '200m', memoryLimit: '200Mi' },
} as const satisfies Readonly<Record<string, Resources>>;
