// A LiteLLM database taken over by a whole front: the same virtual keys, rules and money go on, the source is never written to, and a second run changes nothing.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '#stores/records/sql.ts';
import type { ImportInput, ImportReport } from '#takeover/litellm/import-report.ts';
import { importLiteLlm } from '#takeover/litellm/import-run.ts';
import { createOldTables, createSource, fillSource, hashOf, KEYS, SALT, type Source } from '#takeover/litellm/source-fixture.ts';
import { startTestHouse, type TestHouse } from './house-fixture.ts';

let test: TestHouse;
let source: Source;
let provider: Server;
const heard: { key: string | undefined; path: string | undefined }[] = [];

beforeAll(async () => {
  test = await startTestHouse();
  provider = createServer((request, response) => {
    heard.push({ key: request.headers.authorization, path: request.url });
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER));
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  source = await createSource(test.socketFolder, 'litellm_old');
  await createOldTables(source);
  await fillSource(source, `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`);
});
afterAll(async () => {
  await source?.close();
  await test?.stop();
  provider?.close();
});

const ANSWER = JSON.stringify({
  ...{ id: 'x', object: 'chat.completion', model: 'gpt-4o-mini', usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 } },
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'from the provider' } }],
});

const run = (input: Partial<ImportInput> = {}): Promise<ImportReport> =>
  importLiteLlm(test.house.takeover, { databaseUrl: source.url, saltKeys: ['sk-not-this', SALT], apply: true, spendFrom: null, ...input }, () => {});
const countOf = (report: ImportReport, kind: string) => report.counts.find((counts) => counts.kind === kind);
const coded = (report: ImportReport, code: string) => report.findings.filter((finding) => finding.code === code);
const keyInfo = async (key: string) => (await test.admin<{ info: Record<string, unknown> }>('GET', `/key/info?key=${hashOf(key)}`)).body.info;

