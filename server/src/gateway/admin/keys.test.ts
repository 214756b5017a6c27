import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { organisationPath, settledCall, startedCall } from '#gateway/money/call-fixture.ts';
import { type AdminHouse, sha256, startAdminHouse } from './admin-fixture.ts';

let house: AdminHouse;
beforeAll(async () => {
  house = await startAdminHouse();
});
afterAll(() => house.stop());

interface KeyAnswer {
  key: string;
  token: string;
  key_name: string;
  info: Record<string, unknown>;
  [field: string]: unknown;
}
async function generated(body: unknown): Promise<KeyAnswer> {
  const answer = await house.call('POST', '/key/generate', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}
async function info(key: string): Promise<Record<string, unknown>> {
  return ((await house.call('GET', `/key/info?key=${encodeURIComponent(key)}`)).body as KeyAnswer).info;
}

describe('/key/generate', () => {
  it('answers in LiteLLM’s shape, shows the key once and keeps what it does not act on', async () => {
    const before = Date.now();
    const answer = await generated({
      key_alias: 'app-1',
      models: ['gpt-4o-mini'],
      max_budget: 1.5,
      rpm_limit: 10,
      duration: '30d',
      team_id: 'team',
      metadata: { purpose: '試験' },
      aliases: { fast: 'gpt-4o-mini' },
      model_max_budget: { 'gpt-4o': { budget_limit: 1, time_period: '1d' } },
    });
    expect(answer.key).toMatch(/^sk-[\w-]{22}$/);
    expect(answer).toMatchObject({
      token: sha256(answer.key),
      token_id: sha256(answer.key),
      key_name: `sk-...${answer.key.slice(-4)}`,
      key_alias: 'app-1',
      models: ['gpt-4o-mini'],
      max_budget: 1.5,
      spend: 0,
      rpm_limit: 10,
      tpm_limit: null,
      team_id: 'team',
      metadata: { purpose: '試験' },
      aliases: { fast: 'gpt-4o-mini' },
      created_by: 'default_user_id',
      blocked: false,
    });
    expect(new Date(answer.expires as string).getTime() - before - 30 * 86_400_000).toBeLessThan(60_000);
    const raw = await house.call('POST', '/key/generate', { soft_budget: 1, guardrails: [] });
    expect(raw.headers.get('x-genai-unenforced-fields')).toBe('soft_budget');
    const listed = JSON.stringify((await house.call('GET', '/key/list?return_full_object=true&size=100')).body);
    expect(listed).not.toContain(answer.key);
  });

  it('takes a key of one’s own and works with an empty body', async () => {
    const own = await generated({ key: 'sk-my-own-key-1234' });
    expect([own.key, own.token]).toEqual(['sk-my-own-key-1234', sha256('sk-my-own-key-1234')]);
    expect((await generated({})).models).toEqual([]);
    const again = await house.call('POST', '/key/generate', { key: 'sk-my-own-key-1234' });
    expect(again).toMatchObject({ status: 400, body: { error: { type: 'bad_request_error', param: 'key', code: '400' } } });
    expect(JSON.stringify(again.body)).not.toContain('sk-my-own-key-1234');
  });

  it('refuses bad values with the field’s name in LiteLLM’s envelope', async () => {
    const bad: [unknown, string | null][] = [
      [{ max_budget: -1 }, 'max_budget'],
      [{ max_budget: 'lots' }, 'max_budget'],
      [{ rpm_limit: -5 }, 'rpm_limit'],
      [{ rpm_limit: 1.5 }, 'rpm_limit'],
      [{ max_parallel_requests: -1 }, 'max_parallel_requests'],
      [{ tpm_limit: '10' }, 'tpm_limit'],
      [{ duration: '30 days' }, 'duration'],
      [{ duration: '-1d' }, 'duration'],
      [{ duration: '0d' }, 'duration'],
      [{ budget_duration: 'soon' }, 'budget_duration'],
      [{ models: 'gpt-4o' }, 'models'],
      [{ key: 'no-prefix' }, 'key'],
      [{ team_id: 'no-such-team' }, 'team_id'],
      [{ metadata: { a: 'nul \u0000' } }, 'metadata'],
      [{ key_alias: '\ud800' }, 'key_alias'],
      [{ max_budget: 1e30 }, null],
      ['{"key_alias": ', null],
      ['[]', null],
      ['null', null],
      ['"x"', null],
    ];
    for (const [body, param] of bad) {
      const answer = await house.call('POST', '/key/generate', body);
      expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), 400]);
      const { error } = answer.body as { error: { param: string | null; code: string; message: string } };
      expect(error.code).toBe('400');
      if (param !== null) expect(error.param, JSON.stringify(body)).toBe(param);
    }
  });

  it('never answers 5xx, whatever is sent', async () => {
    const value = fc.oneof(fc.jsonValue(), fc.double(), fc.string({ unit: 'binary' }), fc.bigInt().map(Number));
    const body = fc.dictionary(
      fc.constantFrom('key_alias', 'max_budget', 'duration', 'models', 'metadata', 'tags', 'spend', 'rpm_limit', 'x', '__proto__'),
      value,
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, fc.jsonValue()), async (sent) => {
        const answer = await house.call('POST', '/key/generate', sent);
        if (answer.status === 200) await house.call('POST', '/key/delete', { keys: [(answer.body as KeyAnswer).key] });
        return answer.status === 200 || answer.status === 400;
      }),
      { numRuns: 150 },
    );
  });
});

