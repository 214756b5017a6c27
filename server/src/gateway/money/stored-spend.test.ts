// What the records say of accounts that processes share: read when they are first needed, whatever their form.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOf, claimAccount, windowAccount } from '#identity/governing.ts';
import { windowOf } from '#lib/calendar.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { settledCall, startedCall } from './call-fixture.ts';
import { type MoneyProcess, startMoney } from './ledger-fixture.ts';
import { spendOfAccount } from './stored-spend.ts';

let database: TestRecords;
let money: MoneyProcess;
let folder: string;
beforeAll(async () => {
  database = await startTestRecords();
  const { records } = database;
  await records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
  await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);
  await records.query(sql`INSERT INTO teams (id, organization_id) VALUES ('team', 'org')`);
  folder = mkdtempSync(path.join(os.tmpdir(), 'genai-spend-'));
  money = await startMoney(folder, records, {});
  await money.ledger.start();
});
afterAll(async () => {
  await money.close();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the account of a window of a provider or a deployment', () => {
  it('is the sum of the ledger since the window began', async () => {
    const startMs = windowOf('1d', 'Asia/Tokyo', Date.now()).startMs;
    const call = settledCall(startedCall(), '0.002');
    const [attempt] = call.attempts;
    const { provider = '', deploymentId = '' } = attempt ?? {};
    await money.settle(call);
    await money.ledger.flush();
    const ofWindow = (level: 'provider' | 'deployment', id: string, from: number) =>
      spendOfAccount(database.records, windowAccount(claimAccount(accountOf(level, id), '1d', null), from));
    const spent = await ofWindow('provider', provider, Math.min(startMs, call.startedAtUs / 1000 - 1));
    expect(spent).toBe(2_000_000_000n);
    expect(await ofWindow('deployment', deploymentId, 0)).toBe(spent);
    expect(await ofWindow('provider', 'nobody', 0)).toBe(0n);
    expect(await ofWindow('deployment', deploymentId, Date.now() + 86_400_000)).toBe(0n);
  });
});