describe('a LiteLLM database', () => {
  it('is looked at without a word being written, here or there', async () => {
    const before = await source.fingerprint();
    const report = await run({ apply: false });
    expect(report).toMatchObject({ applied: false, source: { schema: 'public', otherTables: 4 }, secrets: { nacl: 7, v2: 0, v3: 0 } });
    expect(countOf(report, 'key')).toMatchObject({ read: 5, new: 4, refused: 1 });
    expect(await source.fingerprint()).toBe(before);
    expect(await test.records.query(sql`SELECT id FROM virtual_keys`)).toEqual([]);
    expect(await test.records.query(sql`SELECT id FROM taken_rows`)).toEqual([]);
  });

  it('is taken over, and the report says what was left and why', async () => {
    const before = await source.fingerprint();
    const looked = await run({ apply: false });
    const report = await run();
    expect(await source.fingerprint()).toBe(before);
    expect(report.counts).toEqual(looked.counts);
    expect(coded(report, 'no-team')).toMatchObject([{ level: 'refused', kind: 'key', count: 1, examples: ['orphan'] }]);
    expect(coded(report, 'alias-taken')).toMatchObject([{ level: 'note', kind: 'key', examples: ['plain'] }]);
    expect(coded(report, 'email-taken')).toMatchObject([{ level: 'note', kind: 'user', examples: ['u-2'] }]);
    expect(coded(report, 'sealed')).toMatchObject([{ level: 'refused', kind: 'model', detail: 'model', examples: ['m-3'] }]);
    expect(coded(report, 'password')).toMatchObject([{ kind: 'user', count: 1 }]);
    expect(coded(report, 'not-held').map(({ kind, field }) => `${kind} ${field}`)).toEqual(
      expect.arrayContaining(['team metadata.guardrails', 'end_user allowed_model_region']),
    );
    expect(report.left).toEqual([
      { table: 'Config', rows: 1 },
      { table: 'SpendLogs', rows: 3 },
    ]);
  });

  it('leaves its keys working: by themselves, by their team, by its aliases and their own', async () => {
    expect((await test.chat(KEYS.plain)).status).toBe(200);
    expect((await test.chat(KEYS.team, { model: 'short' })).status).toBe(200);
    expect((await test.chat(KEYS.team, { model: 'mine' })).status).toBe(200);
    expect((await test.chat('sk-orphan-123456')).status).toBe(401);
  });

  it('leaves its models working: the secrets were opened with the second salt and sealed with ours', async () => {
    expect((await test.chat(KEYS.team, { model: 'db-model' })).text).toContain('from the provider');
    expect((await test.chat(KEYS.plain, { model: 'with-credential' })).text).toContain('from the provider');
    expect(heard).toEqual([
      { key: 'Bearer sk-of-the-provider', path: '/v1/chat/completions' },
      { key: 'Bearer sk-of-the-provider', path: '/v1/chat/completions' },
    ]);
    const rows = await test.records.query<{ sealed_params: string }>(sql`SELECT sealed_params FROM stored_models`);
    expect(rows.every(({ sealed_params: sealed }) => sealed.startsWith('v1:'))).toBe(true);
  });

  it('leaves its rules in force: budgets with what was spent, blocked customers, models of a team', async () => {
    expect(await test.chat(KEYS.poor)).toMatchObject({ status: 400, text: expect.stringContaining('udget') });
    expect((await test.chat(KEYS.plain, { user: 'customer-1' })).status).toBeGreaterThanOrEqual(400);
    expect((await test.chat(KEYS.plain, { user: 'customer-2' })).status).toBe(200);
    expect((await test.chat(KEYS.team, { model: 'with-credential' })).status).toBeGreaterThanOrEqual(400);
    expect(await keyInfo(KEYS.team)).toMatchObject({
      key_alias: 'of the team',
      team_id: 't-1',
      organization_id: 'org-1',
      tpm_limit: 900000,
      created_by: 'admin',
    });
    expect(await keyInfo(KEYS.plain)).toMatchObject({ max_budget: 10, metadata: { note: '日本' }, tags: ['blue'], model_rpm_limit: { gpt: 100 } });
    const team = await test.admin<{ team_info: Record<string, unknown>; team_memberships: unknown[] }>('GET', '/team/info?team_id=t-1');
    expect(team.body.team_info).toMatchObject({ team_alias: 'Team 1', max_budget: 40, rpm_limit: 1000, model_aliases: { short: 'gpt' } });
    expect(team.body.team_info.members_with_roles).toMatchObject([
      { user_id: 'u-1', role: 'admin' },
      { user_id: 'u-3', role: 'user' },
    ]);
    expect(team.body.team_memberships).toEqual(expect.arrayContaining([expect.objectContaining({ user_id: 'u-1', budget_id: 'b-member' })]));
  });

  it('is run again without a change, and brings only what was spent and changed there since', async () => {
    const spendOf = async (key: string) => Number((await keyInfo(key)).spend);
    const before = { plain: await spendOf(KEYS.plain), team: await spendOf(KEYS.team) };
    const again = await run();
    expect(again.counts.every((counts) => counts.new === 0 && counts.changed === 0)).toBe(true);
    expect(again.spendAdded).toEqual({});
    expect(await spendOf(KEYS.plain)).toBeCloseTo(before.plain, 9);
    await source.client.query(`UPDATE "LiteLLM_VerificationToken" SET spend = spend + 0.75, updated_at = now() WHERE token = $1`, [hashOf(KEYS.plain)]);
    await source.client.query(`UPDATE "LiteLLM_VerificationToken" SET max_budget = 1 WHERE token = $1`, [hashOf(KEYS.team)]);
    const third = await run();
    expect(countOf(third, 'key')).toMatchObject({ new: 0, changed: 1, unchanged: 3 });
    expect(third.spendAdded).toEqual({ key: '0.750000' });
    expect(await spendOf(KEYS.plain)).toBeCloseTo(before.plain + 0.75, 9);
    expect(test.house.takeover).toBeDefined();
    expect(await keyInfo(KEYS.team)).toMatchObject({ max_budget: 1 });
    expect(await spendOf(KEYS.team)).toBeCloseTo(before.team, 9);
  });

  it('does not bring back what was deleted here, nor take what was here before', async () => {
    await test.admin('POST', '/key/delete', { keys: [hashOf(KEYS.poor)] });
    const report = await run();
    expect(coded(report, 'deleted-here')).toMatchObject([{ kind: 'key', count: 1 }]);
    const mine = await test.key({ key_alias: 'mine-first' });
    await source.client.query(`INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, models, spend) VALUES ($1, 'theirs', '{}', 100)`, [hashOf(mine)]);
    const next = await run();
    expect(coded(next, 'exists')).toMatchObject([{ kind: 'key', count: 1, examples: [hashOf(mine)] }]);
    expect(await keyInfo(mine)).toMatchObject({ key_alias: 'mine-first', spend: 0 });
  });

  it('gives its calls of a period to the ledger once, without their contents', async () => {
    const spendFrom = new Date('2026-01-01T00:00:00Z');
    expect(countOf(await run({ spendFrom }), 'call')).toMatchObject({ read: 2, new: 2, refused: 0 });
    expect(countOf(await run({ spendFrom }), 'call')).toMatchObject({ read: 2, new: 0, unchanged: 2 });
    const rows = await test.records.query(sql`SELECT call_id, cost, team_id, call_outcome, call_started_at FROM ledger WHERE call_id LIKE 'call-%' ORDER BY 1`);
    expect(rows).toEqual([
      { call_id: 'call-1', cost: '0.125000000000', team_id: 't-1', call_outcome: 'success', call_started_at: new Date('2026-03-01T00:00:00Z') },
      { call_id: 'call-2', cost: '0.250000000000', team_id: 't-1', call_outcome: 'failure', call_started_at: new Date('2026-03-02T00:00:00Z') },
    ]);
  });

  it('is read with a role that may do nothing but read', async () => {
    await source.client.query(`CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA public TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`);
    const report = await run({ databaseUrl: source.url.replace('//genai@', '//reader@'), apply: false });
    expect(countOf(report, 'team')).toMatchObject({ read: 2, unchanged: 2 });
  });

  it('that is none, or cannot be reached, is an answer in words', async () => {
    await expect(run({ databaseUrl: source.url.replace('litellm_old', 'postgres') })).rejects.toMatchObject({ status: 400, code: 'no_litellm_tables' });
    await expect(run({ databaseUrl: 'postgresql://u:secret@127.0.0.1:1/x' })).rejects.toThrow(/cannot be reached(?!.*secret)/);
    await expect(run({ databaseUrl: 'mysql://x' })).rejects.toMatchObject({ code: 'bad_database_url' });
  });
});
