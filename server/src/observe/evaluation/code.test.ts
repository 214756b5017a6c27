// Evaluators in code through the same rules, queue, limits and backfills as judges, over real records and the real sandbox.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scoreConfigRoutes } from '#observe/score-configs/routes.ts';
import { sql } from '#stores/records/sql.ts';
import { type EvaluationFixture, openEvaluationFixture, QUALITY } from './evaluation-fixture.ts';

let fixture: EvaluationFixture;
beforeAll(async () => {
  fixture = await openEvaluationFixture(scoreConfigRoutes);
});
afterAll(() => fixture?.close());
beforeEach(async () => {
  await fixture.rest();
  await fixture.routes.records.query(sql`DELETE FROM evaluation_rules`);
  await fixture.routes.records.query(sql`DELETE FROM evaluators`);
  fixture.stored.length = 0;
  fixture.asked.length = 0;
  fixture.written.length = 0;
});

const BASE = '/api/public/unstable';
const call = (method: string, path: string, body?: unknown) => fixture.routes.call(method, `${BASE}${path}`, body);
const CODE = `type Context = { observation: { input: string; output: string } };
function evaluate(ctx: Context) {
  if (ctx.observation.output === 'throw') throw new Error('cannot read it');
  return { scores: [
    { name: 'length', value: ctx.observation.output.length, comment: 'of ' + ctx.observation.input },
    { name: 'polite', value: ctx.observation.output.includes('please'), metadata: { rule: 7 } },
    { name: 'kind', value: 'short', dataType: 'CATEGORICAL' },
  ] };
}`;
const evaluator = (sourceCode = CODE, name = 'checks') => ({ type: 'code', name, sourceCode, sourceCodeLanguage: 'TYPESCRIPT' });
const rule = (over: Record<string, unknown> = {}) => ({
  name: 'all answers',
  evaluator: { name: 'checks', type: 'code' },
  target: 'observation',
  enabled: true,
  delaySeconds: 0,
  ...over,
});

async function make(sourceCode = CODE, over: Record<string, unknown> = {}): Promise<string> {
  expect((await call('POST', '/evaluators', evaluator(sourceCode))).status).toBe(200);
  const made = await call('POST', '/evaluation-rules', rule(over));
  expect(made.status, JSON.stringify(made.body)).toBe(200);
  return String(made.body.id);
}

