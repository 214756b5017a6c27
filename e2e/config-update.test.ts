// The seed's step: Langfuse's keys are registered while the gateway runs, and from then on every call is a trace there. Sealed, masked, over a restart, in the right order.
import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const config = `
model_list:
  - model_name: demo
    litellm_params: { model: openai/demo, mock_response: "an answer", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
litellm_settings: { num_retries: 1 }
`;

describe('/config/update', () => {
  const folder = temporaryFolder();
  let other: Platform;
  let platform: Platform;
  const start = () => startPlatform({ folder, config, environment: { LANGFUSE_HOST: 'http://127.0.0.1:9', GENAI_TRUSTED_PROXIES: '127.0.0.1' } });
  const admin = (path: string, body?: object) =>
    call(`${platform.gatewayUrl}${path}`, { key: platform.keys.masterKey, ...(body === undefined ? {} : { body }) });
  const langfuse = () => ({
    litellm_settings: { success_callback: ['langfuse'] },
    environment_variables: { LANGFUSE_PUBLIC_KEY: other.keys.publicKey, LANGFUSE_SECRET_KEY: other.keys.secretKey, LANGFUSE_HOST: other.observeUrl },
  });
  const traced = async () => {
    const answer = await chat(platform, platform.keys.masterKey, 'demo');
    const traceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
    await eventually('the other Langfuse has the trace', async () => (await observe(other, `/api/public/traces/${traceId}`)).status === 200, 30_000);
  };

  beforeAll(async () => {
    [other, platform] = [await startPlatform(), await start()];
  });
  afterAll(async () => {
    await platform?.stop();
    await other?.stop();
    removeFolder(folder);
  });

  it('registers Langfuse: the next call is a trace there', async () => {
    expect((await admin('/config/update', langfuse())).body).toMatchObject({ message: 'Config updated successfully' });
    await traced();
  });

  it('tells the values masked only, and keeps them sealed', async () => {
    const shown = await admin('/get/config/callbacks');
    expect(shown.body.callbacks).toEqual([
      expect.objectContaining({ name: 'langfuse', type: 'success', variables: expect.objectContaining({ LANGFUSE_HOST: other.observeUrl }) }),
    ]);
    expect(shown.text).not.toContain(other.keys.secretKey);
    expect((await admin('/callbacks/list')).body).toMatchObject({ success: ['langfuse'] });
    // 1 = nothing found.
    expect(spawnSync('grep', ['-rlaF', other.keys.secretKey, platform.dataDir], { encoding: 'utf8' })).toMatchObject({ status: 1, stdout: '' });
  });

  it('refuses what is wrong, what decides who comes in, and what reads the process, and changes nothing then', async () => {
    for (const body of [
      { litellm_settings: { num_retries: 'many' } },
      { general_settings: { master_key: 'sk-mine' } },
      { general_settings: { database_url: 'postgres://x' } },
      { litellm_settings: { success_callback: ['custom.handler'] } },
      { environment_variables: { LANGFUSE_HOST: 'os.environ/HOME' } },
      { environment_variables: { 'not a name': 'x' } },
      { model_list: [] },
    ]) {
      const answer = await admin('/config/update', { ...langfuse(), ...body });
      expect(answer.status, JSON.stringify(body)).toBe(400);
    }
    const warned = await admin('/config/update', { litellm_settings: { success_callback: ['datadog'] } });
    expect(JSON.stringify(warned.body.warnings)).toContain('datadog');
    expect((await admin('/config/callback/delete', { callback_name: 'datadog' })).status).toBe(200);
  });

  it('is in force after a restart, and what a client was shown does not overwrite a secret', async () => {
    await platform.stop();
    platform = await start();
    const [shown] = (await admin('/get/config/callbacks')).body.callbacks as unknown as [{ variables: Record<string, string> }];
    expect((await admin('/config/update', { environment_variables: shown.variables })).status).toBe(200);
    await traced();
  });

  it('ends when the callback is taken away', async () => {
    expect((await admin('/config/callback/delete', { callback_name: 'langfuse' })).body).toMatchObject({
      removed_callback: 'langfuse',
      remaining_callbacks: [],
    });
    expect((await admin('/config/callback/delete', { callback_name: 'langfuse' })).status).toBe(404);
    expect((await admin('/callbacks/list')).body).toMatchObject({ success: [] });
  });

  it('makes models public, with links beside them', async () => {
    expect((await call(`${platform.gatewayUrl}/public/model_hub`)).body).toEqual([]);
    expect((await admin('/model_group/make_public', { model_groups: ['none'] })).status).toBe(400);
    expect((await admin('/model_group/make_public', { model_groups: ['demo'] })).body).toMatchObject({ public_model_groups: ['demo'] });
    expect((await admin('/model_hub/update_useful_links', { useful_links: { Help: 'javascript:alert(1)' } })).status).toBe(400);
    expect((await admin('/model_hub/update_useful_links', { useful_links: { Help: 'https://example.jp/help' } })).status).toBe(200);
    const [group] = (await call(`${platform.gatewayUrl}/public/model_hub`)).body as unknown as Record<string, unknown>[];
    expect(group).toMatchObject({ model_group: 'demo', is_public_model_group: true });
    expect((await call(`${platform.gatewayUrl}/public/model_hub/info`)).body).toMatchObject({ useful_links: { Help: 'https://example.jp/help' } });
  });

  it('lets requests come from listed addresses only, on both doors, and shuts nobody out who lists them', async () => {
    const from = (address: string, path: string, door = platform.gatewayUrl) =>
      call(`${door}${path}`, { key: platform.keys.masterKey, headers: { 'x-forwarded-for': address } });
    expect((await admin('/add/allowed_ip', { ip: 'everywhere' })).status).toBe(400);
    expect((await admin('/add/allowed_ip', { ip: '198.51.100.0/24' })).text).toContain('Your own address 127.0.0.1 would be shut out');
    for (const ip of ['127.0.0.1', '198.51.100.0/24']) expect((await admin('/add/allowed_ip', { ip })).status).toBe(200);
    // fetch would resolve the dots itself.
    const climbing = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${platform.keys.masterKey}`, 'x-forwarded-for': '203.0.113.7' };
      get(platform.gatewayUrl, { path: '/api/public/../../key/list', headers }, (answer) => resolve(answer.resume().statusCode)).on('error', reject);
    });
    expect(climbing).toBe(403);
    for (const path of ['/v1/models', '/key/list', '/ui/']) {
      expect((await from('198.51.100.9', path)).status, path).not.toBe(403);
      expect((await from('203.0.113.7', path)).text, path).toContain('IP address 203.0.113.7 not allowed');
    }
    expect((await from('203.0.113.7', '/key/list', platform.observeUrl)).status).toBe(403);
    expect((await from('203.0.113.7', '/health/liveliness')).status).toBe(200);
    expect((await admin('/get/allowed_ips')).body).toEqual({ data: ['127.0.0.1', '198.51.100.0/24'] });
    for (const ip of ['198.51.100.0/24', '127.0.0.1']) expect((await admin('/delete/allowed_ip', { ip })).status).toBe(200);
    expect((await from('203.0.113.7', '/v1/models')).status).toBe(200);
    expect((await admin('/config/field/delete', { field_name: 'allowed_ips' })).status).toBe(200);
  });

  it('lets owners and teams administer their keys, on the paths that a key is for', async () => {
    await admin('/user/new', { user_id: 'owner', user_role: 'internal_user', auto_create_key: false });
    await admin('/team/new', { team_id: 'team-e2e', members_with_roles: [{ user_id: 'owner', role: 'admin' }] });
    const owner = await generateKey(platform, { user_id: 'owner' });
    const asOwner = (path: string, body?: object) => call(`${platform.gatewayUrl}${path}`, { key: owner, ...(body === undefined ? {} : { body }) });
    expect((await asOwner('/team/permissions_update', { team_id: 'team-e2e', team_member_permissions: ['/key/generate'] })).status).toBe(200);
    expect((await admin('/team/permissions_bulk_update', { team_ids: ['team-e2e'], permissions: ['/key/list'] })).status).toBe(200);
    expect((await asOwner('/team/permissions_list?team_id=team-e2e')).body).toMatchObject({ team_member_permissions: ['/key/generate', '/key/list'] });
    const only = (await asOwner('/key/generate', { team_id: 'team-e2e', key_type: 'llm_api' })).body.key as unknown as string;
    expect((await chat(platform, only, 'demo')).status).toBe(200);
    expect((await call(`${platform.gatewayUrl}/key/info`, { key: only })).text).toContain('not allowed to call this route');
    const reader = (await asOwner('/key/generate', { key_type: 'read_only' })).body.key as unknown as string;
    expect((await call(`${platform.gatewayUrl}/v2/model/info`, { key: reader })).body).toMatchObject({ total_count: 1 });
    expect((await chat(platform, reader, 'demo')).status).toBe(403);
    const made = { model_name: 'grouped', litellm_params: { model: 'openai/x', mock_response: 'grouped' } };
    expect((await admin('/model/new', made)).status).toBe(200);
    expect((await admin('/access_group/new', { access_group: 'beta', model_names: ['grouped'] })).status).toBe(200);
    const beta = (await asOwner('/key/generate', { models: ['beta'] })).body.key as unknown as string;
    expect([(await chat(platform, beta, 'grouped')).status, (await chat(platform, beta, 'demo')).status]).toEqual([200, 401]);
  });

  it('registers, tells and takes away one general setting', async () => {
    expect((await admin('/config/field/update', { field_name: 'alerting_threshold', field_value: 60 })).status).toBe(200);
    expect((await admin('/config/field/info?field_name=alerting_threshold')).body).toEqual({ field_name: 'alerting_threshold', field_value: 60 });
    expect((await admin('/config/list?config_type=general_settings')).body).toEqual([
      expect.objectContaining({ field_name: 'alerting_threshold', stored_in_db: true }),
    ]);
    expect((await admin('/config/field/delete', { field_name: 'alerting_threshold' })).status).toBe(200);
    expect((await admin('/config/field/info?field_name=alerting_threshold')).status).toBe(404);
  });
});
