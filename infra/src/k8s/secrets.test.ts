// A Kubernetes Secret is made from references at the last moment.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleOutputs } from '#sample-fixture.ts';
import { secretSpecs } from './secret-specs.ts';
import { renderSecret, type SecretSpec, secretArnsOf } from './secrets.ts';

const outputs = sampleOutputs();
const specs = Object.values(secretSpecs(outputs, ['AZURE_API_KEY'])).flat();
const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
const dataOf = (name: string, read: (field: { secretArn: string; field: string }) => string): Record<string, string> => {
  const secret = renderSecret(specs.find((spec) => spec.name === name) as SecretSpec, read);
  return Object.fromEntries(Object.entries(secret.data as Record<string, string>).map(([key, value]) => [key, decode(value)]));
};

describe('a secret', () => {
  it('puts a password into a URL so that every character survives', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (password) => {
        const url = new URL(dataOf('gateway-migration-env', () => password).DATABASE_URL as string);
        expect(decodeURIComponent(url.password)).toBe(password);
        expect([url.hostname, url.pathname, url.username]).toEqual([outputs.databaseHost, '/litellm', 'litellm']);
      }),
    );
  });

  it('gives LiteLLM and Langfuse different databases and roles', () => {
    expect(dataOf('gateway-env', ({ field }) => field).DATABASE_URL).toBe(
      `postgresql://litellm:litellmDatabasePassword@${outputs.databaseHost}:5432/litellm?sslmode=require`,
    );
    expect(dataOf('observe-env', ({ field }) => field).DATABASE_URL).toBe(
      `postgresql://langfuse:langfuseDatabasePassword@${outputs.databaseHost}:5432/langfuse?sslmode=require`,
    );
  });

  it('gives the same project keys to both sides', () => {
    const gateway = dataOf('gateway-env', ({ field }) => field);
    const web = dataOf('observe-init-env', ({ field }) => field);
    expect([gateway.LANGFUSE_PUBLIC_KEY, gateway.LANGFUSE_SECRET_KEY]).toEqual([web.LANGFUSE_INIT_PROJECT_PUBLIC_KEY, web.LANGFUSE_INIT_PROJECT_SECRET_KEY]);
  });

  it("carries the providers' keys to the gateway alone", () => {
    const readers = specs.filter((spec) => 'AZURE_API_KEY' in spec.entries).map(({ name }) => name);
    expect(readers).toEqual(['gateway-env']);
  });

  it('is not made at all when a field is missing', () => {
    const missing = (): string => {
      throw new Error('no such field');
    };
    expect(() => renderSecret(specs[0] as SecretSpec, missing)).toThrow('no such field');
  });

  it('names what must be read', () =>
    expect(secretArnsOf(specs).toSorted()).toEqual([outputs.cacheSecretArn, outputs.databaseSecretArn, outputs.platformSecretArn].sort()));
});
