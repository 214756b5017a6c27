import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallSettled } from '#call-record.ts';
import type { ConsoleRequests } from '#contract.ts';
import { KEY_ID, organisationPath, settledCall, startedCall } from '#gateway/money/call-fixture.ts';
import { dashed } from '#lib/id.ts';
import { sql } from '#stores/records/sql.ts';
import { type AdminHouse, startAdminHouse } from './admin-fixture.ts';

let house: AdminHouse;
// 23:30 and 00:30 of a Japanese midnight: the same day in UTC, two days in Tokyo.
const evening = Date.parse('2026-03-01T14:30:00Z') * 1000;
const night = Date.parse('2026-03-01T15:30:00Z') * 1000;
const calls: CallSettled[] = [];

async function record(startedAtUs: number, cost: string | null, fields: Partial<CallSettled> = {}): Promise<CallSettled> {
  const started = startedCall({ startedAtUs, path: organisationPath({ teamAlias: 'Team A' }) });
  house.money.journal.started(started);
  const settled = settledCall(started, cost, fields);
  await house.money.settle(settled);
  calls.push(settled);
  return settled;
}

beforeAll(async () => {
  house = await startAdminHouse();
  await record(evening, '0.0000375');
  await record(night, '0.25', { model: 'other', endUser: 'bob', sessionId: 'session-1', stream: true, firstTokenAtUs: night + 90_000 });
  await record(night + 1_000_000, null);
  const failed = settledCall(startedCall(), '0').attempts[0]!;
  await record(night + 2_000_000, '0.5', {
    outcome: 'failure',
    httpStatus: 503,
    errorClass: 'ServiceUnavailableError',
    errorMessage: 'upstream is away',
    attempts: [
      { ...failed, outcome: 'failure', httpStatus: 429, errorClass: 'RateLimitError', cost: '0.2' },
      { ...failed, index: 1, outcome: 'failure', httpStatus: 503, errorClass: 'ServiceUnavailableError', errorMessage: 'upstream is away', cost: '0.3' },
    ],
  });
});
afterAll(() => house.stop());

interface Log {
  request_id: string;
  spend: number | null;
  [field: string]: unknown;
}
const logs = async (query: string): Promise<Log[]> => (await house.call('GET', `/spend/logs${query}`)).body;

describe('/spend/logs', () => {
  it('gives the row of a call by its x-litellm-call-id with cost, tokens and key', async () => {
    const [first] = calls as [CallSettled];
    const rows = await logs(`?request_id=${dashed(first.callId)}`);
    expect(rows).toEqual([
      expect.objectContaining({
        request_id: dashed(first.callId),
        spend: 0.0000375,
        prompt_tokens: 9,
        completion_tokens: 12,
        total_tokens: 21,
        api_key: KEY_ID,
        model_group: 'gpt-4o-mini',
        call_type: 'acompletion',
        status: 'success',
        startTime: '2026-03-01T14:30:00.000Z',
      }),
    ]);
    expect(await logs('?request_id=unheard')).toEqual([]);
  });

  it('shows an unknown price as null and a call of two attempts once, with the sum', async () => {
    const rows = await logs(`?api_key=${KEY_ID}`);
    expect(rows.map((row) => row.spend)).toEqual([0.5, null, 0.25, 0.0000375]);
    expect(rows[0]).toMatchObject({ status: 'failure', metadata: { error_information: { error_code: '503', error_class: 'ServiceUnavailableError' } } });
  });

  it('sums by days of the organisation’s time zone', async () => {
    const days = (await house.call('GET', '/spend/logs?start_date=2026-03-01&end_date=2026-03-02')).body;
    expect(days).toEqual([
      { startTime: '2026-03-01', spend: 0.0000375, users: { alice: 0.0000375 }, models: { 'gpt-4o-mini': 0.0000375 } },
      { startTime: '2026-03-02', spend: 0.75, users: { alice: 0.75 }, models: { 'gpt-4o-mini': 0.5, other: 0.25 } },
    ]);
    expect(await logs('?start_date=2026-03-01&end_date=2026-03-01&summarize=false')).toHaveLength(1);
    expect(await logs('?start_date=2026-03-01T15:00:00Z&end_date=2026-03-01T15:30:00Z&summarize=false')).toHaveLength(1);
  });

  it('refuses dates that are none', async () => {
    for (const date of ['yesterday', '2026-02-31', '0000-01-01', '2026-13-01', "2026-01-01'; DROP TABLE ledger"]) {
      const answer = await house.call('GET', `/spend/logs?start_date=${encodeURIComponent(date)}&end_date=2026-03-02`);
      expect([date, answer.status]).toEqual([date, 400]);
    }
    expect((await house.call('GET', '/spend/logs?start_date=0001-01-01&end_date=9999-12-31')).status).toBe(200);
  });

  it('is for administrators', async () => {
    for (const path of ['/spend/logs', '/spend/logs/v2', '/key/list']) {
      expect((await house.call('GET', path, undefined, 'viewer')).status).toBe(403);
      expect((await house.call('GET', path, undefined, 'anonymous')).status).toBe(401);
    }
  });
});

