// The public score reads against real rows: typed shapes, v1's limits, the trace beside the score, filters, 404s.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT, score, trace } from '#observe/store/rows-fixture.ts';
import { openReads, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { scoreRoutes } from './routes.ts';
import { decodeScoreCursor } from './v3.ts';

let reads: ReadsFixture;
const ids = (answer: { body: { data: Record<string, unknown>[] } }) => answer.body.data.map((item) => item.id).sort();

beforeAll(async () => {
  reads = await openReads(scoreRoutes);
  await reads.write({
    traces: [trace('trace-1', { user_id: 'user-1', tags: ['a', 'b'], session_id: 's' })],
    scores: [
      score('numeric', { value: 0.75, comment: 'fine', metadata: { by: 'test' } }),
      score('categorical', {
        data_type: 'CATEGORICAL',
        value: 2,
        string_value: 'good',
        name: 'verdict',
        source: 'ANNOTATION',
        config_id: 'c1',
        queue_id: 'q1',
        author_user_id: 'u',
      }),
      score('boolean', { data_type: 'BOOLEAN', value: 1, observation_id: 'o1', environment: 'production' }),
      score('text', { data_type: 'TEXT', value: null, string_value: 'free', trace_id: 'trace-2' }),
      score('correction', { data_type: 'CORRECTION', value: null, string_value: 'better', name: 'output' }),
      score('of/session', { trace_id: '', session_id: 'session-1', value: 3, timestamp: '2025-01-01T00:00:00.000000Z' }),
      score('of-run', { trace_id: '', dataset_run_id: 'run-1' }),
    ],
  });
});
afterAll(async () => await reads.close());

describe('GET /api/public/v2/scores', () => {
  it('lists every score with its typed value and its trace', async () => {
    const answer = await reads.get('/api/public/v2/scores');
    expect(answer.body.meta).toEqual({ page: 1, limit: 50, totalItems: 7, totalPages: 1 });
    const byId = Object.fromEntries(answer.body.data.map((item) => [item.id, item]));
    expect(byId.numeric).toEqual({
      id: 'numeric',
      projectId: PROJECT,
      name: 'quality',
      source: 'API',
      authorUserId: null,
      comment: 'fine',
      metadata: { by: 'test' },
      configId: null,
      queueId: null,
      environment: 'default',
      createdAt: '2026-11-20T12:00:05.000Z',
      updatedAt: '2026-11-20T12:00:05.000Z',
      timestamp: '2026-11-20T12:00:05.000Z',
      traceId: 'trace-1',
      observationId: null,
      sessionId: null,
      datasetRunId: null,
      dataType: 'NUMERIC',
      value: 0.75,
      trace: { userId: 'user-1', tags: ['a', 'b'], environment: 'default', sessionId: 's' },
    });
    expect(byId.categorical).toMatchObject({ value: 2, stringValue: 'good', authorUserId: 'u' });
    expect(byId.boolean).toMatchObject({ value: 1, stringValue: 'True', observationId: 'o1' });
    expect(byId.correction).toMatchObject({ value: 0, stringValue: 'better' });
    expect(byId.text).toMatchObject({ stringValue: 'free', trace: null });
    expect(byId.text).not.toHaveProperty('value');
    expect(byId['of/session']).toMatchObject({ traceId: null, sessionId: 'session-1', trace: null });
  });

  it('filters by each parameter', async () => {
    const expected: Record<string, string[]> = {
      'name=verdict': ['categorical'],
      'source=ANNOTATION': ['categorical'],
      'dataType=BOOLEAN': ['boolean'],
      'environment=production': ['boolean'],
      'operator=%3E%3D&value=2': ['categorical', 'of/session'],
      'operator=!%3D&value=3&dataType=NUMERIC': ['numeric', 'of-run'],
      'scoreIds=numeric,text': ['numeric', 'text'],
      'configId=c1&queueId=q1': ['categorical'],
      'sessionId=session-1': ['of/session'],
      'datasetRunId=run-1': ['of-run'],
      'traceId=trace-2': ['text'],
      'observationId=o1,o2': ['boolean'],
      'userId=user-1': ['boolean', 'categorical', 'correction', 'numeric'],
      'traceTags=a&traceTags=b': ['boolean', 'categorical', 'correction', 'numeric'],
      'traceTags=c': [],
      'toTimestamp=2026-01-01T00:00:00Z': ['of/session'],
    };
    for (const [query, found] of Object.entries(expected)) expect([query, ids(await reads.get(`/api/public/v2/scores?${query}`))]).toEqual([query, found]);
    const bare = await reads.get('/api/public/v2/scores?fields=score&scoreIds=numeric');
    expect(bare.body.data[0]).not.toHaveProperty('trace');
    for (const query of ['limit=101', 'operator=like&value=1', 'dataType=NUMBER', 'fields=score&userId=user-1', 'value=x'])
      expect([query, (await reads.get(`/api/public/v2/scores?${query}`)).status]).toEqual([query, 400]);
  });

  it('gives one by id, with slashes, or the documented 404', async () => {
    expect((await reads.get(`/api/public/v2/scores/${encodeURIComponent('of/session')}`)).body).toMatchObject({ id: 'of/session', value: 3 });
    expect(await reads.get('/api/public/v2/scores/absent')).toEqual({
      status: 404,
      body: { message: 'Score not found within authorized project', error: 'LangfuseNotFoundError' },
    });
  });
});

describe('GET /api/public/scores', () => {
  it('shows scores of traces only, without corrections, in the v1 shape', async () => {
    const answer = await reads.get('/api/public/scores');
    expect(ids(answer)).toEqual(['boolean', 'categorical', 'numeric', 'text']);
    expect(answer.body.data[0]).not.toHaveProperty('sessionId');
    expect((await reads.get('/api/public/scores/numeric')).body).toMatchObject({ id: 'numeric', traceId: 'trace-1', value: 0.75 });
    for (const id of ['correction', 'of-run']) expect((await reads.get(`/api/public/scores/${id}`)).status).toBe(404);
  });
});

describe('GET /api/public/v3/scores', () => {
  const v3 = '/api/public/v3/scores';
  it('gives one value whose type is the score’s, and the groups asked for', async () => {
    const bare = await reads.get(`${v3}?id=numeric`);
    expect(bare.body).toEqual({
      data: [
        {
          id: 'numeric',
          projectId: PROJECT,
          name: 'quality',
          value: 0.75,
          dataType: 'NUMERIC',
          source: 'API',
          timestamp: '2026-11-20T12:00:05.000Z',
          environment: 'default',
          createdAt: '2026-11-20T12:00:05.000Z',
          updatedAt: '2026-11-20T12:00:05.000Z',
        },
      ],
      meta: { limit: 50 },
    });
    const whole = await reads.get(`${v3}?fields=core,details,subject,annotation`);
    const byId = Object.fromEntries(whole.body.data.map((item) => [item.id, item]));
    expect(byId.numeric).toMatchObject({ comment: 'fine', configId: null, metadata: { by: 'test' }, subject: { kind: 'trace', id: 'trace-1' } });
    expect(byId.categorical).toMatchObject({ value: 'good', authorUserId: 'u', queueId: 'q1' });
    expect(byId.boolean).toMatchObject({ value: true, subject: { kind: 'observation', id: 'o1', traceId: 'trace-1' } });
    expect(byId.text).toMatchObject({ value: 'free' });
    expect(byId.correction).toMatchObject({ value: 'better' });
    expect(byId['of/session']).toMatchObject({ subject: { kind: 'session', id: 'session-1' } });
    expect(byId['of-run']).toMatchObject({ subject: { kind: 'experiment', id: 'run-1' } });
  });

  it('walks every score once by cursor, ties included', async () => {
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const page = await reads.get(`${v3}?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.body.data.map((item) => item.id));
      cursor = page.body.meta.cursor;
    } while (cursor !== undefined);
    expect([seen.length, new Set(seen).size]).toEqual([7, 7]);
    expect((await reads.get(`${v3}?cursor=broken`)).body.message).toBe('Invalid cursor format');
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          decodeScoreCursor(text);
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      }),
    );
  });

  it('filters by comma lists and refuses what the contract refuses', async () => {
    const expected: Record<string, string[]> = {
      'name=verdict,output': ['categorical', 'correction'],
      'source=annotation': ['categorical'],
      'dataType=boolean,text': ['boolean', 'text'],
      'dataType=NUMERIC&valueMin=0.6&valueMax=0.8': ['numeric'],
      'dataType=NUMERIC&value=3,0.75': ['numeric', 'of/session'],
      'dataType=BOOLEAN&value=true': ['boolean'],
      'dataType=BOOLEAN&value=false': [],
      'dataType=CATEGORICAL&value=good,bad': ['categorical'],
      'traceId=trace-2': ['text'],
      'traceId=trace-1&observationId=o1': ['boolean'],
      'sessionId=session-1': ['of/session'],
      'experimentId=run-1': ['of-run'],
      'configId=c1&queueId=q1&authorUserId=u&environment=default': ['categorical'],
      'toTimestamp=2026-01-01T00:00:00Z': ['of/session'],
    };
    for (const [query, found] of Object.entries(expected)) expect([query, ids(await reads.get(`${v3}?${query}`))]).toEqual([query, found]);
    const refused = [
      'limit=101',
      'userId=u',
      'traceTags=a',
      'fields=all',
      'dataType=NUMBER',
      'value=1',
      'dataType=TEXT&value=x',
      'valueMin=1',
      'dataType=NUMERIC&value=x',
      'dataType=BOOLEAN&value=2',
    ];
    refused.push('traceId=a&sessionId=b', 'observationId=o1', 'traceId=a,b&observationId=o1', 'fromTimestamp=now');
    for (const query of refused) expect([query, (await reads.get(`${v3}?${query}`)).status]).toEqual([query, 400]);
  });
});
