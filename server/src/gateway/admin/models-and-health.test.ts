import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsoleModels } from '#contract.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import { createLog } from '#telemetry/log.ts';
import { type AdminHouse, deployment, startAdminHouse } from './admin-fixture.ts';
import { HealthChecks } from './health-checks.ts';

let house: AdminHouse;
beforeAll(async () => {
  house = await startAdminHouse();
  house.state.config = {
    deployments: [
      deployment({
        id: 'azure-1',
        provider: 'azure',
        providerName: 'azure',
        apiBase: 'https://user:pass@my.openai.azure.com/openai?api-key=secret1',
        apiKey: 'secret2',
        apiVersion: '2024-10-21',
        extraHeaders: { authorization: 'secret3' },
        info: { id: 'x', team_api_key: 'secret4', supports_vision: true },
        rpm: 10,
      }),
      deployment({ id: 'openai-1', rpm: 5, tpm: 100 }),
      deployment({ id: 'bad', modelName: 'private', providerName: 'hosted_vllm', provider: 'openai-compatible', upstreamModel: 'mine' }),
      deployment({ id: 'unset', modelName: 'unset', problem: 'AZURE_API_KEY is not set' }),
    ],
    backgroundHealth: null,
    drainEndpoint: null,
    callbacks: [],
    alerting: null,
    modelAliases: {},
  } as unknown as GatewayConfig;
});
afterAll(() => house.stop());

describe('/model/info and /model_group/info', () => {
  it('tell limits and prices and no secret', async () => {
    const { body } = await house.call('GET', '/v1/model/info');
    expect(JSON.stringify(body)).not.toMatch(/secret|pass@/);
    expect((body as { data: unknown[] }).data[0]).toMatchObject({
      model_name: 'gpt-4o-mini',
      litellm_params: { model: 'azure/gpt-4o-mini', api_base: 'https://my.openai.azure.com/openai', api_version: '2024-10-21', rpm: 10 },
      model_info: { id: 'azure-1', db_model: false, mode: 'chat', input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7, max_input_tokens: 128000 },
    });
    const one = await house.call('GET', '/model/info?litellm_model_id=bad');
    expect((one.body as { data: { model_info: object }[] }).data).toHaveLength(1);
    expect((one.body as { data: { model_info: object }[] }).data[0]?.model_info).toMatchObject({ input_cost_per_token: null, price_id: null });
    expect((await house.call('GET', '/model/info?litellm_model_id=none')).status).toBe(404);
  });

  it('group deployments by the name that clients use', async () => {
    const { data } = (await house.call('GET', '/model_group/info')).body as { data: object[] };
    expect(data).toHaveLength(3);
    expect(data[0]).toMatchObject({
      model_group: 'gpt-4o-mini',
      providers: ['azure', 'openai'],
      rpm: 15,
      tpm: 100,
      supports_vision: true,
      input_cost_per_token: 1.5e-7,
    });
    expect(((await house.call('GET', '/model_group/info?model_group=private')).body as { data: object[] }).data).toHaveLength(1);
  });

  it('show a virtual key the models that it may call', async () => {
    const names = async (models: string[]): Promise<string[]> => {
      const { key } = (await house.call('POST', '/key/generate', { models })).body as { key: string };
      const { data } = (await house.call('GET', '/model_group/info', undefined, key)).body as { data: { model_group: string }[] };
      return data.map((group) => group.model_group);
    };
    expect(await names(['private'])).toEqual(['private']);
    expect(await names(['gpt-*'])).toEqual(['gpt-4o-mini']);
    expect(await names([])).toHaveLength(3);
    expect(await names(['none'])).toEqual([]);
  });

  it('come in pages, searched and sorted, with the teams that may use them and without addresses', async () => {
    await house.call('POST', '/team/new', { team_id: 'pages', models: ['private'] });
    type Page = { data: { model_name: string; model_info: Record<string, unknown> }[]; total_count: number; total_pages: number };
    const page = async (query: string, as?: string) => (await house.call('GET', `/v2/model/info?${query}`, undefined, as)).body as Page;
    const first = await page('size=3&sortBy=model_name&sortOrder=desc');
    expect([first.total_count, first.total_pages, first.data.map((one) => one.model_name)]).toEqual([4, 2, ['unset', 'private', 'gpt-4o-mini']]);
    expect(JSON.stringify(first)).not.toMatch(/secret|pass@|azure\.com/);
    expect((await page('search=PRIV&include_team_models=true')).data[0]?.model_info).toMatchObject({ access_via_team_ids: expect.arrayContaining(['pages']) });
    expect((await page('teamId=pages')).data.map((one) => one.model_name)).toEqual(['private']);
    expect((await page('modelId=bad&model=private')).total_count).toBe(1);
    expect((await page('user_models_only=true')).total_count).toBe(0);
    const { key } = (await house.call('POST', '/key/generate', { models: ['private'] })).body as { key: string };
    expect((await page('', key)).data.map((one) => one.model_name)).toEqual(['private']);
    expect((await house.call('GET', '/v2/model/info?sortBy=secret')).status).toBe(400);
  });

  it('are grouped by access groups, which keys may name', async () => {
    const model = (model_name: string) => ({
      model_name,
      litellm_params: { model: 'openai/gpt-4o', api_key: 'sk-x' },
      model_info: { id: `stored-${model_name}` },
    });
    for (const name of ['one', 'two']) expect((await house.call('POST', '/model/new', model(name))).status).toBe(200);
    const made = await house.call('POST', '/access_group/new', { access_group: 'beta', model_names: ['one'] });
    expect(made.body).toEqual({ access_group: 'beta', model_names: ['one'], model_ids: null, models_updated: 1 });
    expect((await house.call('POST', '/access_group/new', { access_group: 'beta', model_names: ['one'] })).status).toBe(400);
    expect((await house.call('POST', '/access_group/new', { access_group: 'x', model_names: ['none'] })).status).toBe(400);
    const inFile = await house.call('POST', '/access_group/new', { access_group: 'x', model_names: ['private'] });
    expect([inFile.status, JSON.stringify(inFile.body)]).toEqual([400, expect.stringContaining('configuration file')]);
    expect((await house.call('PUT', '/access_group/beta/update', { model_ids: ['stored-two'] })).body).toMatchObject({ models_updated: 1 });
    expect((await house.call('GET', '/access_group/beta/info')).body).toEqual({ access_group: 'beta', model_names: ['two'], deployment_count: 1 });
    const { key } = (await house.call('POST', '/key/generate', { models: ['beta'] })).body as { key: string };
    expect(
      ((await house.call('GET', '/model_group/info', undefined, key)).body as { data: { model_group: string }[] }).data.map((one) => one.model_group),
    ).toEqual(['two']);
    expect((await house.call('GET', '/access_group/list')).body).toMatchObject({ access_groups: [{ access_group: 'beta' }] });
    expect((await house.call('DELETE', '/access_group/beta/delete')).body).toMatchObject({ models_updated: 1 });
    expect((await house.call('GET', '/access_group/beta/info')).status).toBe(404);
    expect(((await house.call('GET', '/model_group/info', undefined, key)).body as { data: object[] }).data).toEqual([]);
    for (const name of ['one', 'two']) await house.call('POST', '/model/delete', { id: `stored-${name}` });
  });

  it('tell the console what is ready and what is missing', async () => {
    const { data } = (await house.call('GET', '/api/console/models', undefined, 'viewer')).body as ConsoleModels;
    expect(data.map((model) => [model.name, model.deployments.length])).toEqual([
      ['gpt-4o-mini', 2],
      ['private', 1],
      ['unset', 1],
    ]);
    expect(data[0]?.deployments[0]).toMatchObject({ inputCostPerMillion: '0.15', outputCostPerMillion: '0.6', ready: true });
    expect(data[1]?.deployments[0]).toMatchObject({ inputCostPerMillion: null, priceId: null });
    expect(data[2]?.deployments[0]).toMatchObject({ ready: false, problem: 'AZURE_API_KEY is not set' });
  });
});

