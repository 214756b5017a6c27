// Models that are registered while the platform runs: served by the next call, sealed in the records, taken away again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSealer } from '#lib/sealed.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestHouse, type TestHouse } from './house-fixture.ts';

let house: TestHouse;
let key: string;
let base: string;
beforeAll(async () => {
  house = await startTestHouse();
  key = await house.key();
  base = house.config.deployments[0]?.apiBase ?? '';
});
afterAll(() => house.stop());

const SECRET = 'sk-provider-secret-0123456789';
const model = (name: string, more: Record<string, unknown> = {}) => ({
  model_name: name,
  litellm_params: { model: 'openai/fixed', api_base: base, api_key: SECRET, ...more },
});

describe('a model that is registered', () => {
  it('answers the next call, shows no secret and lies sealed in the records', async () => {
    expect((await house.chat(key, { model: 'fresh' })).status).toBe(400);
    const made = await house.admin<{ model_id: string }>('POST', '/model/new', { ...model('fresh', { rpm: 7 }), model_info: { mode: 'chat' } });
    expect(made.body).toMatchObject({
      model_name: 'fresh',
      litellm_params: { model: 'openai/fixed', api_key: '****', rpm: 7 },
      model_info: { db_model: true },
    });
    const answer = await house.chat(key, { model: 'fresh' });
    expect([answer.status, answer.headers.get('x-litellm-model-id')]).toEqual([200, made.body.model_id]);
    const info = await house.admin('GET', `/model/info?litellm_model_id=${made.body.model_id}`);
    expect(info.body).toMatchObject({ data: [{ model_name: 'fresh', model_info: { db_model: true } }] });
    const rows = await house.records.query(sql`SELECT * FROM stored_models`);
    for (const shown of [made.body, info.body, rows]) expect(JSON.stringify(shown)).not.toContain(SECRET);

    const renamed = await house.admin('PATCH', `/model/${made.body.model_id}/update`, { model_name: 'fresher', litellm_params: { rpm: null } });
    expect(renamed.body).toMatchObject({ model_name: 'fresher', model_info: { mode: 'chat' } });
    expect(renamed.body.litellm_params as object).not.toHaveProperty('rpm');
    expect((await house.chat(key, { model: 'fresh' })).status).toBe(400);
    expect((await house.chat(key, { model: 'fresher' })).status).toBe(200);
    // A changed file keeps the registered models.
    await house.house.swapConfig({ ...house.config, modelAliases: { nick: 'fresher' } });
    expect((await house.chat(key, { model: 'nick' })).status).toBe(200);
    expect((await house.admin('POST', '/model/delete', { id: made.body.model_id })).body).toEqual({
      message: `Model: ${made.body.model_id} deleted successfully`,
    });
    expect((await house.chat(key, { model: 'fresher' })).status).toBe(400);
    expect((await house.chat(key)).status).toBe(200);
  });

  it('takes its key from a credential, and follows when that changes', async () => {
    const values = { api_key: SECRET, api_base: base };
    expect(
      (await house.admin('POST', '/credentials', { credential_name: 'shared', credential_values: values, credential_info: { team: 'x' } })).body,
    ).toMatchObject({ success: true });
    const made = await house.admin<{ model_id: string }>('POST', '/model/new', {
      model_name: 'by-credential',
      litellm_params: { model: 'openai/fixed', litellm_credential_name: 'shared' },
    });
    expect(made.status).toBe(200);
    expect((await house.chat(key, { model: 'by-credential' })).status).toBe(200);
    const listed = await house.admin('GET', '/credentials');
    expect(listed.body).toMatchObject({ credentials: [{ credential_name: 'shared', credential_values: { api_key: '****' }, credential_info: { team: 'x' } }] });
    expect(JSON.stringify(listed.body)).not.toContain(SECRET);
    await house.admin('PATCH', '/credentials/shared', { credential_values: { api_base: 'http://127.0.0.1:9/v1' } });
    expect((await house.chat(key, { model: 'by-credential', num_retries: 0 })).status).toBeGreaterThanOrEqual(500);
    expect((await house.admin('DELETE', '/credentials/shared')).status).toBe(400);
    await house.admin('POST', '/model/delete', { id: made.body.model_id });
    expect((await house.admin('DELETE', '/credentials/shared')).body).toMatchObject({ success: true });
    expect((await house.admin('GET', '/credentials/by_name/shared')).status).toBe(404);
  });

  it('serves no call while it is blocked', async () => {
    const made = await house.admin<{ model_id: string }>('POST', '/model/new', model('stoppable'));
    const { model_id: id } = made.body;
    expect((await house.chat(key, { model: 'stoppable' })).status).toBe(200);
    expect((await house.admin('POST', '/model/block', { model_id: id })).body).toMatchObject({ model_id: id, blocked: true });
    expect((await house.chat(key, { model: 'stoppable' })).status).toBe(400);
    expect((await house.admin('POST', '/model/update', { model_info: { id }, litellm_params: { rpm: 9 } })).body).toMatchObject({ blocked: true });
    expect((await house.admin('POST', '/model/unblock', { model_id: id })).body).toMatchObject({ blocked: false });
    expect((await house.chat(key, { model: 'stoppable' })).status).toBe(200);
    expect((await house.admin('POST', '/model/block', { model_id: 'nobody' })).status).toBe(404);
  });

  it('is refused when it cannot be served, would read our variables, or stands in the file', async () => {
    const refused = async (method: string, path: string, body: unknown) =>
      (await house.admin<{ error: { message: string } }>(method, path, body)).body.error.message;
    expect(await refused('POST', '/model/new', model('x', { api_key: 'os.environ/HOME' }))).toContain('must not name variables');
    expect(await refused('POST', '/model/new', { model_name: 'x', litellm_params: { model: 'no-such-provider/x' } })).toContain('cannot be served');
    expect(await refused('POST', '/model/new', { model_name: 'x', litellm_params: { model: 'openai/x', litellm_credential_name: 'none' } })).toContain(
      'credential none',
    );
    expect(await refused('POST', '/model/new', { model_name: 'x', litellm_params: { model: 'openai/gpt-4o' } })).toContain('api_key is missing');
    expect(await refused('POST', '/model/new', { ...model('x'), model_info: { id: 'dep-1' } })).toContain('is taken');
    expect(await refused('POST', '/model/update', { model_info: { id: 'dep-1' }, model_name: 'y' })).toContain('configuration file');
    expect(await refused('POST', '/model/delete', { id: 'nowhere' })).toContain('not found');
  });
});

describe('a sealed text', () => {
  it('opens with its secret and for its purpose only', () => {
    const [one, other] = [createSealer(Buffer.alloc(32, 1)), createSealer(Buffer.alloc(32, 2))];
    const sealed = one.seal('秘密', 'model:1');
    expect([sealed, one.open(sealed, 'model:1')]).toEqual([expect.stringMatching(/^v1:[0-9a-f]{8}:[\w-]+$/), '秘密']);
    expect(one.seal('秘密', 'model:1')).not.toBe(sealed);
    expect(() => other.open(sealed, 'model:1')).toThrow(/another instance secret/);
    expect(() => one.open(sealed, 'model:2')).toThrow(/was changed/);
    expect(() => one.open(`${sealed.slice(0, -4)}AAAA`, 'model:1')).toThrow(/was changed/);
    expect(() => one.open('sk-plain', 'model:1')).toThrow(/form/);
  });
});
