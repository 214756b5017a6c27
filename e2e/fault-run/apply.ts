// Does a planned fault to a running cluster and heals it when its time is over.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, Member } from '../cluster.ts';
import type { PostgresServer } from '../postgres-server.ts';
import type { Fault, StoreName } from './plan.ts';

export interface Target {
  cluster: Cluster;
  postgres: PostgresServer;
  members: ReadonlyMap<string, Member>;
  /** A process that is being ended or started is left alone until it is there again. */
  busy: Set<string>;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when the fault is over and what it hit is there again. False: what it was for is busy with another fault. @throws when something does not come back. */
export async function applyFault(target: Target, fault: Fault, lastsMs: number): Promise<boolean> {
  if (fault.kind === 'link') {
    const link = target.members.get(fault.member)?.links[fault.store];
    link?.set(fault.mode);
    await wait(lastsMs);
    link?.set('open');
    return true;
  }
  const name = 'member' in fault ? fault.member : fault.store;
  if (target.busy.has(name)) return false;
  target.busy.add(name);
  try {
    if ('member' in fault) await onMember(target, fault, lastsMs);
    else await onStore(target, fault, lastsMs);
    return true;
  } finally {
    target.busy.delete(name);
  }
}

async function onMember({ cluster, members }: Target, fault: Extract<Fault, { member: string }>, lastsMs: number): Promise<void> {
  const member = members.get(fault.member) as Member;
  if (fault.kind === 'pause') {
    member.child.kill('SIGSTOP');
    await wait(lastsMs);
    member.child.kill('SIGCONT');
    return;
  }
  const losesDisk = fault.kind === 'lose-disk' && (await moneyIsShared(member));
  if (fault.kind === 'restart') await cluster.stop(member);
  else await cluster.kill(member);
  if (losesDisk) rmSync(join(member.folder, 'data'), { recursive: true, force: true });
  await wait(lastsMs / 2);
  await comeBack(cluster, member);
}

/** ADR 0008: what a gateway spent while PostgreSQL was away lies on its disk alone until PostgreSQL has it; such a disk is kept. */
async function moneyIsShared(member: Member): Promise<boolean> {
  try {
    const text = async (path: string): Promise<string> => await (await fetch(`${member.url}${path}`, { signal: AbortSignal.timeout(2_000) })).text();
    const { status, money } = JSON.parse(await text('/health/readiness')) as { status: string; money: { state: string; owed_calls: number } };
    const metrics = await text('/metrics');
    const isLocal = !/^genai_money_local_calls 0$/m.test(metrics);
    return status === 'healthy' && money.state === 'connected' && money.owed_calls === 0 && !isLocal;
  } catch {
    return false;
  }
}

/** A store that is away ends a start with 2; an orchestrator starts it again. */
async function comeBack(cluster: Cluster, member: Member): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await cluster.start(member);
      return;
    } catch (error) {
      if (attempt === 15 || member.child.exitCode === null) throw error;
      await wait(1_000);
    }
  }
}

async function onStore(target: Target, fault: { kind: string; store: StoreName | 'haproxy' }, lastsMs: number): Promise<void> {
  const { cluster, postgres } = target;
  const pids = fault.store === 'postgres' ? () => [postgres.pid(), ...childrenOf(postgres.pid())] : () => [processOf(cluster, fault.store).pid as number];
  if (fault.kind === 'pause') {
    const stopped = pids();
    signal(stopped, 'SIGSTOP');
    await wait(lastsMs);
    signal(stopped, 'SIGCONT');
    return;
  }
  const store = fault.store === 'postgres' ? postgres : fault.store === 'haproxy' ? cluster.proxy : cluster[fault.store];
  await store.kill();
  await wait(lastsMs / 2);
  await store.start();
}

function processOf(cluster: Cluster, store: StoreName | 'haproxy'): { pid?: number | undefined } {
  if (store === 'haproxy') return cluster.proxy.process;
  return cluster[store as 'redis' | 's3' | 'clickhouse'].process;
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended by itself.
    }
  }
}

/** A postmaster that stands still stops none of its backends. */
function childrenOf(parent: number): number[] {
  const children: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent) children.push(Number(name));
    } catch {
      // It has ended.
    }
  }
  return children;
}
