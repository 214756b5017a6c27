// Sessions out of stored traces: when they began, where, which traces; ranges, pages, other projects.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observation, PROJECT, trace } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { sessionRoutes } from './routes.ts';

let reads: ReadsFixture;
const list = async (query = '') => (await reads.get(`/api/public/sessions${query}`)).body;

beforeAll(async () => {
  reads = await openReads(sessionRoutes);
  await reads.write({
    traces: [
      trace('first', { session_id: 'chat/1', timestamp: '2026-11-18T12:00:00.000000Z', environment: 'production', input: '{"q":1}' }),
      trace('second', { session_id: 'chat/1', timestamp: '2026-11-20T12:00:00.000000Z' }),
      trace('other', { session_id: 'chat-2', timestamp: '2026-11-19T12:00:00.000000Z' }),
      trace('none', { session_id: null }),
      trace('empty', { session_id: '' }),
      { ...trace('theirs', { session_id: 'chat-3' }), project_id: 'project-2' },
    ],
    observations: [observation('call', { trace_id: 'call', is_trace: 1, session_id: 'chat-2', start_time: '2026-11-21T12:00:00.000000Z' })],
  });
});
afterAll(async () => await reads.close());

describe('GET /api/public/sessions', () => {
  it('lists what traces and gateway calls name, the latest begun first', async () => {
    expect(await list()).toEqual({
      data: [
        { id: 'chat-2', createdAt: '2026-11-19T12:00:00.000Z', projectId: PROJECT, environment: 'default' },
        { id: 'chat/1', createdAt: '2026-11-18T12:00:00.000Z', projectId: PROJECT, environment: 'production' },
      ],
      meta: { page: 1, limit: 50, totalItems: 2, totalPages: 1 },
    });
    expect((await list('?limit=1&page=2')).data).toMatchObject([{ id: 'chat/1' }]);
  });

  it('goes by the beginning of a session: from included, to excluded', async () => {
    const found = async (query: string) => (await list(query)).data.map((item) => item.id);
    expect(await found('?fromTimestamp=2026-11-19T12:00:00Z')).toEqual(['chat-2']);
    expect(await found('?fromTimestamp=2026-11-20T00:00:00Z')).toEqual([]);
    expect(await found('?toTimestamp=2026-11-19T12:00:00Z')).toEqual(['chat/1']);
    expect(await found('?environment=production&environment=staging')).toEqual(['chat/1']);
    for (const query of ['?page=0', '?limit=101', '?fromTimestamp=x'])
      expect([query, (await reads.get(`/api/public/sessions${query}`)).status]).toEqual([query, 400]);
  });
});

describe('GET /api/public/sessions/{id}', () => {
  it('gives the traces whole, oldest first', async () => {
    const { body } = await reads.get(`/api/public/sessions/${encodeURIComponent('chat/1')}`);
    expect(body).toMatchObject({ id: 'chat/1', createdAt: '2026-11-18T12:00:00.000Z', environment: 'production', projectId: PROJECT });
    expect((body.traces as unknown as { id: string; input: unknown }[]).map(({ id, input }) => [id, input])).toEqual([
      ['first', { q: 1 }],
      ['second', null],
    ]);
  });
  it('is 404 for what no trace of the project names', async () => {
    for (const id of ['absent', 'chat-3'])
      expect(await reads.get(`/api/public/sessions/${id}`)).toMatchObject({ status: 404, body: { error: 'LangfuseNotFoundError' } });
    expect((await reads.get('/api/public/sessions/chat-3', projectKey('project-2'))).status).toBe(200);
  });
});
