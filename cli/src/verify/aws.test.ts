// The checks against an environment on AWS: credentials from its secret, objects in its buckets, nothing left behind.
import { afterEach, describe, expect, it } from 'vitest';
import { scripted } from '#aws/scripted.ts';
import { targetOf } from '#aws/target.ts';
import { MASTER_KEY, PUBLIC_KEY, type ScriptedPlatform, SECOND, SECRET_KEY, startScriptedPlatform } from '#scripted-platform.ts';
import { runChecks } from './run.ts';

let platform: ScriptedPlatform | undefined;
afterEach(async () => await platform?.close());

async function standing() {
  const { made } = scripted();
  const { up } = await import('@genai/infra/life/up');
  const { outputs } = await up(made.context, { providerKeys: {}, budget: { limitUsdPerMonth: 1, email: null }, savedSecrets: {} });
  const secret = { litellmMasterKey: MASTER_KEY, projectPublicKey: PUBLIC_KEY, projectSecretKey: SECRET_KEY, adminPassword: 'right' };
  made.world.secrets.set(outputs.platformSecretArn, JSON.stringify(secret));
  platform = await startScriptedPlatform({ kind: 'stock', models: ['gpt-4o-mini'] });
  const target = await targetOf(made.context, outputs, { gateway: platform.url, observe: platform.url });
  return { made, outputs, target: { ...target, waitMs: 200 } };
}

describe('the checks on AWS', () => {
  it('all pass but the one that needs a second project, and leave no key and no trace behind', async () => {
    const { target } = await standing();
    const { results, left } = await runChecks(target);
    const states = Object.fromEntries(results.map(({ id, state }) => [id, state]));
    expect(states).toEqual({
      openapi: 'passed',
      console: 'passed',
      login: 'passed',
      models: 'passed',
      call: 'passed',
      refusal: 'passed',
      log: 'passed',
      trace: 'passed',
      blobs: 'passed',
      rows: 'passed',
      second: 'not-checked',
    });
    expect(results.find(({ id }) => id === 'second')?.detail).toMatch(/^needs the keys of a second project/);
    expect([left, platform?.keys.size, platform?.traces.size]).toEqual([[], 0, 0]);
    const whole = await runChecks({ ...target, second: SECOND });
    expect(whole.results.every(({ state }) => state === 'passed')).toBe(true);
  });

  it('fail when the buckets stay empty', async () => {
    const { made, outputs, target } = await standing();
    for (const bucket of [outputs.eventsBucket, outputs.clickhouseBucket]) made.world.objects.get(bucket)?.clear();
    const { results } = await runChecks(target);
    const failed = results.filter(({ state }) => state === 'failed').map(({ id, detail }) => `${id}: ${detail}`);
    expect(failed).toEqual([`blobs: no object under events/ in ${outputs.eventsBucket}`, `rows: no prefix in ${outputs.clickhouseBucket}`]);
  });
});
