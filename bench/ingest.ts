// The ingest part: how many events a second are taken and stored, how soon one can be read, and how a trivial route fares meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ingestionBatch } from './events.ts';
import type { Say } from './lane.ts';
import { type OursLane, projectCredentials } from './lane-ours.ts';
import { forSeconds, requestBytes, runLoad, type Target } from './load.ts';
import { CONCURRENCY, untilQuiet } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { treeOf } from './process-tree.ts';
import { measureRawInsert } from './raw-insert.ts';
import { fixed } from './report.ts';
import { percentile } from './statistics.ts';

const EVENTS_A_BATCH = 100;
/** The promise is stated at this rate. */
const PACED_EVENTS_PER_SECOND = 2_000;
const PROBES_PER_SECOND = 100;
const VISIBLE_TIMEOUT_MS = 20_000;

export interface Measured {
  figures: Record<string, number>;
  rows: [string, string][];
}

export async function measureIngest(lane: OursLane, options: BenchOptions, say: Say): Promise<Measured> {
  const authorization = await projectCredentials(lane);
  const target: Target = { port: lane.observePort, path: '/api/public/ingestion', headers: { authorization } };
  say('ingest: as fast as it goes');
  await runLoad(target, () => requestBytes(target, ingestionBatch(EVENTS_A_BATCH).body), CONCURRENCY, forSeconds(options.quick ? 1 : 3));
  await untilQuiet(lane);
  const full = await asFastAsItGoes(lane, target, options.quick ? 3 : 10);
  say(`ingest: ${PACED_EVENTS_PER_SECOND} events a second, read back at once, beside a trivial route`);
  const paced = await atFixedRate(lane, target, options.quick ? 6 : 30);
  say('ingest: the same rows straight into the engine');
  const raw = await measureRawInsert(options.quick ? 3 : 10);
  const figures = { ...full, ...paced, rawPerSecond: raw.eventsPerSecond, rawCpuUsPerEvent: raw.cpuUsPerEvent };
  return {
    figures,
    rows: [
      ['events accepted a second', fixed(full.acceptedPerSecond, 0)],
      ['events stored a second (until all is written)', fixed(full.storedPerSecond, 0)],
      ['raw insert of the same rows, events a second', fixed(raw.eventsPerSecond, 0)],
      ['stored over raw (promised >= 0.6)', fixed(full.storedPerSecond / raw.eventsPerSecond, 2)],
      ['CPU of the raw insert an event, us', fixed(raw.cpuUsPerEvent, 1)],
      ['CPU of the tree an event, us', fixed(full.cpuUsPerEvent, 1)],
      ['batches refused or failed', fixed(full.failedBatches + paced.failedPacedBatches, 0)],
      ['RSS of the tree after it, MB', fixed(full.residentMb, 0)],
      [`visible after, at ${PACED_EVENTS_PER_SECOND} events/s: p50 / p99 ms`, `${fixed(paced.visibleP50Ms, 0)} / ${fixed(paced.visibleP99Ms, 0)}`],
      ['never seen within 20 s', fixed(paced.neverSeen, 0)],
      ['GET /health/liveliness meanwhile: p50 / p99 ms', `${fixed(paced.trivialP50Ms, 2)} / ${fixed(paced.trivialP99Ms, 2)}`],
    ],
  };
}

async function asFastAsItGoes(lane: OursLane, target: Target, seconds: number) {
  const pid = (lane.child as NonNullable<typeof lane.child>).pid;
  const cpuBefore = treeOf(pid).cpuUs;
  const startMs = performance.now();
  const load = await runLoad(target, () => requestBytes(target, ingestionBatch(EVENTS_A_BATCH).body), CONCURRENCY, forSeconds(seconds));
  const last = ingestionBatch(2);
  await post(target, last.body);
  const isStored = (await visibleAfterMs(target, last.traceIds[0] as string, 120_000)) !== null;
  const storedMs = performance.now() - startMs;
  const events = load.successes * EVENTS_A_BATCH;
  await untilQuiet(lane);
  const tree = treeOf(pid);
  return {
    acceptedPerSecond: events / (load.elapsedMs / 1000),
    storedPerSecond: isStored ? events / (storedMs / 1000) : Number.NaN,
    cpuUsPerEvent: (tree.cpuUs - cpuBefore) / events,
    failedBatches: load.failures,
    residentMb: tree.residentBytes / 1048576,
  };
}

async function atFixedRate(lane: OursLane, target: Target, seconds: number) {
  const endMs = performance.now() + seconds * 1000;
  const batchEveryMs = (1000 * EVENTS_A_BATCH) / PACED_EVENTS_PER_SECOND;
  let failedPacedBatches = 0;
  const visible: Promise<number | null>[] = [];
  const trivialMs: number[] = [];
  const feeding = paced(endMs, batchEveryMs, async (turn) => {
    const batch = ingestionBatch(EVENTS_A_BATCH);
    const status = await post(target, batch.body);
    if (status !== 207) failedPacedBatches++;
    else if (turn % 5 === 0) visible.push(visibleAfterMs(target, batch.traceIds.at(-1) as string, VISIBLE_TIMEOUT_MS));
  });
  const probing = paced(endMs, 1000 / PROBES_PER_SECOND, async (_turn, dueMs) => {
    const { body } = await request(`http://127.0.0.1:${lane.target.port}/health/liveliness`);
    await body.dump();
    // From the moment it was due, so that a stalled server is not asked less often.
    trivialMs.push(performance.now() - dueMs);
  });
  await Promise.all([feeding, probing]);
  const delays = await Promise.all(visible);
  const seen = delays.filter((delay) => delay !== null);
  return {
    failedPacedBatches,
    visibleP50Ms: percentile(seen, 0.5),
    visibleP99Ms: percentile(seen, 0.99),
    neverSeen: delays.length - seen.length,
    trivialP50Ms: percentile(trivialMs, 0.5),
    trivialP99Ms: percentile(trivialMs, 0.99),
  };
}

/** Runs `work` at fixed times without waiting for the run before; resolves when all have ended. */
async function paced(endMs: number, everyMs: number, work: (turn: number, dueMs: number) => Promise<void>): Promise<void> {
  const running: Promise<void>[] = [];
  const startMs = performance.now();
  for (let turn = 0; ; turn++) {
    const dueMs = startMs + turn * everyMs;
    if (dueMs >= endMs) break;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    running.push(work(turn, dueMs));
  }
  await Promise.all(running);
}

async function post(target: Target, body: Buffer): Promise<number> {
  const response = await request(`http://127.0.0.1:${target.port}${target.path}`, {
    method: 'POST',
    headers: { ...target.headers, 'content-type': 'application/json' },
    body,
  });
  await response.body.dump();
  return response.statusCode;
}

/** Milliseconds from now until the trace can be read with its generation, null when it cannot within `timeoutMs`. */
async function visibleAfterMs(target: Target, traceId: string, timeoutMs: number): Promise<number | null> {
  const startMs = performance.now();
  while (performance.now() - startMs < timeoutMs) {
    const response = await request(`http://127.0.0.1:${target.port}/api/public/traces/${traceId}`, { headers: target.headers });
    if (response.statusCode === 200) {
      const trace = (await response.body.json()) as { observations?: unknown[] };
      if ((trace.observations?.length ?? 0) > 0) return performance.now() - startMs;
    } else await response.body.dump();
    await sleep(20);
  }
  return null;
}