describe('/spend/logs/v2', () => {
  it('pages, sorts and filters', async () => {
    const paged = async (query: string) => (await house.call('GET', `/spend/logs/v2?${query}`)).body as { data: Log[]; total: number; total_pages: number };
    expect(await paged('page=2&page_size=3')).toMatchObject({ total: 4, page: 2, page_size: 3, total_pages: 2 });
    expect((await paged('sort_by=spend&sort_order=desc')).data.map((row) => row.spend)).toEqual([0.5, 0.25, 0.0000375, null]);
    for (const [query, total] of [
      ['min_spend=0.3', 1],
      ['max_spend=0.3', 2],
      ['status_filter=failure', 1],
      ['model_group=other', 1],
      ['end_user=bob', 1],
      ['session_id=session-1', 1],
      ['error_code=503', 1],
      ['error_code=ServiceUnavailableError', 1],
      ['error_message=AWAY', 1],
      ['key_alias=app', 4],
      ['model_id=none', 0],
      ['start_date=2026-03-02%2000:00:00&end_date=2026-03-02%2000:30:00', 1],
    ] as const) {
      expect([query, (await paged(query)).total]).toEqual([query, total]);
    }
    for (const query of ['page=0', 'page_size=100000', 'min_spend=much', 'sort_by=1;drop', 'status_filter=odd']) {
      expect([query, (await house.call('GET', `/spend/logs/v2?${query}`)).status]).toEqual([query, 400]);
    }
  });
});

describe('/api/console/requests', () => {
  const requests = async (query: string): Promise<ConsoleRequests> => (await house.call('GET', `/api/console/requests?${query}`, undefined, 'viewer')).body;

  it('shows people who are no administrators the calls of their own projects', async () => {
    await house.database.records.query(sql`INSERT INTO users (id, name, email) VALUES ('u1', 'U', 'u@example.com')`);
    expect((await requests('limit=3')).data).toEqual([]);
    const all: ConsoleRequests = (await house.call('GET', '/api/console/requests?limit=3', undefined, 'admin')).body;
    expect(all.data).toHaveLength(3);
    await house.database.records.query(sql`INSERT INTO memberships (user_id, organization_id, role) VALUES ('u1', 'org', 'viewer')`);
    expect((await requests('limit=3')).data).toHaveLength(3);
  });

  it('gives calls newest first with attempts, and the next page by cursor', async () => {
    const first = await requests('limit=3');
    expect(first.data.map((call) => call.cost)).toEqual(['0.5', null, '0.25']);
    expect(first.data[0]?.attempts.map(({ index, cost, httpStatus }) => [index, cost, httpStatus])).toEqual([
      [0, '0.2', 429],
      [1, '0.3', 503],
    ]);
    expect(first.data[0]).toMatchObject({ outcome: 'failure', error: 'upstream is away', httpStatus: 503, latencyMs: 250, teamAlias: 'Team A' });
    expect(first.data[2]).toMatchObject({ stream: true, firstTokenMs: 90, endUser: 'bob', model: 'other' });
    const second = await requests(`limit=3&cursor=${first.nextCursor}`);
    expect(second.data.map((call) => call.callId)).toEqual([calls[0]?.callId]);
    expect(second.nextCursor).toBeNull();
  });

  it('filters, searches and refuses a cursor that is not one', async () => {
    expect((await requests('outcome=failure')).data).toHaveLength(1);
    expect((await requests('search=BOB')).data).toHaveLength(1);
    expect((await requests(`search=${dashed((calls[0] as CallSettled).callId)}`)).data).toHaveLength(1);
    expect((await requests('from=2026-03-02')).data).toHaveLength(3);
    const answer = await house.call('GET', '/api/console/requests?cursor=zzz', undefined, 'viewer');
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_cursor' } } });
    expect((await house.call('GET', '/api/console/requests', undefined, 'master')).status).toBe(403);
  });
});
