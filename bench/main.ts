// `npm run bench`: what the platform costs beside a bare Node proxy, Portkey and no gateway at all. Method: gateways measured in interleaved random rounds, CPU of the whole process tree.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chatBody } from './bodies.ts';
import { measureIdle } from './idle.ts';
import { measureIngest } from './ingest.ts';
import type { Lane, Say } from './lane.ts';
import { isOurs, startLanes, startMock } from './lanes.ts';
import { measureLimits } from './limits.ts';
import type { WarmUp } from './measure.ts';
import { measureMemory } from './memory.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { machineFacts } from './process-tree.ts';
import { promiseRows, promisesIn } from './promises.ts';
import { listOf, tableOf } from './report.ts';
import { type RoundsPlan, type RoundsResult, runRounds } from './rounds.ts';
import { measureStreaming } from './streaming.ts';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const say: Say = (line) => {
  process.stderr.write(`# ${line}\n`);
};

/** A modest rate for two cores that also serve the load and the upstream. Portkey does not reach it there, and says so. */
const RATES = [1_000];

function plansOf(options: BenchOptions): RoundsPlan[] {
  const { seconds, quick } = options;
  const plans: RoundsPlan[] = [];
  // The first plan compiles the lanes; the later ones only meet larger bodies and streams.
  const first: WarmUp = quick ? { requests: 6_000, mostSeconds: 4 } : { requests: 20_000, mostSeconds: 30 };
  const later: WarmUp = quick ? { requests: 500, mostSeconds: 0.7 } : { requests: 3_000, mostSeconds: 8 };
  const add = (label: string, body: Buffer, rounds: number, leastRequests: number): void => {
    plans.push({ label, body, rounds, window: { seconds, leastRequests }, warmUp: plans.length === 0 ? first : later });
  };
  if (options.parts.includes('calls')) {
    for (const kilobytes of options.bodyKilobytes) add(`calls, ${kilobytes} KB in, 1 KB out`, chatBody(kilobytes * 1024), options.rounds, quick ? 500 : 3_000);
  }
  if (options.parts.includes('rate')) {
    // Slower lanes at full speed wake up for single requests while the bare lane never sleeps: only at the same rate does every lane bear the same.
    for (const perSecond of RATES)
      plans.push({
        label: `rate, ${perSecond} calls a second, 1 KB in, 1 KB out`,
        body: chatBody(1024),
        rounds: options.rounds,
        window: { seconds, leastRequests: 1, perSecond },
        warmUp: plans.length === 0 ? first : later,
      });
  }
  if (options.parts.includes('streams')) {
    const half = Math.max(1, Math.floor(options.rounds / 2));
    add('streams, 66 frames at once', chatBody(1024, 'burst'), half, quick ? 50 : 300);
    // A paced stream takes 1.4 s whatever the window is: what has begun is awaited.
    add('streams, a frame each 20 ms', chatBody(1024, 'paced'), half, 8);
  }
  return plans;
}

/** Ratios bear some noise, but a machine that others keep busy measures those others. */
function warnWhenBusy(loadAverage: string, cores: number): void {
  const [lastMinute] = loadAverage.split(' ').map(Number);
  if ((lastMinute ?? 0) > cores / 2) say(`the machine is busy (load ${lastMinute} on ${cores} cores): the figures below are not worth keeping`);
}

async function runAll(options: BenchOptions, lanes: Lane[], machine: ReturnType<typeof machineFacts>): Promise<object> {
  print(`${machine.cpuModel}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, load ${machine.loadAverage}`);
  warnWhenBusy(machine.loadAverage, machine.cores);
  const rounds: RoundsResult[] = [];
  for (const plan of plansOf(options)) {
    const result = await runRounds(lanes, plan, say);
    rounds.push(result);
    print(tableOf(result));
  }
  const promises = promisesIn(rounds);
  if (options.parts.includes('calls') || options.parts.includes('rate')) print(listOf('promises', promiseRows(promises)));
  const alone = await measureAlone(options, lanes);
  const all = lanes.find((lane) => lane.name === 'ours-all');
  if (all === undefined || !isOurs(all)) return { machine, options, rounds, promises, ...alone };
  let ingest: object | null = null;
  let idle: object | null = null;
  if (options.parts.includes('ingest')) {
    const measured = await measureIngest(all, options, say);
    ingest = measured.figures;
    print(listOf('ingest (role all)', measured.rows));
  }
  if (options.parts.includes('idle')) {
    const measured = await measureIdle(all, options);
    lanes[lanes.indexOf(all)] = measured.lane;
    idle = measured.figures;
    print(listOf('start and rest (role all)', measured.rows));
  }
  const after = machineFacts();
  print(`\nsteal during the run: ${after.stealTicks - machine.stealTicks} ticks; load at the end ${after.loadAverage}`);
  return { machine, after, options, rounds, promises, ...alone, ingest, idle };
}

/** The parts that look at the governed lane without rounds. */
async function measureAlone(options: BenchOptions, lanes: readonly Lane[]): Promise<Record<string, object | null>> {
  const governed = lanes.find((lane) => lane.name === 'ours-governed');
  const bare = lanes.find((lane) => lane.name === 'node-bare');
  const figures: Record<string, object | null> = {};
  if (governed === undefined || !isOurs(governed)) return figures;
  const tell = (part: string, title: string, measured: { figures: object; rows: [string, string][] } | null): void => {
    figures[part] = measured?.figures ?? null;
    if (measured !== null) print(listOf(title, measured.rows));
  };
  if (options.parts.includes('streaming') && bare !== undefined)
    tell('streaming', 'streaming (role gateway)', await measureStreaming(bare, governed, options, say));
  if (options.parts.includes('limits')) tell('limits', 'limits (front of role gateway)', await measureLimits(governed, options, say));
  if (options.parts.includes('memory')) tell('memory', 'memory (role gateway)', await measureMemory(governed, options, say));
  return figures;
}

async function main(argv: readonly string[]): Promise<number> {
  let options: BenchOptions | 'help';
  try {
    options = readOptions(argv);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
  if (options === 'help') {
    print(USAGE);
    return 0;
  }
  // Before the lanes start, or the load that is found is our own.
  const machine = machineFacts();
  const folder = await mkdtemp(join(tmpdir(), 'genai-bench-'));
  const mock = await startMock();
  let lanes: Lane[] = [];
  try {
    lanes = await startLanes(options.lanes, { mockPort: mock.announcement.port, folder }, say);
    const results = await runAll(options, lanes, machine);
    if (options.jsonPath !== null) await writeFile(options.jsonPath, `${JSON.stringify(results, null, 2)}\n`);
    return 0;
  } finally {
    for (const lane of lanes) await lane.child?.stop();
    await mock.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
