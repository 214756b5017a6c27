// Everything that goes wrong on the way of an event at once: the engine and the front die, batches come twice and in any order, clocks jump, one event in a thousand is poison. Counts match to the event.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { call, observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const TIMEOUT_MS = 300_000;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) removeFolder(folder);
});
const newFolder = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};

/** The engine below the platform, by /proc; null where there is none now. */
function enginePid(platform: Platform): number | null {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      parents.set(Number(name), { parent, name: readFileSync(`/proc/${name}/cmdline`, 'latin1') });
    } catch {
      // It ended while we looked.
    }
  }
  const isBelow = (pid: number): boolean => pid === platform.pid || (pid > 1 && isBelow(parents.get(pid)?.parent ?? 0));
  for (const [pid, { name }] of parents) if (name.includes('engine.ts') && isBelow(pid)) return pid;
  return null;
}

const SPANS_A_BATCH = 20;
const BATCHES = 250;
const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

interface Sent {
  body: string;
  /** Events that the door has to refuse. */
  refused: number;
}

/** A trace and its spans. One event of the whole run in a thousand is no event at all, another cannot be stored; clocks of some clients are decades off. */
function batchOf(index: number): Sent {
  const clock = index % 50 === 7 ? Date.UTC(1985, 0, 1) : index % 50 === 13 ? Date.UTC(2150, 0, 1) : Date.now();
  const at = new Date(clock).toISOString();
  const events = [JSON.stringify({ id: `t${index}`, type: 'trace-create', timestamp: at, body: { id: `trace-${index}`, name: 'faults', timestamp: at } })];
  for (let span = 1; span < SPANS_A_BATCH; span += 1) {
    const body = { id: `span-${index}-${span}`, traceId: `trace-${index}`, name: 'fault-span', startTime: at, input: { index, span } };
    events.push(JSON.stringify({ id: `s${index}-${span}`, type: 'span-create', timestamp: at, body }));
    events.push(
      JSON.stringify({
        id: `u${index}-${span}`,
        type: 'span-update',
        timestamp: new Date(clock + 1).toISOString(),
        body: { id: body.id, traceId: body.traceId, output: 'ended' },
      }),
    );
  }
  const isPoisoned = index % 25 === 3;
  if (isPoisoned) {
    events.splice(5, 0, JSON.stringify({ id: `bad${index}`, type: 'span-create', timestamp: at, body: { id: 7, startTime: 'yesterday' } }));
    events.splice(
      9,
      0,
      `{"id":"deep${index}","type":"span-create","timestamp":"${at}","body":{"id":"deep-${index}","traceId":"deep-trace","metadata":${deep(20_000)}}}`,
    );
  }
  return { body: `{"batch":[${events.join(',')}]}`, refused: isPoisoned ? 1 : 0 };
}

