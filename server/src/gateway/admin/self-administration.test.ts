// Owners of keys administer by themselves: what each role may, what nobody may, and that no key ever makes a wider one.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdminHouse, startAdminHouse } from './admin-fixture.ts';
import { withinBound } from './bounded-keys.ts';

let house: AdminHouse;
const keys: Record<string, string> = {};

type Answer = { status: number; body: Record<string, never> & { error?: { type: string; message: string; param: string | null } } };
const post = (path: string, body: unknown, as = 'master') => house.call('POST', path, body, as) as unknown as Promise<Answer>;
const get = (path: string, as: string) => house.call('GET', path, undefined, as) as unknown as Promise<Answer>;
async function made(body: unknown, as = 'master'): Promise<string> {
  const answer = await post('/key/generate', body, as);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.key as unknown as string;
}

beforeAll(async () => {
  house = await startAdminHouse();
  for (const [user_id, user_role] of [
    ['lead', 'internal_user'],
    ['member', 'internal_user'],
    ['other', 'internal_user'],
    ['reader', 'internal_user_viewer'],
  ])
    expect((await post('/user/new', { user_id, user_role, auto_create_key: false })).status).toBe(200);
  for (const team_id of ['red', 'blue']) expect((await post('/team/new', { team_id })).status).toBe(200);
  const add = (team_id: string, user_id: string, role: string) => post('/team/member_add', { team_id, member: { user_id, role } });
  for (const one of [
    await add('red', 'lead', 'admin'),
    await add('red', 'member', 'user'),
    await add('red', 'reader', 'user'),
    await add('blue', 'other', 'user'),
  ])
    expect(one.status).toBe(200);
  for (const user_id of ['lead', 'member', 'other', 'reader']) keys[user_id] = await made({ user_id });
  keys.stranger = await made({ user_id: 'nobody-registered' });
});
afterAll(() => house.stop());

const as = (name: string) => keys[name] as string;

