// A Terraform state against a scripted account: what stands, what is gone, what nobody may say, and what stands beside the state.
import { describe, expect, it } from 'vitest';
import { CloudError } from '#aws/error.ts';
import { sampleState } from '#seed/sample-state-fixture.ts';
import { readState, type SeedState } from '#seed/state.ts';
import { checkState, type ImportCheck } from './import-check.ts';
import { type Scenario, scenario } from './scenario-fixture.ts';

const STATE = readState(sampleState()).state as SeedState;
const CLUSTER_TAG = { 'kubernetes.io/cluster/seed-cluster': 'owned' };
const of = (check: ImportCheck): string[] => check.resources.map(({ type, name, standing, unknown }) => `${type}.${name} ${unknown ?? standing}`);

/** The account of the seed after `terraform destroy` stopped at the bucket, with what its cluster left. */
function seedAccount(script: Parameters<typeof scenario>[0] = {}): Scenario {
  const made = scenario(script);
  const { world } = made;
  world.add('vpc', 'vpc-seed', { tags: {}, vpcId: 'vpc-seed' });
  world.add('bucket', 'seed-langfuse-events', { tags: {} });
  world.add('load-balancer', 'arn:alb-of-litellm', { tags: { 'elbv2.k8s.aws/cluster': 'seed-cluster' }, name: 'k8s-litellm' });
  world.add('volume', 'vol-clickhouse', { tags: CLUSTER_TAG, state: 'available' });
  world.add('network-interface', 'eni-left', { tags: {}, vpcId: 'vpc-seed' });
  world.add('log-group', '/aws/eks/seed-cluster/cluster', { tags: {} });
  world.add('log-group', '/aws/rds/cluster/seed-db/postgresql', { tags: {} });
  // Of others: another cluster, another database, an environment of ours.
  world.add('volume', 'vol-of-others', { tags: { 'kubernetes.io/cluster/other': 'owned' } });
  world.add('log-group', '/aws/rds/cluster/other-db/postgresql', { tags: {} });
  world.add('volume', 'vol-of-dev', { tags: { 'genai:environment': 'dev' } });
  return made;
}

describe('import-check', () => {
  it('says what stands and what is gone, and finds what the cluster left beside the state, and changes nothing', async () => {
    const { context, fake, world } = seedAccount();
    const before = world.all();
    const check = await checkState(context, STATE, []);
    expect(of(check)).toEqual([
      'aws_vpc.main stands',
      'aws_nat_gateway.module.network.main gone',
      'aws_route_table_association.private tie',
      'aws_eks_cluster.main gone',
      'aws_iam_role.langfuse gone',
      'aws_rds_cluster.main gone',
      'aws_elasticache_replication_group.redis gone',
      'aws_s3_bucket.langfuse stands',
      'aws_s3_bucket.clickhouse gone',
      'aws_s3_bucket_versioning.langfuse tie',
      'aws_kms_key.odd type',
    ]);
    expect(check.outside.map(({ id }) => id).toSorted()).toEqual([
      '/aws/eks/seed-cluster/cluster',
      '/aws/rds/cluster/seed-db/postgresql',
      'arn:alb-of-litellm',
      'eni-left',
      'vol-clickhouse',
    ]);
    expect([check.outsideUnknown, fake.steps]).toEqual([null, 0]);
    expect(world.all()).toEqual(before);
  });

  it('says nothing of an account that it may not ask, or that is not of the state', async () => {
    const { context } = seedAccount();
    const refuse = async (): Promise<never> => {
      throw new CloudError('credentials', 'Could not load credentials from any providers');
    };
    const blind = { ...context, cloud: { ...context.cloud, account: { ...context.cloud.account, caller: refuse } } };
    const without = await checkState(blind, STATE, []);
    expect(new Set(without.resources.map(({ standing, unknown }) => `${standing} ${unknown}`))).toEqual(new Set(['not-checked credentials', 'tie null']));
    expect([without.account, without.outside, without.outsideUnknown]).toEqual([null, [], 'credentials']);
    const stranger = seedAccount();
    stranger.world.account = '999999999999';
    expect((await checkState(stranger.context, STATE, [])).outsideUnknown).toBe('account');
  });

  it('never takes what it could not list, or what is elsewhere, for gone', async () => {
    const denied = await checkState(seedAccount({ deniedKind: 'volume' }).context, STATE, []);
    expect([denied.outsideUnknown, denied.reasons]).toEqual(['refused', ['volume: not authorized']]);
    const noBuckets = await checkState(seedAccount({ deniedKind: 'bucket' }).context, STATE, []);
    expect(of(noBuckets)).toContain('aws_s3_bucket.clickhouse refused');
    const elsewhere = readState(sampleState().replaceAll('ap-northeast-1', 'eu-west-1')).state as SeedState;
    const lines = of(await checkState(seedAccount().context, elsewhere, []));
    expect(lines).toContain('aws_vpc.main region');
    // Buckets and roles are the account's, wherever one asks.
    expect(lines).toEqual(expect.arrayContaining(['aws_s3_bucket.langfuse stands', 'aws_iam_role.langfuse gone']));
  });

  it('finds leftovers by the name of a cluster when there is no state, and says when nothing leads to them', async () => {
    const empty: SeedState = { resources: [], others: 0, clusters: [], vpcIds: [] };
    const { context } = seedAccount();
    const named = await checkState(context, empty, ['seed-cluster']);
    expect(named.outside.map(({ kind }) => kind).toSorted()).toEqual(['load-balancer', 'log-group', 'volume']);
    expect(await checkState(context, empty, [])).toMatchObject({ outside: [], outsideUnknown: 'cluster' });
  });

  it('waits while the account is busy', async () => {
    const check = await checkState(seedAccount({ throttleEvery: 3 }).context, STATE, []);
    expect([of(check).filter((line) => line.endsWith(' stands')), check.outsideUnknown]).toEqual([
      ['aws_vpc.main stands', 'aws_s3_bucket.langfuse stands'],
      null,
    ]);
  });
});
