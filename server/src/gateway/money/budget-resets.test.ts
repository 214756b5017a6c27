import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('an administrator who sets a spend', () => {
  it('learns what it was, in one step', async () => {
    expect(await replaceSpend(database.records, id('b'), 7n)).toBe(5_000_000_000_000n);
    expect(await replaceSpend(database.records, id('b'), 0n)).toBe(7n);
    expect(await replaceSpend(database.records, id('f'), 0n)).toBeNull();
  });
});
