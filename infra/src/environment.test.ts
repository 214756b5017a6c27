// An environment is whole or refused, with every fault named.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterName, EnvironmentError, environmentTags, readEnvironment } from './environment.ts';

const least = { gateway: 'litellm', observe: 'langfuse', allowedCidrs: ['203.0.113.7/32'] };
const faultsOf = (change: object): readonly string[] => {
  try {
    readEnvironment({ ...least, ...change });
    return [];
  } catch (error) {
    if (error instanceof EnvironmentError) return error.faults;
    throw error;
  }
};

describe('an environment', () => {
  it('needs three decisions and fills in the rest', () => {
    const environment = readEnvironment(least);
    expect(environment).toMatchObject({
      name: 'dev',
      region: 'ap-northeast-1',
      availabilityZones: ['ap-northeast-1a', 'ap-northeast-1c'],
      ingress: 'target-group-binding',
    });
    expect(environment.sizes).toMatchObject({ natGateways: 1, databaseMinAcu: 0.5 });
    expect(environment.keepData).toEqual({ buckets: false, database: false, volumes: false });
  });

  it('chooses no product silently', () => {
    expect(() => readEnvironment({ allowedCidrs: ['203.0.113.7/32'] })).toThrow(/gateway: .*\n.*observe: /);
  });

  it('takes all four combinations of products', () => {
    for (const gateway of ['litellm', 'native'])
      for (const observe of ['langfuse', 'native']) expect(readEnvironment({ ...least, gateway, observe })).toMatchObject({ gateway, observe });
  });

  it('refuses plain HTTP that is open to the world, and takes it with a domain', () => {
    expect(faultsOf({ allowedCidrs: ['0.0.0.0/0'] })[0]).toMatch(/^allowedCidrs: plain HTTP/);
    expect(faultsOf({ allowedCidrs: ['0.0.0.0/0'], domain: { hostedZoneId: 'Z1', gatewayHost: 'a.example.com', observeHost: 'b.example.com' } })).toEqual([]);
  });

  it('keeps buckets and volumes together', () => expect(faultsOf({ keepData: { buckets: true } })[0]).toMatch(/^keepData: buckets and volumes/));
  it('names a zone of another region', () =>
    expect(faultsOf({ availabilityZones: ['us-east-1a', 'ap-northeast-1c'] })).toEqual(['availabilityZones: us-east-1a is not in ap-northeast-1']));
  it('names an unknown key', () => expect(faultsOf({ gatewey: 'litellm' })[0]).toContain('gatewey'));
  it('refuses a key of a provider in the settings', () =>
    expect(faultsOf({ models: [{ name: 'm', model: 'azure/m', apiKey: 'secret' }] })[0]).toContain('apiKey'));
  it('says every fault at once', () => expect(faultsOf({ name: 'X', region: 'tokyo', allowedCidrs: ['home'] })).toHaveLength(3));

  it('answers any value with an environment or with EnvironmentError', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          readEnvironment(value);
        } catch (error) {
          expect(error).toBeInstanceOf(EnvironmentError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('answers any change of a key with an environment or with EnvironmentError', () => {
    const keys = [
      'name',
      'region',
      'availabilityZones',
      'domain',
      'allowedCidrs',
      'expiresAt',
      'models',
      'keepData',
      'sizes',
      'images',
      'budget',
      'operatorArns',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.anything(), (key, value) => {
        expect(() => faultsOf({ [key]: value })).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('is named and tagged by its name alone, so that a sweep finds it without its settings', () => {
    expect(clusterName({ name: 'team' })).toBe('genai-team');
    expect(environmentTags({ name: 'team' })).toEqual({ 'genai:environment': 'team', 'genai:managed-by': 'genai-platform' });
  });
});
