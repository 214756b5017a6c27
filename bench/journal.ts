// Measures the journal alone: CPU of this process per record and per group commit, latency until durable, and what appendNow waits while a sync is in flight.
// Run: ./scripts/node bench/journal.ts [folder]   (the folder's disk is what is measured)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournalWriter } from '../server/src/stores/journal/open.ts';
import { JournalKind } from '../server/src/stores/journal/port.ts';
import { percentile } from './statistics.ts';

const CALLERS = 8;
const HEADER = Buffer.from(
  JSON.stringify({ callId: 'c'.repeat(32), model: 'gpt-4o-mini', path: { keyId: 'k'.repeat(64), projectId: 'project' }, filler: 'x'.repeat(600) }),
);
const root = process.argv[2] ?? tmpdir();

/** `CALLERS` callers, each appending its next record when its last is durable: the shape of the gateway's load. */
async function closedLoop(bodyBytes: number, lingerMs: number, seconds: number): Promise<void> {
  const folder = await mkdtemp(join(root, 'genai-bench-journal-'));
  const writer = await openJournalWriter(folder, { payloadLimitBytes: 1e12, moneyReserveBytes: 1e9, lingerMs });
  const body = Buffer.alloc(bodyBytes, 'b');
  const latencies: number[] = [];
  let groups = 0;
  let appendMs = 0;
  writer.onDurable(() => {
    groups++;
  });
  const parts = bodyBytes > 0 ? [HEADER, body] : [HEADER];
  const endMs = performance.now() + seconds * 1000;
  const cpuBefore = process.cpuUsage();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (performance.now() < endMs) {
        await new Promise<void>((resolve, reject) => {
          const startMs = performance.now();
          writer.append('payload', JournalKind.callSettled, 'project', parts, (error) => {
            if (error !== null) reject(error);
            latencies.push(performance.now() - startMs);
            resolve();
          });
          appendMs += performance.now() - startMs;
        });
      }
    }),
  );
  const cpu = process.cpuUsage(cpuBefore);
  const cpuUs = cpu.user + cpu.system;
  const count = latencies.length;
  process.stdout.write(
    `${String(bodyBytes / 1024).padStart(5)} KB  linger ${lingerMs} ms  ${String(Math.round(count / seconds)).padStart(6)}/s  append() ${((appendMs * 1000) / count).toFixed(1).padStart(5)} us  ` +
      `cpu ${(cpuUs / count).toFixed(1).padStart(6)} us/record  ${(cpuUs / groups).toFixed(0).padStart(5)} us/group of ${(count / groups).toFixed(1)}  ` +
      `durable p50 ${percentile(latencies, 0.5).toFixed(2)} p99 ${percentile(latencies, 0.99).toFixed(2)} ms\n`,
  );
  await writer.close();
  await rm(folder, { recursive: true });
}

/** appendNow from a loop that never waits, beside the group commits of other records. */
async function promised(seconds: number): Promise<void> {
  const folder = await mkdtemp(join(root, 'genai-bench-journal-'));
  const writer = await openJournalWriter(folder, { payloadLimitBytes: 1e12, moneyReserveBytes: 1e9, lingerMs: 0 });
  let isRunning = true;
  const again = (error: Error | null): void => {
    if (error !== null) throw error;
    if (isRunning) writer.append('payload', JournalKind.ingestionBatch, 'project', [HEADER, Buffer.alloc(32_768)], again);
  };
  again(null);
  const waitsUs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    writer.appendNow(JournalKind.callStarted, 'project', [HEADER]);
    waitsUs.push((performance.now() - startMs) * 1000);
    for (let pause = 0; pause < 5; pause++) await new Promise(setImmediate);
  }
  isRunning = false;
  process.stdout.write(
    `appendNow beside syncs in flight: p50 ${percentile(waitsUs, 0.5).toFixed(1)} us, p99 ${percentile(waitsUs, 0.99).toFixed(0)} us, p99.9 ${percentile(waitsUs, 0.999).toFixed(0)} us (${waitsUs.length} calls)\n`,
  );
  await writer.close();
  await rm(folder, { recursive: true });
}

await closedLoop(1024, 0, 0.5);
for (const bodyBytes of [1024, 32 * 1024, 128 * 1024]) for (const lingerMs of [0, 1, 2, 5]) await closedLoop(bodyBytes, lingerMs, 2);
await promised(3);
