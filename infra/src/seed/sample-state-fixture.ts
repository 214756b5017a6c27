// For tests only: a state as Terraform writes it for the seed's form, with secrets where Terraform puts them.

/** Values that must never be said. */
export const STATE_SECRETS = ['p4ssw0rd-of-aurora', 'salt-key-of-litellm', 'token-of-the-cache', 'sensitive-id-1'] as const;

const ACCOUNT = '123456789012';
const REGION = 'ap-northeast-1';
const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;

interface Row {
  type: string;
  name: string;
  attributes: Record<string, unknown>;
  module?: string;
  mode?: string;
  sensitive?: unknown;
}

const ROWS: readonly Row[] = [
  { type: 'aws_vpc', name: 'main', attributes: { id: 'vpc-seed', arn: arn('ec2', 'vpc/vpc-seed') } },
  { type: 'aws_nat_gateway', name: 'main', module: 'module.network', attributes: { id: 'nat-seed' } },
  { type: 'aws_route_table_association', name: 'private', attributes: { id: 'rtbassoc-1' } },
  { type: 'aws_eks_cluster', name: 'main', attributes: { id: 'seed-cluster', arn: arn('eks', 'cluster/seed-cluster') } },
  { type: 'aws_iam_role', name: 'langfuse', attributes: { id: 'seed-langfuse', arn: `arn:aws:iam::${ACCOUNT}:role/seed-langfuse` } },
  {
    type: 'aws_rds_cluster',
    name: 'main',
    attributes: {
      id: 'seed-db',
      arn: arn('rds', 'cluster:seed-db'),
      master_password: STATE_SECRETS[0],
      skip_final_snapshot: false,
      deletion_protection: false,
    },
  },
  { type: 'aws_elasticache_replication_group', name: 'redis', attributes: { id: 'seed-redis', auth_token: STATE_SECRETS[2] } },
  { type: 'aws_s3_bucket', name: 'langfuse', attributes: { id: 'seed-langfuse-events', region: REGION, force_destroy: false } },
  { type: 'aws_s3_bucket', name: 'clickhouse', attributes: { id: 'seed-clickhouse', region: REGION, force_destroy: true } },
  {
    type: 'aws_s3_bucket_versioning',
    name: 'langfuse',
    attributes: { id: 'seed-langfuse-events', bucket: 'seed-langfuse-events', versioning_configuration: [{ status: 'Enabled', mfa_delete: '' }] },
  },
  { type: 'aws_kms_key', name: 'odd', attributes: { id: STATE_SECRETS[3] }, sensitive: [[{ type: 'get_attr', value: 'id' }]] },
  { type: 'aws_caller_identity', name: 'current', mode: 'data', attributes: { id: ACCOUNT } },
  { type: 'random_password', name: 'salt', attributes: { id: 'none', result: STATE_SECRETS[1] } },
];

export const sampleState = (rows: readonly Row[] = ROWS): string =>
  JSON.stringify({
    version: 4,
    terraform_version: '1.9.5',
    serial: 12,
    lineage: 'a',
    outputs: { salt: { value: STATE_SECRETS[1], type: 'string', sensitive: true } },
    resources: rows.map(({ mode = 'managed', type, name, module, attributes, sensitive = [] }) => ({
      ...(module === undefined ? {} : { module }),
      mode,
      type,
      name,
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
      instances: [{ schema_version: 0, attributes, sensitive_attributes: sensitive }],
    })),
  });
