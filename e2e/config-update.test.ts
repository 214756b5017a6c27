// The seed's step: Langfuse's keys are registered while the gateway runs, and from then on every call is a trace there. Sealed, masked, over a restart, in the right order.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, observe } from './client.ts';
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
  const start = () => startPlatform({ folder, config, environment: { LANGFUSE_HOST: 'http://127.0.0.1:9' } });
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
