// Experiments over real records and a real analytics store: pages, ranges, filters, contents, scores, and runs side by side.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { datasetRoutes } from '#observe/datasets/routes.ts';
import { datasetRunRoutes } from '#observe/datasets/run-routes.ts';
import { createUrlSigner } from '#observe/media/signed-url.ts';
import { untyped } from '#observe/score-configs/check.ts';
import { scoreRoutes } from '#observe/scores/routes.ts';
import { folded, observation, score, type TemporaryAnalytics, temporaryAnalytics, trace } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { traceRoutes } from '#observe/traces/routes.ts';
import { comparisonRoutes } from './comparison-routes.ts';
import { experimentRoutes } from './experiment-routes.ts';

let store: TemporaryAnalytics;
let routes: RoutesFixture;
let runs: Record<string, string> = {};

const FROM = 'fromStartTime=2026-11-20T00:00:00Z';
const at = (minute: number) => `2026-11-20T12:${String(minute).padStart(2, '0')}:00.000Z`;

beforeAll(async () => {
  store = await temporaryAnalytics();
  routes = await openRoutes((records) => {
    const ask = async (_: unknown, path: string) => {
      const answer = await routes.call('GET', path);
      return answer.status === 404 ? null : answer.body;
    };
    return [
      ...datasetRoutes(records, createUrlSigner(Buffer.alloc(32))),
      ...datasetRunRoutes(records, ask),
      ...traceRoutes(store.analytics),
      ...scoreRoutes(store.analytics),
      ...experimentRoutes({ analytics: store.analytics, records, types: untyped }),
      ...comparisonRoutes({ records, ask }),
    ];
  });
  await fill();
});
afterAll(async () => {
  await routes?.close();
  await store?.close();
});

/** Two runs over items a, b; the first also over c, of which nothing is stored. */
async function fill(): Promise<void> {
  await routes.call('POST', '/api/public/v2/datasets', { name: 'capitals' });
  for (const id of ['a', 'b', 'c'])
    await routes.call('POST', '/api/public/dataset-items', {
      datasetName: 'capitals',
      id,
      input: `q-${id}`,
      expectedOutput: id.toUpperCase(),
      metadata: { id },
    });
  const spans = ['old', 'new'].flatMap((run, index) =>
    ['a', 'b'].map((id) =>
      observation(`${run}-${id}-span`, {
        trace_id: `${run}-${id}`,
        start_time: at(index * 10),
        end_time: at(index * 10 + 1),
        level: run === 'new' && id === 'b' ? 'ERROR' : 'DEFAULT',
        environment: 'sdk-experiment',
        input: `"q-${id}"`,
        output: `"${run} ${id}"`,
        metadata: { step: '1' },
        total_cost: '0.25',
        is_trace: 1,
      }),
    ),
  );
  const traces = [trace('plain', { timestamp: at(30), input: '"whole in"', output: '{"text":"whole out"}' })];
  const scores = [
    score('s1', { trace_id: 'old-a', value: 1 }),
    score('s2', { trace_id: 'new-a', value: 0.25, observation_id: 'new-a-span' }),
    score('s3', { trace_id: 'new-a', observation_id: 'another span', name: 'elsewhere' }),
    score('s4', { trace_id: 'old-b', value: 0.5 }),
    score('s5', { trace_id: 'new-b', value: 0.75 }),
  ];
  const writer = createWriter(store.analytics);
  await writer.write(folded({ observations: spans, traces, scores }), { firstSequence: 1n, lastSequence: 1n });
  let minute = 0;
  const put = async (runName: string, datasetItemId: string, traceId: string, observationId?: string) => {
    minute += 1;
    const body = { runName, datasetItemId, traceId, observationId, createdAt: at(minute), runDescription: `d ${runName}`, metadata: { run: runName } };
    const made = await routes.call('POST', '/api/public/dataset-run-items', body);
    runs = { ...runs, [runName]: String(made.body.datasetRunId) };
  };
  for (const id of ['a', 'b', 'c']) await put('old', id, `old-${id}`, `old-${id}-span`);
  for (const id of ['a', 'b']) await put('new', id, `new-${id}`);
  await put('new', 'c', 'plain');
  await writer.write(folded({ scores: [score('run', { trace_id: '', dataset_run_id: runs.new ?? '', name: 'share', value: 1 })] }), {
    firstSequence: 2n,
    lastSequence: 2n,
  });
}

