// `./genai import langfuse` and `export langfuse` between platforms: everything that the API shows of a project stands there again, field by field, and a second run adds nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey } from './client.ts';
import { runGenai } from './genai.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const TIMEOUT_MS = 180_000;
type Basic = [string, string];
interface Place {
  url: string;
  keys: Basic;
}
type Row = Record<string, unknown> & { id: string; name: string };

let one: Platform;
let two: Platform;
let three: Platform;
const placeOf = (platform: Platform): Place => ({ url: platform.observeUrl, keys: [platform.keys.publicKey, platform.keys.secretKey] });

async function ask<Body = Record<string, unknown>>({ url, keys }: Place, path: string, body?: unknown, method?: string): Promise<Body> {
  const answer = await call(`${url}/api/public${path}`, { basic: keys, ...(body === undefined ? {} : { body }), ...(method === undefined ? {} : { method }) });
  if (answer.status >= 300) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
  return answer.body as Body;
}
async function all(place: Place, path: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page = 1; ; page += 1) {
    const { data, meta } = await ask<{ data: Row[]; meta: { totalPages: number } }>(place, `${path}${path.includes('?') ? '&' : '?'}page=${page}&limit=50`);
    rows.push(...data);
    if (page >= meta.totalPages) return rows;
  }
}

beforeAll(async () => {
  // One after the other: three first starts at once take longer than their sum on a small machine.
  one = await startPlatform({ readyTimeoutMs: TIMEOUT_MS });
  two = await startPlatform({ readyTimeoutMs: TIMEOUT_MS });
  three = await startPlatform({ readyTimeoutMs: TIMEOUT_MS });
  await fill(one);
}, 3 * TIMEOUT_MS);
afterAll(async () => {
  await Promise.all([one?.stop(), two?.stop(), three?.stop()]);
});

const TRACES = 70;
const instant = (index: number, offsetMs = 0): string => new Date(Date.UTC(2026, 9, 1) + index * 60_000 + offsetMs).toISOString();

async function fill(platform: Platform): Promise<void> {
  const place = placeOf(platform);
  const config = await ask<Row>(place, '/score-configs', { name: 'accuracy', dataType: 'NUMERIC', minValue: 0, maxValue: 1, description: '正確さ' });
  const archived = await ask<Row>(place, '/score-configs', {
    name: 'old',
    dataType: 'CATEGORICAL',
    categories: [
      { label: 'good', value: 1 },
      { label: 'bad', value: 0 },
    ],
  });
  await ask(place, `/score-configs/${archived.id}`, { isArchived: true }, 'PATCH');
  await ask(place, '/models', { modelName: 'house', matchPattern: '(?i)^house$', unit: 'TOKENS', inputPrice: 0.000001, outputPrice: 0.000002 });
  await ask(place, '/v2/prompts', { name: 'zone', prompt: 'Part.', labels: ['production'] });
  await ask(place, '/v2/prompts', {
    name: 'folder/answer',
    prompt: 'First {{x}} @@@langfusePrompt:name=zone|label=production@@@',
    labels: ['staging'],
    tags: ['t'],
    config: { temperature: 0 },
  });
  await ask(place, '/v2/prompts', { name: 'folder/answer', prompt: 'Second {{x}}', labels: ['production'], tags: ['t'], commitMessage: '二つ目' });
  await ask(place, '/v2/prompts', {
    name: 'chat',
    type: 'chat',
    prompt: [
      { role: 'system', content: 'こんにちは' },
      { type: 'placeholder', name: 'history' },
    ],
  });
  await ask(place, '/v2/datasets', { name: 'set/one', description: 'A set', metadata: { a: [1] }, inputSchema: { type: 'object' } });
  for (const index of [1, 2, 3])
    await ask(place, '/dataset-items', { datasetName: 'set/one', id: `item-${index}`, input: { q: index }, expectedOutput: `a${index}`, metadata: { index } });
  const batch = Array.from({ length: TRACES }, (_, index) => eventsOf(index, config.id)).flat();
  for (let start = 0; start < batch.length; start += 200) {
    const { errors } = await ask<{ errors: unknown[] }>(place, '/ingestion', { batch: batch.slice(start, start + 200) });
    expect(errors).toEqual([]);
  }
  await ask(place, '/dataset-run-items', { runName: 'run 1', datasetItemId: 'item-1', traceId: 'trace-1', runDescription: 'A run', metadata: { by: 'test' } });
  await ask(place, '/dataset-run-items', { runName: 'run 1', datasetItemId: 'item-2', traceId: 'trace-2', observationId: 'generation-2' });
  const key = await generateKey(platform);
  expect((await chat(platform, key, 'demo', { headers: { 'x-litellm-tags': 'gateway' } })).status).toBe(200);
  await eventually(
    'everything is stored',
    async () => (await all(place, '/traces')).length === TRACES + 1 && (await all(place, '/v2/scores')).length === 3 * TRACES,
    60_000,
  );
}

