import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memberId } from '#identity/governing.ts';
import { toVirtualKey, type VirtualKeyRow, virtualKeyRows } from '#identity/sql.ts';
import { windowOf } from '#lib/calendar.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createLog } from '#telemetry/log.ts';
import { createBudgetResets, nextReset, replaceSpend } from './budget-resets.ts';
import { testBudgets } from './budgets-fixture.ts';
import { loadStoredSpend } from './stored-spend.ts';

let database: TestRecords;
const id = (letter: string): string => letter.repeat(64);
const account = (letter: string): string => `key:${id(letter)}`;

beforeAll(async () => {
  database = await startTestRecords();
  await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
  await database.records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);
  for (const letter of ['a', 'b', 'c']) {
    await database.records.query(
      sql`INSERT INTO virtual_keys (id, name, organization_id, project_id, spend, max_budget) VALUES (${id(letter)}, 'sk-...', 'org', 'project', 5, 5)`,
    );
  }
});
afterAll(() => database.stop());

const log = createLog({ level: 'error', stream: { write: () => {} } });

describe('the end of a budget window', () => {
  it('falls on the midnights, Mondays and months of the organisation’s time zone', async () => {
    for (const zone of ['Asia/Tokyo', 'America/New_York', 'UTC']) {
      const local = async (duration: string): Promise<Date> => {
        const at = await nextReset(database.records, duration, zone);
        expect(at.getTime()).toBeGreaterThan(Date.now());
        const text = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(at);
        return new Date(`${text.replace(' ', 'T')}Z`);
      };
      for (const duration of ['1d', '24h', '7d', '1w', '30d', '1mo', '3d']) expect((await local(duration)).toISOString(), duration).toMatch(/T00:00:00/);
      expect((await local('7d')).getUTCDay()).toBe(1);
      expect((await local('30d')).getUTCDate()).toBe(1);
      expect((await local('1mo')).getUTCDate()).toBe(1);
      expect((await nextReset(database.records, '12h', zone)).getTime() % (12 * 3_600_000)).toBe(0);
      expect((await nextReset(database.records, '45s', zone)).getTime() % 45_000).toBe(0);
    }
  });

  it('is the same by the database as by the windows in memory, also where clocks change', async () => {
    const instants = [
      '2026-03-08T06:59:59Z',
      '2026-03-08T07:00:00Z',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:30:00Z',
      '2026-03-29T00:59:00Z',
      '2026-10-25T01:30:00Z',
    ];
    const zones = ['Asia/Tokyo', 'America/New_York', 'Europe/London', 'Australia/Lord_Howe', 'Pacific/Apia'];
    for (const zone of zones)
      for (const text of [...instants, '2026-11-30T14:59:59Z', '2026-12-31T15:00:00Z'])
        for (const duration of ['1d', '24h', '7d', '1w', '30d', '1mo', '12h', '45s']) {
          const now = new Date(text);
          const ends = new Date(windowOf(duration, zone, now.getTime()).endMs);
          expect([zone, text, duration, await nextReset(database.records, duration, zone, now)]).toEqual([zone, text, duration, ends]);
        }
  });

  it('sets the spend to zero, in the records and in memory, and begins the next window', async () => {
    const budgets = testBudgets();
    await loadStoredSpend(database.records, budgets);
    await database.records.query(sql`UPDATE virtual_keys SET budget_duration = '1d', budget_reset_at = now() - interval '1 minute' WHERE id = ${id('a')}`);
    await database.records.query(sql`UPDATE virtual_keys SET budget_duration = '1d', budget_reset_at = now() + interval '1 hour' WHERE id = ${id('b')}`);
    const resets = createBudgetResets({ records: database.records, budgets, timezone: 'Asia/Tokyo', log });
    expect(await resets.runDue()).toBe(1);
    expect(await resets.runDue()).toBe(0);
    expect([budgets.spentPicos(account('a')), budgets.spentPicos(account('b')), budgets.spentPicos(account('c'))]).toEqual([
      0n,
      5_000_000_000_000n,
      5_000_000_000_000n,
    ]);
    const [row] = await database.records.query<{ spend: string; later: boolean }>(
      sql`SELECT spend, budget_reset_at > now() AS later FROM virtual_keys WHERE id = ${id('a')}`,
    );
    expect(row).toEqual({ spend: '0.000000000000', later: true });
    resets.close();
  });

  it('is waited for without anybody asking', async () => {
    const budgets = testBudgets();
    budgets.adopt(account('c'), 5_000_000_000_000n);
    await database.records.query(
      sql`UPDATE virtual_keys SET budget_duration = '1s', budget_reset_at = now() + interval '300 milliseconds' WHERE id = ${id('c')}`,
    );
    const resets = createBudgetResets({ records: database.records, budgets, timezone: 'Asia/Tokyo', log });
    resets.reschedule();
    await expect.poll(() => budgets.spentPicos(account('c')), { timeout: 10_000 }).toBe(0n);
    resets.close();
  });
});

