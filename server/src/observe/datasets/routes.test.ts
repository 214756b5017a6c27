// Datasets, items through time and runs over real records: shapes, versions, schemas, folders, other projects, bad input.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { createUrlSigner } from '#observe/media/signed-url.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { datasetRoutes } from './routes.ts';
import { datasetRunRoutes } from './run-routes.ts';

let routes: RoutesFixture;
const api = '/api/public';
const post = (path: string, body: unknown, project = PROJECT) => routes.call('POST', `${api}${path}`, body, projectKey(project));
const get = (path: string, project = PROJECT) => routes.call('GET', `${api}${path}`, undefined, projectKey(project));
const folder = encodeURIComponent('team/質問');
const ids = (answer: { body: { data: Record<string, unknown>[] } }) => answer.body.data.map((item) => item.id);

beforeAll(async () => {
  const ask = async (_: unknown, path: string) => (path === `${api}/observations/known` ? { traceId: 'found-trace' } : null);
  routes = await openRoutes((records) => [...datasetRoutes(records, createUrlSigner(Buffer.alloc(32))), ...datasetRunRoutes(records, ask)]);
});
afterAll(async () => await routes?.close());

describe('datasets', () => {
  it('are made and changed under their name, in both generations of the API', async () => {
    const made = await post('/v2/datasets', { name: 'team/質問', description: 'd', metadata: { z: 1, a: 2 } });
    expect(made).toMatchObject({ status: 200 });
    expect(made.body).toEqual({
      id: expect.any(String),
      projectId: PROJECT,
      name: 'team/質問',
      description: 'd',
      metadata: { z: 1, a: 2 },
      inputSchema: null,
      expectedOutputSchema: null,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
    const changed = await post('/datasets', { name: 'team/質問', description: 'changed' });
    expect(changed.body).toMatchObject({ id: made.body.id, description: 'changed', metadata: { z: 1, a: 2 }, items: [], runs: [] });
    expect((await get(`/v2/datasets/${folder}`)).body).toMatchObject({ id: made.body.id, description: 'changed' });
    expect(await get('/v2/datasets/absent')).toMatchObject({ status: 404, body: { message: 'Dataset not found', error: 'LangfuseNotFoundError' } });
    expect((await get(`/v2/datasets/${folder}`, OTHER_PROJECT)).status).toBe(404);
    expect((await get('/v2/datasets?limit=1')).body.meta).toEqual({ page: 1, limit: 1, totalItems: 1, totalPages: 1 });
    for (const body of [{}, { name: '' }, { name: 'n'.repeat(256) }, { name: 'a', inputSchema: 'text' }, { name: 'a', inputSchema: { type: 'strin' } }])
      expect([body, (await post('/v2/datasets', body)).status]).toEqual([body, 400]);
  });

  it('keep every version of their items', async () => {
    await post('/v2/datasets', { name: 'versions' });
    const first = await post('/dataset-items', {
      datasetName: 'versions',
      id: 'item/1',
      input: { q: 1 },
      expectedOutput: 'a',
      metadata: { m: 1 },
      sourceTraceId: 't',
    });
    expect(first.body).toEqual({
      id: 'item/1',
      status: 'ACTIVE',
      input: { q: 1 },
      expectedOutput: 'a',
      metadata: { m: 1 },
      sourceTraceId: 't',
      sourceObservationId: null,
      datasetId: expect.any(String),
      datasetName: 'versions',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      mediaReferences: [],
    });
    const second = await post('/dataset-items', { datasetName: 'versions', id: 'item/1', expectedOutput: null });
    expect(second.body).toMatchObject({ input: { q: 1 }, expectedOutput: null, createdAt: first.body.createdAt });
    expect(String(second.body.updatedAt) > String(first.body.updatedAt)).toBe(true);
    await post('/dataset-items', { datasetName: 'versions', id: 'later', input: 2 });
    const then = encodeURIComponent(String(first.body.updatedAt));
    expect((await get(`/dataset-items?datasetName=versions&version=${then}`)).body.data).toMatchObject([{ id: 'item/1', expectedOutput: 'a' }]);
    expect(ids(await get('/dataset-items?datasetName=versions'))).toEqual(['later', 'item/1']);
    expect(ids(await get('/dataset-items?sourceTraceId=t'))).toEqual(['item/1']);
    expect((await get(`/dataset-items?version=${then}`)).status).toBe(400);
    expect((await get('/dataset-items?datasetName=absent')).status).toBe(404);

    await post('/dataset-items', { datasetName: 'versions', id: 'later', status: 'ARCHIVED' });
    expect(ids(await get('/dataset-items?datasetName=versions'))).toEqual(['item/1']);
    expect((await get('/dataset-items/later')).body).toMatchObject({ status: 'ARCHIVED', input: 2 });
    const item = encodeURIComponent('item/1');
    expect((await routes.call('DELETE', `${api}/dataset-items/${item}`)).body).toEqual({ message: 'Dataset item successfully deleted' });
    expect((await get(`/dataset-items/${item}`)).status).toBe(404);
    expect((await routes.call('DELETE', `${api}/dataset-items/${item}`)).status).toBe(404);
    expect(ids(await get(`/dataset-items?datasetName=versions&version=${then}`))).toEqual(['item/1']);
    expect((await post('/dataset-items', { datasetName: 'versions', id: 'item/1', input: 'anew' })).body).toMatchObject({ input: 'anew', metadata: null });
  });

  it('own the ids of their items', async () => {
    await post('/v2/datasets', { name: 'one' });
    await post('/v2/datasets', { name: 'two' });
    await post('/dataset-items', { datasetName: 'one', id: 'mine', input: 1 });
    expect(await post('/dataset-items', { datasetName: 'two', id: 'mine', input: 2 })).toMatchObject({ status: 409, body: { error: 'LangfuseConflictError' } });
    await post('/v2/datasets', { name: 'two' }, OTHER_PROJECT);
    expect((await post('/dataset-items', { datasetName: 'two', id: 'mine', input: 2 }, OTHER_PROJECT)).status).toBe(200);
    expect((await post('/dataset-items', { datasetName: 'absent', input: 1 })).status).toBe(404);
    expect((await post('/dataset-items', { datasetName: 'one', id: 'i'.repeat(256) })).status).toBe(400);
  });

  it('hold items to their schemas', async () => {
    const inputSchema = { type: 'object', required: ['q'] };
    await post('/v2/datasets', { name: 'strict', inputSchema, expectedOutputSchema: { type: 'string' } });
    expect((await post('/dataset-items', { datasetName: 'strict', id: 's1', input: { q: 1 }, expectedOutput: 'x' })).status).toBe(200);
    expect((await post('/dataset-items', { datasetName: 'strict', input: { q: 1 } })).status).toBe(200);
    const refused = await post('/dataset-items', { datasetName: 'strict', input: {}, expectedOutput: 1 });
    expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining("input: value must have required property 'q'")]);
    expect((await post('/v2/datasets', { name: 'strict', inputSchema: { type: 'object', required: ['other'] } })).body.message).toContain('existing item');
    expect((await get('/v2/datasets/strict')).body).toMatchObject({ inputSchema });
    expect((await post('/v2/datasets', { name: 'strict', inputSchema: null })).body).toMatchObject({
      inputSchema: null,
      expectedOutputSchema: { type: 'string' },
    });
    expect((await post('/dataset-items', { datasetName: 'strict', input: 'anything' })).status).toBe(200);
  });

  it('take the content as it was sent', async () => {
    await post('/v2/datasets', { name: 'content' });
    const input = { b: [1, null, { 深い: '値' }], a: 'x'.repeat(100_000) };
    const stored = await post('/dataset-items', { datasetName: 'content', input });
    expect(stored.body.input).toEqual(input);
    expect(Object.keys(stored.body.input as unknown as object)).toEqual(['b', 'a']);
    expect((await post('/dataset-items', { datasetName: 'content', id: 'null', input: null })).body).toMatchObject({ input: null });
  });
});