function eventsOf(index: number, configId: string): object[] {
  const trace = {
    id: `trace-${index}`,
    timestamp: instant(index),
    name: `trace ${index % 3}`,
    userId: 'u',
    sessionId: `s-${index % 5}`,
    input: { q: '質問' },
    output: 'a',
    metadata: { deep: { x: [1, null] }, text: 't' },
    tags: ['b', 'a'],
    release: 'r',
    version: 'v',
    environment: 'staging',
    public: index === 0,
  };
  const span = {
    id: `span-${index}`,
    traceId: trace.id,
    name: 'agent',
    startTime: instant(index, 10),
    endTime: instant(index, 900),
    input: [1],
    metadata: { k: 'v' },
    level: 'WARNING',
    statusMessage: 'slow',
    environment: 'staging',
  };
  const generation = {
    id: `generation-${index}`,
    traceId: trace.id,
    parentObservationId: span.id,
    name: 'answer',
    startTime: instant(index, 20),
    completionStartTime: instant(index, 50),
    endTime: instant(index, 800),
    model: 'house',
    modelParameters: { temperature: 0.5, stop: ['x'] },
    input: [{ role: 'user', content: 'hi' }],
    output: { role: 'assistant', content: '晴れ' },
    usageDetails: { input: 10, output: 5, input_cached_tokens: 2, total: 17 },
    promptName: 'folder/answer',
    promptVersion: 2,
    environment: 'staging',
  };
  const tool = { id: `tool-${index}`, traceId: trace.id, parentObservationId: span.id, name: 'search', startTime: instant(index, 30) };
  const score = (id: string, fields: object) => ({
    id: `e-${id}-${index}`,
    type: 'score-create',
    timestamp: instant(index, 2000),
    body: { id: `${id}-${index}`, name: id, environment: 'staging', ...fields },
  });
  return [
    { id: `e-trace-${index}`, type: 'trace-create', timestamp: instant(index), body: trace },
    { id: `e-span-${index}`, type: 'agent-create', timestamp: instant(index, 10), body: span },
    { id: `e-generation-${index}`, type: 'generation-create', timestamp: instant(index, 20), body: generation },
    { id: `e-tool-${index}`, type: 'tool-create', timestamp: instant(index, 30), body: tool },
    score('accuracy', { traceId: trace.id, observationId: generation.id, value: 0.5, dataType: 'NUMERIC', configId, comment: 'fine', metadata: { m: 1 } }),
    score('helpful', { traceId: trace.id, value: 1, dataType: 'BOOLEAN' }),
    score('kind', { sessionId: `s-${index % 5}`, value: 'good', dataType: 'CATEGORICAL' }),
  ];
}

/** What a server gives by itself and cannot be told: ids of definitions, its own clock, the project. */
const OWN = new Set([
  'projectId',
  'createdAt',
  'updatedAt',
  'htmlPath',
  'promptId',
  'modelId',
  'configId',
  'datasetId',
  'datasetRunId',
  'lastUpdatedAt',
  'authorUserId',
  'createdBy',
  'timestampOfRun',
]);
function told(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, member]) => (OWN.has(key) ? [] : [[key, told(member)]])));
}
const withoutId = (rows: Row[]): unknown[] => rows.map(({ id: _, ...row }) => told(row));
const byId = (rows: Row[]): Row[] => [...rows].sort((first, second) => (first.id < second.id ? -1 : 1));

/**
 * A duration is stored to the microsecond and instants are told to the millisecond, so a copy can be finer than neither: two instants cut off apart are a
 * millisecond further away or nearer. Each duration must agree with the told instants to that, and is then compared as they tell it.
 */
function asTold(duration: unknown, from: unknown, to: unknown): unknown {
  if (typeof duration !== 'number') return duration;
  const told = (Date.parse(to as string) - Date.parse(from as string)) / 1_000;
  expect(Math.abs(duration - told)).toBeLessThan(0.001_001);
  return told;
}
const observationAsTold = (row: Row): Row => ({
  ...row,
  latency: asTold(row.latency, row.startTime, row.endTime),
  timeToFirstToken: asTold(row.timeToFirstToken, row.startTime, row.completionStartTime),
});
const ends = (row: Row): string => (row.endTime ?? row.startTime) as string;