describe('experiments', () => {
  it('are the runs with an item in the range, the latest active first', async () => {
    const { status, body } = await routes.call('GET', `/api/public/experiments?${FROM}`);
    expect(status).toBe(200);
    expect(body.meta).toEqual({});
    expect(body.data.map(({ name }) => name)).toEqual(['new', 'old']);
    expect(body.data[1]).toEqual({
      id: runs.old,
      name: 'old',
      description: 'd old',
      startTime: at(1),
      endTime: at(3),
      itemCount: 3,
      datasetId: expect.any(String),
    });
    const part = await routes.call('GET', `/api/public/experiments?fromStartTime=${at(2)}&toStartTime=${at(4)}`);
    expect(part.body.data).toMatchObject([{ name: 'old', startTime: at(2), endTime: at(3), itemCount: 2 }]);
  });

  it('carry metadata and their own scores when these are asked for', async () => {
    const { body } = await routes.call('GET', `/api/public/experiments?${FROM}&fields=core,metadata,scores`);
    expect(body.data).toMatchObject([
      { name: 'new', metadata: { run: 'new' }, scores: [{ id: 'run', name: 'share', value: 1, subject: { kind: 'experiment', id: runs.new } }] },
      { name: 'old', metadata: { run: 'old' }, scores: [] },
    ]);
  });

  it('are paged by a cursor, each once, and found by id, name, dataset and filter', async () => {
    const first = (await routes.call('GET', `/api/public/experiments?${FROM}&limit=1`)).body;
    const second = (await routes.call('GET', `/api/public/experiments?${FROM}&limit=1&cursor=${first.meta.cursor}`)).body;
    expect([...first.data, ...second.data].map(({ name }) => name)).toEqual(['new', 'old']);
    expect(second.meta).toEqual({});
    const names = async (query: string) => (await routes.call('GET', `/api/public/experiments?${FROM}&${query}`)).body.data.map(({ name }) => name);
    expect(await names(`id=${runs.old}`)).toEqual(['old']);
    expect(await names('name=new,absent')).toEqual(['new']);
    expect(await names(`datasetId=${first.data[0]?.datasetId}`)).toEqual(['new', 'old']);
    for (const [operator, value, found] of [
      ['contains', 'l', ['old']],
      ['does not contain', 'l', ['new']],
      ['starts with', 'ne', ['new']],
      ['ends with', 'd', ['old']],
      ['=', 'new', ['new']],
    ] as const)
      expect(await names(`filter=${encodeURIComponent(JSON.stringify([{ type: 'string', column: 'name', operator, value }]))}`)).toEqual(found);
    const none = JSON.stringify([{ type: 'stringOptions', column: 'name', operator: 'none of', value: ['old'] }]);
    expect(await names(`name=old&filter=${encodeURIComponent(none)}`)).toEqual(['new']);
  });

  it('of another project are not there', async () => {
    for (const path of ['experiments', 'experiment-items'])
      expect((await routes.call('GET', `/api/public/${path}?${FROM}`, undefined, projectKey(OTHER_PROJECT))).body).toEqual({ data: [], meta: {} });
  });

  it('refuse what they do not understand with 400', async () => {
    const unknown = encodeURIComponent(JSON.stringify([{ type: 'string', column: 'input', operator: '=', value: 'x' }]));
    for (const path of ['experiments', 'experiment-items']) {
      for (const query of [
        '',
        'fromStartTime=yesterday',
        `${FROM}&fields=core,nothing`,
        `${FROM}&cursor=e30`,
        `${FROM}&limit=101`,
        `${FROM}&filter=${unknown}`,
      ])
        expect([query, (await routes.call('GET', `/api/public/${path}?${query}`)).status]).toEqual([query, 400]);
    }
    const cursor = Buffer.from('{"v":2,"at":"2026-11-20T12:00:00.000000Z","id":"x"}').toString('base64url');
    expect((await routes.call('GET', `/api/public/experiments?${FROM}&cursor=${cursor}`)).body).toMatchObject({ message: 'Invalid cursor format' });
  });
});

