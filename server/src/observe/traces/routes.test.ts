// The public trace reads against real rows: shapes, pages, filters, 404s, cost counted once, gateway calls as traces.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observation, PROJECT, score, trace } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from './reads-fixture.ts';
import { traceRoutes } from './routes.ts';

let reads: ReadsFixture;
const ids = (answer: { body: { data: Record<string, unknown>[] } }) => answer.body.data.map((item) => item.id);
const filter = (...conditions: object[]) => `filter=${encodeURIComponent(JSON.stringify(conditions))}`;

beforeAll(async () => {
  reads = await openReads(traceRoutes);
  await reads.write({
    traces: [
      trace('trace-1', {
        timestamp: '2026-11-20T12:00:00.123456Z',
        user_id: 'user-1',
        session_id: 'session/1',
        tags: ['b', 'a'],
        release: 'r1',
        input: '{"question":"こんにちは"}',
        output: '"plain text"',
        metadata: { text: 'stays', number: '5', version: '1.0', nested: '{"a":[1]}' },
      }),
      trace('trace/2 ü', { timestamp: '2026-11-19T12:00:00.000000Z', name: 'second', environment: 'production', tags: ['a'], public: 1 }),
      trace('old', { timestamp: '2024-02-01T00:00:00.000000Z', name: 'old' }),
      trace('foreign', { project_id: 'project-2' }),
    ],
    observations: [
      observation('root', { end_time: '2026-11-20T12:00:02.123456Z', level: 'ERROR' }),
      observation('sdk', {
        parent_observation_id: 'root',
        type: 'GENERATION',
        total_cost: '0.5',
        cost_source: 'computed',
        usage_details: { input: '10', output: '5', total: '15' },
      }),
      observation('gateway', {
        parent_observation_id: 'sdk',
        type: 'GENERATION',
        total_cost: '0.25',
        cost_source: 'gateway',
        cost_details: { input: '0.2', output: '0.05' },
        usage_details: { input: '11', output: '5', total: '16' },
      }),
      observation('call', {
        trace_id: 'call-trace',
        start_time: '2026-11-21T08:00:00.000000Z',
        end_time: '2026-11-21T08:00:01.500000Z',
        is_trace: 1,
        call_id: 'c1',
        name: 'litellm-acompletion',
        trace_name: 'demo chat',
        user_id: 'user-2',
        tags: ['gateway'],
        total_cost: '10000000.000000000001',
        cost_source: 'gateway',
        input: '[{"role":"user","content":"hi"}]',
        type: 'GENERATION',
      }),
    ],
    scores: [score('s1'), score('s2', { name: 'verdict', data_type: 'CATEGORICAL', value: 0, string_value: 'good' })],
  });
});
afterAll(async () => await reads.close());

