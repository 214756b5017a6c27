// The memory part: what the gateway role holds after many calls, many distinct keys and many streams that their clients left. Flat means: nothing is kept a call, a key or a stream.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { chatBody } from './bodies.ts';
import type { Say } from './lane.ts';
import { MASTER_KEY, type OursLane } from './lane-ours.ts';
import { requestBytes, runLoad, type Target } from './load.ts';
import { untilQuiet } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { treeOf } from './process-tree.ts';
import { fixed } from './report.ts';

const CALLERS = 64;
const STEPS = 10;
const FULL = { calls: 1_000_000, keys: 100_000, streams: 10_000 };
const QUICK = { calls: 50_000, keys: 1_000, streams: 500 };
const STREAMS_AT_ONCE = 32;

export interface MemoryMeasured {
  figures: { plan: typeof FULL; callsMb: number[]; growthPerMillionCallsMb: number; failedCalls: number; afterKeysMb: number; afterStreamsMb: number };
  rows: [string, string][];
}

/** Runs the three loads after another on one lane (`ours-governed`). */
export async function measureMemory(lane: OursLane, options: BenchOptions, say: Say): Promise<MemoryMeasured> {
  const plan = options.quick ? QUICK : FULL;
  const pid = (lane.child as NonNullable<typeof lane.child>).pid;
  const body = chatBody(1024);
  let failedCalls = 0;
  const callsMb: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const load = await runLoad(lane.target, requestBytes(lane.target, body), CALLERS, (successes) => successes >= plan.calls / STEPS);
    failedCalls += load.failures;
    await untilQuiet(lane);
    callsMb.push(frontMb(pid));
    say(`memory: ${(plan.calls / STEPS) * step} calls, front ${fixed(callsMb.at(-1) ?? null, 0)} MB`);
  }
  failedCalls += await callWithManyKeys(lane, body, plan.keys, say);
  await untilQuiet(lane);
  const afterKeysMb = frontMb(pid);
  say(`memory: ${plan.keys} distinct keys, front ${fixed(afterKeysMb, 0)} MB`);
  await leaveStreams(lane.target, plan.streams);
  await untilQuiet(lane);
  await sleep(2_000);
  const afterStreamsMb = frontMb(pid);
  // The first half grows heaps and compiles; what a call leaves behind shows in the second.
  const half = callsMb[STEPS / 2 - 1] as number;
  const growthPerMillionCallsMb = (((callsMb.at(-1) as number) - half) / (plan.calls / 2)) * 1e6;
  return {
    figures: { plan, callsMb, growthPerMillionCallsMb, failedCalls, afterKeysMb, afterStreamsMb },
    rows: [
      [`RSS of front after each tenth of ${plan.calls} calls, MB`, callsMb.map((mb) => fixed(mb, 0)).join(' ')],
      ['growth a million calls over the second half, MB', fixed(growthPerMillionCallsMb, 1)],
      [`RSS of front after ${plan.keys} distinct keys, MB`, fixed(afterKeysMb, 0)],
      [`RSS of front after ${plan.streams} streams that their clients left, MB`, fixed(afterStreamsMb, 0)],
      ['calls that failed', fixed(failedCalls, 0)],
    ],
  };
}

function frontMb(pid: number): number {
  return (treeOf(pid).processes.find((one) => one.pid === pid)?.residentBytes ?? Number.NaN) / 1048576;
}

/** Makes each key and calls with it once. Returns how many did not work. */
async function callWithManyKeys(lane: OursLane, body: Buffer, count: number, say: Say): Promise<number> {
  let next = 0;
  let failures = 0;
  const origin = `http://127.0.0.1:${lane.target.port}`;
  await Promise.all(
    Array.from({ length: CALLERS / 4 }, async () => {
      for (; next < count; ) {
        next++;
        if (next % 20_000 === 0) say(`memory: ${next} keys`);
        const made = await post(`${origin}/key/generate`, MASTER_KEY, JSON.stringify({ models: ['bench'], rpm_limit: 100 }));
        const called = made.status === 200 ? await post(`${origin}${lane.target.path}`, (JSON.parse(made.text) as { key: string }).key, body) : made;
        if (called.status !== 200) failures++;
      }
    }),
  );
  return failures;
}

async function post(url: string, key: string, body: string | Buffer): Promise<{ status: number; text: string }> {
  const answer = await request(url, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body });
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** Opens `count` paced streams, some at a time, and goes away after the first bytes of each. */
async function leaveStreams(target: Target, count: number): Promise<void> {
  const bytes = requestBytes(target, chatBody(1024, 'paced'));
  let next = 0;
  await Promise.all(
    Array.from({ length: STREAMS_AT_ONCE }, async () => {
      for (; next < count; ) {
        next++;
        const socket = createConnection({ host: '127.0.0.1', port: target.port, noDelay: true }).on('error', () => {});
        socket.write(bytes);
        await Promise.race([once(socket, 'data'), once(socket, 'close'), sleep(5_000)]);
        socket.destroy();
      }
    }),
  );
}