const jobs = async () => (await call('GET', '/evaluation-jobs')).body.data as unknown as Record<string, unknown>[];
async function ended(count: number): Promise<Record<string, unknown>[]> {
  for (let tries = 0; tries < 1_200; tries++) {
    const rows = await jobs();
    if (rows.length >= count && rows.every(({ state }) => !['pending', 'running'].includes(String(state)))) return rows;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never: ${count} judgements; queue ${JSON.stringify(await jobs())}`);
}
const scores = () => fixture.written.flatMap(({ body }) => body);

describe('evaluators in code', () => {
  it('are kept in versions beside judges, in the form of the API', async () => {
    const made = await call('POST', '/evaluators', evaluator());
    expect(made.body).toMatchObject({
      type: 'code',
      name: 'checks',
      version: 1,
      variables: ['input', 'output', 'metadata', 'tool_calls', 'expected_output', 'experiment_item_metadata'],
      sourceCode: CODE,
      sourceCodeLanguage: 'TYPESCRIPT',
      evaluationRuleCount: 0,
    });
    expect(made.body).not.toHaveProperty('prompt');
    expect((await call('POST', '/evaluators', evaluator('function evaluate() { return { scores: [] } }'))).body).toMatchObject({
      version: 2,
      id: made.body.id,
    });
    expect((await call('POST', '/evaluators', QUALITY)).body).toMatchObject({ type: 'llm_as_judge' });
    const { data } = (await call('GET', '/evaluators')).body as unknown as { data: { type: string }[] };
    expect(data.map(({ type }) => type).sort()).toEqual(['code', 'llm_as_judge']);
    expect((await call('POST', '/evaluators', { ...QUALITY, name: 'checks' })).body).toMatchObject({ code: 'name_conflict' });
    expect((await call('POST', '/evaluators', evaluator(CODE, 'quality'))).status).toBe(409);
  });

  it('are refused when they would not run, with the line', async () => {
    const broken = await call('POST', '/evaluators', evaluator('const a = 1;\n\nfunction evaluate( {'));
    expect([broken.status, broken.body]).toEqual([
      422,
      expect.objectContaining({ code: 'evaluator_preflight_failed', message: expect.stringMatching(/^line 3: SyntaxError/) }),
    ]);
    expect((await call('POST', '/evaluators', evaluator('const a = 1'))).body).toMatchObject({ message: expect.stringContaining('no function evaluate') });
    expect((await call('POST', '/evaluators', { ...evaluator(), sourceCodeLanguage: 'PYTHON' })).status).toBe(400);
    expect((await call('POST', '/evaluators', evaluator(' \n '))).status).toBe(400);
  });

  it('take no mapping: what they are given is fixed, and shown', async () => {
    await make();
    const shown = (await call('GET', '/evaluation-rules')).body.data as unknown as Record<string, unknown>[];
    expect(shown[0]).toMatchObject({
      evaluator: { name: 'checks', type: 'code' },
      mapping: ['input', 'output', 'metadata', 'tool_calls'].map((source) => ({ variable: source, source })),
    });
    const mapped = await call('POST', '/evaluation-rules', rule({ name: 'mapped', mapping: [{ variable: 'input', source: 'input' }] }));
    expect([mapped.status, mapped.body]).toEqual([400, expect.objectContaining({ code: 'invalid_variable_mapping' })]);
    expect((await call('POST', '/evaluation-rules', rule({ name: 'typed', evaluator: { name: 'checks', type: 'llm_as_judge' } }))).status).toBe(404);
  });

  it('write every score that they return, at no cost, and ask no model', async () => {
    const ruleId = await make();
    const runner = await fixture.start();
    fixture.store({ id: 'o1', input: 'なぜ？', output: 'please wait' });
    runner.storedMore();
    const [job] = await ended(1);
    expect(job).toMatchObject({ state: 'done', targetId: 'o1', judgeTraceId: null, cause: null, attempts: 1 });
    expect(Number(job?.cost)).toBe(0);
    expect(fixture.asked).toEqual([]);
    const metadata = { ruleId, evaluatorVersion: 1, evaluatorId: expect.any(String) };
    expect(scores().map(({ body }) => body)).toMatchObject([
      { name: 'length', value: 11, dataType: 'NUMERIC', comment: 'of なぜ？', source: 'EVAL', traceId: 't-o1', observationId: 'o1', metadata },
      { name: 'polite', value: 1, dataType: 'BOOLEAN', metadata: { ...metadata, rule: 7 } },
      { name: 'kind', value: 'short', dataType: 'CATEGORICAL', metadata },
    ]);
    expect(new Set(scores().map(({ body }) => body.id)).size).toBe(3);
  });

  it('fail once, with the line, and the others go on', async () => {
    await make();
    fixture.store({ id: 'bad', output: 'throw' });
    fixture.store({ id: 'good', output: 'fine' });
    (await fixture.start()).storedMore();
    const rows = await ended(2);
    expect(rows.find(({ targetId }) => targetId === 'bad')).toMatchObject({ state: 'failed', cause: 'line 3: Error: cannot read it', attempts: 1 });
    expect(rows.find(({ targetId }) => targetId === 'good')).toMatchObject({ state: 'done' });
  });

  it('may have nothing to say, and are held to the score configs that they name', async () => {
    const config = await fixture.routes.call('POST', '/api/public/score-configs', { name: 'length', dataType: 'NUMERIC', minValue: 0, maxValue: 5 });
    await make(`function evaluate({ observation: { output } }) {
      if (output === 'nothing') return { scores: [] };
      return { scores: [{ name: 'length', value: output.length, configId: ${JSON.stringify(config.body.id)} }] };
    }`);
    for (const [id, output] of Object.entries({ silent: 'nothing', long: 'too long for it', fits: 'fits' })) fixture.store({ id, output });
    (await fixture.start()).storedMore();
    const rows = await ended(3);
    const stateOf = (id: string) => rows.find(({ targetId }) => targetId === id);
    expect(stateOf('silent')).toMatchObject({ state: 'skipped', cause: 'the evaluator returned no score' });
    expect(stateOf('long')).toMatchObject({ state: 'failed', cause: expect.stringMatching(/^scores\[0\]: .*maximum/) });
    expect(stateOf('fits')).toMatchObject({ state: 'done' });
    expect(scores().map(({ body }) => body)).toMatchObject([{ name: 'length', value: 4, configId: config.body.id, observationId: 'fits' }]);
  });

  it('cost a backfill nothing, which its dry run says before the first run, and its limit holds', async () => {
    const ruleId = await make(CODE, { enabled: false });
    fixture.store({ id: 'o1' });
    const range = { fromTimestamp: new Date(Date.now() - 3_600_000).toISOString(), toTimestamp: new Date(Date.now() + 60_000).toISOString() };
    expect((await call('POST', `/evaluation-rules/${ruleId}/backfills`, { ...range, dryRun: true })).body).toMatchObject({ targets: 1, estimatedCost: 0 });
    expect((await call('POST', `/evaluation-rules/${ruleId}/backfills`, { ...range, maxCost: 0.01 })).body).toMatchObject({ jobs: 1 });
    await fixture.start();
    expect((await ended(1))[0]).toMatchObject({ state: 'done' });
  });

  it('pause their rule where code is switched off, and the job waits', async () => {
    const ruleId = await make();
    fixture.store({ id: 'o1' });
    (await fixture.start({ sandbox: null })).storedMore();
    let paused: Record<string, unknown> = {};
    for (let tries = 0; tries < 1_200 && paused.status !== 'paused'; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      paused = (await call('GET', `/evaluation-rules/${ruleId}`)).body;
    }
    expect(paused).toMatchObject({ status: 'paused', pausedReason: 'code_evaluators_off', pausedMessage: expect.stringContaining('--code-evaluators on') });
  });

  it('are tried out over one observation, without keeping anything', async () => {
    fixture.store({ id: 'o1', input: 'q', output: 'answer' });
    const trial = (sourceCode: string, observation: unknown = null) =>
      call('POST', '/evaluator-trials', { sourceCode, sourceCodeLanguage: 'TYPESCRIPT', observation });
    expect((await trial(CODE)).body).toMatchObject({
      observation: { traceId: 't-o1', id: 'o1' },
      context: { observation: { input: 'q', output: 'answer', metadata: {}, toolCalls: [] } },
      scores: [{ name: 'length', value: 6 }, { name: 'polite', value: false }, { name: 'kind' }],
      fault: null,
    });
    expect((await trial('function evaluate(ctx) {\n  return ctx.experiment.itemMetadata\n}', { traceId: 't-o1', id: 'o1' })).body).toMatchObject({
      scores: [],
      fault: { line: 2, message: expect.stringContaining('TypeError') },
    });
    expect((await trial(CODE, { traceId: 't-none', id: 'none' })).status).toBe(404);
    expect(fixture.written).toEqual([]);
  });
});