describe('GET /api/public/traces', () => {
  it('lists newest first with the strict shape, across both kinds of carrier', async () => {
    const answer = await reads.get('/api/public/traces');
    expect(ids(answer)).toEqual(['call-trace', 'trace-1', 'trace/2 ü', 'old']);
    expect(answer.body.meta).toEqual({ page: 1, limit: 50, totalItems: 4, totalPages: 1 });
    expect(answer.body.data[1]).toEqual({
      id: 'trace-1',
      externalId: null,
      timestamp: '2026-11-20T12:00:00.123Z',
      name: 'name of trace-1',
      userId: 'user-1',
      metadata: { text: 'stays', number: 5, version: '1.0', nested: { a: [1] } },
      release: 'r1',
      version: null,
      projectId: PROJECT,
      environment: 'default',
      public: false,
      bookmarked: false,
      tags: ['a', 'b'],
      input: { question: 'こんにちは' },
      output: 'plain text',
      sessionId: 'session/1',
      createdAt: '2026-11-20T12:00:00.123Z',
      updatedAt: '2026-11-20T12:00:00.123Z',
      observations: expect.arrayContaining(['root', 'sdk', 'gateway']),
      scores: expect.arrayContaining(['s1', 's2']),
      totalCost: 0.25,
      latency: 2,
      htmlPath: '/project/project-1/traces/trace-1',
    });
    expect(answer.body.data[0]).toMatchObject({ name: 'demo chat', userId: 'user-2', totalCost: 10_000_000, latency: 1.5, tags: ['gateway'] });
  });

  it('pages with exact totals, deep into old windows', async () => {
    const pages = await Promise.all([1, 2, 3, 4, 5].map((page) => reads.get(`/api/public/traces?limit=1&page=${page}`)));
    expect(pages.map(ids)).toEqual([['call-trace'], ['trace-1'], ['trace/2 ü'], ['old'], []]);
    expect(pages[3]?.body.meta).toEqual({ page: 4, limit: 1, totalItems: 4, totalPages: 4 });
  });

  it('takes from inclusive and to exclusive', async () => {
    const from = encodeURIComponent('2026-11-19T21:00:00+09:00');
    expect(ids(await reads.get(`/api/public/traces?fromTimestamp=${from}&toTimestamp=2026-11-21T08:00:00Z`))).toEqual(['trace-1', 'trace/2 ü']);
  });

  it('filters by each simple parameter', async () => {
    const expected: Record<string, string[]> = {
      'userId=user-1': ['trace-1'],
      'name=demo%20chat': ['call-trace'],
      'sessionId=session%2F1': ['trace-1'],
      'tags=a': ['trace-1', 'trace/2 ü'],
      'tags=a&tags=b': ['trace-1'],
      'release=r1': ['trace-1'],
      'environment=production&environment=other': ['trace/2 ü'],
      'version=none': [],
      'name=&userId=': ['call-trace', 'trace-1', 'trace/2 ü', 'old'],
      'orderBy=timestamp.asc&limit=2': ['old', 'trace/2 ü'],
      'orderBy=name.desc&limit=1': ['trace/2 ü'],
    };
    for (const [query, found] of Object.entries(expected)) expect([query, ids(await reads.get(`/api/public/traces?${query}`))]).toEqual([query, found]);
  });

  it('filters by the filter parameter, which takes precedence', async () => {
    const expected: [string, string[]][] = [
      [filter({ type: 'string', column: 'name', operator: 'contains', value: 'chat' }), ['call-trace']],
      [`name=nothing&${filter({ type: 'string', column: 'name', operator: 'starts with', value: 'sec' })}`, ['trace/2 ü']],
      [filter({ type: 'stringOptions', column: 'environment', operator: 'none of', value: ['default'] }), ['trace/2 ü']],
      [filter({ type: 'arrayOptions', column: 'tags', operator: 'all of', value: ['a', 'b'] }), ['trace-1']],
      [filter({ type: 'datetime', column: 'timestamp', operator: '<', value: '2025-01-01T00:00:00Z' }), ['old']],
      [filter({ type: 'stringObject', column: 'metadata', key: 'text', operator: '=', value: 'stays' }), ['trace-1']],
      [filter({ type: 'numberObject', column: 'metadata', key: 'number', operator: '>=', value: 5 }), ['trace-1']],
      [filter({ type: 'boolean', column: 'public', operator: '=', value: true }), ['trace/2 ü']],
      [filter({ type: 'null', column: 'userId', operator: 'is null' }), ['trace/2 ü', 'old']],
      [filter({ type: 'number', column: 'totalCost', operator: '>', value: 0.3 }), ['call-trace']],
      [filter({ type: 'number', column: 'totalCost', operator: '=', value: 0.25 }), ['trace-1']],
      [filter({ type: 'number', column: 'latency', operator: '>=', value: 2 }), ['trace-1']],
      [filter({ type: 'number', column: 'totalTokens', operator: '=', value: 16 }), ['trace-1']],
      [filter({ type: 'number', column: 'errorCount', operator: '>', value: 0 }), ['trace-1']],
      [filter({ type: 'stringOptions', column: 'level', operator: 'any of', value: ['ERROR'] }), ['trace-1']],
      [filter({ type: 'numberObject', column: 'scores_avg', key: 'quality', operator: '=', value: 0.5 }), ['trace-1']],
      [filter({ type: 'categoryOptions', column: 'score_categories', key: 'verdict', operator: 'any of', value: ['good'] }), ['trace-1']],
    ];
    for (const [query, found] of expected) expect([query, ids(await reads.get(`/api/public/traces?${query}`))]).toEqual([query, found]);
  });

  it('refuses what it does not know with 400 and a reason', async () => {
    const bad = [
      'page=0',
      'limit=101',
      'limit=x',
      'fromTimestamp=yesterday',
      'orderBy=password.asc',
      'orderBy=timestamp.sideways',
      'filter=%7B',
      filter({ type: 'string', column: 'password', operator: '=', value: 'x' }),
      filter({ type: 'string', column: '__proto__', operator: '=', value: 'x' }),
      filter({ type: 'number', column: 'name', operator: '=', value: 1 }),
      filter({ type: 'string', column: 'name', operator: 'like', value: 'x' }),
      filter({ type: 'positionInTrace', column: 'name', operator: 'root', value: '' }),
    ];
    for (const query of bad) {
      const answer = await reads.get(`/api/public/traces?${query}`);
      expect([query, answer.status]).toEqual([query, 400]);
      expect(answer.body.message).toMatch(/^Invalid/);
    }
  });

  it('leaves out groups that were not asked for', async () => {
    const answer = await reads.get('/api/public/traces?fields=core,metrics&userId=user-1');
    expect(answer.body.data[0]).toMatchObject({ input: null, output: null, metadata: null, observations: [], scores: [], totalCost: 0.25, latency: 2 });
    const core = await reads.get('/api/public/traces?fields=core&userId=user-1');
    expect(core.body.data[0]).toMatchObject({ totalCost: -1, latency: -1 });
    const unknown = await reads.get('/api/public/traces?fields=nonsense&userId=user-1');
    expect(unknown.body.data[0]).toMatchObject({ totalCost: 0.25, output: 'plain text' });
  });

  it('shows another project nothing, and refuses keys that may not read', async () => {
    expect(ids(await reads.get('/api/public/traces', projectKey('project-2')))).toEqual(['foreign']);
    expect((await reads.get('/api/public/traces', { kind: 'master' })).status).toBe(403);
  });
});

