// CPU time and memory of a process and all its descendants, from /proc: what a lane really costs, its engine and its PostgreSQL included.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds in one tick of /proc's clock. */
const TICK_US = 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

interface ProcessFacts {
  pid: number;
  parent: number;
  /** Own time and that of children that have ended and been waited for. */
  cpuUs: number;
  residentBytes: number;
}

function factsOf(pid: number): ProcessFacts | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
    return { pid, parent: Number(fields[1]), cpuUs: ticks * TICK_US, residentBytes: Number(fields[21]) * PAGE_BYTES };
  } catch {
    return null;
  }
}

export interface TreeFacts {
  cpuUs: number;
  residentBytes: number;
  processes: { pid: number; name: string; cpuUs: number; residentBytes: number }[];
}

/** The process and everything below it, now. */
export function treeOf(root: number): TreeFacts {
  const children = new Map<number, ProcessFacts[]>();
  let top: ProcessFacts | null = null;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const facts = factsOf(Number(name));
    if (facts === null) continue;
    if (facts.pid === root) top = facts;
    const siblings = children.get(facts.parent);
    if (siblings === undefined) children.set(facts.parent, [facts]);
    else siblings.push(facts);
  }
  const all: ProcessFacts[] = top === null ? [] : [top];
  for (let index = 0; index < all.length; index++) all.push(...(children.get((all[index] as ProcessFacts).pid) ?? []));
  return {
    cpuUs: all.reduce((sum, facts) => sum + facts.cpuUs, 0),
    residentBytes: all.reduce((sum, facts) => sum + facts.residentBytes, 0),
    processes: all.map((facts) => ({ pid: facts.pid, name: nameOf(facts.pid), cpuUs: facts.cpuUs, residentBytes: facts.residentBytes })),
  };
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').slice(0, 80);
  } catch {
    return '';
  }
}

/** Share of the machine's time that others took since the last reading: busy time not ours cannot be told apart, steal and load can be named. */
export function machineFacts(): { cpuModel: string; cores: number; kernel: string; node: string; loadAverage: string; stealTicks: number } {
  const cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
  const steal = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.trim().split(/\s+/)[8];
  return {
    cpuModel: /model name\s*: (.*)/.exec(cpuinfo)?.[1] ?? 'unknown',
    cores: (cpuinfo.match(/^processor\s*:/gm) ?? []).length,
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    node: process.version,
    loadAverage: readFileSync('/proc/loadavg', 'utf8').trim(),
    stealTicks: Number(steal ?? 0),
  };
}
