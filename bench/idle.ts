// The start-and-rest part: how long a second start takes, and what the platform costs when nobody calls.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from './lane.ts';
import type { OursLane } from './lane-ours.ts';
import { untilQuiet } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { treeOf } from './process-tree.ts';
import { fixed } from './report.ts';

export interface IdleMeasured {
  lane: Lane;
  figures: { secondStartMs: number; idleCpuShare: number; idleResidentMb: number; frontResidentMb: number };
  rows: [string, string][];
}

export async function measureIdle(lane: OursLane, options: BenchOptions): Promise<IdleMeasured> {
  const { lane: again, readyMs } = await lane.restart();
  const pid = (again.child as NonNullable<typeof again.child>).pid;
  await untilQuiet(again);
  await sleep(options.quick ? 2_000 : 10_000);
  const before = treeOf(pid);
  const seconds = options.quick ? 4 : 20;
  await sleep(seconds * 1000);
  const after = treeOf(pid);
  const figures = {
    secondStartMs: readyMs,
    idleCpuShare: (after.cpuUs - before.cpuUs) / (seconds * 1e6),
    idleResidentMb: after.residentBytes / 1048576,
    frontResidentMb: (after.processes.find((one) => one.pid === pid)?.residentBytes ?? Number.NaN) / 1048576,
  };
  return {
    lane: again,
    figures,
    rows: [
      ['second start until ready, ms', fixed(figures.secondStartMs, 0)],
      ['idle CPU, % of one core', fixed(figures.idleCpuShare * 100, 2)],
      ['idle RSS of front, MB', fixed(figures.frontResidentMb, 0)],
      ['idle RSS of the whole tree (shared pages counted in each process), MB', fixed(figures.idleResidentMb, 0)],
    ],
  };
}
