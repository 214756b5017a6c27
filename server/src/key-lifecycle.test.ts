// Keys that are regenerated, reset and changed by the hundred, and what the ledger says afterwards.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CALL_DOLLARS, startTestHouse, type TestHouse } from './house-fixture.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await startTestHouse();
});
afterAll(() => house.stop());

type Info = { info: Record<string, unknown> };
const infoOf = async (key: string) => (await house.admin<Info>('GET', `/key/info?key=${key}`)).body.info;

describe('a key that is regenerated', () => {
  it('opens with its new secret, with the old one until the grace ends, and keeps every cent of both', async () => {
    const old = await house.key({ key_alias: 'rotated', max_budget: CALL_DOLLARS * 5, metadata: { owner: 'x' } });
    expect((await house.chat(old)).status).toBe(200);
    house.upstream.delayMs = 400;
    const inFlight = house.chat(old);
    await expect.poll(() => house.upstream.calls).toBe(2);
    house.upstream.delayMs = 0;
    const answer = await house.admin<{ key: string; token: string; key_alias: string; max_budget: number }>('POST', '/key/regenerate', {
      key: old,
      grace_period: '1h',
    });
    expect(answer.body).toMatchObject({ key: expect.stringMatching(/^sk-/), key_alias: 'rotated', metadata: { owner: 'x' } });
    const fresh = answer.body.key;
    expect((await inFlight).status).toBe(200);
    expect((await house.chat(old)).status).toBe(200);
    expect((await house.chat(fresh)).status).toBe(200);
    const spent = await infoOf(fresh);
    expect(spent.spend).toBeCloseTo(CALL_DOLLARS * 4, 12);
    expect((await infoOf(old)).spend).toBeCloseTo(CALL_DOLLARS * 4, 12);
    // Room for one more, whichever secret asks.
    expect((await house.chat(old)).status).toBe(200);
    expect((await house.chat(fresh)).text).toContain('budget_exceeded');
    const again = await house.admin<{ key: string }>('POST', `/key/${answer.body.token}/regenerate`, { max_budget: null });
    expect((await house.chat(fresh)).status).toBe(401);
    expect((await house.chat(old)).status).toBe(200);
    expect((await house.chat(again.body.key)).status).toBe(200);
    expect((await infoOf(again.body.key)).spend).toBeCloseTo(CALL_DOLLARS * 7, 12);
    // Whoever blocks the key blocks every secret of it.
    await house.admin('POST', '/key/block', { key: again.body.key });
    expect((await house.chat(old)).status).toBe(401);
    const taken = await house.admin('POST', '/key/generate', { key: fresh });
    expect(taken).toMatchObject({ status: 400, body: { error: { param: 'key' } } });
  });

  it('loses no call that is settled while it gets new secrets', async () => {
    let key = await house.key();
    const calls: Promise<{ status: number }>[] = [];
    for (let round = 0; round < 8; round += 1) {
      for (let call = 0; call < 5; call += 1) calls.push(house.chat(key));
      await new Promise((resolve) => setTimeout(resolve, 40));
      key = (await house.admin<{ key: string }>('POST', '/key/regenerate', { key, grace_period: '1h' })).body.key;
    }
    const served = (await Promise.all(calls)).filter(({ status }) => status === 200).length;
    expect(served).toBeGreaterThan(30);
    expect((await infoOf(key)).spend).toBeCloseTo(served * CALL_DOLLARS, 12);
  });

  it('is unknown at once without a grace, and takes a secret of one’s own', async () => {
    const old = await house.key();
    const own = await house.admin<{ key: string }>('POST', '/key/regenerate', { key: old, new_key: 'sk-own-new-secret-1' });
    expect(own.body.key).toBe('sk-own-new-secret-1');
    expect((await house.chat(old)).status).toBe(401);
    expect((await house.chat('sk-own-new-secret-1')).status).toBe(200);
    expect((await house.admin('POST', '/key/regenerate', { key: 'sk-nobody-has-this' })).status).toBe(404);
    expect((await house.admin('POST', '/key/regenerate', {})).status).toBe(400);
  });
});

describe('keys', () => {
  it('have their spend reset for the next call', async () => {
    const key = await house.key({ max_budget: CALL_DOLLARS });
    expect((await house.chat(key)).status).toBe(200);
    expect((await house.chat(key)).status).toBe(400);
    const reset = await house.admin('POST', `/key/${key}/reset_spend`, { reset_to: 0 });
    expect(reset.body).toMatchObject({ spend: 0, previous_spend: expect.closeTo(CALL_DOLLARS, 12), max_budget: CALL_DOLLARS });
    expect((await house.chat(key)).status).toBe(200);
    expect((await house.admin('POST', `/key/${key}/reset_spend`, { reset_to: 5 })).status).toBe(400);
    expect((await house.chat(key)).status).toBe(400);
    await house.admin('POST', '/global/spend/reset');
    expect((await house.chat(key)).status).toBe(200);
  });

  it('are changed by the hundred, each by itself', async () => {
    const keys = await Promise.all([1, 2].map((n) => house.key({ key_alias: `bulk-${n}` })));
    const answer = await house.admin('POST', '/key/bulk_update', {
      keys: [...keys.map((key) => ({ key, max_budget: 0 })), { key: 'sk-nobody-has-this' }, { key: keys[0], team_id: 'nowhere' }],
    });
    expect(answer.body).toMatchObject({ total_requested: 4, successful_updates: [{ key: keys[0], key_info: { max_budget: 0 } }, {}] });
    expect(answer.body.failed_updates).toMatchObject([{ failed_reason: expect.stringContaining('not found') }, { key_info: { key_alias: 'bulk-1' } }]);
    expect((await house.chat(keys[1] as string)).status).toBe(400);
    expect((await house.admin('GET', '/key/aliases?search=bulk')).body).toEqual({
      aliases: ['bulk-1', 'bulk-2'],
      total_count: 2,
      current_page: 1,
      total_pages: 1,
      size: 50,
    });
  });

  it('belong to services and teams, and are found through people', async () => {
    expect((await house.admin('POST', '/key/service-account/generate', {})).status).toBe(400);
    await house.admin('POST', '/team/new', { team_id: 'services', members_with_roles: [{ user_id: 'fred', role: 'user' }] });
    const made = await house.admin<{ key: string }>('POST', '/key/service-account/generate', { team_id: 'services', key_alias: 'robot', user_id: 'fred' });
    expect(made.body).toMatchObject({ team_id: 'services', user_id: null, metadata: { service_account_id: 'robot' } });
    const listed = async (query: string) => (await house.admin<{ total_count: number }>('GET', `/key/list?user_id=fred${query}`)).body.total_count;
    expect([await listed(''), await listed('&include_team_keys=true')]).toEqual([0, 1]);
    expect((await house.admin('POST', '/key/health', undefined, made.body.key)).body).toEqual({ key: 'healthy', logging_callbacks: null });
  });
});

