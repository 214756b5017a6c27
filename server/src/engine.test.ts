// The engine as a process: killed while it consumes, it goes on and ends with the same rows; it answers reads on its socket and ends with its parent.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineAnswer, EngineInput } from '#engine.ts';
import type { Principal } from '#identity/principal.ts';
import { createPositions } from '#observe/store/positions.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';

const BATCHES = 100;
const EVENTS_A_BATCH = 20;
const principal: Principal = { kind: 'project-key', projectId: 'p1', organizationId: 'o1', publicKey: 'pk', scope: 'project' };

let dataDir: string;
let records: TestRecords;
let journal: JournalWriter;
let pool: Pool;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'genai-engine-'));
  records = await startTestRecords();
  journal = await openJournalWriter(join(dataDir, 'journal'), { payloadLimitBytes: 1 << 30, moneyReserveBytes: 1 << 20 });
  pool = new Pool('http://engine', { socketPath: join(dataDir, 'engine.sock') });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await pool.destroy();
  await journal.close();
  await records.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Small rounds, so that a kill finds the engine between and inside of many of them. */
const ROUND_BYTES = 32_768;

function startProcess(): ChildProcess {
  const input: EngineInput = {
    roundBytes: ROUND_BYTES,
    settings: { dataDir, clickhouse: null, logLevel: 'error', inferSessions: true, role: 'all', journal: 'files', blobs: null },
    records: { socketFolder: records.server.socketFolder },
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'engine.ts')], { stdio: ['pipe', 'inherit', 'inherit'], env: { UV_THREADPOOL_SIZE: '16' } });
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.stdin?.write(`${JSON.stringify(input)}\n`);
  return child;
}

async function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return await new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

async function get<Answer>(path: string, who: Principal = principal): Promise<{ status: number; body: Answer }> {
  const answer = await pool.request({ method: 'GET', path, headers: { 'x-genai-principal': Buffer.from(JSON.stringify(who)).toString('base64url') } });
  return { status: answer.statusCode, body: (await answer.body.json()) as Answer };
}

async function status(): Promise<EngineAnswer | null> {
  try {
    return (await get<EngineAnswer>('/status')).body;
  } catch {
    return null;
  }
}

async function until(condition: (answer: EngineAnswer) => boolean): Promise<EngineAnswer> {
  for (;;) {
    const answer = await status();
    if (answer && condition(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Trace and span events, an update long after its create, and every tenth batch twice. */
async function append(batch: number): Promise<bigint> {
  const events = Array.from({ length: EVENTS_A_BATCH }, (_, index) => {
    const number = batch * EVENTS_A_BATCH + index;
    const at = new Date(Date.UTC(2026, 10, 20) + number * 1000).toISOString();
    if (index === 0)
      return { id: `e${number}`, type: 'trace-create', timestamp: at, body: { id: `trace-${batch}`, timestamp: at, name: `t${batch}`, input: { q: batch } } };
    if (index === 1 && batch > 0)
      return {
        id: `e${number}`,
        type: 'span-update',
        timestamp: at,
        body: { id: `span-${number - EVENTS_A_BATCH + 1}`, traceId: `trace-${batch - 1}`, output: 'late', endTime: at },
      };
    return {
      id: `e${number}`,
      type: 'span-create',
      timestamp: at,
      body: { id: `span-${number}`, traceId: `trace-${batch}`, startTime: at, name: `s${number}`, input: { n: number } },
    };
  });
  const parts = [Buffer.from(JSON.stringify({ receivedAtUs: Date.UTC(2026, 10, 21) * 1000 })), Buffer.from(JSON.stringify({ batch: events }))];
  return await new Promise<bigint>((resolve, reject) => {
    const sequence = journal.append('payload', JournalKind.ingestionBatch, 'p1', parts, (error) => (error ? reject(error) : resolve(sequence as bigint)));
  });
}

/** Every span with the input of its create and, where a later batch updated it, the output of the update. */
async function expectEverySpan(): Promise<void> {
  const spans: { id: string; input: string; output: string | null }[] = [];
  for (let cursor = ''; ; ) {
    const page = await get<{ data: typeof spans; meta: { cursor?: string } }>(`/api/public/v2/observations?limit=1000&fields=io${cursor}`);
    spans.push(...page.body.data);
    if (page.body.meta.cursor === undefined) break;
    cursor = `&cursor=${encodeURIComponent(page.body.meta.cursor)}`;
  }
  for (const span of spans) {
    const number = Number(span.id.slice('span-'.length));
    const updated = number % EVENTS_A_BATCH === 2 && number < (BATCHES - 1) * EVENTS_A_BATCH;
    expect(span).toMatchObject({ input: `{"n":${number}}`, output: updated ? 'late' : null });
  }
  expect(new Set(spans.map((span) => span.id)).size).toBe(BATCHES * (EVENTS_A_BATCH - 2) + 1);
}

interface Page {
  data: { id: string; output: unknown }[];
  meta: { totalItems: number };
}

describe('the engine process', () => {
  it('ends with the same rows after being killed again and again while it consumes', async () => {
    let last = 0n;
    for (let batch = 0; batch < BATCHES; batch += 1) {
      last = await append(batch);
      if (batch % 10 === 0) last = await append(batch);
    }
    // Each start has to find its way from the stored position.
    const killedAt: bigint[] = [];
    for (const rounds of [1n, 10n, 20n]) {
      const child = startProcess();
      const before = await until(() => true);
      await until((answer) => BigInt(answer.consumedSequence) >= BigInt(before.consumedSequence) + rounds || BigInt(answer.consumedSequence) >= last);
      child.kill('SIGKILL');
      await exitOf(child);
      killedAt.push(await createPositions(records.records, 'analytics').load());
    }
    expect(killedAt.every((position) => position > 0n && position < last)).toBe(true);
    const child = startProcess();
    const end = await until((answer) => BigInt(answer.consumedSequence) >= last);
    expect(end).toMatchObject({ lagRecords: 0, deadLetters: 0 });
    const traces = await get<Page>('/api/public/traces?limit=1');
    const spans = await get<Page>('/api/public/observations?limit=100');
    // Every batch has one trace; its second event updates a span of the batch before it, in batch 0 it creates one.
    expect([traces.body.meta.totalItems, spans.body.meta.totalItems]).toEqual([BATCHES, BATCHES * (EVENTS_A_BATCH - 2) + 1]);
    await expectEverySpan();
    expect(statSync(join(dataDir, 'engine.sock')).mode & 0o777).toBe(0o600);
    expect((await get('/api/public/traces', { kind: 'anonymous' })).status).toBe(401);
    expect((await get('/nothing')).status).toBe(404);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toEqual({ code: 0, signal: null });
  }, 120_000);

  it('shows what was appended after a wake-up, and ends when its parent does', async () => {
    const child = startProcess();
    await until(() => true);
    const sequence = await append(1_000);
    await (await pool.request({ method: 'POST', path: '/wake', body: JSON.stringify({ durableSequence: String(sequence) }) })).body.dump();
    await until((answer) => BigInt(answer.consumedSequence) >= sequence);
    expect((await get('/api/public/traces/trace-1000')).status).toBe(200);
    child.stdin?.end();
    expect(await exitOf(child)).toEqual({ code: 0, signal: null });
  }, 60_000);
});
