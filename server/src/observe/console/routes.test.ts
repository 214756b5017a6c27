// The console's reads against real rows: figures counted once, pages by cursor, the detail's two cost rules, and nobody but a person.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsoleOverview, ConsoleSessions, ConsoleTrace, ConsoleTraces } from '#contract.ts';
import type { Principal } from '#identity/principal.ts';
import { observation, PROJECT, score, trace } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { bucketSecondsOf } from './overview.ts';
import { consoleReadRoutes } from './routes.ts';

const person: Principal = { kind: 'user', userId: 'u', email: 'a@example.com', name: 'A', role: 'viewer', mustChangePassword: false };
let reads: ReadsFixture;
const RANGE = `projectId=${PROJECT}&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z`;
async function get<Answer>(path: string): Promise<Answer> {
  const answer = await reads.get(path, person);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body as unknown as Answer;
}

beforeAll(async () => {
  reads = await openReads((analytics) => consoleReadRoutes(analytics, async () => new Map([['team-a', 'Team A']])));
  const usage = { input: '10', output: '5', total: '15' };
  await reads.write({
    traces: [
      trace('trace-1', { input: `"${'あ'.repeat(300)}"`, tags: ['t'], user_id: 'user-1', metadata: { k: '1' } }),
      ...Array.from({ length: 12 }, (_, index) => trace(`many-${index}`, { timestamp: '2026-11-20T03:00:00.000007Z', session_id: 'many' })),
    ],
    observations: [
      observation('sdk', { type: 'GENERATION', total_cost: '0.5', cost_source: 'client', usage_details: usage, provided_model_name: 'gpt' }),
      observation('gateway', {
        type: 'GENERATION',
        parent_observation_id: 'sdk',
        total_cost: '0.000000000001',
        cost_source: 'gateway',
        usage_details: usage,
        provided_model_name: 'gpt',
        call_id: 'c1',
        key_id: 'abcdef0123456789',
        key_alias: 'app',
        team_id: 'team-a',
        end_time: '2026-11-20T12:00:01.123456Z',
        completion_start_time: '2026-11-20T12:00:00.223456Z',
      }),
      observation('double', { type: 'GENERATION', cost_source: 'elsewhere', usage_details: usage, provided_model_name: 'gpt' }),
      observation('own', {
        type: 'GENERATION',
        trace_id: 'many-1',
        level: 'ERROR',
        usage_details: { input: '3' },
        provided_model_name: 'other',
        model_parameters: '{"a":1}',
      }),
      observation('span', {}),
      ...[
        observation('unpriced', { usage_details: usage, call_id: 'c2' }),
        observation('unpriced-failure', { usage_details: usage, call_id: 'c3', level: 'ERROR' }),
        observation('sdk-failure', { level: 'ERROR' }),
        observation('free-failure', { level: 'ERROR', total_cost: '0', call_id: 'c4', cost_source: 'gateway' }),
        observation('priced', { usage_details: usage, total_cost: '0.25', call_id: 'c5', cost_source: 'gateway', provided_model_name: 'priced' }),
      ].map((row) => ({
        ...row,
        type: 'GENERATION',
        trace_id: 'prices',
        start_time: '2026-11-18T12:00:00.000000Z',
        key_alias: 'shared',
        provided_model_name: row.provided_model_name ?? 'unpriced',
      })),
    ],
    scores: [score('s1')],
  });
});
afterAll(async () => await reads.close());

describe('the overview', () => {
  it('counts each call once, whoever reported it', async () => {
    const answer = await get<ConsoleOverview>(`/api/console/overview?${RANGE}`);
    expect(answer.totals).toEqual({
      calls: 2,
      failures: 1,
      traces: 13,
      inputTokens: 13,
      outputTokens: 5,
      cost: '0.000000000001',
      // The failed generation of an SDK used tokens that nobody priced.
      unknownCostCalls: 1,
      currency: 'USD',
    });
    expect(answer.latencyMs).toEqual({ p50: 1000, p95: 1000, p99: 1000 });
    expect(answer.firstTokenMs).toEqual({ p50: 100, p95: 100 });
    expect(answer.bucketSeconds).toBe(3_600);
    expect(answer.series).toHaveLength(24);
    expect(answer.series[12]).toEqual({ at: '2026-11-20T12:00:00.000Z', calls: 2, failures: 1, cost: '0.000000000001', inputTokens: 13, outputTokens: 5 });
    expect(answer.byModel).toEqual([
      { name: 'gpt', calls: 1, cost: '0.000000000001', unknownCostCalls: 0, tokens: 15 },
      { name: 'other', calls: 1, cost: '0', unknownCostCalls: 1, tokens: 3 },
    ]);
    expect(answer.byKey).toEqual([{ name: 'app', calls: 1, cost: '0.000000000001', unknownCostCalls: 0, tokens: 15 }]);
    expect(answer.byTeam).toEqual([{ name: 'Team A', calls: 1, cost: '0.000000000001', unknownCostCalls: 0, tokens: 15 }]);
  });

  it('is empty and whole where nothing happened', async () => {
    const answer = await get<ConsoleOverview>('/api/console/overview?projectId=none');
    expect(answer.totals).toMatchObject({ calls: 0, traces: 0, cost: '0', currency: 'USD' });
    expect(answer.latencyMs).toEqual({ p50: null, p95: null, p99: null });
    expect([answer.byModel, answer.byKey, answer.byTeam]).toEqual([[], [], []]);
    expect(answer.series.every((bucket) => bucket.calls === 0)).toBe(true);
  });

  it('counts calls of unknown price beside the sum, and a failed call that used nothing as free', async () => {
    const answer = await get<ConsoleOverview>(`/api/console/overview?projectId=${PROJECT}&from=2026-11-18T00:00:00Z&to=2026-11-19T00:00:00Z`);
    expect(answer.totals).toMatchObject({ calls: 5, failures: 3, cost: '0.25', unknownCostCalls: 2 });
    expect(answer.byModel).toEqual([
      { name: 'priced', calls: 1, cost: '0.25', unknownCostCalls: 0, tokens: 15 },
      { name: 'unpriced', calls: 4, cost: '0', unknownCostCalls: 2, tokens: 30 },
    ]);
    expect(answer.byKey).toEqual([{ name: 'shared', calls: 5, cost: '0.25', unknownCostCalls: 2, tokens: 45 }]);
  });

  it('never draws more than 60 buckets', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 * 365 * 86_400 }), (seconds) => {
        const width = bucketSecondsOf({ from: new Date(0), to: new Date(seconds * 1000) });
        expect(Math.ceil(seconds / width)).toBeLessThanOrEqual(60);
      }),
    );
  });
});

