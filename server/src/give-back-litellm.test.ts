// Our records given back into an empty LiteLLM schema: what came from a LiteLLM stands there again cell by cell, and what is read from there is what was here.
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { exportLiteLlm } from '#takeover/litellm/export-run.ts';
import { importLiteLlm } from '#takeover/litellm/import-run.ts';
import { openSecret } from '#takeover/litellm/secrets.ts';
import { createOldTables, createSource, fillSource, KEYS, SALT, type Source } from '#takeover/litellm/source-fixture.ts';
import { startTestHouse, type TestHouse } from './house-fixture.ts';

const OTHER_SALT = 'sk-salt-of-the-way-back';
let first: TestHouse;
let second: TestHouse;
let source: Source;
let target: Source;

beforeAll(async () => {
  [first, second] = await Promise.all([startTestHouse(), startTestHouse()]);
  source = await createSource(first.socketFolder, 'litellm_source');
  target = await createSource(first.socketFolder, 'litellm_target');
  await createOldTables(source);
  await createOldTables(target);
  await fillSource(source, 'http://127.0.0.1:9/v1');
  // What the import leaves or changes on purpose has tests of its own.
  await source.client.query(`
    DELETE FROM "LiteLLM_VerificationToken" WHERE key_alias = 'orphan' OR (key_alias = 'plain' AND user_id IS NULL); DELETE FROM "LiteLLM_ProxyModelTable" WHERE model_id = 'm-3';
    UPDATE "LiteLLM_UserTable" SET user_email = 'other@example.com' WHERE user_id = 'u-2'; UPDATE "LiteLLM_UserTable" SET password = NULL;
    UPDATE "LiteLLM_TeamTable" SET members_with_roles = '[{"role":"admin","user_id":"u-1","user_email":"Hanako@example.com"},{"role":"user","user_id":"u-3","user_email":null}]' WHERE team_id = 't-1'`);
  const imported = { databaseUrl: source.url, saltKeys: [SALT], apply: true, spendFrom: new Date('2026-01-01T00:00:00Z') };
  const report = await importLiteLlm(first.house.takeover, imported, () => {});
  expect(report.findings.filter(({ level }) => level === 'refused')).toEqual([]);
});
afterAll(async () => {
  await source?.close();
  await target?.close();
  await first?.stop();
  await second?.stop();
});

const period = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-12-31T00:00:00Z') };
const giveBack = (apply: boolean) => exportLiteLlm(first.house.takeover, { databaseUrl: target.url, saltKey: OTHER_SALT, apply, spend: period }, () => {});
const rowsOf = async (client: pg.Client, table: string) =>
  (await client.query(`SELECT to_jsonb(t) AS row FROM "LiteLLM_${table}" t ORDER BY to_jsonb(t)::text`)).rows.map(({ row }) => row as Record<string, unknown>);

/** LiteLLM reads a list that is null as an empty one; amounts are equal to 12 decimals. */
function comparable(row: Record<string, unknown>): Record<string, unknown> {
  const cells = Object.entries(row).map(([name, value]) => {
    if (typeof value === 'number' && /spend|budget/.test(name)) return [name, Math.round(value * 1e12) / 1e12];
    return [name, LISTS.has(name) ? (value ?? []) : value];
  });
  return Object.fromEntries(cells);
}
const LISTS = new Set(['models', 'admins', 'members', 'teams', 'allowed_cache_controls']);

