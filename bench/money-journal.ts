// What it costs a call to have its money in PostgreSQL before dispatch and before the last byte: waits, CPU of the gateway and of PostgreSQL, commits. `./scripts/node bench/money-journal.ts`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settledCall, startedCall } from '../server/src/gateway/money/call-fixture.ts';
import { startMoney } from '../server/src/gateway/money/ledger-fixture.ts';
import { startApart } from '../server/src/money-apart-fixture.ts';
import { sql } from '../server/src/stores/records/sql.ts';
import { startTestRecords } from '../server/src/stores/records/test-records.ts';

interface Money {
  begin(started: ReturnType<typeof startedCall>): Promise<void> | void;
  settle(record: ReturnType<typeof settledCall>): Promise<void>;
  close(): Promise<void>;
}

const TICKS_A_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const database = await startTestRecords();
await database.records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
await database.records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);

/** CPU seconds of every PostgreSQL process of this start. */
function postgresSeconds(): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (!stat.includes('(postgres)')) continue;
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended.
    }
  }
  return ticks / TICKS_A_SECOND;
}

const commits = async (): Promise<number> => {
  const [row] = await database.records.query<{ sum: string }>(sql`SELECT sum(xact_commit) AS sum FROM pg_stat_database`);
  return Number(row?.sum ?? 0);
};

async function measure(name: string, open: (folder: string) => Promise<Money>, calls: number, atOnce: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'genai-bench-money-'));
  const money = await open(folder);
  const [beginMs, settleMs]: [number[], number[]] = [[], []];
  const before = { cpu: process.cpuUsage(), postgres: postgresSeconds(), commits: await commits(), at: performance.now() };
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < calls; index = next++) {
      const started = startedCall();
      const beganAt = performance.now();
      await money.begin(started);
      const settledAt = performance.now();
      beginMs.push(settledAt - beganAt);
      await money.settle(settledCall(started, '0.001'));
      settleMs.push(performance.now() - settledAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - before.at) / 1000;
  await money.close();
  const { user, system } = process.cpuUsage(before.cpu);
  const at = (values: number[], share: number): string => (values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0).toFixed(1);
  const postgres = ((postgresSeconds() - before.postgres) * 1e6) / calls;
  const rate = ((await commits()) - before.commits) / seconds;
  console.log(
    `${name}, ${atOnce} at once: ${(calls / seconds).toFixed(0)} calls/s; started p50 ${at(beginMs, 0.5)} ms, p99 ${at(beginMs, 0.99)} ms; settled p50 ${at(settleMs, 0.5)} ms, p99 ${at(settleMs, 0.99)} ms; ` +
      `CPU a call: gateway ${((user + system) / calls).toFixed(0)} us, PostgreSQL ${postgres.toFixed(0)} us; ${rate.toFixed(0)} commits/s`,
  );
  rmSync(folder, { recursive: true, force: true });
}

const disk = async (folder: string): Promise<Money> => {
  const money = await startMoney(folder, database.records, { groupMs: 150 });
  await money.ledger.start();
  return { begin: (started) => money.journal.started(started), settle: money.settle, close: money.close };
};
const shared = async (folder: string): Promise<Money> => await startApart(folder, database.records, { patienceMs: 10_000 });

for (const atOnce of [1, 16, 128]) {
  const calls = atOnce === 1 ? 1_000 : 20_000;
  await measure('disk      ', disk, calls, atOnce);
  await measure('PostgreSQL', shared, calls, atOnce);
}
await database.stop();
