// One measurement of one lane: load for some seconds, then the CPU of the lane's whole process tree a successful request, what was left to do included.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from './lane.ts';
import { forSeconds, type LoadResult, requestBytes, runLoad, runRate } from './load.ts';
import { treeOf } from './process-tree.ts';
import { percentile } from './statistics.ts';

export const CONCURRENCY = 8;

export interface Measurement {
  successes: number;
  failures: number;
  firstFailure: string | null;
  /** Null for the direct lane. */
  cpuUsPerRequest: number | null;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  firstByteP50Ms: number;
  firstByteP99Ms: number;
  residentBytes: number | null;
}

/** How long one window is: `seconds`, and on a slow machine up to four times as long until it holds `leastRequests`, or what runs beside the requests outweighs them. */
export interface Window {
  readonly seconds: number;
  readonly leastRequests: number;
  /** Requests a second; absent = as fast as CONCURRENCY callers go. */
  readonly perSecond?: number;
}

export async function measure(lane: Lane, body: Buffer, window: Window): Promise<Measurement> {
  const before = cpuOf(lane);
  const isDue = forSeconds(window.seconds);
  const isLate = forSeconds(window.seconds * 4);
  const isOver = (successes: number): boolean => isDue() && (successes >= window.leastRequests || isLate());
  const request = requestBytes(lane.target, body);
  const load = await (window.perSecond === undefined
    ? runLoad(lane.target, request, CONCURRENCY, isOver)
    : runRate(lane.target, request, window.perSecond, isOver));
  if (lane.worksOn) await untilQuiet(lane);
  return summary(lane, load, cpuOf(lane) - before);
}

/** Enough for the compiler to have seen everything, or as long as it may take on a slow machine. */
export interface WarmUp {
  readonly requests: number;
  readonly mostSeconds: number;
}

/** Warm-up: the code is compiled, connections are open; nothing is kept. @throws Error when the lane answers nothing. */
export async function warmUp(lane: Lane, body: Buffer, plan: WarmUp): Promise<void> {
  const isLate = forSeconds(plan.mostSeconds);
  const load = await runLoad(lane.target, requestBytes(lane.target, body), CONCURRENCY, (successes) => successes >= plan.requests || isLate());
  if (load.successes === 0) throw new Error(`no answer in the warm-up (${load.firstFailure})`);
  if (lane.worksOn) await untilQuiet(lane);
}

/** Waits (at most 4 s) until the tree takes less than a tenth of a core, twice in a row. */
export async function untilQuiet(lane: Lane): Promise<void> {
  const STEP_MS = 150;
  let quiet = 0;
  for (let waitedMs = 0; waitedMs < 4_000 && quiet < 2; waitedMs += STEP_MS) {
    const before = cpuOf(lane);
    await sleep(STEP_MS);
    quiet = cpuOf(lane) - before <= STEP_MS * 100 ? quiet + 1 : 0;
  }
}

function cpuOf(lane: Lane): number {
  return lane.child === null ? 0 : treeOf(lane.child.pid).cpuUs;
}

function summary(lane: Lane, load: LoadResult, cpuUs: number): Measurement {
  return {
    successes: load.successes,
    failures: load.failures,
    firstFailure: load.firstFailure,
    cpuUsPerRequest: lane.child === null || load.successes === 0 ? null : cpuUs / load.successes,
    requestsPerSecond: load.successes / (load.elapsedMs / 1000),
    p50Ms: percentile(load.latenciesMs, 0.5),
    p99Ms: percentile(load.latenciesMs, 0.99),
    firstByteP50Ms: percentile(load.firstByteMs, 0.5),
    firstByteP99Ms: percentile(load.firstByteMs, 0.99),
    residentBytes: lane.child === null ? null : treeOf(lane.child.pid).residentBytes,
  };
}

/** One answer of the lane, to compare what clients get before anything is timed. */
export async function sampleAnswer(lane: Lane, body: Buffer): Promise<{ status: number; content: string | null; usage: unknown }> {
  const response = await fetch(`http://127.0.0.1:${lane.target.port}${lane.target.path}`, {
    method: 'POST',
    headers: { ...lane.target.headers, 'content-type': 'application/json' },
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  if (response.status !== 200) return { status: response.status, content: text.slice(0, 200), usage: null };
  if (text.startsWith('data:')) return { status: 200, content: streamedText(text), usage: null };
  const answer = JSON.parse(text) as { choices?: { message?: { content?: string } }[]; usage?: { total_tokens?: number } };
  return { status: 200, content: answer.choices?.[0]?.message?.content ?? null, usage: answer.usage?.total_tokens ?? null };
}

/** The text of a stream, with its end marked; null when it was cut off. */
function streamedText(text: string): string | null {
  const words = [...text.matchAll(/"content":"( word\d+)"/g)].map((match) => match[1]);
  return text.trimEnd().endsWith('data: [DONE]') ? words.join('') : null;
}
