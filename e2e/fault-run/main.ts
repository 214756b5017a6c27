// `npm run faults`: the platform in roles apart under load while processes and stores are killed, stopped, slowed and cut off at times drawn from a seed; then everything is counted.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { call } from '../client.ts';
import { type Cluster, type Member, startCluster } from '../cluster.ts';
import { startCountingUpstream } from '../counting-upstream.ts';
import { hasPostgres, startPostgresServer } from '../postgres-server.ts';
import { applyFault, type Target } from './apply.ts';
import { COST, check } from './check.ts';
import { BUDGETED_CALLERS, CALLERS, LIMITED_CALLERS, startLoad } from './load.ts';
import { type Fault, nameOf, planFaults } from './plan.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    quiet: { type: 'boolean', default: false },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('faults: --minutes takes a number, --seed a whole one');
if (!hasPostgres()) throw new Error('faults: PostgreSQL 15 of Debian is needed (apt-get install postgresql-15 redis-server haproxy; scripts/s3-server.sh)');

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const SIZES = { gateway: 2, observe: 2, worker: 2 };
const [BUDGET, RPM] = [6_000, 60];

say(`seed ${seed}, ${minutes} minutes: npm run faults -- --minutes ${minutes} --seed ${seed}`);
const upstream = await startCountingUpstream(300);
const postgres = await startPostgresServer();
const config = `
model_list:
  - model_name: counted
    litellm_params: { model: openai/counted, api_base: "${upstream.url}", api_key: none, input_cost_per_token: 1, output_cost_per_token: 1 }
litellm_settings: { num_retries: 0 }
`;
const cluster = await startCluster(config, SIZES, { links: true, recordsUrl: postgres.url });
process.exitCode = await run(cluster).finally(async () => {
  await cluster.close();
  await postgres.stop();
  await upstream.close();
});

async function run(cluster: Cluster): Promise<number> {
  const keys = { free: await newKey(cluster, {}), budgeted: await newKey(cluster, { max_budget: BUDGET }), limited: await newKey(cluster, { rpm_limit: RPM }) };
  const members = new Map(cluster.members.map((member) => [nameOfMember(cluster, member), member]));
  const target: Target = { cluster, postgres, members, busy: new Set() };
  const loadFrom = new Date(Date.now() - 60_000);
  const { promised, stop } = startLoad(cluster, keys);
  const peakBytes = new Map<string, number>();
  const sampling = setInterval(() => sample(members, peakBytes), 1_000);
  const startedAt = performance.now();
  const done = { faults: 0, skipped: 0, kills: 0, redis: 0 };
  const broken: string[] = [];
  /** When Redis was away for some gateway, by the clock. */
  const redisAway: { fromMs: number; toMs: number; forgets: boolean }[] = [];
  const running: Promise<void>[] = [];
  for (const { atMs, lastsMs, fault } of planFaults({ seed, minutes, members: [...members.keys()] })) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startedAt + atMs - performance.now())));
    if (!values.quiet) say(`${(atMs / 1000).toFixed(1).padStart(6)} s  ${nameOf(fault)} for ${(lastsMs / 1000).toFixed(1)} s`);
    const fromMs = Date.now();
    running.push(
      applyFault(target, fault, lastsMs).then(
        (applied) => {
          count(done, fault, applied);
          // The gateways notice that it is back a little later.
          if (applied && hitsLimits(fault)) redisAway.push({ fromMs, toMs: Date.now() + 1_000, forgets: fault.kind !== 'pause' && fault.kind !== 'link' });
          if (!values.quiet) say(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  over: ${nameOf(fault)}`);
        },
        (error: unknown) => void broken.push(`${nameOf(fault)}: ${error instanceof Error ? error.message.slice(-1_500) : String(error)}`),
      ),
    );
  }
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, startedAt + minutes * 60_000 - performance.now())));
  await Promise.all(running);
  say('every fault is over');
  await stop();
  clearInterval(sampling);
  say(`load has ended after ${((performance.now() - startedAt) / 1000).toFixed(0)} s; counting`);
  const callers = CALLERS + BUDGETED_CALLERS + LIMITED_CALLERS;
  const verdict = await check({
    cluster,
    upstream,
    promised,
    openAtKills: done.kills * callers,
    budget: BUDGET,
    // ADR 0005: what was left, and the calls in flight when Redis went away.
    budgetBound: BUDGET + BUDGETED_CALLERS * COST * (1 + done.redis + done.kills),
    rpm: RPM,
    limitBound: (minute) => limitBound(redisAway.filter(({ fromMs, toMs }) => fromMs < (minute + 1) * 60_000 && toMs >= minute * 60_000)),
    peakBytes,
    startedAt: loadFrom,
    say,
  });
  verdict.failures.push(...broken);
  say(`faults ${done.faults} (${done.skipped} met a process that another fault had), kills of gateways ${done.kills}`);
  for (const [name, value] of Object.entries(verdict.figures)) say(`${name}: ${value}`);
  say(
    `outcomes: ${[...promised.outcomes]
      .sort()
      .map(([outcome, times]) => `${outcome} × ${times}`)
      .join(', ')}`,
  );
  for (const failure of verdict.failures.slice(0, 30)) say(`FAILED: ${failure}`);
  say(verdict.failures.length === 0 ? 'lost: 0' : `${verdict.failures.length} failures; repeat with --seed ${seed}`);
  return verdict.failures.length === 0 ? 0 : 1;
}

/** Whether limits are decided by gateways alone meanwhile, or what one of them admitted alone may be lost. */
function hitsLimits(fault: Fault): boolean {
  if ('member' in fault && fault.kind !== 'link' && fault.kind !== 'pause') return fault.member.startsWith('gateway');
  if (!('store' in fault) || fault.store !== 'redis') return false;
  return !('member' in fault) || fault.member.startsWith('gateway');
}

/** ADR 0005: a window in which Redis went away may admit its limit once more, and one a process; and again for each time that what was counted is lost, with Redis or with a gateway. */
function limitBound(away: readonly { forgets: boolean }[]): number {
  if (away.length === 0) return RPM;
  return RPM + RPM + SIZES.gateway + away.filter(({ forgets }) => forgets).length * RPM;
}

function count(done: { faults: number; skipped: number; kills: number; redis: number }, fault: Fault, applied: boolean): void {
  if (!applied) {
    done.skipped++;
    return;
  }
  done.faults++;
  if ('member' in fault && fault.member.startsWith('gateway') && (fault.kind === 'kill' || fault.kind === 'lose-disk')) done.kills++;
  if ('store' in fault && fault.store === 'redis') done.redis++;
}

async function newKey(cluster: Cluster, body: Record<string, unknown>): Promise<string> {
  const answer = await call(`${cluster.gatewayUrl}/key/generate`, { key: cluster.masterKey, body });
  if (answer.status !== 200) throw new Error(`/key/generate answered ${answer.status}: ${answer.text}`);
  return answer.body.key as unknown as string;
}

function nameOfMember(cluster: Cluster, member: Member): string {
  return `${member.role}-${cluster.of(member.role).indexOf(member)}`;
}

/** Resident memory of each front; its engine is a child with a bound of its own. */
function sample(members: ReadonlyMap<string, Member>, peak: Map<string, number>): void {
  for (const [name, { child }] of members) {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const bytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
      peak.set(name, Math.max(peak.get(name) ?? 0, bytes));
    } catch {
      // It is not there at the moment.
    }
  }
}
