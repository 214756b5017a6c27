// Whose is a thing? No rule may ever take another environment's things, however similar the names are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLogGroupOurs, isNamedOurs, isOurs, isTaggedOurs, type Scope } from './scope.ts';

const scopeOf = (name: string): Scope => ({
  environment: name,
  tagKey: 'genai:environment',
  clusterName: `genai-${name}`,
  namePrefix: `genai-${name}`,
  vpcIds: ['vpc-1'],
});
const DEV = scopeOf('dev');

describe('ownership', () => {
  it('is by the tag; a tag of another environment wins over every other sign', () => {
    expect(isTaggedOurs(DEV, { 'genai:environment': 'dev' })).toBe(true);
    expect(isTaggedOurs(DEV, { 'genai:environment': 'prod', 'kubernetes.io/cluster/genai-dev': 'owned' })).toBe(false);
    expect(isOurs(DEV, { 'genai:environment': 'prod' }, 'vpc-1')).toBe(false);
    expect(isTaggedOurs(DEV, { 'eks:eks-cluster-name': 'genai-dev' })).toBe(true);
    expect(isTaggedOurs(DEV, { 'eks:eks-cluster-name': 'genai-dev2', Name: 'genai-dev' })).toBe(false);
    expect(isOurs(DEV, {}, 'vpc-1')).toBe(true);
    expect(isOurs(DEV, {}, 'vpc-2')).toBe(false);
  });

  it('by a generated name is never two environments’ at once', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{1,5}(-(network|data|cluster|edge|x1))?$/);
    fc.assert(
      fc.property(name, name, fc.constantFrom('network', 'data', 'cluster', 'edge'), (first, second, part) => {
        fc.pre(first !== second);
        const generated = `genai-${second}-${part}-Thing-ABC123`;
        expect(isNamedOurs(scopeOf(second), generated)).toBe(true);
        expect(isNamedOurs(scopeOf(first), generated)).toBe(false);
      }),
    );
  });

  it('of log groups is by cluster or database', () => {
    expect(isLogGroupOurs(DEV, '/aws/eks/genai-dev/cluster')).toBe(true);
    expect(isLogGroupOurs(DEV, '/aws/containerinsights/genai-dev/performance')).toBe(true);
    expect(isLogGroupOurs(DEV, '/aws/rds/cluster/genai-dev-data-database-abc/postgresql')).toBe(true);
    for (const other of [
      '/aws/eks/genai-dev2/cluster',
      '/aws/rds/cluster/genai-dev-data-data-database-abc/postgresql',
      '/aws/lambda/genai-dev',
      '/aws/eks/genai-dev',
    ])
      expect([other, isLogGroupOurs(DEV, other)]).toEqual([other, false]);
  });
});
