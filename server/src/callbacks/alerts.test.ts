import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords } from '#stores/records/test-records.ts';
import { createMetrics } from '#telemetry/metrics.ts';
import { AlertSender } from './alert-sender.ts';
import { type BudgetState, budgetAlerts, callAlerts, readBudgets } from './alerts.ts';
import { settledCall, silentLog, until } from './callbacks-fixture.ts';

const budget = (fields: Partial<BudgetState>): BudgetState => ({
  kind: 'key',
  id: 'k',
  alias: 'app',
  spendPicos: 0n,
  maxPicos: 100n,
  softPicos: null,
  resetAt: null,
  ...fields,
});

describe('a budget', () => {
  it('is told of at 85, 95 and 100 hundredths, one at a time', () => {
    const events = (spendPicos: bigint) => budgetAlerts(budget({ spendPicos })).map(({ event, subject }) => `${event} ${subject.split(' ').at(-1)}`);
    expect(events(84n)).toEqual([]);
    expect(events(85n)).toEqual(['threshold_crossed 85']);
    expect(events(95n)).toEqual(['threshold_crossed 95']);
    expect(events(100n)).toEqual(['budget_crossed budget_crossed']);
  });

  it('without a maximum is told of when its soft budget is crossed', () => {
    expect(budgetAlerts(budget({ maxPicos: null, softPicos: 10n, spendPicos: 10n })).map(({ event }) => event)).toEqual(['soft_budget_crossed']);
    expect(budgetAlerts(budget({ maxPicos: null, spendPicos: 10n }))).toEqual([]);
  });

  it('is news again in its next window, and when it is raised', () => {
    const occasion = (fields: Partial<BudgetState>) => budgetAlerts(budget({ spendPicos: 1_000n, ...fields }))[0]?.occasion;
    expect(occasion({ resetAt: new Date(0) })).not.toBe(occasion({ resetAt: new Date(1) }));
    expect(occasion({ maxPicos: 200n })).not.toBe(occasion({}));
  });
});

describe('a call', () => {
  it('is told of when a provider failed it or when it was slow, and not when the client was at fault', () => {
    const alerts = (fields: object, slowMs = 300_000) => callAlerts([settledCall('1', fields)], { slowMs }).map(({ type }) => type);
    expect(alerts({})).toEqual([]);
    expect(alerts({}, 1_000)).toEqual(['llm_too_slow']);
    expect(alerts({ outcome: 'failure', httpStatus: 500, errorClass: 'InternalServerError' })).toEqual(['llm_exceptions']);
    expect(alerts({ outcome: 'failure', httpStatus: 400, attempts: [] })).toEqual([]);
  });
});

describe('alerts', () => {
  let database: Awaited<ReturnType<typeof startTestRecords>>;
  let folder: string;
  beforeAll(async () => {
    database = await startTestRecords();
    folder = mkdtempSync(path.join(os.tmpdir(), 'genai-alerts-'));
  });
  afterAll(async () => {
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are sent once by all processes together, to Slack as text and to the webhook as fields', async () => {
    const { records } = database;
    await records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
    await records.query(sql`INSERT INTO teams (id, organization_id, alias) VALUES ('team-1', 'org', 'Sales')`);
    await records.query(sql`INSERT INTO spend_limits (kind, subject, spend, max_budget) VALUES ('team', 'team-1', 9, 10)`);
    const posted: { url: string; body: Record<string, unknown> }[] = [];
    const alerting = { slack: { llm_exceptions: ['http://slack/'], llm_too_slow: [], budget_alerts: ['http://slack/'] }, webhook: 'http://hook/', slowMs: 1e9 };
    const open = (name: string) =>
      new AlertSender({
        records,
        metrics: createMetrics(),
        log: silentLog,
        folder: path.join(folder, name),
        alerting: () => alerting,
        flushLedger: async () => {},
        outside: {
          get: async () => ({ status: 500, text: '' }),
          post: async (url, _headers, body) => {
            posted.push({ url, body: JSON.parse(body.toString()) as Record<string, unknown> });
            return { status: 200, text: '' };
          },
          objects: () => Promise.reject(new Error('none')),
          isSelf: async () => false,
        },
      });
    const [one, two] = [open('one'), open('two')];
    const calls = [settledCall('1'), settledCall('2', { outcome: 'failure', httpStatus: 500, errorClass: 'InternalServerError', errorMessage: 'boom' })];
    for (const sender of [one, two, one]) await sender.onCalls?.(calls);
    await until(() => posted.length >= 3);
    await Promise.all([one.close(), two.close()]);
    expect(posted).toHaveLength(3);
    expect(posted.find(({ url }) => url === 'http://hook/')?.body).toMatchObject({
      event: 'threshold_crossed',
      event_group: 'team',
      team_id: 'team-1',
      team_alias: 'Sales',
      spend: 9,
      max_budget: 10,
    });
    expect(posted.filter(({ url }) => url === 'http://slack/').map(({ body }) => String(body.text))).toEqual([
      expect.stringContaining('InternalServerError'),
      expect.stringContaining('team Sales'),
    ]);
  });

  it('read the budgets of every level, shared ones with their window, and what was carried over', async () => {
    const { records } = database;
    await records.query(sql`
      INSERT INTO spend_limits (kind, subject, spend, max_budget, soft_budget, budget_id, budget_reset_at, model_limits) VALUES
        ('budget', 'shared', 0, 20, 5, NULL, '2030-01-01T00:00:00Z', '{}'),
        ('end_user', 'customer', 6, NULL, NULL, 'shared', NULL, '{}'),
        ('tag', 'app', 1, NULL, 1, NULL, NULL, '{}'),
        ('member', 'team-1' || chr(31) || 'alice', 7, 10, NULL, NULL, now() + interval '1 day', '{"max_budget_rollover": "3", "rolled_over": "4"}'),
        ('user', 'alice', 0, NULL, NULL, NULL, NULL, '{}')`);
    const call = settledCall('3', { endUser: 'customer', tags: ['app'] });
    const states = await readBudgets(records, [{ ...call, path: { ...call.path, teamId: 'team-1', keyUserId: 'alice' } }]);
    const of = (kind: string) => states.find((state) => state.kind === kind);
    expect(of('end_user')).toMatchObject({ spendPicos: 6_000_000_000_000n, softPicos: 5_000_000_000_000n, resetAt: new Date('2030-01-01T00:00:00Z') });
    expect(of('tag')).toMatchObject({ softPicos: 1_000_000_000_000n, maxPicos: null });
    expect(of('member')).toMatchObject({ maxPicos: 13_000_000_000_000n, alias: 'team-1 / alice' });
    expect(of('user')).toBeUndefined();
    expect(budgetAlerts(of('end_user') as BudgetState).map(({ event, occasion }) => [event, occasion])).toEqual([
      ['soft_budget_crossed', '2030-01-01T00:00:00.000Z 5000000000000'],
    ]);
  });
});
