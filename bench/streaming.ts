// The streaming part: what the gateway adds to the first token when little goes on, and what a chunk of a long stream costs. Bare and governed take turns stream by stream.
import { setTimeout as sleep } from 'node:timers/promises';
import { chatBody } from './bodies.ts';
import type { Lane, Say } from './lane.ts';
import { requestBytes, runLoad } from './load.ts';
import { untilQuiet, type WarmUp, warmUp } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { treeOf } from './process-tree.ts';
import { fixed } from './report.ts';
import { percentile } from './statistics.ts';

/** Streams of the low load, a lane; one at a time with a pause between. */
const FIRST_TOKENS = 600;
const PAUSE_MS = 20;
/** Long streams at once, a lane: 100 x 50 chunks a second. */
const STREAMS_AT_ONCE = 100;
/** What the mock upstream sends for `long`, the opening and the closing frames included. */
const FRAMES = 304;

/** Streams before the first that counts, as in every other part: without them both lanes are measured while they are compiled. */
const WARM_UP: WarmUp = { requests: 5_000, mostSeconds: 20 };
const QUICK_WARM_UP: WarmUp = { requests: 1_000, mostSeconds: 4 };

export interface StreamingMeasured {
  figures: Record<string, number>;
  rows: [string, string][];
}

/** Two lanes of one run: the bare one and ours with everything on. */
export async function measureStreaming(bare: Lane, ours: Lane, options: BenchOptions, say: Say): Promise<StreamingMeasured> {
  for (const lane of [bare, ours]) await warmUp(lane, chatBody(1024, 'burst'), options.quick ? QUICK_WARM_UP : WARM_UP);
  say('streaming: first tokens, one stream at a time');
  const [bareMs, oursMs] = await firstTokens([bare, ours], options.quick ? 100 : FIRST_TOKENS);
  const chunkUs: number[] = [];
  for (const lane of [bare, ours]) {
    say(`streaming: ${STREAMS_AT_ONCE} long streams through ${lane.name}`);
    chunkUs.push(await chunkCost(lane, options.quick ? 1 : 3));
  }
  const figures = {
    bareFirstP50Ms: percentile(bareMs, 0.5),
    bareFirstP99Ms: percentile(bareMs, 0.99),
    oursFirstP50Ms: percentile(oursMs, 0.5),
    oursFirstP99Ms: percentile(oursMs, 0.99),
    bareChunkUs: chunkUs[0] as number,
    oursChunkUs: chunkUs[1] as number,
  };
  return {
    figures,
    rows: [
      ['first token of the bare lane, p50 / p99 ms', `${fixed(figures.bareFirstP50Ms, 2)} / ${fixed(figures.bareFirstP99Ms, 2)}`],
      ['first token, governed, p50 / p99 ms', `${fixed(figures.oursFirstP50Ms, 2)} / ${fixed(figures.oursFirstP99Ms, 2)}`],
      ['added to the first token, p99 ms (promised < 1)', fixed(figures.oursFirstP99Ms - figures.bareFirstP99Ms, 2)],
      ['CPU a chunk of the bare lane, us', fixed(figures.bareChunkUs, 1)],
      ['CPU a chunk, governed, us', fixed(figures.oursChunkUs, 1)],
      ['added CPU a chunk, us (promised < 10)', fixed(figures.oursChunkUs - figures.bareChunkUs, 1)],
    ],
  };
}

async function firstTokens(lanes: readonly [Lane, Lane], streams: number): Promise<[number[], number[]]> {
  const body = chatBody(1024, 'burst');
  const seen: [number[], number[]] = [[], []];
  for (let turn = 0; turn < streams * 2; turn++) {
    const which = (turn % 2) as 0 | 1;
    const { target } = lanes[which];
    const load = await runLoad(target, requestBytes(target, body), 1, (successes) => successes > 0);
    seen[which].push(...load.firstByteMs);
    await sleep(PAUSE_MS);
  }
  return seen;
}

/** Microseconds of the lane's whole tree a chunk that comes alone. The call itself is in it, spread over the stream's chunks. */
async function chunkCost(lane: Lane, rounds: number): Promise<number> {
  const pid = (lane.child as NonNullable<typeof lane.child>).pid;
  const before = treeOf(pid).cpuUs;
  const load = await runLoad(
    lane.target,
    requestBytes(lane.target, chatBody(1024, 'long')),
    STREAMS_AT_ONCE,
    (successes) => successes > STREAMS_AT_ONCE * (rounds - 1),
  );
  await untilQuiet(lane);
  if (load.failures > 0) throw new Error(`${lane.name}: ${load.failures} long streams failed (${load.firstFailure})`);
  return (treeOf(pid).cpuUs - before) / (load.successes * FRAMES);
}
