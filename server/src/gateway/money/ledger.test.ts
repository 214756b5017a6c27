import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { KEY_ID, organisationPath, settledCall, startedCall } from './call-fixture.ts';
import { type MoneyProcess, startMoney } from './ledger-fixture.ts';
import { storedPosition, storedSpend } from './ledger-sql.ts';
import { spentSince } from './window-spend.ts';

let database: TestRecords;
let records: Records;
let folder: string;
const running: MoneyProcess[] = [];

beforeAll(async () => {
  database = await startTestRecords();
  records = database.records;
  await records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
  await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);
  await records.query(sql`INSERT INTO teams (id, organization_id) VALUES ('team', 'org')`);
});
afterAll(() => database.stop());

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'genai-ledger-'));
  await records.query(sql`DELETE FROM ledger`);
  await records.query(sql`DELETE FROM consumer_positions`);
  await records.query(sql`DELETE FROM virtual_keys`);
  await records.query(sql`TRUNCATE spend_limits`);
  await records.query(
    sql`INSERT INTO virtual_keys (id, name, organization_id, project_id, team_id) VALUES (${KEY_ID}, 'sk-...abcd', 'org', 'project', 'team')`,
  );
});
afterEach(async () => {
  for (const process of running.splice(0)) await process.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startMoney>[2] = {}): Promise<MoneyProcess> {
  const process = await startMoney(folder, records, options);
  running.push(process);
  return process;
}

async function crash(process: MoneyProcess): Promise<void> {
  running.splice(running.indexOf(process), 1);
  await process.crash();
}

interface Row {
  call_id: string;
  attempt: number;
  final: boolean;
  outcome: string;
  cost: string | null;
}
const rows = (): Promise<Row[]> => records.query<Row>(sql`SELECT call_id, attempt, final, outcome, cost FROM ledger ORDER BY call_id, attempt`);
async function spend(): Promise<string> {
  const [key] = await records.query<{ spend: string }>(sql`SELECT spend FROM virtual_keys WHERE id = ${KEY_ID}`);
  return Number(key?.spend).toString();
}

describe('the ledger', () => {
  it('writes a settled call, its spend and its position shortly after it is durable', async () => {
    const money = await start();
    expect(await money.ledger.start()).toEqual({ applied: 0, unknownCalls: 0 });
    for (let call = 0; call < 34; call += 1) {
      const started = startedCall({ path: organisationPath({ teamId: 'team' }) });
      money.journal.started(started);
      await money.settle(settledCall(started, '0.0000375'));
    }
    await money.ledger.flush();
    expect(await rows()).toHaveLength(34);
    expect(await spend()).toBe('0.001275');
    const [team] = await records.query<{ spend: string }>(sql`SELECT spend FROM spend_limits WHERE kind = 'team' AND subject = 'team'`);
    expect(team?.spend).toBe('0.001275000000');
    expect(await storedPosition(records, 'ledger')).toBe(money.writer.state().lastSequence);
    expect(await spentSince(records, null)).toBe(1_275_000_000n);
    const accounts = new Map((await storedSpend(records)).map(({ account, spend: amount }) => [account, amount]));
    const spent = '0.001275000000';
    expect(accounts).toEqual(
      new Map([`key:${KEY_ID}`, 'organization:org', 'team:team', 'user:alice', 'member:team\u001falice'].map((account) => [account, spent])),
    );
  });

  it('keeps one row an attempt, the unknown price unknown and odd text readable', async () => {
    const money = await start();
    await money.ledger.start();
    const started = startedCall({ model: 'bad\u0000model \ud800' });
    money.journal.started(started);
    const settled = settledCall(started, null, { tags: ['a,b', '{"}'], endUser: '名前\u0000' });
    const failed = { ...settled.attempts[0]!, outcome: 'failure' as const, httpStatus: 429, errorClass: 'RateLimitError', cost: '0' };
    await money.settle({ ...settled, attempts: [failed, { ...settled.attempts[0]!, index: 1 }] });
    await money.settle(settledCall(startedCall(), '0', { attempts: [], outcome: 'failure', httpStatus: 400 }));
    await money.ledger.flush();
    const stored = await rows();
    const facts = ({ attempt, final, outcome, cost }: Row): unknown[] => [attempt, final, outcome, cost];
    expect(stored.filter((row) => row.call_id === settled.callId).map(facts)).toEqual([
      [0, false, 'failure', '0.000000000000'],
      [1, true, 'success', null],
    ]);
    expect(stored.filter((row) => row.call_id !== settled.callId).map(facts)).toEqual([[0, true, 'failure', '0.000000000000']]);
    const [row] = await records.query<{ model: string; tags: string[]; end_user: string; micros: string }>(
      sql`SELECT model, tags, end_user, extract(epoch FROM call_started_at) * 1000000 AS micros FROM ledger WHERE attempt = 1`,
    );
    expect(row).toMatchObject({ model: 'bad\ufffdmodel \ufffd', tags: ['a,b', '{"}'], end_user: '名前\ufffd' });
    expect(Number(row?.micros)).toBe(started.startedAtUs);
    expect(money.ledger.status().refusedRows).toBe(0);
  });

  it('bills a call without an end at its reservation, once, however often the process dies', async () => {
    const first = await start();
    await first.ledger.start();
    const retried = startedCall({ reserved: '0.5' });
    first.journal.started(retried);
    first.journal.started({ ...retried, attempt: 1, reserved: '0.25' });
    const done = startedCall();
    first.journal.started(done);
    await first.settle(settledCall(done, '0.125'));
    await crash(first);
    for (let time = 0; time < 3; time += 1) {
      const next = await start();
      const result = await next.ledger.start();
      expect(result.unknownCalls).toBe(time === 0 ? 1 : 0);
      expect(await spend()).toBe('0.375');
      const unknown = (await rows()).filter((row) => row.outcome === 'unknown');
      expect(unknown.map(({ attempt, final, cost }) => [attempt, final, cost === null ? null : Number(cost)])).toEqual([
        [0, false, null],
        [1, true, 0.25],
      ]);
      await crash(next);
    }
  });

  it('holds its position before a call that is still open, so that its end is found whenever it comes', async () => {
    const money = await start();
    await money.ledger.start();
    const long = startedCall();
    money.journal.started(long);
    for (let call = 0; call < 5; call += 1) {
      const short = startedCall();
      money.journal.started(short);
      await money.settle(settledCall(short, '0.01'));
    }
    await money.ledger.flush();
    expect(money.ledger.consumed()).toBeLessThan(money.writer.state().lastSequence);
    await money.settle(settledCall(long, '0.5'));
    await money.ledger.flush();
    expect(money.ledger.consumed()).toBe(money.writer.state().lastSequence);
    expect(await spend()).toBe('0.55');
    expect(money.ledger.status()).toMatchObject({ openCalls: 0, queued: 0, unknownCalls: 0 });
  });

  it('reads calls again from the journal when more waited than memory holds', async () => {
    const money = await start({ maxQueued: 10 });
    const applied = money.ledger.start();
    await applied;
    const broken = records.query;
    const away = new Error('away');
    records.query = () => Promise.reject(away);
    try {
      for (let call = 0; call < 40; call += 1) {
        const started = startedCall();
        money.journal.started(started);
        await money.settle(settledCall(started, '0.01'));
      }
      await expect(money.ledger.flush()).rejects.toThrow('away');
      expect(money.ledger.status()).toMatchObject({ behind: true, queued: 0 });
      expect(money.ledger.consumed()).toBe(0n);
    } finally {
      records.query = broken;
    }
    await money.ledger.flush();
    expect(money.ledger.status().behind).toBe(false);
    expect(await rows()).toHaveLength(40);
    expect(await spend()).toBe('0.4');
    expect(money.lines.join('')).toContain('keeps its place in the journal');
  });

  it('bills a call that nobody ends within the limit, and only what it really cost when the end comes after all', async () => {
    const money = await start({ openLimitMs: 60_000 });
    await money.ledger.start();
    const forgotten = startedCall({ startedAtUs: (Date.now() - 120_000) * 1000, reserved: '2' });
    money.journal.started(forgotten);
    await expect.poll(async () => (await rows()).length, { timeout: 10_000 }).toBe(1);
    await money.settle(settledCall(forgotten, '1'));
    expect(await spend()).toBe('2');
    await money.ledger.flush();
    expect(await spend()).toBe('1');
    expect((await rows()).map(({ outcome, cost }) => [outcome, Number(cost)])).toEqual([['success', 1]]);
  });

  it('stores the rest of a group when PostgreSQL refuses one row for what it holds', async () => {
    const money = await start();
    await money.ledger.start();
    for (const currency of ['USD', null as unknown as string, 'USD']) {
      const started = startedCall();
      money.journal.started(started);
      const settled = settledCall(started, '1');
      await money.settle({ ...settled, attempts: [{ ...settled.attempts[0]!, currency }] });
    }
    await money.ledger.flush();
    expect(await rows()).toHaveLength(2);
    expect(money.ledger.status().refusedRows).toBe(1);
    expect(money.ledger.consumed()).toBe(money.writer.state().lastSequence);
  });

  it('lets segments of other kinds leave although no call is settled', async () => {
    const money = await start();
    await money.ledger.start();
    await new Promise((resolve) => money.writer.append('payload', 3, 'project', [Buffer.from('{}')], resolve));
    await expect.poll(() => money.ledger.consumed(), { timeout: 10_000 }).toBe(money.writer.state().lastSequence);
  });
});