/** Everything that the public API shows of a project. */
async function shown(place: Place) {
  const traces = byId(await all(place, '/traces'));
  const datasets = await all(place, '/v2/datasets');
  const prompts = await all(place, '/v2/prompts');
  const versions = prompts.flatMap(({ name, versions: list }) => (list as unknown as number[]).map((version) => ({ name, version })));
  return {
    traces: await Promise.all(
      traces.map(async ({ id }) => {
        const trace = await ask<Row & { observations: Row[]; scores: Row[] }>(place, `/traces/${id}`);
        const observations = byId(trace.observations).map(observationAsTold);
        const [first] = observations.map(({ startTime }) => startTime as string).sort();
        const latency = asTold(trace.latency, first, observations.map(ends).sort().at(-1));
        return told({ ...trace, latency, observations, scores: byId(trace.scores) });
      }),
    ),
    scores: byId(await all(place, '/v2/scores')).map((row) => told(row)),
    configs: withoutId([...(await all(place, '/score-configs'))].sort((first, second) => (first.name < second.name ? -1 : 1))),
    models: withoutId((await all(place, '/models')).map((model) => ({ ...model, pricingTiers: withoutId(model.pricingTiers as Row[]) }))),
    prompts: await Promise.all(
      versions.map(async ({ name, version }) => withoutId([await ask<Row>(place, `/v2/prompts/${encodeURIComponent(name)}?version=${version}&resolve=false`)])),
    ),
    datasets: withoutId(datasets),
    items: await Promise.all(
      datasets.map(async ({ name }) => (await all(place, `/dataset-items?datasetName=${encodeURIComponent(name)}`)).map((row) => told(row))),
    ),
    runs: await Promise.all(
      datasets.map(async ({ name }) => {
        const runs = await all(place, `/datasets/${encodeURIComponent(name)}/runs`);
        const whole = await Promise.all(
          runs.map(({ name: run }) => ask<Row & { datasetRunItems: Row[] }>(place, `/datasets/${encodeURIComponent(name)}/runs/${encodeURIComponent(run)}`)),
        );
        return whole.map(({ id: _, ...run }) => told({ ...run, datasetRunItems: withoutId(run.datasetRunItems) }));
      }),
    ),
  };
}

const copy = (direction: 'import' | 'export', own: Platform, other: Place, ...flags: string[]) =>
  runGenai(
    [direction, 'langfuse', '--data-dir', own.dataDir, '--url', other.url, '--public-key', other.keys[0], '--secret-key', other.keys[1], '--json', ...flags],
    { cwd: own.folder },
  );
const countsOf = (stdout: string) =>
  Object.fromEntries(
    (JSON.parse(stdout) as { counts: { kind: string; new: number; unchanged: number; refused: number }[] }).counts.map((counts) => [counts.kind, counts]),
  );
const settled = (place: Place) =>
  eventually(
    'everything is stored',
    async () => (await all(place, '/traces')).length === TRACES + 1 && (await all(place, '/v2/scores')).length === 3 * TRACES,
    60_000,
  );

describe('a project copied by its public API', () => {
  it('is looked at first', { timeout: TIMEOUT_MS }, async () => {
    const { code, stdout, stderr } = await copy('import', two, placeOf(one));
    expect([code, stderr]).toEqual([0, '']);
    expect(countsOf(stdout)).toMatchObject({
      trace: { new: TRACES + 1 },
      score: { new: 3 * TRACES },
      prompt: { new: 4 },
      'dataset-item': { new: 3 },
      run: { new: 1 },
    });
    expect(await all(placeOf(two), '/traces')).toEqual([]);
  });

  it('is taken over whole: counts and every field', { timeout: TIMEOUT_MS }, async () => {
    const { code, stdout, stderr } = await copy('import', two, placeOf(one), '--apply');
    expect([code, (JSON.parse(stdout || '{}') as { findings?: unknown }).findings], stderr).toEqual([0, []]);
    await settled(placeOf(two));
    const [there, here] = [await shown(placeOf(one)), await shown(placeOf(two))];
    for (const kind of Object.keys(there) as (keyof typeof there)[]) expect([kind, here[kind]]).toEqual([kind, there[kind]]);
    expect(there.traces).toHaveLength(TRACES + 1);
  });

  it('is there once, however often it is copied', { timeout: TIMEOUT_MS }, async () => {
    const before = await shown(placeOf(two));
    const { code, stdout } = await copy('import', two, placeOf(one), '--apply');
    expect(code).toBe(0);
    expect(countsOf(stdout)).toMatchObject({
      prompt: { new: 0, unchanged: 4 },
      dataset: { new: 0 },
      'dataset-item': { new: 0, unchanged: 3 },
      run: { new: 0 },
      model: { new: 0 },
      'score-config': { new: 0 },
    });
    await settled(placeOf(two));
    expect(await shown(placeOf(two))).toEqual(before);
  });

  it('is given back the same way, to a third place, for a range of days', { timeout: TIMEOUT_MS }, async () => {
    const { code, stderr } = await copy('export', two, placeOf(three), '--apply');
    expect(code, stderr).toBe(0);
    await settled(placeOf(three));
    expect(await shown(placeOf(three))).toEqual(await shown(placeOf(one)));
    const range = await copy('export', two, placeOf(three), '--only', 'trace', '--from', '2026-10-01', '--to', '2026-10-02');
    expect(countsOf(range.stdout)).toMatchObject({ trace: { new: TRACES } });
  });

  it('says what is wrong', { timeout: TIMEOUT_MS }, async () => {
    const wrong = await copy('import', two, { url: one.observeUrl, keys: ['pk-lf-x', 'sk-lf-x'] }, '--apply');
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('answered 401')]);
    expect((await copy('import', two, placeOf(one), '--only', 'something')).code).toBe(2);
  });
});
