// What accepting and reading events must do on every journal, local or shared by machines: run by each adapter's test.
import { describe, expect, it } from 'vitest';
import { type JournalAppender, JournalKind, type JournalReader, type JournalRecord } from './port.ts';

/** One journal that can be opened again and again. */
export interface AppenderUnderTest {
  openWriter(): Promise<JournalAppender>;
  openReader(): JournalReader;
  remove(): Promise<void>;
}

const text = (value: string): Buffer => Buffer.from(value);

/** Appends and resolves with the sequence when durable. */
export function appended(writer: JournalAppender, project: string, parts: Uint8Array[], journalClass: 'money' | 'payload' = 'payload'): Promise<bigint> {
  return new Promise((resolve, reject) => {
    const sequence = writer.append(journalClass, JournalKind.ingestionBatch, project, parts, (error) => (error ? reject(error) : resolve(sequence as bigint)));
    if (sequence === null) reject(new Error('full'));
  });
}

/** Everything that a fresh reader sees within some seconds, when it should be `count` records: what is durable may need a moment to be seen. */
export async function readAll(reader: JournalReader, count: number, afterSequence = 0n, maxBytes = 64 * 1024): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  const deadline = Date.now() + 10_000;
  for (let after = afterSequence; ; ) {
    const answer = await reader.read(after, { maxBytes });
    records.push(...answer.records);
    after = answer.lastSequence;
    if (!answer.atEnd) continue;
    if (records.length >= count || Date.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await reader.close();
  return records;
}

type Make = () => Promise<AppenderUnderTest>;

export function appenderConformance(name: string, make: Make): void {
  acceptingConformance(name, make);
  readingConformance(name, make);
}

const usingOf = (make: Make) => (work: (journal: AppenderUnderTest) => Promise<void>) => async () => {
  const journal = await make();
  try {
    await work(journal);
  } finally {
    await journal.remove();
  }
};

function acceptingConformance(name: string, make: Make): void {
  const using = usingOf(make);

  describe(`accepting on ${name}`, () => {
    it(
      'gives back what was appended, in order, with every part',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const large = Buffer.alloc(300_000, 'x');
        await Promise.all([
          appended(writer, 'p1', [text('{"a":1}')]),
          appended(writer, 'プロジェクト', [text('{}'), large, text('')]),
          appended(writer, '', [text('{"b":2}'), text('answer')]),
        ]);
        const records = await readAll(journal.openReader(), 3);
        expect(records.map((record) => record.project)).toEqual(['p1', 'プロジェクト', '']);
        expect(records[1]?.parts.map((part) => part.byteLength)).toEqual([2, 300_000, 0]);
        expect(records[1]?.parts[1]?.equals(large)).toBe(true);
        expect(records[2]?.parts.map(String)).toEqual(['{"b":2}', 'answer']);
        const sequences = records.map((record) => record.sequence);
        expect([...sequences].sort((one, other) => (one < other ? -1 : 1))).toEqual(sequences);
        await writer.close();
      }),
    );

    it(
      'tells that a record is durable only when it is, and wakes listeners',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const woken: bigint[] = [];
        writer.onDurable((sequence) => woken.push(sequence));
        const sequence = await appended(writer, 'p', [text('{}')]);
        expect(writer.state().durableSequence >= sequence).toBe(true);
        await expect.poll(() => woken.at(-1)).toBe(sequence);
        await writer.close();
      }),
    );

    it(
      'makes everything durable by flush and by close',
      using(async (journal) => {
        const writer = await journal.openWriter();
        let told = 0;
        const done = (error: Error | null): void => void (error === null && told++);
        writer.append('payload', JournalKind.ingestionBatch, 'p', [text('{}')], done);
        await writer.flush();
        expect(told).toBe(1);
        writer.append('payload', JournalKind.ingestionBatch, 'p', [text('{}')], done);
        await writer.close();
        expect(told).toBe(2);
        await writer.close();
      }),
    );
  });
}

function readingConformance(name: string, make: Make): void {
  const using = usingOf(make);

  describe(`reading on ${name}`, () => {
    it(
      'goes on after a restart: a reader finds what came later after what it has read, once each',
      using(async (journal) => {
        const writer = await journal.openWriter();
        await appended(writer, 'p', [text('1')]);
        await writer.close();
        const [before] = await readAll(journal.openReader(), 1);
        const again = await journal.openWriter();
        await appended(again, 'p', [text('2')]);
        await appended(again, 'p', [text('3')]);
        const after = await readAll(journal.openReader(), 2, before?.sequence);
        expect(after.map((record) => String(record.parts[0]))).toEqual(['2', '3']);
        expect((await readAll(journal.openReader(), 1, after[0]?.sequence)).map((record) => String(record.parts[0]))).toEqual(['3']);
        await again.close();
      }),
    );

    it(
      'returns only the kinds asked for, and says how far it looked',
      using(async (journal) => {
        const writer = await journal.openWriter();
        await new Promise((resolve) => writer.append('payload', JournalKind.otlpTraces, 'p', [text('{"otel":1}')], resolve));
        await appended(writer, 'p', [text('{}'), Buffer.alloc(100_000, 1)]);
        const all = await readAll(journal.openReader(), 2);
        const reader = journal.openReader();
        const answer = await reader.read(0n, { maxBytes: 1_000_000, kinds: [JournalKind.otlpTraces] });
        expect(answer.records.map((record) => String(record.parts[0]))).toEqual(['{"otel":1}']);
        expect(answer.lastSequence).toBe(all[1]?.sequence);
        await reader.close();
        await writer.close();
      }),
    );

    it(
      'returns at least one record and otherwise stops at maxBytes',
      using(async (journal) => {
        const writer = await journal.openWriter();
        for (let index = 0; index < 10; index++) writer.append('payload', JournalKind.ingestionBatch, 'p', [Buffer.alloc(10_000)], () => {});
        await writer.flush();
        await readAll(journal.openReader(), 10);
        const reader = journal.openReader();
        expect((await reader.read(0n, { maxBytes: 1 })).records).toHaveLength(1);
        expect((await reader.read(0n, { maxBytes: 25_000 })).records.length).toBeGreaterThanOrEqual(2);
        expect((await reader.read(0n, { maxBytes: 25_000 })).records.length).toBeLessThanOrEqual(3);
        expect(await readAll(journal.openReader(), 10, 0n, 25_000)).toHaveLength(10);
        await reader.close();
        await writer.close();
      }),
    );
  });
}
