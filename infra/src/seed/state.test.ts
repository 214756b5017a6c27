// A state file is read for types, names and ids; nothing else of it is ever handed on, whatever the file looks like.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf } from './parts.ts';
import { STATE_SECRETS, sampleState } from './sample-state-fixture.ts';
import { readState, type SeedResource, type SeedState } from './state.ts';

const sample = (text = sampleState()): SeedState => {
  const reading = readState(text);
  if (reading.state === null) throw new Error(`${reading.fault} ${reading.where}`);
  return reading.state;
};
const row = (type: string, state = sample()): SeedResource => state.resources.find((found) => found.type === type) as SeedResource;
const bucket = (attributes: object): string => {
  const state = { version: 4, resources: [{ mode: 'managed', type: 'aws_s3_bucket', name: 'b', instances: [{ attributes }] }] };
  return row('aws_s3_bucket', sample(JSON.stringify(state))).todo;
};

describe('a state of the seed', () => {
  it('gives type, name, id and region of what is of AWS, and counts the rest', () => {
    const state = sample();
    expect(state.resources).toHaveLength(11);
    expect([state.others, state.clusters, state.vpcIds]).toEqual([1, ['seed-cluster'], ['vpc-seed']]);
    expect(row('aws_vpc')).toMatchObject({ name: 'main', id: 'vpc-seed', region: 'ap-northeast-1', account: '123456789012', part: 'network', listing: 'vpc' });
    // It names no region itself; all others are in one.
    expect(row('aws_nat_gateway')).toMatchObject({ name: 'module.network.main', region: 'ap-northeast-1' });
    expect(row('aws_iam_role')).toMatchObject({ region: 'global', part: 'roles' });
  });

  it('says what must be done before terraform destroy', () => {
    const todos = sample().resources.map(({ type, name, todo }) => `${type}.${name} ${todo}`);
    expect(todos).toContain('aws_s3_bucket.langfuse empty-versions');
    expect(todos).toContain('aws_s3_bucket.clickhouse destroy');
    expect(todos).toContain('aws_rds_cluster.main final-snapshot');
    expect(todos).toContain('aws_route_table_association.private tie');
    expect(bucket({ id: 'b', versioning: [{ enabled: true }] })).toBe('empty-versions');
    expect(bucket({ id: 'b' })).toBe('empty');
    expect(row('aws_rds_cluster', sample(sampleState().replace('"deletion_protection":false', '"deletion_protection":true'))).todo).toBe('unprotect');
  });

  it('hands on no other value, and no id that Terraform calls sensitive', () => {
    const said = JSON.stringify(sample());
    for (const secret of STATE_SECRETS) expect(said).not.toContain(secret);
    expect(row('aws_kms_key').id).toBeNull();
  });

  it('takes every type with a listing for something that stands by itself', () => {
    for (const type of ['aws_vpc', 'aws_lb', 'aws_route_table', 'aws_s3_bucket', 'aws_secretsmanager_secret', 'aws_iam_policy', 'aws_eip'])
      expect([type, factsOf(type)]).toEqual([type, expect.objectContaining({ isTie: false, listing: expect.any(String) })]);
    for (const type of ['aws_route', 'aws_s3_bucket_policy', 'aws_iam_role_policy_attachment', 'aws_security_group_rule', 'aws_default_route_table'])
      expect([type, factsOf(type)]).toEqual([type, expect.objectContaining({ isTie: true, listing: null })]);
    expect(factsOf('constructor')).toEqual({ part: 'other', listing: null, isTie: false });
  });
});

describe('odd files', () => {
  it('are named by their fault, never by their text', () => {
    expect(readState('the password is hunter2')).toEqual({ state: null, fault: 'not-json', where: '' });
    expect(readState('[]')).toMatchObject({ fault: 'form' });
    expect(readState('{"version":3,"modules":[]}')).toEqual({ state: null, fault: 'version', where: '3' });
    expect(readState('{"version":"hunter2"}')).toEqual({ state: null, fault: 'version', where: '?' });
    expect(readState('{"meta":{},"encrypted_data":"x","encryption_version":"v0"}')).toMatchObject({ fault: 'encrypted' });
    expect(readState('{"version":4}')).toEqual({ state: null, fault: 'form', where: 'resources' });
    const wrong = readState(
      JSON.stringify({ version: 4, resources: [{ mode: 'managed', type: 'aws_vpc', name: 'a', instances: [{ attributes: 'hunter2' }] }] }),
    );
    expect(wrong).toEqual({ state: null, fault: 'form', where: 'resources.0.instances.0.attributes' });
    expect(readState('{"version":4,"resources":[]}')).toEqual({ state: { resources: [], others: 0, clusters: [], vpcIds: [] }, fault: null });
  });

  it('never throw, and never let a marked value out, wherever it stands but in a type, a name or an id', () => {
    const marked = 'MARKED-SECRET';
    const value = fc.oneof(fc.constant(marked), fc.jsonValue(), fc.constant([{ enabled: marked }]), fc.constant([{ status: marked }]));
    const attributes = fc.dictionary(
      fc.constantFrom('arn', 'region', 'availability_zone', 'bucket', 'versioning', 'versioning_configuration', 'password', 'force_destroy', '__proto__'),
      value,
    );
    const resource = fc.record({
      mode: fc.oneof(fc.constantFrom('managed', 'data'), value),
      type: fc.constantFrom('aws_s3_bucket', 'aws_s3_bucket_versioning', 'aws_rds_cluster', 'aws_eks_cluster', 'helm_release', 'aws_', '__proto__'),
      name: fc.string({ minLength: 1 }),
      instances: fc.array(fc.record({ attributes: fc.oneof(attributes, fc.constant(null)), sensitive_attributes: value, private: value })),
    });
    const file = fc.record({ version: fc.oneof(fc.constant(4), value), resources: fc.oneof(fc.array(resource), value), outputs: value }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(file, fc.jsonValue()), (odd) => {
        expect(JSON.stringify(readState(JSON.stringify(odd)))).not.toContain(marked);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string(), fc.nat(4000), (noise, at) => {
        const text = sampleState();
        const reading = readState(text.slice(0, at) + noise + text.slice(at + noise.length));
        for (const secret of STATE_SECRETS.slice(0, 3)) expect(JSON.stringify(reading)).not.toContain(secret);
      }),
    );
  });
});