describe('the sessions table', () => {
  it('sums what the traces of a session hold, each call once, and walks by cursor', async () => {
    const all = await get<ConsoleSessions>(`/api/console/sessions?${RANGE}`);
    expect(all.data.map((row) => [row.id, row.traces, row.errors])).toContainEqual(['many', 12, 1]);
    expect(all.nextCursor).toBeNull();
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: ConsoleSessions = await get<ConsoleSessions>(`/api/console/sessions?${RANGE}&limit=1${cursor && `&cursor=${cursor}`}`);
      ids.push(...page.data.map((row) => row.id));
      cursor = page.nextCursor;
    }
    expect(ids).toEqual(all.data.map((row) => row.id));
    expect((await get<ConsoleSessions>(`/api/console/sessions?${RANGE}&search=MAN`)).data.map((row) => row.id)).toEqual(['many']);
    expect((await get<ConsoleSessions>(`/api/console/sessions?${RANGE}&search=nothing`)).data).toEqual([]);
  });
});

describe('the traces table', () => {
  it('walks every trace once by cursor, ties included, and filters', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer: ConsoleTraces = await get<ConsoleTraces>(`/api/console/traces?${RANGE}&limit=5${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...answer.data.map((row) => row.id));
      cursor = answer.nextCursor;
    } while (cursor);
    expect([seen.length, new Set(seen).size, seen[0]]).toEqual([13, 13, 'trace-1']);
    const count = async (query: string) => (await get<ConsoleTraces>(`/api/console/traces?${RANGE}&${query}`)).data.length;
    expect(await Promise.all(['search=MANY-1', 'search=user-1', 'userId=user-1', 'sessionId=many', 'tag=t', 'environment=production'].map(count))).toEqual([
      3, 1, 1, 12, 1, 0,
    ]);
  });

  it('is empty for a project that does not exist', async () => {
    expect(await get<ConsoleTraces>('/api/console/traces?projectId=none')).toEqual({ data: [], nextCursor: null });
  });

  it('shows a preview of 200 characters and figures that count once', async () => {
    const { data } = await get<ConsoleTraces>(`/api/console/traces?${RANGE}&userId=user-1`);
    expect(data).toEqual([
      {
        id: 'trace-1',
        timestamp: '2026-11-20T12:00:00.000Z',
        name: 'name of trace-1',
        userId: 'user-1',
        sessionId: null,
        environment: 'default',
        tags: ['t'],
        inputPreview: 'あ'.repeat(200),
        outputPreview: null,
        observations: 4,
        errors: 0,
        latencyMs: 1000,
        totalTokens: 15,
        totalCost: '0.000000000001',
      },
    ]);
  });
});

describe('the trace detail', () => {
  it('holds everything, and says whose cost is counted on another observation', async () => {
    const answer = await get<ConsoleTrace>(`/api/console/traces/trace-1?projectId=${PROJECT}`);
    expect(answer.trace).toMatchObject({ id: 'trace-1', metadata: { k: 1 }, public: false, totalCost: '0.000000000001' });
    const counted = Object.fromEntries(answer.observations.map((row) => [row.id, row.costCountedElsewhere]));
    expect(counted).toEqual({ sdk: true, gateway: false, double: true, span: false });
    expect(answer.observations.find((row) => row.id === 'gateway')).toMatchObject({
      parentId: 'sdk',
      latencyMs: 1000,
      firstTokenMs: 100,
      keyAlias: 'app',
      usage: { input: 10 },
    });
    expect(answer.scores).toEqual([
      {
        id: 's1',
        name: 'quality',
        source: 'API',
        dataType: 'NUMERIC',
        value: 0.5,
        stringValue: null,
        comment: null,
        observationId: null,
        timestamp: '2026-11-20T12:00:05.000Z',
      },
    ]);
  });

  it('refuses with the console envelope: absent, no project, bad cursor, not a person', async () => {
    const status = async (path: string, who: Principal = person) => (await reads.get(path, who)).status;
    expect(await status(`/api/console/traces/absent?projectId=${PROJECT}`)).toBe(404);
    expect(await status('/api/console/traces/trace-1?projectId=none')).toBe(404);
    expect(await status('/api/console/traces/trace-1')).toBe(400);
    expect(await status(`/api/console/traces?${RANGE}&cursor=nonsense`)).toBe(400);
    expect(await status(`/api/console/overview?projectId=${PROJECT}&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`)).toBe(400);
    expect(await status(`/api/console/overview?${RANGE}`, projectKey(PROJECT))).toBe(403);
    expect(await status(`/api/console/overview?${RANGE}`, { kind: 'anonymous' })).toBe(401);
  });
});