describe('items of experiments', () => {
  it('are their spans with the version of the dataset item, newest first', async () => {
    const { body } = await routes.call('GET', `/api/public/experiment-items?${FROM}&experimentName=old`);
    expect(body.data.map(({ experimentItemId }) => experimentItemId)).toEqual(['c', 'b', 'a']);
    expect(body.data[2]).toEqual({
      id: 'old-a-span',
      traceId: 'old-a',
      startTime: at(0),
      endTime: at(1),
      level: 'DEFAULT',
      environment: 'sdk-experiment',
      experimentId: runs.old,
      experimentName: 'old',
      experimentItemId: 'a',
      experimentDatasetId: expect.any(String),
      experimentItemVersion: expect.stringMatching(/Z$/),
    });
    // Nothing is stored of its trace: the item is there all the same.
    expect(body.data[0]).toMatchObject({ id: 'old-c-span', startTime: at(3), endTime: null, level: 'DEFAULT' });
  });

  it('carry contents, metadata and the scores of trace and span', async () => {
    const fields = 'core,dataset,io,metadata,itemMetadata,experimentMetadata,scores';
    const { body } = await routes.call('GET', `/api/public/experiment-items?${FROM}&experimentId=${runs.new}&fields=${fields}`);
    const [whole, , first] = body.data;
    expect(first).toMatchObject({
      id: 'new-a-span',
      input: 'q-a',
      output: 'new a',
      expectedOutput: 'A',
      metadata: { step: 1 },
      experimentItemMetadata: { id: 'a' },
      experimentMetadata: { run: 'new' },
      experimentDescription: 'd new',
      scores: [{ id: 's2', value: 0.25, subject: { kind: 'observation', id: 'new-a-span', traceId: 'new-a' } }],
    });
    expect(first?.scores).toHaveLength(1);
    expect(whole).toMatchObject({ id: 'plain', input: 'whole in', output: { text: 'whole out' }, expectedOutput: 'C', scores: [] });
    expect(body.data[1]).toMatchObject({ level: 'ERROR' });
  });

  it('are paged without loss and found by item', async () => {
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await routes.call('GET', `/api/public/experiment-items?${FROM}&limit=4&cursor=${cursor}`);
      seen.push(...body.data.map(({ id }) => id));
      cursor = String(body.meta.cursor ?? '');
    } while (cursor !== '');
    expect(seen).toEqual(['plain', 'new-b-span', 'new-a-span', 'old-c-span', 'old-b-span', 'old-a-span']);
    const found = await routes.call('GET', `/api/public/experiment-items?${FROM}&experimentItemId=a,b&experimentName=new`);
    expect(found.body.data.map(({ experimentItemId }) => experimentItemId)).toEqual(['b', 'a']);
  });
});

describe('runs side by side', () => {
  it('give each item its measures in each run, null where a run has not got it', async () => {
    const path = '/api/public/unstable/experiment-comparison/items?datasetName=capitals';
    await routes.call('POST', '/api/public/dataset-run-items', { runName: 'short', datasetItemId: 'b', traceId: 'old-b' });
    const { status, body } = await routes.call('GET', `${path}&runName=old&runName=new&runName=short`);
    expect(status).toBe(200);
    const answer = body as unknown as { runs: { name: string }[]; items: { itemId: string; runs: unknown[] }[] };
    expect(answer.runs.map(({ name }) => name)).toEqual(['old', 'new', 'short']);
    expect(answer.items.map(({ itemId }) => itemId)).toEqual(['a', 'b', 'c']);
    expect(answer.items[0]?.runs).toEqual([
      { traceIds: ['old-a'], values: { quality: 1, cost: 0.25, latency: 60 } },
      { traceIds: ['new-a'], values: expect.objectContaining({ quality: 0.25, cost: 0.25, latency: 60 }) },
      null,
    ]);
    expect(answer.items[2]?.runs[0]).toEqual({ traceIds: ['old-c'], values: {} });
    expect((await routes.call('GET', `${path}&runName=absent`)).status).toBe(404);
    expect((await routes.call('GET', path)).status).toBe(400);
    expect((await routes.call('GET', `${path}${['1', '2', '3', '4', '5', '6'].map((name) => `&runName=${name}`).join('')}`)).status).toBe(400);
  });
});