describe('a budget that rolls over', () => {
  const DOLLAR = 1_000_000_000_000n;
  const rows = async (kind: string) =>
    kind === 'key'
      ? await database.records.query<VirtualKeyRow>(virtualKeyRows(sql`k.id = ${id('a')}`))
      : await database.records.query<VirtualKeyRow>(virtualKeyRows(sql`k.id = ${id('b')}`));
  const claimOf = async (kind: string) => {
    const [row] = await rows(kind);
    const claim = toVirtualKey(row as VirtualKeyRow).claims.find(({ level }) => level === (kind === 'key' ? 'key' : 'user'));
    return claim as NonNullable<typeof claim>;
  };
  /** Ends the window of the key, or of the user who owns key b, with this much spent. */
  async function endWindow(kind: string, spent: number): Promise<string[]> {
    const told: string[] = [];
    const resets = createBudgetResets({
      records: database.records,
      budgets: testBudgets(),
      timezone: 'UTC',
      log,
      carried: (...changed) => told.push(changed.join(':')),
    });
    const set = sql`spend = ${String(spent)}::numeric, budget_reset_at = now() - interval '1 second'`;
    if (kind === 'key') await database.records.query(sql`UPDATE virtual_keys SET ${set} WHERE id = ${id('a')}`);
    else await database.records.query(sql`UPDATE spend_limits SET ${set} WHERE kind = 'user' AND subject = 'ann'`);
    await resets.runDue();
    resets.close();
    return told;
  }
  beforeAll(async () => {
    const { records } = database;
    await records.query(sql`
      UPDATE virtual_keys SET max_budget = 10, budget_duration = '1d', other_fields = '{"max_budget_rollover": "4"}' WHERE id = ${id('a')}`);
    await records.query(sql`INSERT INTO internal_users (id, organization_id) VALUES ('ann', 'org')`);
    await records.query(sql`UPDATE virtual_keys SET user_id = 'ann', budget_duration = NULL, budget_reset_at = NULL WHERE id IN (${id('b')}, ${id('c')})`);
    await records.query(sql`
      INSERT INTO spend_limits (kind, subject, max_budget, budget_duration, model_limits, is_registered)
      VALUES ('user', 'ann', 10, '1d', '{"max_budget_rollover": "4"}', true)`);
  });

  it('gives the next window what was left, up to its bound and no longer than that window, at every level', async () => {
    for (const kind of ['key', 'user']) {
      const left: number[] = [];
      for (const spent of [3, 13, 10, 25, 0, 0]) {
        expect(await endWindow(kind, spent)).toEqual([kind === 'key' ? `key:${id('a')}` : 'user:ann']);
        const claim = await claimOf(kind);
        left.push(Number((claim.carried?.picos ?? 0n) / 1_000_000n) / 1_000_000);
        if (claim.carried !== undefined) expect(claim.carried.untilMs).toBeGreaterThan(Date.now());
      }
      // 10 - 3, at most 4; 10 + 4 - 13; 10 + 1 - 10; nothing; 10, at most 4; again.
      expect(left, kind).toEqual([4, 1, 1, 0, 4, 4]);
    }
  });

  it('carries nothing that is no amount, and what is taken away is gone', async () => {
    for (const fields of ['{"max_budget_rollover": "much", "rolled_over": "x"}', '{"max_budget_rollover": null, "rolled_over": "3"}', '{"rolled_over": "3"}']) {
      await database.records.query(sql`UPDATE virtual_keys SET other_fields = ${fields}::jsonb WHERE id = ${id('a')}`);
      expect(await endWindow('key', 1)).toEqual([`key:${id('a')}`]);
      expect((await claimOf('key')).carried).toBeUndefined();
    }
    await database.records.query(sql`UPDATE virtual_keys SET other_fields = '{}' WHERE id = ${id('a')}`);
    expect(await endWindow('key', 1)).toEqual([]);
  });

  it('gives whoever shares a budget what he himself had left, by the shared bound or one of his own, and tells of the budget once', async () => {
    const { records } = database;
    await records.query(sql`
      INSERT INTO spend_limits (kind, subject, max_budget, budget_duration, model_limits, is_registered)
      VALUES ('budget', 'pool', 10, '1d', '{"max_budget_rollover": "4"}', true)`);
    await records.query(sql`INSERT INTO teams (id, organization_id) VALUES ('crew', 'org')`);
    await records.query(sql`INSERT INTO team_members (team_id, user_id, role) VALUES ('crew', 'ann', 'user')`);
    await records.query(sql`
      INSERT INTO spend_limits (kind, subject, budget_id, model_limits, max_budget, is_registered)
      VALUES ('team', 'crew', 'pool', '{}', NULL, true), ('member', ${memberId('crew', 'ann')}, 'pool', '{"max_budget_rollover": "1"}', 3, true)`);
    await records.query(sql`
      UPDATE virtual_keys SET max_budget = NULL, budget_duration = NULL, budget_reset_at = NULL, team_id = 'crew', other_fields = '{"budget_id": "pool"}' WHERE id = ${id('b')}`);
    const carriedNow = async (): Promise<Record<string, number>> => {
      const [row] = await rows('user');
      const claims = toVirtualKey(row as VirtualKeyRow).claims.filter(({ level }) => level !== 'user' && level !== 'organization');
      for (const { carried } of claims) expect(carried === undefined || carried.untilMs > Date.now()).toBe(true);
      return Object.fromEntries(claims.map(({ level, carried }) => [level, Number((carried?.picos ?? 0n) / DOLLAR)]));
    };
    const endShared = async (key: number, team: number, member: number): Promise<string[]> => {
      const told: string[] = [];
      const carried = (...changed: string[]): void => void told.push(changed.join(':'));
      const resets = createBudgetResets({ records, budgets: testBudgets(), timezone: 'UTC', log, carried });
      await records.query(sql`UPDATE virtual_keys SET spend = ${String(key)}::numeric WHERE id = ${id('b')}`);
      await records.query(sql`UPDATE spend_limits SET spend = ${String(team)}::numeric WHERE kind = 'team' AND subject = 'crew'`);
      await records.query(sql`UPDATE spend_limits SET spend = ${String(member)}::numeric WHERE kind = 'member' AND subject = ${memberId('crew', 'ann')}`);
      await records.query(sql`UPDATE spend_limits SET budget_reset_at = now() - interval '1 second' WHERE kind = 'budget' AND subject = 'pool'`);
      await resets.runDue();
      resets.close();
      return told;
    };
    expect(await endShared(7, 12, 0)).toEqual(['budget:pool']);
    expect(await carriedNow()).toEqual({ key: 3, team: 0, member: 1 });
    // 10 + 3 - 11; 10 - 1, at most 4; 3 + 1 - 4.
    expect(await endShared(11, 1, 4)).toEqual(['budget:pool']);
    expect(await carriedNow()).toEqual({ key: 2, team: 4, member: 0 });
    await records.query(sql`UPDATE spend_limits SET model_limits = '{}' WHERE kind = 'budget' AND subject = 'pool'`);
    expect(await carriedNow()).toEqual({ key: 0, team: 0, member: 0 });
    expect(await endShared(0, 0, 0)).toEqual(['budget:pool']);
    expect(await carriedNow()).toEqual({ key: 0, team: 0, member: 1 });
  });

  it('admits parallel calls up to the budget and what was carried, and in strict mode not a cent more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          max: fc.bigInt(1n, 50n),
          carried: fc.bigInt(0n, 50n),
          costs: fc.array(fc.bigInt(1n, 20n), { minLength: 50, maxLength: 60 }),
          strict: fc.boolean(),
        }),
        async ({ max, carried, costs, strict }) => {
          const budgets = testBudgets();
          const claim = {
            level: 'key' as const,
            id: 'x',
            account: 'key:x',
            maxPicos: max * DOLLAR,
            duration: null,
            model: null,
            carried: { picos: carried * DOLLAR, untilMs: Date.now() + 60_000 },
          };
          const answers = await Promise.all(costs.map(async (cost) => await budgets.reserve([claim], cost * DOLLAR, strict)));
          let spent = 0n;
          for (const [index, answer] of answers.entries()) {
            if (!answer.admitted) continue;
            budgets.settle(answer.reservation, (costs[index] as bigint) * DOLLAR);
            spent += costs[index] as bigint;
          }
          expect(budgets.spentPicos('key:x')).toBe(spent * DOLLAR);
          // The last call that was admitted may pass the end; strict lets none.
          expect(spent <= max + carried + (strict ? 0n : 19n)).toBe(true);
          if (!strict) expect(spent >= max + carried || answers.every(({ admitted }) => admitted)).toBe(true);
          const over = await budgets.reserve([{ ...claim, carried: { ...claim.carried, untilMs: Date.now() } }], 1n, strict);
          expect(over.admitted).toBe(strict ? spent * DOLLAR + 1n <= max * DOLLAR : spent < max);
        },
      ),
    );
  });
});

describe('an administrator who sets a spend', () => {
  it('learns what it was, in one step', async () => {
    await replaceSpend(database.records, id('b'), 5n);
    expect(await replaceSpend(database.records, id('b'), 7n)).toBe(5n);
    expect(await replaceSpend(database.records, id('b'), 0n)).toBe(7n);
    expect(await replaceSpend(database.records, id('f'), 0n)).toBeNull();
  });
});