describe('reports', () => {
  it('agree with the ledger, by day and by everything else', async () => {
    await house.admin('POST', '/user/new', { user_id: 'reporter', auto_create_key: false });
    await house.admin('POST', '/team/new', { team_id: 'reports', team_alias: 'Reports' });
    const key = await house.key({ user_id: 'reporter', team_id: 'reports', tags: ['report-tag'] });
    for (let call = 0; call < 3; call += 1) await house.chat(key, { user: 'reported' });
    house.upstream.status = 500;
    await house.chat(key);
    house.upstream.status = 200;
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' }).format(Date.now());
    const range = `start_date=2026-01-01&end_date=${today}`;
    const spend = expect.closeTo(CALL_DOLLARS * 3, 12);
    const metrics = { spend, prompt_tokens: 30, completion_tokens: 60, total_tokens: 90, api_requests: 4, successful_requests: 3, failed_requests: 1 };
    const day = await house.admin('GET', `/user/daily/activity?${range}&user_id=reporter`);
    expect(day.body).toMatchObject({
      results: [
        { date: today, metrics, breakdown: { models: { fixed: { metrics } }, entities: { reporter: { metrics } }, providers: { openai: { metrics } } } },
      ],
      metadata: { total_spend: spend, total_api_requests: 4, total_tokens: 90, page: 1, total_pages: 1, has_more: false },
    });
    for (const path of ['/team/daily/activity?team_ids=reports', '/tag/daily/activity?tags=report-tag', '/user/daily/activity/aggregated?user_id=reporter']) {
      expect((await house.admin('GET', `${path}&${range}`)).body, path).toMatchObject({ results: [{ metrics }] });
    }
    expect((await house.admin('GET', `/customer/daily/activity?end_user_ids=reported&${range}`)).body).toMatchObject({ metadata: { total_spend: spend } });
    expect((await house.admin('GET', '/user/daily/activity')).status).toBe(400);
    expect((await house.admin('GET', `/global/spend/report?${range}&group_by=team`)).body).toMatchObject([
      { group_by_day: today, teams: expect.arrayContaining([expect.objectContaining({ team_name: 'Reports', total_spend: spend })]) },
    ]);
    expect((await house.admin('GET', '/global/spend/teams')).body).toMatchObject({
      total_spend_per_team: expect.arrayContaining([{ team_id: 'Reports', total_spend: spend }]),
    });
    expect((await house.admin('GET', '/spend/tags')).body).toEqual([{ individual_request_tag: 'report-tag', log_count: 4, total_spend: spend }]);
    expect((await house.admin('GET', '/global/spend/all_tag_names')).body).toEqual({ tag_names: ['report-tag'] });
    expect((await house.admin('GET', '/global/all_end_users')).body).toEqual({ end_users: ['reported'] });
    const all = (await house.admin<{ spend: number }>('GET', '/global/spend')).body.spend;
    const logs = (await house.admin<{ spend: number }[]>('GET', '/global/spend/logs')).body;
    expect(logs.reduce((sum, { spend: ofDay }) => sum + ofDay, 0)).toBeCloseTo(all, 12);
    for (const path of ['keys', 'models', 'provider', 'tags']) expect((await house.admin('GET', `/global/spend/${path}`)).status).toBe(200);
    expect((await house.admin('GET', '/global/activity')).body).toMatchObject({ daily_data: [{ date: today }], sum_api_requests: expect.any(Number) });
    expect((await house.admin('GET', '/global/activity/model')).body).toMatchObject([{ model: 'gpt' }]);
    expect((await house.admin('GET', '/spend/keys')).status).toBe(200);
    expect((await house.admin('GET', '/spend/users')).body).toMatchObject([{ user_id: 'reporter', spend }]);
  });

  it('say what an answer costs, and refuse a model without a price', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
    expect((await house.admin('POST', '/spend/calculate', { model: 'gpt', completion_response: { usage } })).body).toEqual({ cost: CALL_DOLLARS });
    const asked = await house.admin<{ cost: number }>('POST', '/spend/calculate', { model: 'gpt', messages: [{ role: 'user', content: 'hello' }] });
    expect(asked.body.cost).toBeGreaterThan(0);
    expect((await house.admin('POST', '/spend/calculate', { model: 'no-such-model-anywhere', messages: [] })).status).toBe(400);
    expect((await house.admin('POST', '/spend/calculate', {})).status).toBe(400);
  });
});
