// What does a Terraform state (version 4) hold of AWS? Takes types, names and ids; every other value may be a secret and is never handed on, nor put into a fault.
import { z } from 'zod';
import { factsOf, type TypeFacts } from './parts.ts';

/** What a person does before or instead of `terraform destroy`. */
export const TODOS = ['destroy', 'empty', 'empty-versions', 'unprotect', 'final-snapshot', 'tie'] as const;
export type Todo = (typeof TODOS)[number];

export interface SeedResource extends TypeFacts {
  type: string;
  /** The address without the type: modules, name, index. */
  name: string;
  /** Null when the state has none, or calls it sensitive. */
  id: string | null;
  /** `global` for IAM; null when the state does not say. */
  region: string | null;
  account: string | null;
  todo: Todo;
}

export interface SeedState {
  resources: SeedResource[];
  /** How many resources of other providers (helm, kubernetes, random) there are. */
  others: number;
  clusters: string[];
  vpcIds: string[];
}

export type StateFault = 'too-big' | 'not-json' | 'encrypted' | 'version' | 'form';
export type StateReading = { state: SeedState; fault: null } | { state: null; fault: StateFault; where: string };

/** A state of a few hundred resources has about 1 MB. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
const MAX_ID_CHARACTERS = 512;
/** EKS's own rule; names go into patterns of the inventory. */
export const CLUSTER_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
const ZONE = /^([a-z]{2}(-[a-z]+)+-\d)[a-z]$/;

const instance = z.object({
  index_key: z.union([z.string(), z.number()]).nullish(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
  sensitive_attributes: z.unknown().optional(),
});
const resource = z.object({
  mode: z.string(),
  type: z.string().min(1),
  name: z.string().min(1),
  module: z.string().nullish(),
  instances: z.array(instance),
});
const schema = z.object({ version: z.literal(4), resources: z.array(resource) });
type Instance = z.infer<typeof instance>;
type Resource = z.infer<typeof resource>;
type Attributes = Readonly<Record<string, unknown>>;

/** Reads a state file's text. Never throws, and says of a faulty file only where the fault is. */
export function readState(text: string): StateReading {
  if (text.length > MAX_CHARACTERS) return { state: null, fault: 'too-big', where: '' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may be a password.
    return { state: null, fault: 'not-json', where: '' };
  }
  const head = z.object({ version: z.unknown().optional(), encrypted_data: z.unknown().optional() }).safeParse(value);
  if (!head.success) return { state: null, fault: 'form', where: '' };
  if (head.data.encrypted_data !== undefined) return { state: null, fault: 'encrypted', where: '' };
  if (head.data.version !== 4) return { state: null, fault: 'version', where: typeof head.data.version === 'number' ? String(head.data.version) : '?' };
  const read = schema.safeParse(value);
  if (!read.success) return { state: null, fault: 'form', where: read.error.issues[0]?.path.filter(isPlain).join('.') ?? '' };
  return { state: stateOf(read.data.resources), fault: null };
}

/** Keys of attributes are not said: a map's key may be a value that somebody chose. */
const isPlain = (part: PropertyKey): boolean =>
  typeof part === 'number' || ['resources', 'instances', 'mode', 'type', 'name', 'module', 'index_key', 'attributes'].includes(String(part));

function stateOf(all: readonly Resource[]): SeedState {
  const managed = all.filter(({ mode }) => mode === 'managed');
  const own = managed.filter(({ type }) => type.startsWith('aws_'));
  const versioned = versionedBuckets(own);
  const resources = inOneRegion(own.flatMap((found) => found.instances.map((one) => resourceOf(found, one, versioned))));
  const idsOf = (type: string): string[] => [...new Set(resources.filter((row) => row.type === type).flatMap(({ id }) => id ?? []))];
  return {
    resources,
    others: managed.filter(({ type }) => !type.startsWith('aws_')).reduce((count, { instances }) => count + instances.length, 0),
    clusters: idsOf('aws_eks_cluster').filter((name) => CLUSTER_NAME.test(name)),
    vpcIds: idsOf('aws_vpc'),
  };
}

/** Some types say no region; where all others say the same one, it is theirs too. */
function inOneRegion(rows: SeedResource[]): SeedResource[] {
  const regions = new Set(rows.flatMap(({ region }) => (region === null || region === 'global' ? [] : region)));
  const only = regions.size === 1 ? [...regions][0] : undefined;
  return rows.map((row) => ({ ...row, region: row.region ?? only ?? null }));
}

function resourceOf({ type, name, module, mode: _ }: Resource, one: Instance, versioned: ReadonlySet<string>): SeedResource {
  const attributes = one.attributes ?? {};
  const facts = factsOf(type);
  const index = one.index_key == null ? '' : `[${JSON.stringify(one.index_key)}]`;
  const arn = partsOfArn(attributes.arn) ?? partsOfArn(attributes.id);
  const id = typeof attributes.id === 'string' && attributes.id !== '' && !isIdSensitive(one.sensitive_attributes) ? attributes.id : null;
  return {
    ...facts,
    type,
    name: `${module == null ? '' : `${module}.`}${name}${index}`.slice(0, MAX_ID_CHARACTERS),
    id: id?.slice(0, MAX_ID_CHARACTERS) ?? null,
    region: regionOf(type, attributes, arn?.region),
    account: arn?.account ?? null,
    todo: todoOf(type, facts, attributes, versioned),
  };
}

function partsOfArn(value: unknown): { region: string; account: string } | null {
  const match = typeof value === 'string' ? /^arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):(\d{12}):/.exec(value) : null;
  return match === null ? null : { region: match[1] ?? '', account: match[2] ?? '' };
}

