import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallStarted } from '#call-record.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { KEY_ID, settledCall, startedCall } from './call-fixture.ts';
import { type MoneyProcess, startMoney } from './ledger-fixture.ts';

let database: TestRecords;
beforeAll(async () => {
  database = await startTestRecords();
  await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
  await database.records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);
});
afterAll(() => database.stop());
beforeEach(reset);

async function reset(): Promise<void> {
  await database.records.query(sql`DELETE FROM ledger`);
  await database.records.query(sql`DELETE FROM consumer_positions`);
  await database.records.query(sql`DELETE FROM virtual_keys`);
  await database.records.query(sql`INSERT INTO virtual_keys (id, name, organization_id, project_id) VALUES (${KEY_ID}, 'sk-...abcd', 'org', 'project')`);
}

async function stored(): Promise<{ outcomes: Map<string, string>; total: string; spend: string; count: number }> {
  const rows = await database.records.query<{ call_id: string; outcome: string; cost: string }>(sql`SELECT call_id, outcome, cost FROM ledger`);
  const [key] = await database.records.query<{ spend: string }>(sql`SELECT spend FROM virtual_keys`);
  const total = rows.reduce((sum, row) => sum + parsePicos(row.cost), 0n);
  return {
    outcomes: new Map(rows.map((row) => [row.call_id, row.outcome])),
    total: formatPicos(total),
    spend: formatPicos(parsePicos(key!.spend)),
    count: rows.length,
  };
}

/** Runs a child until it has ended some calls, kills it with SIGKILL, and gives what it said. */
async function runAndKill(folder: string, atLeast: number): Promise<{ begun: string[]; ended: string[] }> {
  const child: ChildProcess = spawn(process.execPath, [path.join(import.meta.dirname, 'ledger-crash-fixture.ts'), folder, database.server.socketFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const exited = once(child, 'exit');
  const enough = new Promise<void>((resolve) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said.split('\nend ').length > atLeast) resolve();
    });
  });
  await Promise.race([enough, exited]);
  child.kill('SIGKILL');
  await exited;
  await new Promise<void>((resolve) => (child.stdout!.readableEnded ? resolve() : child.stdout!.on('close', () => resolve())));
  const lines = said.split('\n').slice(0, -1);
  const of = (verb: string): string[] => lines.filter((line) => line.startsWith(verb)).map((line) => line.slice(verb.length));
  return { begun: of('begin '), ended: of('end ') };
}

describe('the ledger after kill -9', () => {
  it('has every call whose end a client saw exactly once with its cost, and every other begun one at most once', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'genai-crash-'));
    const begun: string[] = [];
    const ended: string[] = [];
    try {
      for (const atLeast of [1, 40, 150, 400]) {
        const said = await runAndKill(folder, atLeast);
        expect(said.ended.length).toBeGreaterThanOrEqual(atLeast);
        begun.push(...said.begun);
        ended.push(...said.ended);
      }
      const last = await startMoney(folder, database.records);
      await last.ledger.start();
      await last.close();
      const { outcomes, total, spend, count } = await stored();
      expect(count).toBe(outcomes.size);
      for (const callId of ended) expect(outcomes.get(callId)).toBe('success');
      const unknown = [...outcomes].filter(([, outcome]) => outcome === 'unknown');
      // Eight clients a process, four processes.
      expect(unknown.length).toBeLessThanOrEqual(32);
      expect(unknown.some(([callId]) => ended.includes(callId))).toBe(false);
      for (const callId of outcomes.keys()) expect(begun).toContain(callId);
      expect(spend).toBe(total);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

type Step = { kind: 'begin' } | { kind: 'settle'; which: number; cost: number } | { kind: 'flush' } | { kind: 'crash' };

/** Walks a process through steps and crashes; gives the sum that the ledger must show in the end. */
async function walk(steps: readonly Step[]): Promise<{ expected: bigint; settled: Set<string>; unknown: Set<string> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'genai-walk-'));
  const settled = new Set<string>();
  const unknown = new Set<string>();
  let open: CallStarted[] = [];
  let expected = 0n;
  const boot = async (): Promise<MoneyProcess> => {
    const started = await startMoney(folder, database.records, { maxQueued: 3 });
    await started.ledger.start();
    return started;
  };
  let money = await boot();
  for (const step of steps) {
    if (step.kind === 'begin') {
      const started = startedCall({ reserved: '0.000007' });
      money.journal.started(started);
      open.push(started);
    } else if (step.kind === 'settle' && open.length > 0) {
      const [started] = open.splice(step.which % open.length, 1) as [CallStarted];
      await money.settle(settledCall(started, formatPicos(BigInt(step.cost))));
      settled.add(started.callId);
      expected += BigInt(step.cost);
    } else if (step.kind === 'flush') {
      await money.ledger.flush();
    } else if (step.kind === 'crash') {
      await money.crash();
      for (const started of open) unknown.add(started.callId);
      expected += BigInt(open.length) * parsePicos('0.000007');
      open = [];
      money = await boot();
    }
  }
  await money.crash();
  for (const started of open) unknown.add(started.callId);
  expected += BigInt(open.length) * parsePicos('0.000007');
  money = await boot();
  await money.close();
  rmSync(folder, { recursive: true, force: true });
  return { expected, settled, unknown };
}

describe('any walk of begin, settle, flush and crash', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.constant<Step>({ kind: 'begin' }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat({ max: 9 }), cost: fc.nat({ max: 1_000_000 }) }) },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'flush' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'crash' }) },
  );
  it('ends with exact sums: settled and unknown calls once each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await reset();
        const { expected, settled, unknown } = await walk(steps);
        const found = await stored();
        expect([...found.outcomes].filter(([, outcome]) => outcome === 'success').map(([callId]) => callId)).toHaveLength(settled.size);
        expect([...found.outcomes].filter(([, outcome]) => outcome === 'unknown').map(([callId]) => callId)).toHaveLength(unknown.size);
        expect(found.count).toBe(settled.size + unknown.size);
        expect([found.total, found.spend]).toEqual([formatPicos(expected), formatPicos(expected)]);
      }),
      { numRuns: 40 },
    );
  });
});
