// What every journal must do, whatever it writes to: run by each adapter's test with its own way to open, kill and reopen.
import { describe, expect, it } from 'vitest';
import type { JournalSettings } from './open.ts';
import { JournalKind, type JournalReader, type JournalRecord, type JournalWriter } from './port.ts';

/** One journal that can be opened again and again. */
export interface JournalUnderTest {
  openWriter(settings?: Partial<JournalSettings>): Promise<JournalWriter>;
  openReader(): JournalReader;
  /** Ends the writer as kill -9 would: nothing more is written, what the operating system has stays. */
  kill(writer: JournalWriter): Promise<void>;
  remove(): Promise<void>;
}

const text = (value: string): Buffer => Buffer.from(value);

/** Appends and resolves with the sequence when durable. */
export function appended(writer: JournalWriter, project: string, parts: Uint8Array[], journalClass: 'money' | 'payload' = 'payload'): Promise<bigint> {
  return new Promise((resolve, reject) => {
    const sequence = writer.append(journalClass, JournalKind.ingestionBatch, project, parts, (error) => (error ? reject(error) : resolve(sequence as bigint)));
    if (sequence === null) reject(new Error('full'));
  });
}

/** Everything that a fresh reader sees. */
export async function readAll(reader: JournalReader, afterSequence = 0n, maxBytes = 64 * 1024): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  let after = afterSequence;
  for (;;) {
    const answer = await reader.read(after, { maxBytes });
    records.push(...answer.records);
    after = answer.lastSequence;
    if (answer.atEnd) break;
  }
  await reader.close();
  return records;
}