describe('an owner', () => {
  it('makes, changes, lists, blocks, regenerates and deletes his own keys, and nobody else’s', async () => {
    const own = await made({ key_alias: 'owned', models: ['a'] }, as('member'));
    const { info } = (await get('/key/info', own)).body as unknown as { info: Record<string, unknown> };
    expect(info).toMatchObject({ user_id: 'member', team_id: null, created_by: 'member' });
    expect((await post('/key/update', { key: own, rpm_limit: 5 }, as('member'))).body).toMatchObject({ rpm_limit: 5, updated_by: 'member' });
    expect((await get(`/key/info?key=${own}`, as('member'))).status).toBe(200);
    for (const [path, body] of [
      ['/key/update', { key: own, rpm_limit: 1 }],
      ['/key/delete', { keys: [own] }],
      ['/key/block', { key: own }],
      ['/key/regenerate', { key: own }],
    ] as const) {
      expect((await post(path, body, as('other'))).status, path).toBe(403);
      expect((await post(path, body, as('lead'))).status, path).toBe(403);
      expect((await post(path, body, as('stranger'))).status, path).toBe(403);
      expect((await post(path, body, as('reader'))).status, path).toBe(403);
    }
    expect((await get(`/key/info?key=${own}`, as('other'))).status).toBe(403);
    expect((await get('/key/info?key=sk-no-such-key', as('other'))).status).toBe(403);
    const listed = (await get('/key/list?size=100&return_full_object=true&user_id=member', as('other'))).body as unknown as { keys: unknown[] };
    expect(listed.keys).toEqual([]);
    const mine = (await get('/key/list?size=100&return_full_object=true', as('member'))).body as unknown as { keys: { user_id: string }[] };
    expect(new Set(mine.keys.map((key) => key.user_id))).toEqual(new Set(['member']));
    expect((await post('/key/block', { key: own }, as('member'))).status).toBe(200);
    expect((await post('/key/unblock', { key: own }, as('member'))).status).toBe(403);
    expect((await post('/key/update', { key: own, blocked: false }, as('member'))).status).toBe(403);
    const again = (await post('/key/regenerate', { key: own }, as('member'))).body.key as unknown as string;
    expect(again).toMatch(/^sk-/);
    // A list with a key of somebody else deletes nothing.
    expect((await post('/key/delete', { keys: [again, as('other')] }, as('member'))).status).toBe(403);
    expect((await post('/key/delete', { keys: [again] }, as('member'))).status).toBe(200);
  });
  it('makes no key for another, none in a team without permission, and sets nothing that an administrator decides', async () => {
    expect((await post('/key/generate', { user_id: 'other' }, as('member'))).status).toBe(403);
    const refused = await post('/key/generate', { team_id: 'red' }, as('member'));
    expect([refused.status, refused.body.error?.type]).toEqual([401, 'team_member_permission_error']);
    expect((await post('/key/generate', { team_id: 'blue' }, as('member'))).status).toBe(401);
    for (const body of [
      { spend: 0 },
      { budget_id: 'b' },
      { organization_id: 'org' },
      { project_id: 'project' },
      { temp_budget_increase: 5, temp_budget_expiry: '2030-01-01' },
      { disable_global_guardrails: true },
      { guardrails: [] },
      { metadata: { disable_global_guardrails: true } },
      { metadata: { turn_off_message_logging: true } },
      { metadata: { logging: [] } },
    ])
      expect((await post('/key/generate', body, as('member'))).status, JSON.stringify(body)).toBe(403);
  });
  it('makes no key that is wider than the one that asks, nor widens one of his own', async () => {
    const narrow = await made({
      user_id: 'member',
      models: ['gpt-*'],
      max_budget: 2,
      rpm_limit: 10,
      duration: '1d',
      allowed_routes: ['llm_api_routes', '/key/*'],
      tags: ['limited'],
      model_rpm_limit: { 'gpt-4o': 1 },
      metadata: { guardrails: ['mask'] },
    });
    for (const body of [
      { models: ['claude'] },
      { models: ['gpt-4o', '*'] },
      { max_budget: 3 },
      { max_budget: 1, budget_duration: '1h' },
      { rpm_limit: 11 },
      { duration: '2d' },
      { allowed_routes: ['management_routes'] },
      { allowed_routes: ['/team/new'] },
      { model_rpm_limit: { 'gpt-4o': 100 } },
    ])
      expect((await post('/key/generate', body, narrow)).status, JSON.stringify(body)).toBe(403);
    const child = (await post('/key/generate', { models: [], max_budget: null, tags: ['mine'] }, narrow)).body as Record<string, unknown>;
    expect(child).toMatchObject({ models: ['gpt-*'], max_budget: 2, rpm_limit: 10, tags: ['limited', 'mine'], metadata: { guardrails: ['mask'] } });
    expect(child).toMatchObject({ allowed_routes: ['llm_api_routes', '/key/*'], model_rpm_limit: { 'gpt-4o': 1 } });
    expect(new Date(child.expires as string).getTime()).toBeLessThanOrEqual(Date.now() + 86_400_000);
    expect((await post('/key/generate', { models: ['gpt-4o'], max_budget: 1, duration: '1h', allowed_routes: ['/key/info'] }, narrow)).status).toBe(200);
    const mine = await made({ user_id: 'member', max_budget: 1, models: ['a', 'b'], tags: ['limited'] });
    for (const body of [
      { max_budget: 2 },
      { max_budget: null },
      { models: [] },
      { models: ['c'] },
      { user_id: 'other' },
      { team_id: 'red' },
      { budget_duration: '1h' },
    ])
      expect((await post('/key/update', { key: mine, ...body }, as('member'))).status, JSON.stringify(body)).toBe(403);
    expect((await post('/key/update', { key: mine, max_budget: 0.5, models: ['a'], tags: [] }, as('member'))).body).toMatchObject({
      max_budget: 0.5,
      models: ['a'],
      tags: ['limited'],
    });
  });
});

