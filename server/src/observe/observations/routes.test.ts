// The public observation reads against real rows: both shapes, the cursor, field groups, filters, 404s.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observation, PROJECT, trace } from '#observe/store/rows-fixture.ts';
import { openReads, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { observationRoutes } from './routes.ts';

let reads: ReadsFixture;
const ids = (answer: { body: { data: Record<string, unknown>[] } }) => answer.body.data.map((item) => item.id);
const filter = (...conditions: object[]) => `filter=${encodeURIComponent(JSON.stringify(conditions))}`;

beforeAll(async () => {
  reads = await openReads(observationRoutes);
  await reads.write({
    traces: [trace('trace-1', { user_id: 'user-1', session_id: 'session-1', tags: ['t1'], name: 'the trace', release: 'r9', public: 1 })],
    observations: [
      observation('generation/1', {
        type: 'GENERATION',
        parent_observation_id: 'root',
        end_time: '2026-11-20T12:00:01.623456Z',
        completion_start_time: '2026-11-20T12:00:00.373456Z',
        input: '{"messages":[]}',
        output: '"text"',
        metadata: { long: 'x'.repeat(250), short: '{"a":1}' },
        provided_model_name: 'gpt-4o-mini',
        internal_model_id: 'model-1',
        model_parameters: '{"temperature":0.5}',
        usage_details: { input: '10', input_cached_tokens: '4', output: '20', output_reasoning_tokens: '6', total: '40' },
        cost_details: { input: '0.001', output: '0.002' },
        total_cost: '0.003',
        prompt_id: 'p',
        prompt_name: 'greet',
        prompt_version: 2,
      }),
      observation('root', { start_time: '2026-11-20T11:59:59.000000Z', user_id: 'own-user', level: 'WARNING', environment: 'production' }),
      ...Array.from({ length: 25 }, (_, index) =>
        observation(`tie-${String(index).padStart(2, '0')}`, { trace_id: `t${index % 3}`, start_time: '2025-01-01T00:00:00.000001Z', type: 'EVENT' }),
      ),
    ],
  });
});
afterAll(async () => await reads.close());

describe('GET /api/public/observations', () => {
  it('gives the strict v1 object', async () => {
    const answer = await reads.get(`/api/public/observations/${encodeURIComponent('generation/1')}`);
    expect(answer).toEqual({
      status: 200,
      body: {
        id: 'generation/1',
        projectId: PROJECT,
        traceId: 'trace-1',
        parentObservationId: 'root',
        name: 'name of generation/1',
        type: 'GENERATION',
        environment: 'default',
        startTime: '2026-11-20T12:00:00.123Z',
        endTime: '2026-11-20T12:00:01.623Z',
        version: null,
        createdAt: '2026-11-20T12:00:00.123Z',
        updatedAt: '2026-11-20T12:00:00.123Z',
        input: { messages: [] },
        output: 'text',
        metadata: { long: 'x'.repeat(250), short: { a: 1 } },
        level: 'DEFAULT',
        statusMessage: null,
        model: 'gpt-4o-mini',
        modelParameters: { temperature: 0.5 },
        completionStartTime: '2026-11-20T12:00:00.373Z',
        promptId: 'p',
        promptName: 'greet',
        promptVersion: 2,
        usageDetails: { input: 10, input_cached_tokens: 4, output: 20, output_reasoning_tokens: 6, total: 40 },
        costDetails: { input: 0.001, output: 0.002 },
        usage: { unit: 'TOKENS', input: 14, output: 26, total: 40 },
        unit: 'TOKENS',
        promptTokens: 14,
        completionTokens: 26,
        totalTokens: 40,
        usagePricingTierName: null,
        usagePricingTierId: null,
        modelId: 'model-1',
        inputPrice: null,
        outputPrice: null,
        totalPrice: null,
        calculatedInputCost: 0.001,
        calculatedOutputCost: 0.002,
        calculatedTotalCost: 0.003,
        latency: 1.5,
        timeToFirstToken: 0.25,
      },
    });
    expect(await reads.get('/api/public/observations/absent')).toEqual({
      status: 404,
      body: { message: 'Observation not found within authorized project', error: 'LangfuseNotFoundError' },
    });
  });

  it('pages and filters, by the trace too', async () => {
    const all = await reads.get('/api/public/observations?limit=10&page=3');
    expect([ids(all).length, all.body.meta]).toEqual([7, { page: 3, limit: 10, totalItems: 27, totalPages: 3 }]);
    const expected: [string, string[]][] = [
      ['type=GENERATION', ['generation/1']],
      ['traceId=trace-1', ['generation/1', 'root']],
      ['userId=user-1', ['generation/1']],
      ['userId=own-user', ['root']],
      ['level=WARNING&environment=production', ['root']],
      ['parentObservationId=root', ['generation/1']],
      ['name=name%20of%20root', ['root']],
      ['fromStartTime=2026-11-20T12:00:00Z', ['generation/1']],
      [filter({ type: 'number', column: 'latency', operator: '>', value: 1.4 }), ['generation/1']],
      [filter({ type: 'number', column: 'tokensPerSecond', operator: '>', value: 17 }), ['generation/1']],
      [filter({ type: 'number', column: 'timeToFirstToken', operator: '<=', value: 0.25 }), ['generation/1']],
      [filter({ type: 'number', column: 'totalCost', operator: '=', value: 0.003 }), ['generation/1']],
      [filter({ type: 'string', column: 'model', operator: 'contains', value: '4o' }), ['generation/1']],
      [filter({ type: 'arrayOptions', column: 'traceTags', operator: 'any of', value: ['t1'] }), ['generation/1', 'root']],
      [filter({ type: 'string', column: 'traceName', operator: '=', value: 'the trace' }), ['generation/1', 'root']],
      [filter({ type: 'null', column: 'parentObservationId', operator: 'is not null' }), ['generation/1']],
    ];
    for (const [query, found] of expected) expect([query, ids(await reads.get(`/api/public/observations?${query}`))]).toEqual([query, found]);
    expect((await reads.get(`/api/public/observations?${filter({ type: 'string', column: 'secret', operator: '=', value: '' })}`)).status).toBe(400);
  });
});

describe('GET /api/public/v2/observations', () => {
  it('gives core and basic, and the groups asked for', async () => {
    const plain = await reads.get('/api/public/v2/observations?traceId=trace-1&limit=1');
    expect(plain.body.data[0]).toEqual({
      id: 'generation/1',
      traceId: 'trace-1',
      startTime: '2026-11-20T12:00:00.123Z',
      endTime: '2026-11-20T12:00:01.623Z',
      projectId: PROJECT,
      parentObservationId: 'root',
      type: 'GENERATION',
      isRootObservation: false,
      name: 'name of generation/1',
      level: 'DEFAULT',
      statusMessage: null,
      version: null,
      environment: 'default',
      bookmarked: false,
      public: true,
      userId: 'user-1',
      sessionId: 'session-1',
      modelId: 'model-1',
      inputPrice: null,
      outputPrice: null,
      totalPrice: null,
    });
    const wide = await reads.get('/api/public/v2/observations?type=GENERATION&fields=io,metadata,model,usage,prompt,metrics,trace_context,time');
    expect(wide.body.data[0]).toMatchObject({
      input: '{"messages":[]}',
      output: 'text',
      metadata: { long: 'x'.repeat(200), short: { a: 1 } },
      providedModelName: 'gpt-4o-mini',
      modelParameters: { temperature: 0.5 },
      totalCost: 0.003,
      promptVersion: 2,
      latency: 1.5,
      timeToFirstToken: 0.25,
      tags: ['t1'],
      release: 'r9',
      traceName: 'the trace',
      completionStartTime: '2026-11-20T12:00:00.373Z',
    });
    expect(wide.body.data[0]).not.toHaveProperty('level');
    const expanded = await reads.get('/api/public/v2/observations?type=GENERATION&fields=metadata&expandMetadata=long');
    expect(expanded.body.data[0]).toMatchObject({ metadata: { long: 'x'.repeat(250) } });
  });

  it('walks every row exactly once by cursor, ties included', async () => {
    for (const limit of [1, 4, 27, 1000]) {
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const answer = await reads.get(`/api/public/v2/observations?limit=${limit}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
        seen.push(...ids(answer));
        cursor = (answer.body.meta.cursor as string | undefined) ?? '';
      } while (cursor !== '');
      expect([limit, seen.length, new Set(seen).size]).toEqual([limit, 27, 27]);
    }
  });

  it('filters roots and parents, and refuses what the contract refuses', async () => {
    expect(ids(await reads.get('/api/public/v2/observations?isRootObservation=true&traceId=trace-1'))).toEqual(['root']);
    expect(ids(await reads.get('/api/public/v2/observations?parentObservationId=&traceId=trace-1'))).toEqual(['root']);
    expect(ids(await reads.get('/api/public/v2/observations?sessionId=session-1&isRootObservation=false'))).toEqual(['generation/1']);
    for (const query of ['parseIoAsJson=true', 'limit=1001', 'limit=0', 'isRootObservation=maybe'])
      expect((await reads.get(`/api/public/v2/observations?${query}`)).status).toBe(400);
  });

  it('answers 400 to any cursor that is not one of ours, never worse', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.json().map((value) => Buffer.from(value).toString('base64')),
        ),
        async (cursor) => {
          fc.pre(cursor !== '');
          const answer = await reads.get(`/api/public/v2/observations?cursor=${encodeURIComponent(cursor.toWellFormed())}`);
          expect(answer.body).toMatchObject({ message: 'Invalid cursor format' });
        },
      ),
      { numRuns: 60 },
    );
  });
});