export function journalConformance(name: string, make: () => Promise<JournalUnderTest>): void {
  const using = (work: (journal: JournalUnderTest) => Promise<void>) => async () => {
    const journal = await make();
    try {
      await work(journal);
    } finally {
      await journal.remove();
    }
  };

  describe(`journal on ${name}`, () => {
    it(
      'gives back what was appended, in sequence order, with every part',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const large = Buffer.alloc(300_000, 'x');
        const sequences = await Promise.all([
          appended(writer, 'p1', [text('{"a":1}')]),
          appended(writer, 'プロジェクト', [text('{}'), large, text('')]),
          appended(writer, '', [text('{"b":2}'), text('answer')]),
        ]);
        const records = await readAll(journal.openReader());
        expect(records.map((record) => record.sequence)).toEqual(sequences);
        expect(records.map((record) => record.project)).toEqual(['p1', 'プロジェクト', '']);
        expect(records[1]?.parts.map((part) => part.byteLength)).toEqual([2, 300_000, 0]);
        expect(records[1]?.parts[1]?.equals(large)).toBe(true);
        expect(records[2]?.parts.map(String)).toEqual(['{"b":2}', 'answer']);
        await writer.close();
      }),
    );

    it(
      'calls done only when the durable sequence has reached the record, and wakes listeners',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const woken: bigint[] = [];
        writer.onDurable((sequence) => woken.push(sequence));
        const sequence = await appended(writer, 'p', [text('{}')]);
        expect(writer.state().durableSequence >= sequence).toBe(true);
        expect(woken).toContain(sequence);
        await writer.close();
      }),
    );

    it(
      'keeps appendNow in order with what was gathered before it, and shows it at once after a kill',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const first = writer.append('payload', JournalKind.ingestionBatch, 'p', [text('1')], () => {});
        const second = writer.appendNow(JournalKind.callStarted, 'p', [text('2')]);
        await journal.kill(writer);
        const records = await readAll(journal.openReader());
        expect(records.map((record) => [record.sequence, String(record.parts[0])])).toEqual([
          [first, '1'],
          [second, '2'],
        ]);
      }),
    );

    it(
      'continues the sequence after a restart and never hands one out twice',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const before = await appended(writer, 'p', [text('1')]);
        await writer.close();
        const again = await journal.openWriter();
        expect(again.state().lastSequence).toBe(before);
        const after = await appended(again, 'p', [text('2')]);
        expect(after > before).toBe(true);
        expect((await readAll(journal.openReader())).map((record) => record.sequence)).toEqual([before, after]);
        expect((await readAll(journal.openReader(), before)).map((record) => record.sequence)).toEqual([after]);
        await again.close();
      }),
    );

    it(
      'returns only the kinds asked for, and says how far it looked',
      using(async (journal) => {
        const writer = await journal.openWriter();
        writer.appendNow(JournalKind.callStarted, 'p', [text('{"started":1}')]);
        const last = await appended(writer, 'p', [text('{}'), Buffer.alloc(100_000, 1)]);
        const reader = journal.openReader();
        const answer = await reader.read(0n, { maxBytes: 1_000_000, kinds: [JournalKind.callStarted] });
        expect(answer.records.map((record) => String(record.parts[0]))).toEqual(['{"started":1}']);
        expect(answer.lastSequence).toBe(last);
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
        const reader = journal.openReader();
        expect((await reader.read(0n, { maxBytes: 1 })).records).toHaveLength(1);
        expect((await reader.read(0n, { maxBytes: 25_000 })).records).toHaveLength(3);
        await reader.close();
        await writer.close();
      }),
    );

    it(
      'lets a reader follow over segments that come and go',
      using(async (journal) => {
        const writer = await journal.openWriter({ segmentBytes: 2_000 });
        const reader = journal.openReader();
        const seen: bigint[] = [];
        const sequences: bigint[] = [];
        let after = 0n;
        let archived = 0;
        for (let index = 0; index < 40; index++) {
          sequences.push(await appended(writer, 'p', [Buffer.alloc(index % 3 === 0 ? 3_000 : 300)]));
          if (index % 2 === 0) continue;
          const answer = await reader.read(after, { maxBytes: 2_000 });
          seen.push(...answer.records.map((record) => record.sequence));
          after = answer.lastSequence;
          await writer.release(after, async () => {
            archived++;
          });
        }
        seen.push(...(await readAll(reader, after)).map((record) => record.sequence));
        expect(seen).toEqual(sequences);
        expect(archived).toBeGreaterThan(5);
        await writer.close();
      }),
    );

    it(
      'releases nothing that a consumer still needs, and hands each leaving segment to the archive',
      using(async (journal) => {
        const writer = await journal.openWriter({ segmentBytes: 1_000 });
        const sequences: bigint[] = [];
        for (let index = 0; index < 6; index++) sequences.push(await appended(writer, 'p', [Buffer.alloc(1_000)]));
        await writer.roll();
        const archived: string[] = [];
        await writer.release(sequences[2] as bigint, async (segment) => {
          archived.push(segment);
        });
        expect((await readAll(journal.openReader())).map((record) => record.sequence)).toEqual(sequences.slice(archived.length));
        expect(archived.length).toBe(3);
        await expect(writer.release(sequences[5] as bigint, () => Promise.reject(new Error('no archive')))).rejects.toThrow('no archive');
        expect(await writer.release(sequences[5] as bigint, async () => {})).toBe(3);
        expect(writer.state().backlogBytes).toBe(0);
        await writer.close();
      }),
    );

    it(
      'releases the segments of an earlier start too',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const last = await appended(writer, 'p', [text('1')]);
        await writer.close();
        for (const _ of [1, 2]) await (await journal.openWriter()).close();
        const again = await journal.openWriter();
        expect(await again.release(last, async () => {})).toBe(1);
        await again.close();
      }),
    );

    it(
      'refuses payload at its limit, warns from 80 % on, and goes on taking money',
      using(async (journal) => {
        const writer = await journal.openWriter({ payloadLimitBytes: 10_000, moneyReserveBytes: 5_000 });
        await appended(writer, 'p', [Buffer.alloc(7_900)]);
        expect(writer.state().level).toBe('ok');
        await appended(writer, 'p', [Buffer.alloc(500)]);
        expect(writer.state().level).toBe('warning');
        expect(writer.accepts('payload', 3_000)).toBe(false);
        expect(writer.append('payload', JournalKind.ingestionBatch, 'p', [Buffer.alloc(3_000)], () => expect.unreachable())).toBe(null);
        const money = await appended(writer, 'p', [Buffer.alloc(3_000)], 'money');
        expect(writer.state().level).toBe('full');
        const now = writer.appendNow(JournalKind.callStarted, 'p', [text('{}')]);
        expect(now > money).toBe(true);
        expect(() => writer.appendNow(JournalKind.callStarted, 'p', [Buffer.alloc(9_000)])).toThrow(/no room/);
        await writer.close();
      }),
    );

    it(
      'flush and close make everything durable',
      using(async (journal) => {
        const writer = await journal.openWriter();
        const now = writer.appendNow(JournalKind.callStarted, 'p', [text('{}')]);
        await writer.flush();
        expect(writer.state().durableSequence).toBe(now);
        await writer.flush();
        let told = false;
        writer.append('money', JournalKind.callSettled, 'p', [text('{}')], () => {
          told = true;
        });
        await writer.close();
        expect(told).toBe(true);
      }),
    );
  });
}
