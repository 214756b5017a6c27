// The money of gateways that share their records: nothing that a client saw the end of is lost with a machine and its disk, with PostgreSQL away or with a process that seemed dead.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallStarted } from '#call-record.ts';
import { KEY_ID, settledCall, startedCall } from '#gateway/money/call-fixture.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { type ApartProcess, type ApartSettings, startApart } from './money-apart-fixture.ts';
import { startMoneyRecovery } from './money-recovery.ts';

let database: TestRecords;
const folders: string[] = [];
const running: ApartProcess[] = [];

beforeAll(async () => {
  database = await startTestRecords();
  await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
  await database.records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);
});
afterAll(() => database.stop());
beforeEach(reset);
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.reach.mode = 'open';
    await one.close();
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function reset(): Promise<void> {
  for (const table of ['ledger', 'consumer_positions', 'virtual_keys', 'spend_limits', 'money_journal', 'money_writers'] as const) {
    await database.records.query(
      sql`DELETE FROM ${sql.identifier(table, ['ledger', 'consumer_positions', 'virtual_keys', 'spend_limits', 'money_journal', 'money_writers'])}`,
    );
  }
  await database.records.query(sql`INSERT INTO virtual_keys (id, name, organization_id, project_id) VALUES (${KEY_ID}, 'sk-...abcd', 'org', 'project')`);
}

function folder(): string {
  const made = mkdtempSync(path.join(os.tmpdir(), 'genai-apart-'));
  folders.push(made);
  return made;
}

async function start(at = folder(), settings: ApartSettings = {}): Promise<ApartProcess> {
  const one = await startApart(at, database.records, settings);
  running.push(one);
  return one;
}

async function crash(one: ApartProcess): Promise<void> {
  running.splice(running.indexOf(one), 1);
  await one.crash();
}

/** As another process does that finds every lease ended. */
async function recoverAll(): Promise<void> {
  await database.records.query(sql`UPDATE money_writers SET lease_until = now() - interval '1 second'`);
  const recovery = startMoneyRecovery({
    records: database.records,
    log: { event: () => {}, debug() {}, info() {}, warn() {}, error() {}, with: () => ({}) as never, flush() {} },
  });
  await recovery.recover();
  await recovery.close();
}

async function stored(): Promise<{ rows: Map<string, { outcome: string; cost: string }>; count: number; spend: string; organization: string }> {
  const rows = await database.records.query<{ call_id: string; outcome: string; cost: string }>(sql`SELECT call_id, outcome, cost FROM ledger WHERE final`);
  const [key] = await database.records.query<{ spend: string }>(sql`SELECT spend FROM virtual_keys`);
  const [organization] = await database.records.query<{ spend: string }>(sql`SELECT spend FROM spend_limits WHERE kind = 'organization'`);
  const amount = (text: string | undefined): string => formatPicos(parsePicos(text ?? '0'));
  return {
    rows: new Map(rows.map((row) => [row.call_id, { outcome: row.outcome, cost: amount(row.cost) }])),
    count: rows.length,
    spend: amount(key?.spend),
    organization: amount(organization?.spend),
  };
}

