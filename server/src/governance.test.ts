// What an administrator sets holds for the very next call, at every level, and to the cent under 50 parallel calls.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '#stores/records/sql.ts';
import { CALL_DOLLARS, startTestHouse, type TestHouse } from './house-fixture.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await startTestHouse();
});
afterAll(() => house.stop());

async function made(path: string, body: Record<string, unknown>): Promise<Record<string, never>> {
  const answer = await house.admin<Record<string, never>>('POST', path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}

/** 50 calls at once; how many were served and what one of the others was told. */
async function fifty(key: string, body: Record<string, unknown> = {}): Promise<{ served: number; peak: number; refusal: string; statuses: number[] }> {
  house.upstream.delayMs = 150;
  house.upstream.peak = 0;
  const answers = await Promise.all(Array.from({ length: 50 }, () => house.chat(key, { max_tokens: 20, ...body })));
  house.upstream.delayMs = 0;
  const refused = answers.filter(({ status }) => status !== 200);
  return {
    served: answers.length - refused.length,
    peak: house.upstream.peak,
    refusal: refused[0]?.text ?? '',
    statuses: [...new Set(answers.map(({ status }) => status))].sort((a, b) => a - b),
  };
}

describe('a budget under 50 parallel calls', () => {
  it('holds a team to its money whichever of its keys calls', async () => {
    await made('/team/new', { team_id: 'team-money', max_budget: CALL_DOLLARS * 3 });
    const keys = await Promise.all([1, 2].map(() => house.key({ team_id: 'team-money' })));
    const [one, two] = await Promise.all(keys.map((key) => fifty(key)));
    const served = (one?.served ?? 0) + (two?.served ?? 0);
    // Admission needs spend + reserved < max; a reservation here is a little more than a call costs.
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThanOrEqual(4);
    expect(one?.refusal).toMatch(/Budget has been exceeded! Team=team-money Current cost: .*, Max budget: 0\.00015/);
    const info = await house.admin<{ team_info: { spend: number } }>('GET', '/team/info?team_id=team-money');
    expect(info.body.team_info.spend).toBeCloseTo(served * CALL_DOLLARS, 12);
    for (let call = 0; call < 6; call += 1) await house.chat(keys[0] as string, { max_tokens: 20 });
    expect((await house.admin<{ team_info: { spend: number } }>('GET', '/team/info?team_id=team-money')).body.team_info.spend).toBeLessThanOrEqual(
      CALL_DOLLARS * 4 + 1e-12,
    );
    await made('/team/update', { team_id: 'team-money', max_budget: null });
    expect((await house.chat(keys[0] as string)).status).toBe(200);
  });

  it('holds users, members, organisations, end users and tags', async () => {
    await made('/user/new', { user_id: 'poor', max_budget: 0, auto_create_key: false });
    const refusals: [Record<string, unknown>, Record<string, unknown>, RegExp][] = [];
    refusals.push([{ user_id: 'poor' }, {}, /ExceededBudget: User=poor over budget\. Spend=0, Budget=0/]);
    await made('/team/new', { team_id: 'with-members', members_with_roles: [{ user_id: 'poor', role: 'user' }] });
    await made('/team/member_update', { team_id: 'with-members', user_id: 'poor', max_budget_in_team: 0 });
    refusals.push([{ user_id: 'poor', team_id: 'with-members' }, {}, /User=poor in Team=with-members/]);
    await made('/organization/new', { organization_id: 'org-poor', organization_alias: 'Poor', max_budget: 0 });
    refusals.push([{ organization_id: 'org-poor' }, {}, /Organization=org-poor/]);
    await made('/customer/new', { user_id: 'customer-poor', max_budget: 0 });
    refusals.push([{}, { user: 'customer-poor' }, /ExceededBudget: End User=customer-poor over budget/]);
    await made('/tag/new', { name: 'tag-poor', max_budget: 0 });
    refusals.push([{}, { metadata: { tags: ['tag-poor'] } }, /Tag=tag-poor/]);
    refusals.push([{ model_max_budget: { gpt: { budget_limit: 0, time_period: '1d' } } }, {}, /window 1d, model gpt/]);
    refusals.push([{ budget_limits: [{ budget_duration: '1mo', max_budget: 0 }] }, {}, /window 1mo/]);
    await made('/budget/new', { budget_id: 'shared-poor', max_budget: 0 });
    refusals.push([{ budget_id: 'shared-poor' }, {}, /Budget has been exceeded! Current cost: 0, Max budget: 0/]);
    for (const [fields, body, text] of refusals) {
      const answer = await house.chat(await house.key(fields), body);
      expect([answer.status, answer.text], JSON.stringify([fields, body])).toEqual([400, expect.stringMatching(text)]);
      expect(answer.text).toContain('budget_exceeded');
    }
    // The person's own budget does not govern the keys of a team that gives him no limit.
    await made('/team/member_update', { team_id: 'with-members', user_id: 'poor', max_budget_in_team: null });
    expect((await house.chat(await house.key({ user_id: 'poor', team_id: 'with-members' }))).status).toBe(200);
  });

  it('never exceeds in strict mode, whatever comes at once', async () => {
    const strict = await startTestHouse({ budgetMode: 'strict' });
    try {
      await strict.admin('POST', '/team/new', { team_id: 't', max_budget: 0.01 });
      const key = await strict.key({ team_id: 't' });
      strict.upstream.delayMs = 100;
      const answers = await Promise.all(Array.from({ length: 50 }, () => strict.chat(key, { max_tokens: 2000 })));
      // Each reserves more than 0.004: two at once, and the next when one has ended for less.
      const served = answers.filter(({ status }) => status === 200).length;
      expect(strict.upstream.peak).toBe(2);
      const info = await strict.admin<{ team_info: { spend: number } }>('GET', '/team/info?team_id=t');
      expect(info.body.team_info.spend).toBeCloseTo(served * CALL_DOLLARS, 12);
    } finally {
      await strict.stop();
    }
  });
});

describe('spend', () => {
  it('stands at every level, and a new window begins with what the ledger knows of it', async () => {
    await made('/user/new', { user_id: 'spender', auto_create_key: false });
    await made('/team/new', { team_id: 'spenders', members_with_roles: [{ user_id: 'spender', role: 'user' }] });
    await made('/customer/new', { user_id: 'end-spender' });
    await made('/tag/new', { name: 'spent-on' });
    const key = await house.key({ user_id: 'spender', team_id: 'spenders', tags: ['spent-on'] });
    for (let call = 0; call < 3; call += 1) expect((await house.chat(key, { user: 'end-spender' })).status).toBe(200);
    const spent = expect.closeTo(3 * CALL_DOLLARS, 12);
    const team = await house.admin('GET', '/team/info?team_id=spenders');
    expect(team.body).toMatchObject({ team_info: { spend: spent }, team_memberships: [{ user_id: 'spender', spend: spent }] });
    expect((await house.admin('GET', '/user/info?user_id=spender')).body).toMatchObject({ user_info: { spend: spent }, keys: [{ spend: spent }] });
    expect((await house.admin('GET', '/customer/info?end_user_id=end-spender')).body).toMatchObject({ spend: spent });
    expect((await house.admin('POST', '/tag/info', { names: ['spent-on'] })).body).toMatchObject({ 'spent-on': { spend: spent } });
    // A window set now counts what was spent in it before.
    await made('/team/update', { team_id: 'spenders', budget_limits: [{ budget_duration: '1d', max_budget: CALL_DOLLARS * 2 }] });
    expect((await house.chat(key)).text).toMatch(/Team=spenders Current cost: 0\.00015, Max budget: 0\.0001 \(window 1d\)/);
    await made('/team/update', { team_id: 'spenders', budget_limits: null });
    expect((await house.chat(key)).status).toBe(200);
    // So does a budget that is set on an end user who has spent already.
    await made('/customer/update', { user_id: 'end-spender', max_budget: CALL_DOLLARS * 3 });
    expect((await house.chat(key, { user: 'end-spender' })).text).toMatch(/End User=end-spender over budget\. Spend=0\.00015/);
  });

  it('begins again for everybody who shares a budget when its window ends', async () => {
    await made('/budget/new', { budget_id: 'monthly', max_budget: CALL_DOLLARS, budget_duration: '1mo' });
    await made('/customer/new', { user_id: 'sharer', budget_id: 'monthly' });
    const key = await house.key({ budget_id: 'monthly' });
    expect((await house.chat(key, { user: 'sharer' })).status).toBe(200);
    expect((await house.chat(key)).status).toBe(400);
    await house.admin('GET', '/customer/info?end_user_id=sharer');
    await house.records.query(sql`UPDATE spend_limits SET budget_reset_at = now() - interval '1 second' WHERE subject = 'monthly'`);
    await made('/budget/new', { budget_id: 'other', budget_duration: '1d' });
    await expect.poll(async () => (await house.chat(key, { user: 'sharer' })).status, { timeout: 10_000 }).toBe(200);
  });
});

describe('limits', () => {
  it('hold rates and parallel places at every level', async () => {
    await made('/team/new', { team_id: 'slow', rpm_limit: 2 });
    const key = await house.key({ team_id: 'slow' });
    const many = await fifty(key);
    // A minute may end among the calls.
    expect([2, 4]).toContain(many.served);
    expect(many.refusal).toMatch(/Rate limit exceeded for team: slow\. Limit type: requests\. Current limit: 2/);
    await made('/user/new', { user_id: 'parallel', max_parallel_requests: 3, auto_create_key: false });
    const parallel = await fifty(await house.key({ user_id: 'parallel' }));
    expect([parallel.peak, parallel.statuses]).toEqual([3, [200, 429]]);
    expect(parallel.refusal).toContain('Rate limit exceeded for user: parallel. Limit type: max_parallel_requests');
    // Every place was given back.
    expect((await fifty(await house.key({ user_id: 'parallel' }))).peak).toBe(3);
    await made('/customer/new', { user_id: 'narrow', max_parallel_requests: 0 });
    expect((await house.chat(await house.key(), { user: 'narrow' })).status).toBe(429);
    const byModel = await house.key({ model_rpm_limit: { gpt: 0 } });
    expect((await house.chat(byModel)).text).toMatch(/Rate limit exceeded for model_per_key: [0-9a-f]{64}:gpt/);
  });
});

describe('access', () => {
  it('needs every level to allow the model, and a block acts at once', async () => {
    await made('/team/new', { team_id: 'narrow-team', models: ['other'] });
    const key = await house.key({ team_id: 'narrow-team', models: ['all-team-models'] });
    const denied = await house.chat(key);
    expect([denied.status, denied.text]).toEqual([401, expect.stringContaining('team_model_access_denied')]);
    await made('/team/model/add', { team_id: 'narrow-team', models: ['gpt'] });
    expect((await house.chat(key)).status).toBe(200);
    await made('/team/block', { team_id: 'narrow-team' });
    expect((await house.chat(key)).status).toBe(401);
    await made('/team/unblock', { team_id: 'narrow-team' });
    expect((await house.chat(key)).status).toBe(200);
    await made('/team/model/delete', { team_id: 'narrow-team', models: ['gpt', 'other'] });
    expect((await house.chat(key)).status).toBe(401);
    await made('/customer/block', { user_ids: ['unwanted'] });
    expect((await house.chat(await house.key(), { user: 'unwanted' })).text).toContain('User blocked from making LLM API Calls. User=unwanted');
    await made('/customer/unblock', { user_ids: ['unwanted'] });
    expect((await house.chat(await house.key(), { user: 'unwanted' })).status).toBe(200);
  });

  it('knows names that a team or a key gave to models', async () => {
    await made('/team/new', { team_id: 'aliases', model_aliases: { fast: 'gpt' }, models: ['fast'] });
    const answer = await house.chat(await house.key({ team_id: 'aliases' }), { model: 'fast' });
    expect([answer.status, answer.headers.get('x-litellm-model-group')]).toEqual([200, 'gpt']);
    expect((await house.chat(await house.key({ aliases: { mine: 'gpt' } }), { model: 'mine' })).status).toBe(200);
  });

  it('ends with the team, the user or the membership that a key belonged to', async () => {
    await made('/team/new', { team_id: 'leaving', members_with_roles: [{ user_id: 'leaver', role: 'user' }] });
    const [ofTeam, ofMember] = await Promise.all([house.key({ team_id: 'leaving' }), house.key({ team_id: 'leaving', user_id: 'leaver' })]);
    expect((await house.chat(ofMember)).status).toBe(200);
    await made('/team/member_delete', { team_id: 'leaving', user_id: 'leaver' });
    expect((await house.chat(ofMember)).status).toBe(401);
    expect((await house.chat(ofTeam)).status).toBe(200);
    await made('/team/delete', { team_ids: ['leaving'] });
    expect((await house.chat(ofTeam)).status).toBe(401);
  });
});