describe('null in a change', () => {
  it('is a wish too: it neither clears what was spent, nor opens a blocked key, nor takes a rule away', async () => {
    await post('/budget/new', { budget_id: 'shared', max_budget: 1 });
    const rules = { budget_id: 'shared', model_rpm_limit: { a: 1 }, guardrails: ['mask'], metadata: { guardrails: ['mask'], note: 'x' }, max_budget: 3 };
    const mine = await made({ user_id: 'member', spend: 2, blocked: true, ...rules });
    const ofTeam = await made({ user_id: 'member', team_id: 'red', spend: 2, ...rules });
    for (const body of [
      ...[{ spend: null }, { blocked: null }, { blocked: false }, { budget_id: null }, { guardrails: null }, { model_rpm_limit: null }],
      ...[{ max_budget: null }, { temp_budget_increase: 1, temp_budget_expiry: '2030-01-01' }, { max_budget_rollover: 5 }],
    ])
      for (const path of ['/key/update', '/key/regenerate'])
        expect((await post(path, { key: mine, ...body }, as('member'))).status, JSON.stringify(body)).toBe(403);
    // An administrator of a team sets budgets in it, and no guards, spend or shared budgets.
    for (const body of [{ spend: null }, { budget_id: null }, { guardrails: null }, { blocked: null }])
      expect((await post('/key/update', { key: ofTeam, ...body }, as('lead'))).status, JSON.stringify(body)).toBe(403);
    for (const [key, who] of [
      [mine, 'member'],
      [ofTeam, 'lead'],
    ] as const) {
      const answer = await post('/key/update', { key, metadata: null, config: null, tpm_limit: 5 }, as(who));
      expect(answer.body, JSON.stringify(answer.body)).toMatchObject({
        spend: 2,
        budget_id: 'shared',
        guardrails: ['mask'],
        metadata: { guardrails: ['mask'] },
      });
    }
    expect((await get(`/key/info?key=${mine}`, 'master')).body).toMatchObject({ info: { blocked: true, model_rpm_limit: { a: 1 }, max_budget: 3 } });
    await post('/key/delete', { keys: [mine, ofTeam] });
    // In a new key null says nothing.
    expect((await post('/key/generate', { spend: null, budget_id: null, guardrails: null, blocked: false }, as('member'))).status).toBe(200);
  });
});