describe('/health', () => {
  it('calls every deployment that is configured and says which answer', async () => {
    house.state.checks.length = 0;
    const { body } = await house.call('GET', '/health');
    expect(body).toMatchObject({ healthy_count: 2, unhealthy_count: 2 });
    expect(new Set(house.state.checks)).toEqual(new Set(['azure-1', 'openai-1', 'bad']));
    expect(JSON.stringify(body)).not.toContain('secret');
    expect((await house.call('GET', '/health?model=private')).body).toMatchObject({
      healthy_count: 0,
      unhealthy_endpoints: [{ error: 'connect ECONNREFUSED' }],
    });
    expect((await house.call('GET', '/health', undefined, 'anonymous')).status).toBe(401);
  });

  it('lives without a key, is ready with its database, and is neither while it stops', async () => {
    for (const path of ['/health/liveliness', '/health/liveness']) {
      expect(await house.call('GET', path, undefined, 'anonymous')).toMatchObject({ status: 200, body: "I'm alive!" });
    }
    expect(await house.call('GET', '/health/readiness', undefined, 'anonymous')).toMatchObject({ status: 200, body: { status: 'healthy', db: 'connected' } });
    house.state.draining = true;
    expect((await house.call('GET', '/health/readiness')).status).toBe(503);
    expect((await house.call('GET', '/health/liveliness')).status).toBe(503);
    house.state.draining = false;
  });

  it('serves the metrics as Prometheus reads them', async () => {
    house.metrics.counter({ name: 'genai_calls_total', help: 'Calls.' }).add(2);
    const answer = await house.call('GET', '/metrics', undefined, 'anonymous');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.body).toContain('genai_calls_total 2');
  });
});

