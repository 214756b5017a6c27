// The cost curve: what a call costs at 1x, 2x and 4x of a rate, for a gateway apart and for the whole platform in one process tree. Printed as docs/scale.md has it.
// ./scripts/node bench/curve.ts --rate 200
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chatBody } from './bodies.ts';
import { startLanes, startMock } from './lanes.ts';
import { machineFacts } from './process-tree.ts';
import { fixed } from './report.ts';
import { runRounds } from './rounds.ts';

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '200' }, rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' } },
});
const rate = Number(values.rate);
const say = (line: string): void => void process.stderr.write(`# ${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const machine = machineFacts();
print(`${machine.cpuModel}, ${machine.cores} cores, Node ${machine.node}, load ${machine.loadAverage}`);
const folder = await mkdtemp(join(tmpdir(), 'genai-curve-'));
const mock = await startMock();
const lanes = await startLanes(['ours-governed', 'ours-all'], { mockPort: mock.announcement.port, folder }, say);
try {
  print('| load | lane | CPU us a call | calls/s | p50 ms | p99 ms | failed |\n| --- | --- | --- | --- | --- | --- | --- |');
  for (const times of [1, 2, 4]) {
    const window = { seconds: Number(values.seconds), leastRequests: 1, perSecond: rate * times };
    const warmUp = times === 1 ? { requests: 5_000, mostSeconds: 15 } : { requests: 200, mostSeconds: 1 };
    const result = await runRounds(lanes, { label: `${times}x`, body: chatBody(1024), rounds: Number(values.rounds), window, warmUp }, say);
    for (const lane of result.lanes) {
      const cells = [fixed(lane.cpuUsPerRequest, 0), fixed(lane.requestsPerSecond, 0), fixed(lane.p50Ms, 1), fixed(lane.p99Ms, 1), String(lane.failures)];
      print(`| ${times}x | ${lane.lane} | ${cells.join(' | ')} |`);
    }
  }
} finally {
  for (const lane of lanes) await lane.child?.stop();
  await mock.stop();
  await rm(folder, { recursive: true, force: true });
}