const eventually = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 15_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('the money of a gateway apart', () => {
  it('survives the process and its disk: ended calls at their cost, open ones at their reservation', async () => {
    const one = await start();
    const calls = Array.from({ length: 20 }, () => startedCall({ reserved: '0.5' }));
    await Promise.all(calls.map((call) => one.begin(call)));
    await Promise.all(calls.slice(0, 15).map((call) => one.settle(settledCall(call, '0.001'))));
    await crash(one);
    for (const lost of folders.splice(0)) rmSync(lost, { recursive: true });
    await recoverAll();
    const { rows, count, spend, organization } = await stored();
    expect(count).toBe(20);
    for (const call of calls.slice(0, 15)) expect(rows.get(call.callId)).toEqual({ outcome: 'success', cost: '0.001' });
    for (const call of calls.slice(15)) expect(rows.get(call.callId)).toEqual({ outcome: 'unknown', cost: '0.5' });
    expect([spend, organization]).toEqual(['2.515', '2.515']);
    expect(await database.records.query(sql`SELECT * FROM money_journal`)).toEqual([]);
    expect(await database.records.query(sql`SELECT * FROM money_writers`)).toEqual([]);
  });

  it('leaves nothing behind when it ends in order', async () => {
    const one = await start();
    const call = startedCall();
    await one.begin(call);
    await one.settle(settledCall(call, '0.25'));
    running.splice(0);
    await one.close();
    expect((await stored()).spend).toBe('0.25');
    expect(await database.records.query(sql`SELECT * FROM money_journal`)).toEqual([]);
    expect(await database.records.query(sql`SELECT * FROM money_writers`)).toEqual([]);
    expect(await database.records.query(sql`SELECT * FROM consumer_positions WHERE name LIKE 'ledger@records-%'`)).toEqual([]);
  });

  it.each(['refuse', 'hang'] as const)('goes on with its disk while the records %s, and tells them everything afterwards', async (mode) => {
    const one = await start();
    const before = startedCall();
    await one.begin(before);
    one.reach.mode = mode;
    const startedAt = performance.now();
    const during = startedCall();
    await one.begin(during);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    await one.settle(settledCall(before, '0.125'));
    await one.settle(settledCall(during, '0.25'));
    expect(one.money.state()).toMatchObject({ away: true, owed: 1 });
    one.reach.mode = 'open';
    await eventually('the records to be told', async () => one.money.state().owed === 0 && (await stored()).count === 2);
    await one.money.ledger.flush();
    expect((await stored()).spend).toBe('0.375');
    expect(one.money.ledger.status()).toMatchObject({ openCalls: 0, unknownCalls: 0 });
    await recoverAll();
    expect((await stored()).spend).toBe('0.375');
  });

  it('refuses new calls while the records are away when it is told to, and keeps what was already spent', async () => {
    const one = await start(folder(), { whenAway: 'refuse' });
    const before = startedCall();
    await one.begin(before);
    one.reach.mode = 'refuse';
    await expect(one.begin(startedCall())).rejects.toMatchObject({ status: 503, retryAfterSeconds: 2 });
    await one.settle(settledCall(before, '0.125'));
    one.reach.mode = 'open';
    await eventually('the cost to be in the ledger', async () => (await stored()).spend === '0.125');
  });

  it('keeps what it spent while the records were away through a kill, and corrects what others billed meanwhile', async () => {
    const at = folder();
    const one = await start(at);
    const call = startedCall({ reserved: '0.5' });
    await one.begin(call);
    one.reach.mode = 'refuse';
    await one.settle(settledCall(call, '0.125'));
    await crash(one);
    await recoverAll();
    expect((await stored()).rows.get(call.callId)).toEqual({ outcome: 'unknown', cost: '0.5' });
    expect((await stored()).spend).toBe('0.5');
    await start(at);
    expect((await stored()).rows.get(call.callId)).toEqual({ outcome: 'success', cost: '0.125' });
    expect([(await stored()).spend, (await stored()).organization]).toEqual(['0.125', '0.125']);
  });

  it('begins anew when it was taken for dead while it only stood still, and its calls end at their cost', async () => {
    const one = await start();
    const call = startedCall({ reserved: '0.5' });
    await one.begin(call);
    await recoverAll();
    expect((await stored()).spend).toBe('0.5');
    await one.settle(settledCall(call, '0.125'));
    await eventually('the cost to be corrected', async () => (await stored()).spend === '0.125');
    const next = startedCall();
    await eventually('a new writer', () => !one.money.state().away);
    await one.begin(next);
    await one.settle(settledCall(next, '0.25'));
    await one.money.ledger.flush();
    expect((await stored()).spend).toBe('0.375');
  });

  it('carries on at once after a restart with its disk', async () => {
    const at = folder();
    const one = await start(at);
    const [ended, open] = [startedCall({ reserved: '0.5' }), startedCall({ reserved: '0.5' })];
    await one.begin(ended);
    await one.begin(open);
    await one.settle(settledCall(ended, '0.125'));
    await crash(one);
    await start(at);
    const { rows, spend } = await stored();
    expect([rows.get(ended.callId)?.outcome, rows.get(open.callId)?.outcome, spend]).toEqual(['success', 'unknown', '0.625']);
  });

  it('is not looked after by others before they could reach the records for a whole lease', async () => {
    const one = await start(folder(), { graceMs: 3_600_000 });
    const call = startedCall();
    await one.begin(call);
    await database.records.query(sql`UPDATE money_writers SET lease_until = now() - interval '1 second'`);
    await start(folder(), { graceMs: 3_600_000 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await stored()).count).toBe(0);
    await start(folder(), { graceMs: 0 });
    await eventually('the open call to be billed', async () => (await stored()).rows.get(call.callId)?.outcome === 'unknown');
  });
});