describe('a team', () => {
  it('is administered by its administrators, who make keys for its members only', async () => {
    const forMember = await made({ team_id: 'red', user_id: 'member' }, as('lead'));
    expect((await post('/key/generate', { team_id: 'red', user_id: 'other' }, as('lead'))).status).toBe(403);
    expect((await post('/key/generate', { team_id: 'blue' }, as('lead'))).status).toBe(401);
    expect((await post('/key/update', { key: forMember, max_budget: 7 }, as('lead'))).status).toBe(200);
    expect((await post('/key/update', { key: forMember, spend: 0 }, as('lead'))).status).toBe(403);
    expect((await post('/team/member_add', { team_id: 'red', member: { user_id: 'other', role: 'user' } }, as('member'))).status).toBe(403);
    expect((await post('/team/member_add', { team_id: 'red', member: { user_id: 'other', role: 'user' } }, as('lead'))).status).toBe(200);
    expect((await post('/team/member_delete', { team_id: 'red', user_id: 'other' }, as('lead'))).status).toBe(200);
    expect((await post('/team/member_add', { team_id: 'blue', member: { user_id: 'lead', role: 'admin' } }, as('lead'))).status).toBe(403);
    expect((await post('/team/update', { team_id: 'red', max_budget: 1 }, as('lead'))).status).toBe(403);
    expect((await get('/team/info?team_id=red', as('lead'))).status).toBe(200);
    expect((await get('/team/info?team_id=blue', as('lead'))).status).toBe(403);
    const service = await post('/key/service-account/generate', { team_id: 'red', key_alias: 'robot' }, as('lead'));
    expect(service.body).toMatchObject({ user_id: null, team_id: 'red' });
    const listed = (await get('/key/list?size=100&team_id=red', as('lead'))).body as unknown as { total_count: number };
    expect(listed.total_count).toBe(2);
  });
  it('permits its members what its list says, for their own keys', async () => {
    const mine = await made({ team_id: 'red', user_id: 'member' }, as('lead'));
    const theirs = await made({ team_id: 'red', user_id: 'lead' }, as('lead'));
    expect((await get(`/key/info?key=${theirs}`, as('member'))).status).toBe(200);
    expect((await post('/key/update', { key: mine, rpm_limit: 1 }, as('member'))).status).toBe(401);
    expect((await post('/key/delete', { keys: [mine] }, as('member'))).status).toBe(403);
    const list = (await get('/team/permissions_list?team_id=red', as('member'))).body as unknown as {
      team_member_permissions: string[];
      all_available_permissions: string[];
    };
    expect(list.team_member_permissions).toEqual(['/key/info', '/key/health']);
    expect(list.all_available_permissions).toContain('/key/generate');
    expect((await get('/team/permissions_list?team_id=red', as('other'))).status).toBe(403);
    const permissions = { team_id: 'red', team_member_permissions: ['/key/generate', '/key/update', '/key/delete', '/key/{key_id}/regenerate'] };
    expect((await post('/team/permissions_update', permissions, as('member'))).status).toBe(403);
    expect((await post('/team/permissions_update', { ...permissions, team_member_permissions: ['/key/fly'] }, as('lead'))).status).toBe(400);
    expect((await post('/team/permissions_update', permissions, as('lead'))).body).toMatchObject({
      team_id: 'red',
      team_member_permissions: permissions.team_member_permissions,
    });
    expect((await get(`/key/info?key=${theirs}`, as('member'))).status).toBe(403);
    expect((await post('/key/generate', { team_id: 'red' }, as('member'))).body).toMatchObject({ user_id: 'member', team_id: 'red' });
    expect((await post('/key/update', { key: mine, rpm_limit: 1 }, as('member'))).status).toBe(200);
    expect((await post('/key/update', { key: theirs, rpm_limit: 1 }, as('member'))).status).toBe(403);
    expect((await post('/key/delete', { keys: [theirs] }, as('member'))).status).toBe(403);
    expect((await post('/key/generate', { team_id: 'red' }, as('reader'))).status).toBe(403);
    const renewed = (await post(`/key/${mine}/regenerate`, {}, as('member'))).body.key as unknown as string;
    expect((await post('/key/delete', { keys: [renewed] }, as('member'))).status).toBe(200);
    const bulk = await post('/team/permissions_bulk_update', { permissions: ['/key/list'], team_ids: ['red', 'blue'] });
    expect(bulk.body).toMatchObject({ teams_updated: 2, permissions_appended: ['/key/list'] });
    expect((await post('/team/permissions_bulk_update', { permissions: ['/key/list'] })).status).toBe(400);
    expect((await post('/team/permissions_bulk_update', { permissions: ['/key/list'], apply_to_all_teams: true }, as('lead'))).status).toBe(403);
    const blue = (await get('/team/permissions_list?team_id=blue', 'master')).body;
    expect(blue).toMatchObject({ team_member_permissions: ['/key/info', '/key/health', '/key/list'] });
  });
  it('shows what it spends to its administrators, and to members who are permitted; everybody sees his own', async () => {
    const activity = (kind: string, query: string, who: string) => get(`/${kind}/daily/activity?start_date=2026-01-01&end_date=2026-01-02${query}`, as(who));
    expect((await activity('team', '&team_ids=red', 'lead')).status).toBe(200);
    expect((await activity('team', '&team_ids=red,blue', 'lead')).status).toBe(403);
    expect((await activity('team', '', 'member')).status).toBe(403);
    expect((await post('/team/permissions_bulk_update', { permissions: ['/team/daily/activity'], team_ids: ['red'] })).status).toBe(200);
    expect((await activity('team', '', 'member')).status).toBe(200);
    expect((await activity('user', '', 'member')).status).toBe(200);
    expect((await activity('user', '&user_id=member', 'member')).status).toBe(200);
    expect((await activity('user', '&user_id=lead', 'member')).status).toBe(403);
    expect((await activity('user', '', 'stranger')).status).toBe(403);
    expect((await activity('organization', '', 'member')).status).toBe(403);
    // A key of a team tells nothing of what its owner does elsewhere.
    const ofTeam = await made({ team_id: 'red' }, as('lead'));
    expect((await get('/user/daily/activity?start_date=2026-01-01&end_date=2026-01-02', ofTeam)).status).toBe(403);
    expect((await get('/team/daily/activity?start_date=2026-01-01&end_date=2026-01-02', ofTeam)).status).toBe(200);
  });
  it('is as far as a key of it reaches: whoever gets one gets no hold of its owner’s other keys', async () => {
    const ofTeam = await made({ team_id: 'red', user_id: 'lead' }, as('lead'));
    const personal = await made({}, as('lead'));
    expect((await post('/key/delete', { keys: [personal] }, ofTeam)).status).toBe(403);
    expect((await get(`/key/info?key=${personal}`, ofTeam)).status).toBe(403);
    expect((await post('/key/generate', {}, ofTeam)).body).toMatchObject({ team_id: 'red', user_id: 'lead' });
    const listed = (await get('/key/list?size=100&return_full_object=true', ofTeam)).body as unknown as { keys: { team_id: string }[] };
    expect(new Set(listed.keys.map((key) => key.team_id))).toEqual(new Set(['red']));
  });
});

