// The evaluation API over real records: versions, mappings and filters that are checked when they are written, codes that programs branch on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { type EvaluationFixture, openEvaluationFixture, QUALITY } from './evaluation-fixture.ts';

let fixture: EvaluationFixture;
beforeAll(async () => {
  fixture = await openEvaluationFixture();
});
afterAll(() => fixture?.close());

const BASE = '/api/public/unstable';
const call = (method: string, path: string, body?: unknown) => fixture.routes.call(method, `${BASE}${path}`, body);
const rule = (over: Record<string, unknown>) =>
  call('POST', '/evaluation-rules', { name: 'r', evaluator: { name: 'quality' }, target: 'observation', enabled: false, ...over });

describe('evaluators', () => {
  it('get the next version under a known name and keep their id', async () => {
    const first = await call('POST', '/evaluators', QUALITY);
    expect(first.body).toMatchObject({
      type: 'llm_as_judge',
      name: 'quality',
      version: 1,
      variables: ['input', 'output'],
      mapping: null,
      evaluationRuleCount: 0,
      modelConfig: { provider: 'genai-gateway', model: 'm-1' },
      outputDefinition: { dataType: 'NUMERIC', score: { minValue: 0, maxValue: 1 } },
    });
    const second = await call('POST', '/evaluators', { ...QUALITY, prompt: '{{output}} only' });
    expect(second.body).toMatchObject({ id: first.body.id, version: 2, variables: ['output'] });
    await call('POST', '/evaluators', QUALITY);
    expect((await call('GET', `/evaluators/${first.body.id}`)).body).toMatchObject({ version: 3 });
    expect((await call('GET', '/evaluators')).body.meta).toMatchObject({ totalItems: 1 });
    const elsewhere = await fixture.routes.call('GET', `${BASE}/evaluators/${first.body.id}`, undefined, projectKey(OTHER_PROJECT));
    expect(elsewhere).toMatchObject({ status: 404, body: { code: 'resource_not_found' } });
  });

  it('need a model that can be asked', async () => {
    const { modelConfig: _, ...without } = QUALITY;
    expect(await call('POST', '/evaluators', { ...without, name: 'b' })).toMatchObject({ status: 422, body: { code: 'evaluator_preflight_failed' } });
    expect(await call('POST', '/evaluators', { ...QUALITY, name: 'b', modelConfig: { provider: 'nobody', model: 'm' } })).toMatchObject({
      status: 422,
      body: { code: 'evaluator_preflight_failed', details: { evaluatorName: 'b', provider: 'nobody', model: 'm' } },
    });
    await fixture.routes.call('PUT', '/api/public/llm-connections', {
      provider: 'aws',
      adapter: 'bedrock',
      secretKey: 's',
      config: { region: 'ap-northeast-1' },
    });
    expect(await call('PUT', '/evaluation-settings', { provider: 'aws', model: 'm' })).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('gateway') },
    });
    expect((await call('PUT', '/evaluation-settings', { provider: 'genai-gateway', model: 'm-2' })).status).toBe(200);
    expect((await call('GET', '/evaluation-settings')).body).toEqual({ defaultModel: { provider: 'genai-gateway', model: 'm-2' } });
    expect((await call('POST', '/evaluators', { ...without, name: 'b' })).body).toMatchObject({ modelConfig: null });
  });

  it('say which field is wrong', async () => {
    const refused = await call('POST', '/evaluators', { ...QUALITY, outputDefinition: { dataType: 'NUMERIC' } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_body', details: { issues: expect.any(Array) } } });
    expect((await call('POST', '/evaluators', { ...QUALITY, type: 'code' })).body).toMatchObject({ code: 'invalid_body' });
    expect((await call('POST', '/evaluators', { ...QUALITY, mapping: [{ variable: 'x', source: 'input' }] })).body).toMatchObject({
      code: 'invalid_variable_mapping',
    });
    expect((await call('POST', '/evaluators', '{broken')).body).toMatchObject({ code: 'invalid_body' });
  });

  it('come as templates in both languages, and every template is a valid evaluator', async () => {
    const { data } = (await call('GET', '/evaluator-templates')).body;
    expect(data).toHaveLength(16);
    for (const { language: _l, summary: _s, targets, ...template } of data) {
      const made = await call('POST', '/evaluators', { ...template, modelConfig: QUALITY.modelConfig });
      expect(made.status, String(template.name)).toBe(200);
      const variables = made.body.variables as unknown as string[];
      expect((template.mapping as { variable: string }[]).map(({ variable }) => variable).sort()).toEqual([...variables].sort());
      for (const target of targets as string[])
        expect((await rule({ name: `${template.name} ${target}`, evaluator: { name: template.name }, target })).status, `${template.name} on ${target}`).toBe(
          200,
        );
    }
  });
});