type Step = { kind: 'begin' | 'away' | 'back' | 'kill' | 'lose' | 'recover' } | { kind: 'settle'; which: number; cost: number };

/** Walks two gateways through faults; what a client saw the end of, and what was begun and is open. */
async function walk(steps: readonly (Step & { on: number })[]): Promise<{ ended: Map<string, string>; begun: Set<string> }> {
  const at = [folder(), folder()];
  const gateways = [await start(at[0]), await start(at[1])];
  const ended = new Map<string, string>();
  const begun = new Set<string>();
  const open: CallStarted[][] = [[], []];
  for (const step of steps) {
    const { on } = step;
    const one = gateways[on] as ApartProcess;
    const calls = open[on] as CallStarted[];
    if (step.kind === 'begin') {
      const call = startedCall({ reserved: '0.000007' });
      await one.begin(call);
      begun.add(call.callId);
      calls.push(call);
    } else if (step.kind === 'settle' && calls.length > 0) {
      const [call] = calls.splice(step.which % calls.length, 1) as [CallStarted];
      const cost = formatPicos(BigInt(step.cost));
      await one.settle(settledCall(call, cost));
      ended.set(call.callId, cost);
    } else if (step.kind === 'away') one.reach.mode = 'refuse';
    else if (step.kind === 'back') {
      one.reach.mode = 'open';
      await eventually('the way back', () => !one.money.state().away && one.money.state().owed === 0);
    } else if (step.kind === 'kill' || (step.kind === 'lose' && !one.money.state().away)) {
      // A disk that is lost while PostgreSQL is away takes what it alone has: that is what the setting chooses.
      if (step.kind === 'lose' && one.money.state().owed > 0) continue;
      if (step.kind === 'lose') await one.money.ledger.flush();
      await crash(one);
      if (step.kind === 'lose') rmSync(at[on] as string, { recursive: true });
      open[on] = [];
      gateways[on] = await start(at[on]);
    } else if (step.kind === 'recover') await recoverAll();
  }
  for (const one of gateways) {
    one.reach.mode = 'open';
    await eventually('the way back', () => !one.money.state().away && one.money.state().owed === 0);
    await one.money.ledger.flush();
    await crash(one);
  }
  for (const one of at) await (await startApart(one, database.records)).close();
  await recoverAll();
  return { ended, begun };
}

describe('any walk of two gateways through calls, outages, kills, lost disks and recoveries', () => {
  const simple = (kind: Exclude<Step['kind'], 'settle'>, weight: number) => ({ weight, arbitrary: fc.constant<Step>({ kind }) });
  const step = fc.oneof(
    simple('begin', 6),
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat({ max: 9 }), cost: fc.nat({ max: 1_000_000 }) }) },
    simple('away', 1),
    simple('back', 1),
    simple('kill', 1),
    simple('lose', 1),
    simple('recover', 1),
  );
  const placed = fc.tuple(step, fc.nat({ max: 1 })).map(([one, on]) => ({ ...one, on }));

  it('ends with exact sums: every ended call at its cost, every other begun one at its reservation, once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(placed, { maxLength: 25 }), async (steps) => {
        await reset();
        const { ended, begun } = await walk(steps);
        const { rows, count, spend, organization } = await stored();
        expect(count).toBe(rows.size);
        expect(new Set(rows.keys())).toEqual(begun);
        let sum = 0n;
        for (const callId of begun) {
          const cost = ended.get(callId);
          expect(rows.get(callId)).toEqual(cost === undefined ? { outcome: 'unknown', cost: '0.000007' } : { outcome: 'success', cost });
          sum += parsePicos(cost ?? '0.000007');
        }
        expect([spend, organization]).toEqual([formatPicos(sum), formatPicos(sum)]);
      }),
      { numRuns: 25 },
    );
  }, 240_000);
});
