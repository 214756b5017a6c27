// The environment's secret is made once, in the forms that its readers ask for, and never changed.
import { describe, expect, it } from 'vitest';
import { completePlatformSecret, PLATFORM_SECRET_FIELDS } from './platform-secret.ts';

describe('the platform secret', () => {
  it('is completed once; a second time changes nothing', () => {
    const first = completePlatformSecret({ clickhousePassword: 'made-by-the-stack' });
    expect(first.changed).toBe(true);
    expect(Object.keys(first.values).sort()).toEqual([...PLATFORM_SECRET_FIELDS].sort());
    expect(first.values.clickhousePassword).toBe('made-by-the-stack');
    expect(completePlatformSecret(first.values)).toEqual({ values: first.values, changed: false });
  });

  it('has the forms that LiteLLM and Langfuse ask for', () => {
    const { values } = completePlatformSecret({});
    expect(values.litellmMasterKey).toMatch(/^sk-[A-Za-z0-9]{40}$/);
    expect(values.langfuseEncryptionKey).toMatch(/^[0-9a-f]{64}$/);
    expect(values.projectPublicKey).toMatch(/^pk-lf-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(values.projectSecretKey).toMatch(/^sk-lf-/);
    for (const field of ['clickhousePassword', 'litellmDatabasePassword', 'langfuseDatabasePassword', 'adminPassword'])
      expect(values[field]).toMatch(/^[A-Za-z0-9]{24,}$/);
  });

  it('is another one each time', () => {
    const one = completePlatformSecret({}).values;
    const two = completePlatformSecret({}).values;
    for (const field of PLATFORM_SECRET_FIELDS) expect(one[field]).not.toBe(two[field]);
  });

  it('uses every letter and digit equally: bytes that would favour some are dropped', () => {
    const biased = (size: number) => Buffer.from(Array.from({ length: size }, (_, index) => (index % 2 === 0 ? 255 : 7)));
    expect(completePlatformSecret({}, {}, biased).values.adminPassword).toMatch(/^H+$/);
  });

  it('takes over a rotated key of a provider, and keeps the others', () => {
    const { values } = completePlatformSecret({}, { AZURE_API_KEY: 'one', OPENAI_API_KEY: 'two' });
    const rotated = completePlatformSecret(values, { AZURE_API_KEY: 'three' });
    expect(rotated.changed).toBe(true);
    expect(rotated.values).toEqual({ ...values, AZURE_API_KEY: 'three' });
  });

  it('takes over what a backup holds', () => {
    const backup = completePlatformSecret({}).values;
    expect(completePlatformSecret({ ...backup }).changed).toBe(false);
  });
});