/** Sends until it is acknowledged, as an SDK does; what is acknowledged may have been taken before, too. */
async function deliver(platform: () => Platform, sent: Sent): Promise<void> {
  for (;;) {
    const { observeUrl, keys } = platform();
    const answer = await call(`${observeUrl}/api/public/ingestion`, {
      basic: [keys.publicKey, keys.secretKey],
      headers: { 'content-type': 'application/json' },
      body: sent.body,
    }).catch(() => null);
    if (answer?.status === 207) {
      expect((answer.body.errors as unknown as unknown[]).length).toBe(sent.refused);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function total(platform: Platform, path: string): Promise<number> {
  const answer = await observe(platform, path);
  return (answer.body as unknown as { meta?: { totalItems: number } }).meta?.totalItems ?? -1;
}

describe('every fault at once', () => {
  it('leaves exactly what was sent, once', { timeout: TIMEOUT_MS }, async () => {
    const folder = newFolder();
    let platform = await startPlatform({ folder });
    // Every batch twice, in an order that has nothing to do with time.
    const order = Array.from({ length: 2 * BATCHES }, (_, index) => ({ index: index % BATCHES, key: (index * 7919) % 1009 }));
    order.sort((a, b) => a.key - b.key);
    const kills: Promise<void>[] = [];
    let next = 0;
    const sender = async (): Promise<void> => {
      for (let turn = next++; turn < order.length; turn = next++) {
        await deliver(() => platform, batchOf((order[turn] as { index: number }).index));
        if (turn === 100 || turn === 300) {
          const engine = enginePid(platform);
          if (engine !== null) process.kill(engine, 'SIGKILL');
        }
        if (turn === 200)
          kills.push(
            platform.crash().then(async () => {
              platform = await startPlatform({ folder });
            }),
          );
      }
    };
    await Promise.all(Array.from({ length: 6 }, sender));
    await Promise.all(kills);

    const spans = BATCHES * (SPANS_A_BATCH - 1);
    // Clients whose clock is off still get a place: a range from five years ago to tomorrow holds every instant.
    const range = `fromStartTime=${new Date(Date.now() - 6 * 365.25 * 86_400_000).toISOString()}&toStartTime=${new Date(Date.now() + 2 * 86_400_000).toISOString()}`;
    await eventually('every span', async () => (await total(platform, `/api/public/observations?name=fault-span&limit=1&${range}`)) === spans, 120_000);
    const traces = range.replaceAll('StartTime', 'Timestamp');
    await eventually('every trace', async () => (await total(platform, `/api/public/traces?name=faults&limit=1&${traces}`)) === BATCHES, 60_000);
    for (const index of [0, 3, 7, 13, 53, 249]) {
      const found = (await observe(platform, `/api/public/traces/trace-${index}`)).body as unknown as {
        observations: { id: string; input: unknown; output: unknown }[];
      };
      expect(found.observations.length).toBe(SPANS_A_BATCH - 1);
      for (const span of found.observations) expect(span).toMatchObject({ output: 'ended', input: { index } });
    }
    await platform.stop();
  });
});

describe('an engine that does not answer', () => {
  it('stops no ingestion; what was sent meanwhile is readable when it is back', { timeout: TIMEOUT_MS }, async () => {
    const platform = await startPlatform();
    const engine = (await eventually('the engine', async () => enginePid(platform))) as number;
    process.kill(engine, 'SIGSTOP');
    try {
      for (let index = 0; index < 20; index += 1) await deliver(() => platform, batchOf(index * 50));
    } finally {
      process.kill(engine, 'SIGCONT');
    }
    await eventually(
      'every span',
      async () => (await total(platform, '/api/public/observations?name=fault-span&limit=1')) === 20 * (SPANS_A_BATCH - 1),
      60_000,
    );
    await platform.stop();
  });
});

describe('a trace of 100,000 spans', () => {
  it('is stored, paged and read, and the engine stays within its bounds', { timeout: TIMEOUT_MS }, async () => {
    const SPANS = 100_000;
    const A_REQUEST = 2_000;
    const platform = await startPlatform();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const basic: [string, string] = [platform.keys.publicKey, platform.keys.secretKey];
    const startedMs = Date.now() - SPANS;
    const spanId = (number: number): string => (number + 1).toString(16).padStart(16, '0');
    for (let from = 0; from < SPANS; from += A_REQUEST) {
      const spans = Array.from({ length: A_REQUEST }, (_, index) => {
        const number = from + index;
        const startNanos = `${startedMs + number}000000`;
        return {
          traceId,
          spanId: spanId(number),
          ...(number === 0 ? {} : { parentSpanId: spanId(Math.floor((number - 1) / 10)) }),
          name: `step ${number}`,
          startTimeUnixNano: startNanos,
          endTimeUnixNano: startNanos,
          attributes: [{ key: 'input.value', value: { stringValue: `question ${number}` } }],
        };
      });
      const answer = await call(`${platform.observeUrl}/api/public/otel/v1/traces`, {
        basic,
        body: { resourceSpans: [{ scopeSpans: [{ scope: { name: 'big' }, spans }] }] },
      });
      expect(answer.status).toBe(200);
    }
    await eventually('the last span', async () => (await total(platform, `/api/public/observations?traceId=${traceId}&limit=1`)) === SPANS, 200_000);
    const ids = new Set<string>();
    for (let cursor = ''; ; ) {
      const page = (await observe(platform, `/api/public/v2/observations?traceId=${traceId}&limit=1000${cursor}`)).body as unknown as {
        data: { id: string }[];
        meta: { cursor?: string };
      };
      for (const { id } of page.data) ids.add(id);
      if (page.meta.cursor === undefined) break;
      cursor = `&cursor=${encodeURIComponent(page.meta.cursor)}`;
    }
    expect(ids.size).toBe(SPANS);
    const whole = await observe(platform, `/api/public/traces/${traceId}`);
    expect(whole.status).toBe(200);
    expect((whole.body as unknown as { observations: unknown[] }).observations.length).toBe(SPANS);
    const engine = enginePid(platform) as number;
    const peakMb = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${engine}/status`, 'utf8'))?.[1]) / 1024;
    console.log(`a trace of ${SPANS} spans: the engine's memory peaked at ${Math.round(peakMb)} MB`);
    expect(peakMb).toBeLessThan(1_600);
    await platform.stop();
  });
});
