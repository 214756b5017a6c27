// Interleaved rounds: in each one every lane is measured once, in random order, and compared with the bare lane of the same round.
import type { Lane, Say } from './lane.ts';
import { type Measurement, measure, sampleAnswer, type WarmUp, type Window, warmUp } from './measure.ts';
import type { LaneName } from './options.ts';
import { median, percentile } from './statistics.ts';

export interface RoundsPlan {
  /** For the table, for example "1 KB". */
  readonly label: string;
  readonly body: Buffer;
  readonly rounds: number;
  readonly window: Window;
  readonly warmUp: WarmUp;
}

export interface LaneResult {
  lane: LaneName;
  measurements: Measurement[];
  cpuUsPerRequest: number | null;
  /** CPU over the bare lane's, a value a round. */
  ratios: number[];
  ratio: number | null;
  ratioLow: number | null;
  ratioHigh: number | null;
  p50Ms: number;
  p99Ms: number;
  firstByteP50Ms: number;
  firstByteP99Ms: number;
  /** Median difference to the direct lane of the same round. */
  addedFirstByteP50Ms: number | null;
  requestsPerSecond: number;
  residentBytes: number | null;
  failures: number;
  firstFailure: string | null;
}

export interface RoundsResult {
  label: string;
  lanes: LaneResult[];
}

/** Runs the plan on all lanes; a lane that does not answer properly is said and left out. */
export async function runRounds(lanes: readonly Lane[], plan: RoundsPlan, say: Say): Promise<RoundsResult> {
  const fit = await fitLanes(lanes, plan, say);
  const byLane = new Map<Lane, Measurement[]>(fit.map((lane) => [lane, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const lane of shuffled(fit)) byLane.get(lane)?.push(await measure(lane, plan.body, plan.window));
    say(`${plan.label}: round ${round + 1} of ${plan.rounds}`);
  }
  const bare = measurementsOf(byLane, 'node-bare');
  const direct = measurementsOf(byLane, 'direct');
  return { label: plan.label, lanes: fit.map((lane) => resultOf(lane.name, byLane.get(lane) ?? [], { bare, direct })) };
}

async function fitLanes(lanes: readonly Lane[], plan: RoundsPlan, say: Say): Promise<Lane[]> {
  const fit: Lane[] = [];
  let expected: string | null = null;
  for (const lane of lanes) {
    try {
      // The same answer from every lane, or its time means nothing.
      const answer = JSON.stringify(await sampleAnswer(lane, plan.body));
      expected ??= answer;
      if (answer !== expected) throw new Error(`another answer than ${lanes[0]?.name}: ${answer.slice(0, 200)}`);
      await warmUp(lane, plan.body, plan.warmUp);
      fit.push(lane);
    } catch (error) {
      say(`${plan.label}: ${lane.name} left out, ${(error as Error).message}`);
    }
  }
  return fit;
}

function measurementsOf(byLane: ReadonlyMap<Lane, Measurement[]>, name: LaneName): Measurement[] {
  for (const [lane, measurements] of byLane) if (lane.name === name) return measurements;
  return [];
}

function resultOf(lane: LaneName, measurements: Measurement[], beside: { bare: Measurement[]; direct: Measurement[] }): LaneResult {
  const ratios = measurements.flatMap((one, round) => {
    const bare = beside.bare[round]?.cpuUsPerRequest;
    return one.cpuUsPerRequest === null || !bare ? [] : [one.cpuUsPerRequest / bare];
  });
  const added = measurements.flatMap((one, round) => (beside.direct[round] ? [one.firstByteP50Ms - (beside.direct[round] as Measurement).firstByteP50Ms] : []));
  const middle = (pick: (one: Measurement) => number | null): number => median(measurements.map(pick).filter((value) => value !== null));
  return {
    lane,
    measurements,
    cpuUsPerRequest: orNull(middle((one) => one.cpuUsPerRequest)),
    ratios,
    ratio: orNull(median(ratios)),
    ratioLow: orNull(percentile(ratios, 0)),
    ratioHigh: orNull(percentile(ratios, 1)),
    p50Ms: middle((one) => one.p50Ms),
    p99Ms: middle((one) => one.p99Ms),
    firstByteP50Ms: middle((one) => one.firstByteP50Ms),
    firstByteP99Ms: middle((one) => one.firstByteP99Ms),
    addedFirstByteP50Ms: orNull(median(added)),
    requestsPerSecond: middle((one) => one.requestsPerSecond),
    residentBytes: orNull(middle((one) => one.residentBytes)),
    failures: measurements.reduce((sum, one) => sum + one.failures, 0),
    firstFailure: measurements.find((one) => one.firstFailure !== null)?.firstFailure ?? null,
  };
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [result[index], result[other]] = [result[other] as Item, result[index] as Item];
  }
  return result;
}
