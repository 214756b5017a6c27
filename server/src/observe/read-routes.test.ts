// Every read and the writer on the second adapter (ClickHouse over HTTP), so that nothing grows on one engine alone; and the list that the front forwards.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '#identity/principal.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { observation, PROJECT, score, trace } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { constantSql } from '#stores/analytics/sql.ts';
import { forwardedReadRoutes, readRoutes } from './read-routes.ts';

const person: Principal = { kind: 'user', userId: 'u', email: 'a@example.com', name: 'A', role: 'viewer', mustChangePassword: false };
const SPECIAL = 'id/with \\ \' " {p0:String} 日本';
const others = {
  records: { query: async () => [] },
  deletions: { traces: async () => '', score: async () => '' },
  tail: null,
  teamNames: async () => new Map(),
};
let reads: ReadsFixture;
const filter = (...conditions: object[]) => `filter=${encodeURIComponent(JSON.stringify(conditions))}`;

beforeAll(async () => {
  reads = await openReads((analytics) => readRoutes({ ...others, analytics }), 'http');
  await reads.write({
    traces: [trace(SPECIAL, { user_id: 'user-1', tags: ["it's"], metadata: { "k'": 'v' } })],
    observations: [
      observation(SPECIAL, { trace_id: SPECIAL, type: 'GENERATION', total_cost: '0.5', cost_source: 'client' }),
      observation('call', {
        trace_id: 'call',
        is_trace: 1,
        call_id: 'c',
        type: 'GENERATION',
        end_time: '2026-11-20T12:00:02.123456Z',
        total_cost: '1',
        cost_source: 'gateway',
      }),
      { ...observation('bad'), total_cost: 'not money' },
    ],
    scores: [score(SPECIAL, { trace_id: SPECIAL })],
  });
});
afterAll(async () => await reads.close());

describe('reads on the second adapter', () => {
  it('answers every route, with ids of any letters', async () => {
    const id = encodeURIComponent(SPECIAL);
    const range = `projectId=${PROJECT}&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z`;
    const found: [string, Principal?][] = [
      ['/api/public/traces'],
      [`/api/public/traces?tags=${encodeURIComponent("it's")}&${filter({ type: 'stringObject', column: 'metadata', key: "k'", operator: '=', value: 'v' })}`],
      [
        `/api/public/traces?${filter({ type: 'number', column: 'totalCost', operator: '>=', value: 0.5 }, { type: 'numberObject', column: 'scores_avg', key: 'quality', operator: '=', value: 0.5 })}`,
      ],
      ['/api/public/observations?userId=user-1'],
      ['/api/public/v2/observations?fields=io,metadata,trace_context&limit=1'],
      [`/api/public/observations?${filter({ type: 'arrayOptions', column: 'traceTags', operator: 'any of', value: ["it's"] })}`],
      ['/api/public/scores?userId=user-1'],
      [`/api/public/v2/scores?scoreIds=${id}`],
      [`/api/console/traces?${range}&search=NAME`, person],
    ];
    for (const [path, who] of found) {
      const answer = await reads.get(path, who ?? projectKey(PROJECT));
      expect([path, answer.status, answer.body.data?.length > 0]).toEqual([path, 200, true]);
    }
    for (const path of [`/api/public/traces/${id}`, `/api/public/observations/${id}`, `/api/public/scores/${id}`, `/api/public/v2/scores/${id}`])
      expect([path, (await reads.get(path)).body.id]).toEqual([path, SPECIAL]);
    expect((await reads.get(`/api/console/traces/${id}?projectId=${PROJECT}`, person)).body).toMatchObject({ trace: { id: SPECIAL, totalCost: '0.5' } });
    expect((await reads.get(`/api/console/overview?${range}`, person)).body).toMatchObject({ totals: { calls: 2, traces: 2, cost: '1.5' } });
  });

  it('sets a refused row aside and looks rows up as the fold needs them', async () => {
    expect(await reads.analytics.query(constantSql('SELECT place FROM dead_letters'))).toEqual([{ place: 'observations' }]);
    const lookup = createLookup(reads.analytics);
    expect(await lookup.traces([{ projectId: PROJECT, id: SPECIAL }])).toMatchObject([{ id: SPECIAL }]);
    expect(await lookup.traceCarriers([{ projectId: PROJECT, id: 'call' }])).toMatchObject([{ id: 'call', is_trace: 1 }]);
  });
});

describe('the list that the front forwards', () => {
  it('has the same paths, and every one of them goes to the engine', async () => {
    const forwarded = forwardedReadRoutes(async () => new Response('engine'));
    expect(forwarded.map((route) => `${route.method} ${route.path}`)).toEqual(
      readRoutes({ ...others, analytics: reads.analytics }).map((route) => `${route.method} ${route.path}`),
    );
    for (const route of forwarded) expect(await (await route.handle({} as never)).text()).toBe('engine');
  });
});
