// The shapes and refusals of /team, /user, /organization, /customer, /tag and /budget (litellm.md §1.5).
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdminHouse, startAdminHouse } from './admin-fixture.ts';

let house: AdminHouse;
beforeAll(async () => {
  house = await startAdminHouse();
});
afterAll(() => house.stop());

type Body = Record<string, never>;
async function ok(method: string, url: string, body?: unknown): Promise<Body> {
  const answer = await house.call(method, url, body);
  expect(answer.status, `${method} ${url}: ${JSON.stringify(answer.body)}`).toBe(200);
  return answer.body;
}
async function refused(method: string, url: string, body?: unknown): Promise<{ status: number; param: string | null; message: string }> {
  const { status, body: answer } = await house.call(method, url, body);
  const { error } = answer as { error: { param: string | null; message: string; code: string } };
  expect(error.code).toBe(String(status));
  return { status, param: error.param, message: error.message };
}

describe('/team', () => {
  it('answers in LiteLLM’s shapes from its creation to its end', async () => {
    const made = await ok('POST', '/team/new', {
      team_alias: '開発',
      models: ['gpt-4o'],
      max_budget: 10,
      budget_duration: '30d',
      tpm_limit: 5,
      metadata: { cost: 'CC' },
      team_member_budget: 2,
      guardrails: ['pii'],
      members_with_roles: [{ user_id: 'ann', role: 'admin' }],
    });
    const { team_id: id } = made as unknown as { team_id: string };
    expect(made).toMatchObject({
      team_alias: '開発',
      organization_id: 'org',
      models: ['gpt-4o'],
      max_budget: 10,
      spend: 0,
      budget_duration: '30d',
      budget_reset_at: expect.stringMatching(/T15:00:00/),
      tpm_limit: 5,
      rpm_limit: null,
      blocked: false,
      metadata: { cost: 'CC' },
      guardrails: ['pii'],
      members_with_roles: [{ user_id: 'ann', user_email: null, role: 'admin' }],
    });
    const added = await ok('POST', '/team/member_add', { team_id: id, member: { user_id: 'bob', role: 'user' }, budget_duration: '1d' });
    expect(added).toMatchObject({ updated_team_memberships: [{ user_id: 'bob', spend: 0, litellm_budget_table: { max_budget: 2, budget_duration: '1d' } }] });
    expect(await refused('POST', '/team/member_add', { team_id: id, member: [{ user_id: 'bob', role: 'user' }] })).toMatchObject({ status: 400 });
    expect((await ok('GET', `/team/info?team_id=${id}`)) as unknown).toMatchObject({
      team_id: id,
      keys: [],
      team_info: { members_with_roles: [{ user_id: 'ann' }, { user_id: 'bob' }] },
    });
    const bulk = await ok('POST', '/team/bulk_member_add', { team_id: id, members: [{ user_id: 'bob' }, { user_id: 'carol' }] });
    expect(bulk).toMatchObject({ total_requested: 2, successful_additions: 1, failed_additions: 1 });
    expect(await ok('POST', '/team/member_update', { team_id: id, user_id: 'bob', role: 'admin', max_budget_in_team: 7, rpm_limit: 3 })).toEqual({
      team_id: id,
      user_id: 'bob',
      user_email: null,
      max_budget_in_team: 7,
      tpm_limit: null,
      rpm_limit: 3,
      budget_duration: '1d',
    });
    expect(await refused('POST', '/team/member_delete', { team_id: id, user_id: 'nobody' })).toMatchObject({ status: 400, param: 'user_id' });
    await ok('POST', '/team/member_delete', { team_id: id, user_id: 'bob' });
    const updated = await ok('POST', '/team/update', { team_id: id, max_budget: null, team_alias: 'dev', guardrails: null });
    expect(updated).toMatchObject({ team_id: id, data: { max_budget: null, team_alias: 'dev', budget_duration: '30d', tpm_limit: 5 } });
    expect((updated as unknown as { data: object }).data).not.toHaveProperty('guardrails');
    const page = await ok('GET', '/v2/team/list?search=DEV&page_size=1');
    expect(page).toMatchObject({ teams: [{ team_id: id }], total: 1, page: 1, page_size: 1, total_pages: 1 });
    expect((await ok('GET', '/team/list?user_id=carol')) as unknown).toMatchObject([{ team_id: id, team_memberships: [{}, {}] }]);
    expect(await ok('POST', '/team/delete', { team_ids: [id] })).toEqual({ deleted_teams: [id] });
    expect(await refused('GET', `/team/info?team_id=${id}`)).toMatchObject({ status: 404, param: 'team_id' });
  });

  it('refuses what cannot be, and says why', async () => {
    expect(await refused('POST', '/team/new', { team_id: 'team' })).toMatchObject({ status: 400, message: expect.stringContaining('already exists') });
    expect(await refused('POST', '/team/new', { organization_id: 'nowhere' })).toMatchObject({ status: 400, param: 'organization_id' });
    expect(await refused('POST', '/team/new', { budget_id: 'nowhere' })).toMatchObject({ status: 400, param: 'budget_id' });
    expect(await refused('POST', '/team/new', { max_budget: -1 })).toMatchObject({ status: 400, param: 'max_budget' });
    expect(await refused('POST', '/team/new', { team_id: 'a\u001fb' })).toMatchObject({ status: 400, param: 'team_id' });
    expect(await refused('POST', '/team/new', { model_max_budget: { x: {} } })).toMatchObject({ status: 400 });
    expect(await refused('POST', '/team/update', { team_id: 'nowhere' })).toMatchObject({ status: 404 });
    expect(await refused('POST', '/team/member_add', { team_id: 'team', member: { user_email: 'no@body.example' } })).toMatchObject({ status: 400 });
  });

  it('lets a virtual key read its own team and owner, and nothing else', async () => {
    const { key } = (await ok('POST', '/key/generate', { team_id: 'team', user_id: 'dora' })) as unknown as { key: string };
    await ok('POST', '/user/new', { user_id: 'dora', auto_create_key: false });
    expect((await house.call('GET', '/team/info', undefined, key)).body).toMatchObject({ team_id: 'team', keys: [] });
    expect((await house.call('GET', '/user/info', undefined, key)).body).toMatchObject({ user_id: 'dora' });
    expect((await house.call('GET', '/team/list', undefined, key)).body).toMatchObject([{ team_id: 'team' }]);
    await ok('POST', '/team/new', { team_id: 'another' });
    expect((await house.call('GET', '/team/info?team_id=another', undefined, key)).status).toBe(403);
    expect((await house.call('GET', '/user/info?user_id=ann', undefined, key)).status).toBe(403);
    expect((await house.call('POST', '/team/update', { team_id: 'team' }, key)).status).toBe(403);
  });
});

