// What a journal of one machine must do beyond accepting and reading (conformance-appender.ts): money, restarts, segments. Run by each adapter's test.
import { describe, expect, it } from 'vitest';
import { appended, appenderConformance } from './conformance-appender.ts';
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
  appenderConformance(name, make);
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