describe('a bound', () => {
  it('is never passed, whatever a body asks for', () => {
    const bound = {
      models: ['a', 'b-*'],
      maxBudgetPicos: 5_000_000_000_000n,
      rpmLimit: 10,
      tpmLimit: null,
      maxParallelRequests: 3,
      expiresAtMs: 100_000,
      allowedRoutes: ['llm_api_routes', '/key/*'],
      tags: ['t'],
      metadata: {},
      otherFields: {},
    };
    const names = { config: { modelAliases: {} } as never, accessGroups: new Map() };
    const body = fc.record(
      {
        max_budget: fc.option(fc.double({ min: 0, max: 20, noNaN: true })),
        rpm_limit: fc.option(fc.nat(20)),
        max_parallel_requests: fc.option(fc.nat(20)),
        models: fc.option(fc.array(fc.constantFrom('a', 'b-1', 'b-*', '*', 'c', 'all-proxy-models'))),
        allowed_routes: fc.option(fc.array(fc.constantFrom('llm_api_routes', '/key/info', '/key/*', '/team/new', 'management_routes', '*', '/*'))),
        duration: fc.option(fc.constantFrom('1s', '99s', '101s', '1d')),
        tags: fc.option(fc.array(fc.constantFrom('t', 'u'))),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(body, (asked) => {
        let next: Record<string, unknown>;
        try {
          next = withinBound(asked as never, bound, { names, nowMs: 0, isNew: true }) as Record<string, unknown>;
        } catch (error) {
          expect(error).toMatchObject({ status: 403 });
          return;
        }
        expect(Number(next.max_budget)).toBeLessThanOrEqual(5);
        expect(next.rpm_limit).toBeLessThanOrEqual(10);
        expect(next.max_parallel_requests).toBeLessThanOrEqual(3);
        expect((next.models as string[]).length).toBeGreaterThan(0);
        expect((next.models as string[]).every((name) => ['a', 'b-1', 'b-*'].includes(name))).toBe(true);
        expect((next.allowed_routes as string[]).every((name) => ['llm_api_routes', '/key/info', '/key/*'].includes(name))).toBe(true);
        expect((next.allowed_routes as string[]).length).toBeGreaterThan(0);
        expect(['1s', '99s', '100s']).toContain(next.duration);
        expect(next.tags).toContain('t');
      }),
    );
  });
});