describe('/health/history and its like', () => {
  it('remember what checks showed, by model and by state, the newest first', async () => {
    house.state.config = { ...house.state.config, deployments: [deployment({ id: 'good', modelName: 'good' }), deployment({ id: 'bad', modelName: 'bad' })] };
    await house.call('GET', '/health');
    const all = await house.call('GET', '/health/history?limit=1');
    expect(all.body).toMatchObject({ limit: 1, offset: 0 });
    expect((all.body as { total_records: number }).total_records).toBeGreaterThanOrEqual(2);
    const ill = await house.call('GET', '/health/history?status_filter=unhealthy&model=bad');
    expect((ill.body as { health_checks: object[] }).health_checks[0]).toMatchObject({
      model_id: 'bad',
      status: 'unhealthy',
      error_message: 'connect ECONNREFUSED',
    });
    const latest = await house.call('GET', '/health/latest');
    expect((latest.body as { latest_health_checks: Record<string, object> }).latest_health_checks.bad).toMatchObject({
      status: 'unhealthy',
      checked_by: 'default_user_id',
    });
    expect((await house.call('GET', '/health/history?limit=0')).status).toBe(400);
  });

  it('try a connection that is not registered, and one that is by its name', async () => {
    const unregistered = { litellm_params: { model: 'openai/gpt-4o', api_key: 'sk-of-the-request', api_base: 'https://example.com/v1' } };
    const tried = await house.call('POST', '/health/test_connection', unregistered);
    expect(tried.body).toMatchObject({ status: 'success' });
    expect(JSON.stringify(tried.body)).not.toContain('sk-of-the-request');
    expect((await house.call('POST', '/health/test_connection', { litellm_params: { model: 'bad' } })).body).toMatchObject({ status: 'error' });
    expect((await house.call('POST', '/health/test_connection', { litellm_params: { model: 'nobody/x' } })).status).toBe(400);
    expect((await house.call('POST', '/health/test_connection', {})).status).toBe(400);
  });

  it('drain only where the configuration allows it, for whoever knows the token', async () => {
    expect((await house.call('GET', '/health/drain', undefined, 'anonymous')).status).toBe(404);
    house.state.config = { ...house.state.config, drainEndpoint: { token: 'known' } };
    expect((await house.call('GET', '/health/drain', undefined, 'anonymous')).status).toBe(401);
    expect(house.state.draining).toBe(false);
    house.state.config = { ...house.state.config, drainEndpoint: { token: null } };
    expect(await house.call('GET', '/health/drain', undefined, 'anonymous')).toMatchObject({ status: 200, body: { status: 'drained' } });
    expect((await house.call('GET', '/health/readiness', undefined, 'anonymous')).status).toBe(503);
    house.state.draining = false;
  });

  it('say of a receiver that is not configured that it is not', async () => {
    expect((await house.call('GET', '/health/services?service=datadog')).status).toBe(422);
    expect((await house.call('GET', '/health/backlog')).body).toEqual({ in_flight_requests: 0 });
    expect((await house.call('GET', '/health/readiness/details')).body).toMatchObject({ status: 'healthy', db: 'connected' });
  });
});

describe('background health checks', () => {
  it('call each deployment once in an interval, whatever the number of processes, and /health tells what they showed', async () => {
    const config = {
      deployments: [deployment({ id: 'g' }), deployment({ id: 'q', info: { disable_background_health_check: true } })],
      backgroundHealth: { intervalMs: 60_000 },
    };
    const called: string[] = [];
    const open = () => {
      const check = async ({ id }: { id: string }) => {
        called.push(id);
        return { healthy: true, latencyMs: 1, error: null };
      };
      const checks = new HealthChecks({
        records: house.database.records,
        config: () => config,
        check,
        log: createLog({ level: 'error', stream: { write: () => {} } }),
      });
      checks.start(10);
      return checks;
    };
    const one = open();
    while (one.cached() === null) await new Promise((resolve) => setTimeout(resolve, 10));
    const two = open();
    while (two.cached() === null) await new Promise((resolve) => setTimeout(resolve, 10));
    await Promise.all([one.close(), two.close()]);
    expect(called).toEqual(['g']);
    expect(two.cached()).toMatchObject([{ healthy: true, deployment: { id: 'g' } }]);
  });
});

describe('while PostgreSQL is away', () => {
  it('says 503 with Retry-After in LiteLLM’s envelope, is not ready, and lives', async () => {
    await house.database.server.stop();
    for (const path of ['/key/list', '/spend/logs', `/key/info?key=${'a'.repeat(64)}`]) {
      const answer = await house.call('GET', path);
      expect([path, answer.status]).toEqual([path, 503]);
      expect(answer.body).toMatchObject({ error: { code: '503', param: null } });
      expect(answer.headers.get('retry-after')).not.toBeNull();
    }
    expect(await house.call('GET', '/health/readiness')).toMatchObject({ status: 503, body: { status: 'unhealthy', db: 'disconnected' } });
    expect((await house.call('GET', '/health/liveliness')).status).toBe(200);
    expect((await house.call('GET', '/model/info')).status).toBe(200);
  });
});
