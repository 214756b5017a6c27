// The limits part: how many calls a second the front of role gateway holds with half a core, and what memory it takes. Needs root and a cgroup hierarchy that can be written (v1 or v2).
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatBody } from './bodies.ts';
import type { Say } from './lane.ts';
import type { OursLane } from './lane-ours.ts';
import { forSeconds, requestBytes, runRate } from './load.ts';
import type { BenchOptions } from './options.ts';
import { treeOf } from './process-tree.ts';
import { fixed } from './report.ts';
import { percentile } from './statistics.ts';

const CORES = 0.5;
const MEMORY_MB = 512;
const PERIOD_US = 20_000;
const RATES = [100, 200, 400, 600, 800, 1_000, 1_250, 1_500, 2_000];
/** A rate is held when nothing fails and the 99th of a hundred answers within this time. */
const MOST_P99_MS = 100;

export interface LimitsMeasured {
  figures: { heldPerSecond: number; p99Ms: number; frontMb: number };
  rows: [string, string][];
}

/** Raises the rate step by step until one is not held. @returns null where no cgroup can be made, which is said. */
export async function measureLimits(lane: OursLane, options: BenchOptions, say: Say): Promise<LimitsMeasured | null> {
  const pid = (lane.child as NonNullable<typeof lane.child>).pid;
  const release = confine(pid);
  if (release === null) {
    say('limits: left out, no cgroup can be made here (it takes root and a hierarchy that can be written)');
    return null;
  }
  const request = requestBytes(lane.target, chatBody(1024));
  const steps: [string, string][] = [];
  let held = { perSecond: 0, p99Ms: Number.NaN };
  try {
    for (const perSecond of RATES) {
      const load = await runRate(lane.target, request, perSecond, forSeconds(options.quick ? 3 : 15));
      const p99Ms = percentile(load.latenciesMs, 0.99);
      steps.push([
        `${perSecond} calls a second: p50 / p99 ms, failed`,
        `${fixed(percentile(load.latenciesMs, 0.5), 1)} / ${fixed(p99Ms, 1)}, ${load.failures}`,
      ]);
      say(`limits: ${steps.at(-1)?.join(': ')}`);
      if (load.failures > 0 || !(p99Ms < MOST_P99_MS)) break;
      held = { perSecond, p99Ms };
    }
    const frontMb = (treeOf(pid).processes.find((one) => one.pid === pid)?.residentBytes ?? Number.NaN) / 1048576;
    return {
      figures: { heldPerSecond: held.perSecond, p99Ms: held.p99Ms, frontMb },
      rows: [
        ...steps,
        [`held with ${CORES} core, calls a second`, fixed(held.perSecond, 0)],
        [`RSS of the front after it, MB (at most ${MEMORY_MB})`, `${fixed(frontMb, 0)}${frontMb > MEMORY_MB ? '  NOT HELD' : ''}`],
      ],
    };
  } finally {
    release();
  }
}

/** Gives the process half a core from now on; the returned function takes the limit away. Its PostgreSQL is left alone: beside role gateway it is another machine's. */
function confine(pid: number): (() => void) | null {
  const v1 = '/sys/fs/cgroup/cpu';
  const isV1 = existsSync(join(v1, 'cpu.cfs_quota_us'));
  const root = isV1 ? v1 : '/sys/fs/cgroup';
  const group = join(root, `genai-bench-${pid}`);
  try {
    mkdirSync(group);
    if (isV1) {
      writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(group, 'cpu.cfs_quota_us'), String(PERIOD_US * CORES));
    } else writeFileSync(join(group, 'cpu.max'), `${PERIOD_US * CORES} ${PERIOD_US}`);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
  } catch {
    if (existsSync(group)) rmdirSync(group);
    return null;
  }
  return () => {
    writeFileSync(join(root, 'cgroup.procs'), String(pid));
    rmdirSync(group);
  };
}