describe('/user', () => {
  it('makes a user with a key, finds him by his address and ends him with his keys', async () => {
    const made = await ok('POST', '/user/new', {
      user_email: 'Eve@Example.com',
      user_role: 'internal_user',
      teams: ['team'],
      max_budget: 5,
      key_alias: 'eve-key',
    });
    const { user_id: id, key } = made as unknown as { user_id: string; key: string };
    expect(made).toMatchObject({
      key: expect.stringMatching(/^sk-/),
      user_email: 'Eve@Example.com',
      user_role: 'internal_user',
      teams: ['team'],
      max_budget: 5,
    });
    expect(await refused('POST', '/user/new', { user_email: 'eve@example.com' })).toMatchObject({ status: 400, param: 'user_email' });
    await ok('POST', '/team/new', { team_id: 'by-address', members_with_roles: [{ user_email: 'eve@example.com', role: 'user' }] });
    const info = await ok('GET', `/user/info?user_id=${id}`);
    expect(info).toMatchObject({
      user_id: id,
      user_info: { max_budget: 5, key_count: 1 },
      keys: [{ key_alias: 'eve-key' }],
      teams: [{ team_id: 'team' }, {}].reverse(),
    });
    expect(await ok('POST', '/user/update', { user_email: 'eve@example.com', user_alias: 'Eve', rpm_limit: 9 })).toMatchObject({
      user_id: id,
      data: { user_alias: 'Eve', rpm_limit: 9, max_budget: 5 },
    });
    expect(await ok('GET', '/user/list?user_email=eve&role=internal_user')).toMatchObject({ users: [{ user_id: id }], total: 1, page_size: 25 });
    expect(await ok('POST', '/user/delete', { user_ids: [id] })).toBe(1);
    expect(await refused('GET', `/user/info?user_id=${id}`)).toMatchObject({ status: 404 });
    expect((await house.call('GET', `/key/info?key=${key}`)).status).toBe(404);
  });
});