function regionOf(type: string, { region, availability_zone: zone }: Attributes, ofArn: string | undefined): string | null {
  if (type.startsWith('aws_iam_')) return 'global';
  for (const word of [ofArn, region]) if (typeof word === 'string' && REGION.test(word)) return word;
  return typeof zone === 'string' ? (ZONE.exec(zone)?.[1] ?? null) : null;
}

function todoOf(type: string, { isTie }: TypeFacts, attributes: Attributes, versioned: ReadonlySet<string>): Todo {
  if (isTie) return 'tie';
  if (type === 'aws_s3_bucket' && attributes.force_destroy !== true) {
    const isVersioned = isEnabled(attributes.versioning) || versioned.has(String(attributes.id));
    return isVersioned ? 'empty-versions' : 'empty';
  }
  if (attributes.deletion_protection === true || attributes.enable_deletion_protection === true) return 'unprotect';
  const takesSnapshot = ['aws_rds_cluster', 'aws_db_instance'].includes(type) && attributes.skip_final_snapshot === false;
  return takesSnapshot ? 'final-snapshot' : 'destroy';
}

/** `[{ enabled: true }]` of the bucket itself. */
const isEnabled = (versioning: unknown): boolean => Array.isArray(versioning) && (versioning[0] as { enabled?: unknown } | undefined)?.enabled === true;

/** Buckets that have versions by a resource of their own; a suspended one keeps those that it has. */
function versionedBuckets(resources: readonly Resource[]): ReadonlySet<string> {
  const rows = resources.filter(({ type }) => type === 'aws_s3_bucket_versioning').flatMap(({ instances }) => instances);
  return new Set(
    rows.flatMap(({ attributes }) => {
      const form = z
        .object({ bucket: z.string(), versioning_configuration: z.array(z.object({ status: z.enum(['Enabled', 'Suspended']) })).min(1) })
        .safeParse(attributes);
      return form.success ? [form.data.bucket] : [];
    }),
  );
}

/** Terraform writes sensitive values as paths: `[[{"type": "get_attr", "value": "password"}]]`. */
function isIdSensitive(paths: unknown): boolean {
  if (!Array.isArray(paths)) return false;
  return paths.some((path) => Array.isArray(path) && path.length === 1 && (path[0] as { value?: unknown } | null)?.value === 'id');
}
