// What one environment on AWS is: the checked value that the stacks, the Kubernetes objects, the bill and the life cycle are made from.
import { z } from 'zod';

const NAME = /^[a-z][a-z0-9-]{1,18}[a-z0-9]$/;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
const ZONE = /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/;
const CIDR = /^(\d{1,3}\.){3}\d{1,3}\/(\d|[12]\d|3[0-2])$/;
const HOST = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

const image = z.strictObject({ repository: z.string().min(1), tag: z.string().min(1), digest: z.string().regex(DIGEST) });

/** One model behind the gateway, in LiteLLM's terms. Keys are never in the settings: `apiKeyVariable` names a variable whose value `up` stores in Secrets Manager. */
const model = z.strictObject({
  name: z.string().min(1),
  /** LiteLLM's `provider/model`, for example `azure/gpt-4o-mini`. */
  model: z.string().min(1),
  apiBase: z.url().optional(),
  apiVersion: z.string().optional(),
  apiKeyVariable: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'the name of an environment variable')
    .optional(),
});

const domain = z.strictObject({
  /** The hosted zone of Route 53 in which the two names are made. */
  hostedZoneId: z.string().regex(/^Z[A-Z0-9]+$/),
  gatewayHost: z.string().regex(HOST),
  observeHost: z.string().regex(HOST),
});

/** Every size has a row in the price table; a size without one makes the bill's total "≥". */
const sizes = z.strictObject({
  natGateways: z.union([z.literal(1), z.literal(2)]).default(1),
  databaseMinAcu: z.number().min(0).max(128).multipleOf(0.5).default(0.5),
  databaseMaxAcu: z.number().min(1).max(256).multipleOf(0.5).default(4),
  cacheNodeType: z
    .string()
    .regex(/^cache\.[a-z0-9]+\.[a-z0-9]+$/)
    .default('cache.t4g.micro'),
  /** The instance type that the bill assumes for the nodes; the NodePool may take any of its family and size. */
  nodeInstanceType: z
    .string()
    .regex(/^[a-z0-9]+\.[a-z0-9]+$/)
    .default('m6g.large'),
  clickhouseVolumeGib: z.number().int().min(10).max(16_384).default(20),
  replicas: z
    .strictObject({
      gateway: z.number().int().min(1).max(20).default(1),
      web: z.number().int().min(1).max(20).default(1),
      worker: z.number().int().min(1).max(20).default(1),
    })
    .prefault({}),
});

const keepData = z.strictObject({ buckets: z.boolean().default(false), database: z.boolean().default(false), volumes: z.boolean().default(false) });

const schema = z
  .strictObject({
    name: z.string().regex(NAME, 'three to twenty of a-z, 0-9 and "-", beginning with a letter').default('dev'),
    profile: z.literal('dev').default('dev'),
    region: z.string().regex(REGION).default('ap-northeast-1'),
    /** Two zones that the account is really offered; default: the first and the third of the region (in Tokyo the second is closed to many accounts). */
    availabilityZones: z.array(z.string().regex(ZONE)).length(2).optional(),
    gateway: z.enum(['litellm', 'native']),
    observe: z.enum(['langfuse', 'native']),
    ingress: z.enum(['target-group-binding', 'ingress']).default('target-group-binding'),
    domain: domain.optional(),
    /** Who may reach the two doors. Without a domain there is no TLS, so that "everybody" is refused. */
    allowedCidrs: z.array(z.string().regex(CIDR)).min(1),
    /** Who may reach the Kubernetes API (which asks for IAM credentials besides); default: `allowedCidrs`. A scheduler's addresses belong here. */
    apiCidrs: z.array(z.string().regex(CIDR)).min(1).optional(),
    /** IAM users and roles besides the creator that may administer the cluster: colleagues, the scheduler's role. */
    operatorArns: z.array(z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:(user|role)\/.+$/)).default([]),
    /** An AWS Budgets alarm for the environment's tag. The tag must be active as a cost allocation tag in the account that pays. */
    budget: z.strictObject({ email: z.email(), monthlyUsd: z.number().positive() }).optional(),
    /** After this instant `status` warns and `down --expired` destroys. */
    expiresAt: z.iso.datetime({ offset: true }).nullable().default(null),
    timeZone: z.string().min(1).default('Asia/Tokyo'),
    adminEmail: z.email().default('admin@example.com'),
    models: z.array(model).default([]),
    /** What survives `down`. Buckets and volumes share one fate: ClickHouse's rows are in the bucket and their index on the volume. */
    keepData: keepData.prefault({}),
    sizes: sizes.prefault({}),
    images: z.record(z.string(), image).default({}),
  })
  .superRefine((environment, context) => {
    if (environment.domain === undefined && environment.allowedCidrs.includes('0.0.0.0/0')) {
      context.addIssue({ code: 'custom', path: ['allowedCidrs'], message: 'plain HTTP is never open to the whole world: name your addresses, or set domain' });
    }
    if (environment.domain !== undefined && environment.ingress === 'ingress') {
      context.addIssue({
        code: 'custom',
        path: ['domain'],
        message: 'needs ingress: target-group-binding, where the stack owns the load balancer and its names',
      });
    }
    if (environment.keepData.buckets !== environment.keepData.volumes) {
      context.addIssue({ code: 'custom', path: ['keepData'], message: 'buckets and volumes are kept together or not at all' });
    }
    for (const zone of environment.availabilityZones ?? []) {
      if (!zone.startsWith(environment.region))
        context.addIssue({ code: 'custom', path: ['availabilityZones'], message: `${zone} is not in ${environment.region}` });
    }
    if (environment.sizes.databaseMaxAcu < environment.sizes.databaseMinAcu) {
      context.addIssue({ code: 'custom', path: ['sizes', 'databaseMaxAcu'], message: 'is below databaseMinAcu' });
    }
  })
  .transform((environment) => ({
    ...environment,
    availabilityZones: environment.availabilityZones ?? [`${environment.region}a`, `${environment.region}c`],
  }));

/** One environment; every default is filled in. */
export type Environment = Readonly<z.output<typeof schema>>;
/** What a settings file or a test may leave out. */
export type EnvironmentInput = z.input<typeof schema>;

/** All faults of a settings value at once, a line each: `path: what is wrong`. */
export class EnvironmentError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The environment's settings are not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'EnvironmentError';
    this.faults = faults;
  }
}

/** Checks a value (a parsed settings file with the flags laid over it) and fills in the defaults. @throws EnvironmentError with every fault. */
export function readEnvironment(input: unknown): Environment {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new EnvironmentError(result.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`));
}

/** The tag key that says whose a resource is; sweeps, costs and the budget alarm look for it. */
export const ENVIRONMENT_TAG = 'genai:environment';
/** On the VPC alone, so that a new expiry updates one resource. */
export const EXPIRY_TAG = 'genai:expires-at';

/** On every resource that can carry a tag: in the stacks, on nodes (NodeClass) and on volumes (StorageClass). */
export const environmentTags = (environment: Pick<Environment, 'name'>): Readonly<Record<string, string>> => ({
  [ENVIRONMENT_TAG]: environment.name,
  'genai:managed-by': 'genai-platform',
});

/** The only fixed name on AWS besides the stacks': nodes, volumes and target groups refer to it by tag. */
export const clusterName = (environment: Pick<Environment, 'name'>): string => `genai-${environment.name}`;

/** Name of a stack: `genai-<environment>-<part>`. */
export const stackName = (environment: Pick<Environment, 'name'>, part: string): string => `genai-${environment.name}-${part}`;