describe('/organization, /customer, /tag and /budget', () => {
  it('answer in LiteLLM’s shapes', async () => {
    const organization = await ok('POST', '/organization/new', { organization_alias: 'Sales', organization_id: 'sales', max_budget: 100, models: ['gpt-4o'] });
    expect(organization).toMatchObject({ organization_id: 'sales', organization_alias: 'Sales', models: ['gpt-4o'], spend: 0, members: [], teams: [] });
    expect(organization).toMatchObject({ litellm_budget_table: { max_budget: 100 } });
    await ok('POST', '/organization/member_add', { organization_id: 'sales', member: { user_id: 'ann', role: 'org_admin' } });
    await ok('PATCH', '/organization/member_update', { organization_id: 'sales', user_id: 'ann', role: 'internal_user' });
    await ok('POST', '/team/new', { team_id: 'sales-team', organization_id: 'sales' });
    expect((await ok('GET', '/organization/list?org_alias=sal')) as unknown).toMatchObject([
      { organization_id: 'sales', members: [{ user_id: 'ann', user_role: 'internal_user' }], teams: [{ team_id: 'sales-team' }] },
    ]);
    expect(await refused('DELETE', '/organization/delete', { organization_ids: ['sales'] })).toMatchObject({ status: 400 });
    await ok('POST', '/team/delete', { team_ids: ['sales-team'] });
    await ok('DELETE', '/organization/member_delete', { organization_id: 'sales', user_id: 'ann' });
    expect((await ok('DELETE', '/organization/delete', { organization_ids: ['sales'] })) as unknown).toMatchObject([{ organization_id: 'sales' }]);
    expect(await refused('DELETE', '/organization/delete', { organization_ids: ['org'] })).toMatchObject({ status: 400 });

    await ok('POST', '/budget/new', { budget_id: 'free-tier', max_budget: 1, rpm_limit: 2, budget_duration: '1d' });
    const customer = await ok('POST', '/customer/new', { user_id: 'c1', alias: 'Customer', budget_id: 'free-tier' });
    expect(customer).toMatchObject({ user_id: 'c1', alias: 'Customer', blocked: false, spend: 0, budget_id: 'free-tier', allowed_model_region: null });
    expect(customer).toMatchObject({ litellm_budget_table: { budget_id: 'free-tier', max_budget: 1, rpm_limit: 2, budget_duration: '1d' } });
    expect(await refused('POST', '/end_user/new', { user_id: 'c1' })).toMatchObject({ status: 400 });
    expect(await refused('POST', '/budget/delete', { id: 'free-tier' })).toMatchObject({ status: 400, message: expect.stringContaining('1 keys or levels') });
    expect(await ok('POST', '/end_user/update', { user_id: 'c1', alias: null, budget_id: null })).toMatchObject({ alias: null, litellm_budget_table: null });
    expect((await ok('POST', '/budget/info', { budgets: ['free-tier'] })) as unknown).toMatchObject([{ budget_id: 'free-tier', max_budget: 1 }]);
    expect(await ok('POST', '/budget/update', { budget_id: 'free-tier', max_budget: 3 })).toMatchObject({ max_budget: 3, rpm_limit: 2 });
    await ok('POST', '/budget/delete', { id: 'free-tier' });
    expect((await ok('GET', '/customer/list')) as unknown).toMatchObject([{ user_id: 'c1' }]);
    expect(await ok('POST', '/customer/delete', { user_ids: ['c1'] })).toMatchObject({ deleted_customers: 1 });

    const tag = await ok('POST', '/tag/new', { name: 'batch', description: 'night jobs', models: ['gpt-4o'], max_budget: 4 });
    expect(tag).toMatchObject({ message: 'Tag batch created successfully', tag: { name: 'batch', description: 'night jobs', spend: 0 } });
    expect(await ok('POST', '/tag/info', { names: ['batch'] })).toMatchObject({ batch: { litellm_budget_table: { max_budget: 4 } } });
    expect((await ok('GET', '/tag/list')) as unknown).toMatchObject([{ name: 'batch' }]);
    await ok('POST', '/tag/delete', { name: 'batch' });
    expect(await refused('POST', '/tag/info', { names: ['batch'] })).toMatchObject({ status: 404 });
  });

  it('never answer 5xx, whatever is sent', async () => {
    const paths = [
      '/team/new',
      '/team/update',
      '/team/member_add',
      '/user/new',
      '/user/update',
      '/customer/new',
      '/tag/new',
      '/budget/new',
      '/organization/new',
    ];
    const value = fc.oneof(fc.jsonValue(), fc.double(), fc.string({ unit: 'binary' }), fc.constantFrom('team', 'org', '1d', 'user'));
    const field = fc.constantFrom(
      ...['team_id', 'user_id', 'user_email', 'name', 'organization_alias', 'organization_id', 'budget_id', 'max_budget', 'budget_duration', 'models'],
      ...['metadata', 'member', 'members_with_roles', 'model_max_budget', 'budget_limits', 'model_rpm_limit', 'teams', 'alias', 'profile', '__proto__'],
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.oneof(fc.dictionary(field, value), fc.jsonValue()), async (path, body) => {
        const { status } = await house.call('POST', path, body);
        return status === 200 || status === 400 || status === 404;
      }),
      { numRuns: 250 },
    );
  });
});

