import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallSettled } from '#call-record.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalRecord, type JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { settledCall, startedCall } from './call-fixture.ts';
import { createCallJournal } from './call-journal.ts';

const told: string[] = [];
let folder: string;
let writer: JournalWriter;
let dropped = 0;

async function open(payloadLimitBytes: number, moneyReserveBytes = 1 << 20): Promise<ReturnType<typeof createCallJournal>> {
  writer = await openJournalWriter(folder, { payloadLimitBytes, moneyReserveBytes });
  return createCallJournal({
    writer,
    listener: {
      began: (sequence, record) => void told.push(`began ${record.callId} ${sequence > 0n}`),
      ended: (_, record) => void told.push(`ended ${record.callId} ${record.content}`),
      lost: (callId) => void told.push(`lost ${callId}`),
    },
    onContentDropped: () => {
      dropped += 1;
    },
  });
}

async function records(): Promise<JournalRecord[]> {
  const reader = openJournalReader(folder);
  try {
    return (await reader.read(0n, { maxBytes: 1 << 24 })).records;
  } finally {
    await reader.close();
  }
}

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'genai-call-journal-'));
  told.length = 0;
  dropped = 0;
});
afterEach(async () => {
  await writer.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the call journal', () => {
  it('writes started at once and settled with both bodies, durable before it says so', async () => {
    const journal = await open(1 << 24);
    const started = startedCall();
    journal.started(started);
    const settled = settledCall(started, '0.0000375');
    await new Promise<void>((resolve, reject) => {
      journal.settled(settled, Buffer.from('{"model":"m"}'), [Buffer.from('{"a":'), Buffer.from('1}')], (error) => (error ? reject(error) : resolve()));
    });
    expect(writer.state().durableSequence).toBe(writer.state().lastSequence);
    expect(told).toEqual([`began ${started.callId} true`, `ended ${started.callId} full`]);
    const [first, second] = await records();
    expect([first?.kind, second?.kind, second?.project]).toEqual([JournalKind.callStarted, JournalKind.callSettled, 'project']);
    expect(JSON.parse(String(first?.parts[0]))).toEqual(started);
    expect(JSON.parse(String(second?.parts[0]))).toEqual(settled);
    expect(second?.parts.slice(1).map(String)).toEqual(['{"model":"m"}', '{"a":1}']);
  });

  it('lets content go and keeps the money when the payload journal is full', async () => {
    const journal = await open(1_000);
    const started = startedCall();
    journal.started(started);
    await new Promise<void>((resolve, reject) => {
      journal.settled(settledCall(started, '1'), Buffer.alloc(5_000, 'x'), [Buffer.alloc(10, 'y')], (error) => (error ? reject(error) : resolve()));
    });
    expect(dropped).toBe(1);
    const last = (await records()).at(-1) as JournalRecord;
    expect(last.parts).toHaveLength(1);
    expect(JSON.parse(String(last.parts[0])) as CallSettled).toMatchObject({ content: 'metadata_only', answerFormat: 'none', cost: '1' });
    expect(told.at(-1)).toBe(`ended ${started.callId} metadata_only`);
  });

  it('refuses to begin a call, and says so at its end, when not even money has room', async () => {
    const journal = await open(200, 200);
    expect(() => journal.started(startedCall({ model: 'm'.repeat(2_000) }))).toThrow(expect.objectContaining({ status: 503 }));
    const started = startedCall();
    const error = await new Promise<Error | null>((resolve) => journal.settled(settledCall(started, '1', { content: 'off' }), null, [], resolve));
    expect(error).toMatchObject({ status: 503 });
    expect(told).toEqual([`lost ${started.callId}`]);
  });
});