describe('the way back into LiteLLM', () => {
  it('is looked at first', async () => {
    const report = await giveBack(false);
    expect(report).toMatchObject({ applied: false, target: { schema: 'public' } });
    expect(await rowsOf(target.client, 'VerificationToken')).toEqual([]);
  });

  it('puts every cell where it came from', async () => {
    const report = await giveBack(true);
    expect(report.findings.filter(({ level }) => level === 'refused')).toEqual([]);
    for (const table of ['BudgetTable', 'OrganizationTable', 'UserTable', 'TeamMembership', 'OrganizationMembership', 'VerificationToken', 'EndUserTable']) {
      const [there, back] = [await rowsOf(source.client, table), await rowsOf(target.client, table)];
      expect([table, back.map(comparable)]).toEqual([table, there.map(comparable)]);
    }
    const withoutNumber = (rows: Record<string, unknown>[]) =>
      rows.map(({ model_id, id, created_at, created_by, updated_at, updated_by, ...row }) => comparable(row));
    // LiteLLM's teams have no author, and model aliases get new numbers.
    for (const table of ['TeamTable', 'ModelTable']) {
      expect([table, withoutNumber(await rowsOf(target.client, table))]).toEqual([table, withoutNumber(await rowsOf(source.client, table))]);
    }
  });

  it('gives models and credentials in the form of the LiteLLM that will read them', async () => {
    const opened = async (client: pg.Client, salt: string) => {
      const rows = await rowsOf(client, 'ProxyModelTable');
      return rows.map(({ litellm_params: params, model_id: id, model_name: name }) => {
        const texts = Object.entries(params as Record<string, unknown>).map(([field, value]) => [
          field,
          typeof value === 'string' ? openSecret(value, [salt])?.text : value,
        ]);
        return { id, name, params: Object.fromEntries(texts) };
      });
    };
    expect(await opened(target.client, OTHER_SALT)).toEqual(await opened(source.client, SALT));
    const [credential] = await rowsOf(target.client, 'CredentialsTable');
    expect(openSecret((credential as { credential_values: { api_key: string } }).credential_values.api_key, [OTHER_SALT])?.text).toBe('sk-of-the-provider');
  });

  it('gives the calls of the period', async () => {
    const shown = async (client: pg.Client) =>
      (await rowsOf(client, 'SpendLogs'))
        .filter(({ request_id: id }) => id !== 'call-0')
        .map(({ request_id, spend, api_key, startTime, endTime, model, model_group, team_id, total_tokens, request_tags }) => ({
          ...{ request_id, spend, api_key, startTime, endTime, model, model_group, team_id, total_tokens, request_tags },
        }));
    expect(await shown(target.client)).toEqual(await shown(source.client));
  });

  it('is the inverse of taking over: a second platform that reads it has the same records', async () => {
    await importLiteLlm(second.house.takeover, { databaseUrl: target.url, saltKeys: [OTHER_SALT], apply: true, spendFrom: period.from }, () => {});
    const tables: [string, ReturnType<typeof sql>][] = [
      ['virtual_keys', sql`SELECT * FROM virtual_keys ORDER BY id`],
      ['organizations', sql`SELECT * FROM organizations WHERE id <> 'org' ORDER BY id`],
      ['internal_users', sql`SELECT * FROM internal_users ORDER BY id`],
      ['teams', sql`SELECT id, alias, organization_id, models, model_aliases, blocked, metadata, other_fields, created_at, updated_at FROM teams ORDER BY id`],
      ['team_members', sql`SELECT team_id, user_id, email, role, models FROM team_members ORDER BY team_id, created_at`],
      ['organization_members', sql`SELECT * FROM organization_members ORDER BY organization_id, user_id`],
      [
        'ledger',
        sql`SELECT call_id, cost, key_id, team_id, team_alias, model, upstream_model, call_outcome, call_started_at, tags, input_tokens FROM ledger WHERE call_id LIKE 'call-%' ORDER BY 1`,
      ],
      [
        'spend_limits',
        sql`SELECT kind, subject, spend, max_budget, soft_budget, budget_duration, budget_reset_at, rpm_limit, tpm_limit, max_parallel_requests, model_limits, budget_id, blocked, profile FROM spend_limits WHERE is_registered AND subject <> 'org' ORDER BY kind, subject`,
      ],
    ];
    const all = async (records: Records) => Promise.all(tables.map(async ([name, statement]) => [name, await records.query(statement)]));
    expect(await all(second.records)).toEqual(await all(first.records));
    expect((await second.chat(KEYS.plain)).status).toBe(200);
  });

  it('never goes into a database that holds something', async () => {
    await expect(giveBack(true)).rejects.toMatchObject({ status: 400, code: 'target_not_empty' });
    expect(await rowsOf(target.client, 'VerificationToken')).toHaveLength(3);
  });

  it('gives limits that were set here, where LiteLLM keeps them in a budget of its own', async () => {
    const empty = await createSource(first.socketFolder, 'litellm_native');
    await createOldTables(empty);
    await second.admin('POST', '/organization/new', { organization_id: 'native', organization_alias: 'Native' });
    await second.admin('POST', '/customer/new', { user_id: 'native-customer', max_budget: 3 });
    const key = await second.key({ key_alias: 'native', tags: ['red'], model_rpm_limit: { gpt: 7 } });
    const report = await exportLiteLlm(second.house.takeover, { databaseUrl: empty.url, saltKey: null, apply: true, spend: null }, () => {});
    expect(report.findings).toEqual(expect.arrayContaining([expect.objectContaining({ level: 'refused', kind: 'model', code: 'no-salt', count: 2 })]));
    expect(await rowsOf(empty.client, 'OrganizationTable')).toEqual(
      expect.arrayContaining([expect.objectContaining({ organization_id: 'native', budget_id: 'genai-organization-native' })]),
    );
    expect(await rowsOf(empty.client, 'BudgetTable')).toEqual(
      expect.arrayContaining([expect.objectContaining({ budget_id: 'genai-end_user-native-customer', max_budget: 3 })]),
    );
    expect(await rowsOf(empty.client, 'VerificationToken')).toEqual(
      expect.arrayContaining([expect.objectContaining({ key_alias: 'native', metadata: { tags: ['red'], model_rpm_limit: { gpt: 7 } } })]),
    );
    expect(key).toMatch(/^sk-/);
    await empty.close();
  });
});