describe('max_budget_rollover', () => {
  it('is kept as an amount at keys and levels, told as a number, of one’s own, of a member of a team and of a shared budget', async () => {
    const key = await ok('POST', '/key/generate', { max_budget: 10, budget_duration: '1d', max_budget_rollover: 2.5, rolled_over: 99 });
    expect(key).toMatchObject({ max_budget_rollover: 2.5 });
    expect(key).not.toHaveProperty('rolled_over');
    await ok('POST', '/team/new', { team_id: 'rolls', max_budget: 10, budget_duration: '1d', max_budget_rollover: '1e-3' });
    expect((await ok('GET', '/team/info?team_id=rolls')).team_info).toMatchObject({ max_budget_rollover: 0.001 });
    const shared = { budget_id: 'shared-rolls', max_budget: 1, budget_duration: '1d', max_budget_rollover: 1 };
    expect(await ok('POST', '/budget/new', shared)).toMatchObject({ max_budget_rollover: 1 });
    const member = { team_id: 'rolls', user_id: 'roller' };
    await ok('POST', '/team/member_add', {
      team_id: 'rolls',
      member: { ...member, role: 'user' },
      max_budget_in_team: 5,
      budget_duration: '1d',
      max_budget_rollover: 2,
    });
    expect(await ok('POST', '/team/member_update', { ...member, rpm_limit: 3 })).toMatchObject({ max_budget_rollover: 2, rpm_limit: 3 });
    expect(await ok('POST', '/team/member_update', { ...member, max_budget_rollover: null })).not.toHaveProperty('max_budget_rollover');
    expect((await refused('POST', '/key/generate', { max_budget_rollover: -1 })).param).toBe('max_budget_rollover');
  });
});