describe('/key/update', () => {
  it('keeps what is absent, clears what is null, and tells the gateway', async () => {
    const { key, token } = await generated({
      max_budget: 5,
      rpm_limit: 3,
      tpm_limit: 100,
      models: ['a'],
      metadata: { x: 1 },
      duration: '1h',
      guardrails: ['pii'],
    });
    house.changed.length = 0;
    const updated = await house.call('POST', '/key/update', { key, rpm_limit: 7, max_budget: null, duration: null, guardrails: null, prompts: ['p'] });
    expect(updated).toMatchObject({
      status: 200,
      body: { key, rpm_limit: 7, max_budget: null, tpm_limit: 100, models: ['a'], metadata: { x: 1 }, expires: null, prompts: ['p'] },
    });
    expect(updated.body).not.toHaveProperty('guardrails');
    expect(house.changed).toEqual([token]);
    for (const field of ['rpm_limit', 'tpm_limit', 'max_parallel_requests', 'user_id', 'team_id', 'budget_duration']) {
      expect((await house.call('POST', '/key/update', { key: token, [field]: null })).status, field).toBe(200);
    }
    expect(await info(key)).toMatchObject({ rpm_limit: null, tpm_limit: null });
  });

  it('finds the key by its alias when no key is named', async () => {
    await generated({ key_alias: 'by-alias', rpm_limit: 1 });
    expect((await house.call('POST', '/key/update', { key_alias: 'by-alias', rpm_limit: 2 })).body).toMatchObject({ rpm_limit: 2, key_alias: 'by-alias' });
    expect((await house.call('POST', '/key/update', { rpm_limit: 2 })).status).toBe(400);
    expect((await house.call('POST', '/key/update', { key: 'sk-none', rpm_limit: 2 })).status).toBe(404);
    const { key } = await generated({});
    const taken = await house.call('POST', '/key/update', { key, key_alias: 'by-alias' });
    expect(taken).toMatchObject({ status: 400, body: { error: { param: 'key_alias' } } });
  });

  it('sets the spend exactly, calls that were still on their way included', async () => {
    const { key, token } = await generated({ max_budget: 1 });
    const started = startedCall({ path: organisationPath({ keyId: token }) });
    house.money.journal.started(started);
    await house.money.settle(settledCall(started, '0.75'));
    expect(await info(key)).toMatchObject({ spend: 0.75 });
    await house.call('POST', '/key/update', { key, spend: 0 });
    expect(await info(key)).toMatchObject({ spend: 0 });
    expect(house.budgets.spentPicos(token)).toBe(0n);
  });
});

describe('the other key routes', () => {
  it('block and unblock, delete by key, hash and alias', async () => {
    const { key, token } = await generated({ key_alias: 'to-block' });
    expect((await house.call('POST', '/key/block', { key })).body).toMatchObject({ token, blocked: true });
    expect((await house.call('POST', '/key/unblock', { key: token })).body).toMatchObject({ blocked: false });
    const other = await generated({});
    const deleted = await house.call('POST', '/key/delete', { keys: [other.key], key_aliases: ['to-block'] });
    expect(new Set((deleted.body as { deleted_keys: string[] }).deleted_keys)).toEqual(new Set([other.key, 'to-block']));
    expect((await house.call('GET', `/key/info?key=${key}`)).body).toMatchObject({ error: { code: '404', type: 'not_found_error', param: 'key' } });
    expect((await house.call('POST', '/key/delete', { keys: [key] })).status).toBe(404);
    expect((await house.call('POST', '/key/delete', {})).status).toBe(400);
    expect((await house.call('POST', '/key/block', { key: 'sk-none' })).status).toBe(404);
  });

  it('list in pages with totals, filters and full objects', async () => {
    for (let index = 0; index < 5; index += 1) await generated({ key_alias: `page-${index}`, user_id: 'pager' });
    const page = (await house.call('GET', '/key/list?user_id=pager&page=2&size=2&sort_by=key_alias&sort_order=asc&return_full_object=true')).body as {
      keys: { key_alias: string }[];
    };
    expect(page).toMatchObject({ total_count: 5, current_page: 2, total_pages: 3 });
    expect(page.keys.map((key) => key.key_alias)).toEqual(['page-2', 'page-3']);
    const hashes = (await house.call('GET', '/key/list?key_alias=PAGE-&substring_matching=true')).body as { keys: string[] };
    expect(hashes.keys).toHaveLength(5);
    expect(hashes.keys[0]).toMatch(/^[0-9a-f]{64}$/);
    for (const query of ['page=0', 'size=-1', 'page=x', 'sort_by=drop', 'return_full_object=perhaps']) {
      expect((await house.call('GET', `/key/list?${query}`)).status, query).toBe(400);
    }
    expect((await house.call('GET', '/key/list?key_alias=%00')).status).toBe(400);
  });

  it('let a virtual key read itself and nothing else', async () => {
    const mine = await generated({ key_alias: 'mine' });
    const other = await generated({});
    expect((await house.call('GET', '/key/info', undefined, mine.key)).body).toMatchObject({ key: mine.token, info: { key_alias: 'mine' } });
    expect((await house.call('GET', `/key/info?key=${other.token}`, undefined, mine.key)).status).toBe(403);
    for (const path of ['/key/generate', '/key/update', '/key/delete', '/key/block']) {
      expect((await house.call('POST', path, { key: mine.key }, mine.key)).status, path).toBe(403);
      expect((await house.call('POST', path, { key: mine.key }, 'viewer')).status, path).toBe(403);
      expect((await house.call('POST', path, { key: mine.key }, 'anonymous')).status, path).toBe(401);
    }
    expect((await house.call('GET', '/key/info', undefined, 'admin')).status).toBe(400);
    const byAdmin = await house.call('POST', '/key/generate', {}, 'admin');
    expect(byAdmin.body).toMatchObject({ created_by: 'u1' });
  });
});