describe('GET /api/public/traces/{id}', () => {
  it('gives observations and scores whole, for ids with slashes and other letters', async () => {
    const answer = await reads.get('/api/public/traces/trace-1');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: 'trace-1', totalCost: 0.25, latency: 2 });
    const { observations, scores } = answer.body as unknown as { observations: { id: string }[]; scores: { id: string }[] };
    expect(observations.map((found) => found.id).sort()).toEqual(['gateway', 'root', 'sdk']);
    expect(scores.map((found) => found.id)).toEqual(['s1', 's2']);
    expect((await reads.get(`/api/public/traces/${encodeURIComponent('trace/2 ü')}`)).body).toMatchObject({ id: 'trace/2 ü', name: 'second', public: true });
    expect((await reads.get('/api/public/traces/call-trace')).body).toMatchObject({
      id: 'call-trace',
      name: 'demo chat',
      input: [{ role: 'user', content: 'hi' }],
    });
  });

  it('answers 404 with the documented body for an unknown trace and for another project', async () => {
    for (const id of ['absent', 'foreign'])
      expect(await reads.get(`/api/public/traces/${id}`)).toEqual({
        status: 404,
        body: { message: `Trace ${id} not found within authorized project`, error: 'LangfuseNotFoundError' },
      });
  });

  it('shows the newest version and forgets a deleted trace', async () => {
    await reads.write({ traces: [trace('changing', { name: 'one', row_version: '1' }), trace('deleted', { row_version: '1' })] });
    await reads.write({ traces: [trace('changing', { name: 'two', row_version: '2' }), trace('deleted', { row_version: '2', is_deleted: 1 })] });
    expect((await reads.get('/api/public/traces/changing')).body).toMatchObject({ name: 'two' });
    expect((await reads.get('/api/public/traces/deleted')).status).toBe(404);
    expect(ids(await reads.get('/api/public/traces?name=one'))).toEqual([]);
    expect(ids(await reads.get('/api/public/traces'))).not.toContain('deleted');
  });
});