describe('rules', () => {
  it('answer in the form of the API, with both ways of naming evaluators', async () => {
    const made = await rule({
      name: 'old form',
      mapping: [
        { variable: 'input', source: 'input' },
        { variable: 'output', source: 'output', jsonPath: '$.text' },
      ],
    });
    expect(made.body).toMatchObject({
      name: 'old form',
      target: 'observation',
      enabled: false,
      status: 'inactive',
      sampling: 1,
      filter: [],
      delaySeconds: 10,
      evaluator: { name: 'quality', type: 'llm_as_judge' },
      evaluators: [{ evaluator: { name: 'quality' }, mapping: [{ variable: 'input' }, { variable: 'output', jsonPath: '$.text' }] }],
      mapping: [{ variable: 'input' }, { variable: 'output' }],
    });
    const several = await call('POST', '/evaluation-rules', {
      name: 'new form',
      evaluators: [{ evaluator: { name: 'quality' } }, { evaluator: { name: 'toxicity-ja' } }],
      target: 'trace',
      enabled: true,
      sampling: 0.5,
    });
    expect(several.body).toMatchObject({
      status: 'active',
      delaySeconds: 60,
      evaluators: [{ evaluator: { name: 'quality' } }, { evaluator: { name: 'toxicity-ja' }, mapping: null }],
    });
    const changed = await call('PATCH', `/evaluation-rules/${several.body.id}`, { enabled: false, sampling: 0.25 });
    expect(changed.body).toMatchObject({ status: 'inactive', sampling: 0.25, evaluators: several.body.evaluators });
    expect((await call('DELETE', `/evaluation-rules/${several.body.id}`)).body).toEqual({ message: 'Evaluation rule successfully deleted' });
    expect((await call('GET', `/evaluation-rules/${several.body.id}`)).status).toBe(404);
  });

  it('refuse what could not run, with a code and the field', async () => {
    for (const [over, code] of [
      [{ name: 'old form' }, 'name_conflict'],
      [{ evaluator: { name: 'nobody' } }, 'resource_not_found'],
      [{ mapping: [{ variable: 'input', source: 'input' }] }, 'missing_variable_mapping'],
      [
        {
          mapping: [
            { variable: 'input', source: 'input' },
            { variable: 'input', source: 'output' },
            { variable: 'output', source: 'output' },
          ],
        },
        'duplicate_variable_mapping',
      ],
      [
        {
          mapping: [
            { variable: 'input', source: 'expected_output' },
            { variable: 'output', source: 'output' },
          ],
        },
        'invalid_variable_mapping',
      ],
      [
        {
          mapping: [
            { variable: 'input', source: 'input', jsonPath: '$..x' },
            { variable: 'output', source: 'output' },
          ],
        },
        'invalid_json_path',
      ],
      [{ filter: [{ type: 'string', column: 'nonsense', operator: '=', value: 'x' }] }, 'invalid_filter_value'],
      [{ target: 'experiment', filter: [{ type: 'string', column: 'name', operator: '=', value: 'x' }] }, 'invalid_filter_value'],
      [{ sampling: 0 }, 'invalid_body'],
      [{ evaluators: [{ evaluator: { name: 'quality' } }] }, 'invalid_body'],
    ] as const) {
      const refused = await rule({ name: 'refused', ...over });
      expect(refused.body, JSON.stringify(over)).toMatchObject({ code, message: expect.any(String) });
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.status).toBeLessThan(500);
    }
  });

  it('find the items of dataset runs', async () => {
    const { records } = fixture.routes;
    await records.query(sql`INSERT INTO datasets (id, project_id, name) VALUES ('d1', ${PROJECT}, 'd')`);
    await records.query(sql`
      INSERT INTO dataset_items (project_id, dataset_id, id, valid_from, status, expected_output, created_at) VALUES (${PROJECT}, 'd1', 'i1', '2026-11-01', 'ACTIVE', '"forty-two"', now())`);
    await records.query(sql`INSERT INTO dataset_runs (id, project_id, dataset_id, name) VALUES ('run', ${PROJECT}, 'd1', 'run')`);
    await records.query(sql`
      INSERT INTO dataset_run_items (id, project_id, dataset_run_id, dataset_item_id, item_valid_from, trace_id, observation_id) VALUES ('ri', ${PROJECT}, 'run', 'i1', '2026-11-01', 't-e1', 'e1')`);
    fixture.store({ id: 'e1', input: 'six times seven?', output: '42' });
    await call('POST', '/evaluators', { ...QUALITY, name: 'agrees', prompt: '{{output}} vs {{expected_output}}' });
    const made = await rule({
      name: 'runs',
      evaluator: { name: 'agrees' },
      target: 'experiment',
      filter: [{ type: 'stringOptions', column: 'datasetId', operator: 'any of', value: ['d1'] }],
    });
    expect(made.status).toBe(200);
    const runner = await fixture.start();
    await call('POST', `/evaluation-rules/${made.body.id}/backfills`, { fromTimestamp: '2026-01-01T00:00:00Z', toTimestamp: '2030-01-01T00:00:00Z' });
    for (let tries = 0; tries < 200 && fixture.written.length === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(fixture.asked.at(-1)?.messages[1]?.content).toBe('42 vs forty-two');
    expect(fixture.written[0]?.body[0]?.body).toMatchObject({ name: 'agrees', traceId: 't-e1', observationId: 'e1' });
    await runner.close();
  });
});