describe('runs', () => {
  it('are made by their first item, and listed, read and deleted by name', async () => {
    await post('/v2/datasets', { name: 'ran' });
    for (const id of ['r1', 'r2']) await post('/dataset-items', { datasetName: 'ran', id, input: id });
    const item = await post('/dataset-run-items', {
      runName: 'run/1',
      datasetItemId: 'r1',
      traceId: 'trace-1',
      observationId: 'o',
      metadata: { model: 'm' },
      runDescription: 'd',
    });
    expect(item.body).toEqual({
      id: expect.any(String),
      datasetRunId: expect.any(String),
      datasetRunName: 'run/1',
      datasetItemId: 'r1',
      traceId: 'trace-1',
      observationId: 'o',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    // A retry is the same item; another trace is another one.
    expect((await post('/dataset-run-items', { runName: 'run/1', datasetItemId: 'r1', traceId: 'trace-1', observationId: 'o' })).body).toEqual(item.body);
    expect((await post('/dataset-run-items', { runName: 'run/1', datasetItemId: 'r2', observationId: 'known' })).body).toMatchObject({
      traceId: 'found-trace',
      observationId: 'known',
    });
    const run = await get(`/datasets/ran/runs/${encodeURIComponent('run/1')}`);
    expect(run.body).toMatchObject({ id: item.body.datasetRunId, name: 'run/1', description: 'd', metadata: { model: 'm' }, datasetName: 'ran' });
    expect((run.body.datasetRunItems as unknown as { datasetItemId: string }[]).map((entry) => entry.datasetItemId).sort()).toEqual(['r1', 'r2']);
    expect((await get('/datasets/ran/runs')).body).toMatchObject({ data: [{ name: 'run/1' }], meta: { totalItems: 1 } });
    const listed = await get(`/dataset-run-items?datasetId=${run.body.datasetId}&runName=${encodeURIComponent('run/1')}&limit=1`);
    expect(listed.body.meta).toMatchObject({ totalItems: 2, totalPages: 2 });
    expect((await get('/datasets/ran')).body).toMatchObject({ runs: ['run/1'], items: [{ id: 'r2' }, { id: 'r1' }] });
    expect((await get('/datasets?limit=100')).body.data.find((dataset) => dataset.name === 'ran')).toMatchObject({ items: ['r2', 'r1'], runs: ['run/1'] });

    await routes.call('DELETE', `${api}/dataset-items/r1`);
    expect((await get(`/datasets/ran/runs/${encodeURIComponent('run/1')}`)).body.datasetRunItems).toHaveLength(1);
    expect((await routes.call('DELETE', `${api}/datasets/ran/runs/${encodeURIComponent('run/1')}`)).body).toEqual({
      message: 'Dataset run successfully deleted',
    });
    expect((await get(`/datasets/ran/runs/${encodeURIComponent('run/1')}`)).status).toBe(404);
  });

  it('refuse what is not there and what is not known', async () => {
    await post('/v2/datasets', { name: 'refusing' });
    const first = await post('/dataset-items', { datasetName: 'refusing', id: 'x1', input: 1 });
    await post('/dataset-items', { datasetName: 'refusing', id: 'x2', input: 1, status: 'ARCHIVED' });
    const status = async (body: Record<string, unknown>, project = PROJECT) =>
      (await post('/dataset-run-items', { runName: 'r', traceId: 't', ...body }, project)).status;
    expect(await status({ datasetItemId: 'absent' })).toBe(404);
    expect(await status({ datasetItemId: 'x2' })).toBe(404);
    expect(await status({ datasetItemId: 'x1' }, OTHER_PROJECT)).toBe(404);
    expect(await status({ datasetItemId: 'x1', traceId: null })).toBe(400);
    expect(await status({ datasetItemId: 'x1', traceId: null, observationId: 'unknown' })).toBe(404);
    expect(await status({ datasetItemId: 'x1', more: 1 })).toBe(400);
    expect(await status({ datasetItemId: 'x1', datasetVersion: '2020-01-01T00:00:00Z' })).toBe(404);
    expect(await status({ datasetItemId: 'x1', datasetVersion: first.body.updatedAt })).toBe(200);
    expect((await get('/dataset-run-items?datasetId=a')).status).toBe(400);
    expect((await get('/dataset-run-items?datasetId=a&runName=b')).status).toBe(404);
  });
});
