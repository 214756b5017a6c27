// The speed promises of the design beside what a run has seen.
import type { LaneName } from './options.ts';
import { fixed } from './report.ts';
import type { RoundsResult } from './rounds.ts';

interface RatioPromise {
  readonly lane: LaneName;
  readonly kilobytes: number;
  /** Most CPU over the bare lane. */
  readonly most: number;
}

const RATIOS: readonly RatioPromise[] = [
  { lane: 'ours-keys-off', kilobytes: 1, most: 1.3 },
  { lane: 'ours-governed', kilobytes: 1, most: 1.5 },
  { lane: 'ours-governed', kilobytes: 32, most: 2 },
  { lane: 'ours-governed', kilobytes: 128, most: 2.5 },
  { lane: 'ours-all', kilobytes: 1, most: 2.6 },
];
/** A peer's CPU over ours, governed, at 1 KB. */
const PEERS: readonly { lane: LaneName; name: string; least: number }[] = [
  { lane: 'portkey', name: 'Portkey', least: 10 },
  { lane: 'litellm', name: 'LiteLLM', least: 30 },
];

export interface PromiseAnswer {
  promise: string;
  /** Null when the run did not measure it. */
  seen: number | null;
  isHeld: boolean | null;
}

export function promisesIn(rounds: readonly RoundsResult[]): PromiseAnswer[] {
  const answers = RATIOS.map(({ lane, kilobytes, most }): PromiseAnswer => {
    const seen = laneIn(rounds, kilobytes, lane)?.ratio ?? null;
    return { promise: `${lane} at ${kilobytes} KB <= ${most} x bare`, seen, isHeld: seen === null ? null : seen <= most };
  });
  for (const round of rounds.filter(({ label }) => label.startsWith('rate, '))) {
    for (const { lane, most } of RATIOS.filter(({ kilobytes }) => kilobytes === 1)) {
      const seen = round.lanes.find((result) => result.lane === lane)?.ratio ?? null;
      answers.push({ promise: `${lane}, ${round.label}: <= ${most} x bare`, seen, isHeld: seen === null ? null : seen <= most });
    }
  }
  const governed = laneIn(rounds, 1, 'ours-governed')?.cpuUsPerRequest ?? null;
  for (const { lane, name, least } of PEERS) {
    const peer = laneIn(rounds, 1, lane)?.cpuUsPerRequest ?? null;
    const seen = peer === null || governed === null ? null : peer / governed;
    answers.push({ promise: `${name} at 1 KB >= ${least} x ours-governed`, seen, isHeld: seen === null ? null : seen >= least });
  }
  return answers;
}

/** Rows for the table; what was not measured is said, never passed. */
export function promiseRows(answers: readonly PromiseAnswer[]): [string, string][] {
  return answers.map(({ promise, seen, isHeld }) => [promise, isHeld === null ? 'not measured' : `${fixed(seen, 2)}  ${isHeld ? 'held' : 'NOT HELD'}`]);
}

function laneIn(rounds: readonly RoundsResult[], kilobytes: number, lane: LaneName) {
  return rounds.find((round) => round.label.startsWith(`calls, ${kilobytes} KB`))?.lanes.find((result) => result.lane === lane);
}
