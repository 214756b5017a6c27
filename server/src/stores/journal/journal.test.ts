// The journal's conformance on real files and on a folder that forgets unsynced bytes, and its faults: full disk, failing sync, power cuts at random moments.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { journalConformance, readAll } from './conformance.ts';
import { appended } from './conformance-appender.ts';
import { openJournalFolder } from './file.ts';
import { type JournalSettings, openJournalWriter } from './open.ts';
import { JournalKind, type JournalWriter } from './port.ts';
import { openJournalReader } from './reader.ts';
import { UnsyncedFolder } from './unsynced-file.ts';

const ROOMY = { payloadLimitBytes: 1e9, moneyReserveBytes: 1e6, lingerMs: 0, nowSyncMs: 1, segmentBytes: 100_000 };
const text = (value: string): Buffer => Buffer.from(value);

journalConformance('real files', async () => {
  const path = await mkdtemp(join(tmpdir(), 'genai-journal-'));
  return {
    openWriter: (settings) => openJournalWriter(path, { ...ROOMY, ...settings }),
    openReader: () => openJournalReader(path),
    // A writer that is merely forgotten goes on syncing, which changes nothing that a reader sees.
    kill: async () => {},
    remove: () => rm(path, { recursive: true }),
  };
});

journalConformance('a folder in memory', async () => {
  let folder = new UnsyncedFolder();
  return {
    openWriter: (settings) => openJournalWriter(folder, { ...ROOMY, ...settings }),
    openReader: () => openJournalReader(folder),
    kill: async () => {
      folder = folder.processKilled();
    },
    remove: async () => {},
  };
});

async function opened(folder: UnsyncedFolder, settings: Partial<JournalSettings> = {}): Promise<{ writer: JournalWriter; faults: Error[] }> {
  const faults: Error[] = [];
  const writer = await openJournalWriter(folder, { ...ROOMY, onFault: (error) => faults.push(error), ...settings });
  return { writer, faults };
}

async function contents(folder: UnsyncedFolder): Promise<string[]> {
  return (await readAll(openJournalReader(folder))).map((record) => String(record.parts[0]));
}

describe('journal writer under faults', () => {
  it('loses nothing acknowledged when all unsynced bytes are dropped', async () => {
    const folder = new UnsyncedFolder();
    const { writer } = await opened(folder);
    await appended(writer, 'p', [text('kept')]);
    writer.append('payload', JournalKind.ingestionBatch, 'p', [text('unacknowledged')], () => {});
    expect(await contents(folder.powerCut())).toEqual(['kept']);
  });

  it('gathers what arrives during a sync into one more sync', async () => {
    const folder = new UnsyncedFolder();
    const { writer } = await opened(folder);
    await appended(writer, 'p', [text('warm')]);
    const before = folder.syncs;
    await Promise.all(Array.from({ length: 50 }, (_, index) => appended(writer, 'p', [text(String(index))])));
    expect(folder.syncs - before).toBe(1);
  });

  it('writes a short write on to its end', async () => {
    const folder = new UnsyncedFolder();
    folder.longestWriteBytes = 7;
    const { writer } = await opened(folder);
    await appended(writer, 'p', [text('one'), Buffer.alloc(10_000, 3)]);
    expect((await readAll(openJournalReader(folder)))[0]?.parts[1]?.equals(Buffer.alloc(10_000, 3))).toBe(true);
  });

  it('tells the records of a full disk, leaves no part of them, and works again when space is freed', async () => {
    const folder = new UnsyncedFolder();
    const { writer, faults } = await opened(folder);
    await appended(writer, 'p', [text('before')]);
    folder.freeBytes = 100;
    await expect(appended(writer, 'p', [text('x'), Buffer.alloc(5_000)])).rejects.toThrow('ENOSPC');
    expect(faults).toHaveLength(1);
    folder.freeBytes = 0;
    expect(() => writer.appendNow(JournalKind.callStarted, 'p', [text('{}')])).toThrow(/cannot write/);
    folder.freeBytes = Number.POSITIVE_INFINITY;
    await appended(writer, 'p', [text('after')]);
    expect(await contents(folder.powerCut())).toEqual(['before', 'after']);
  });

  it('saves the money of a group whose payload does not fit on the disk', async () => {
    const folder = new UnsyncedFolder();
    const { writer } = await opened(folder);
    await appended(writer, 'p', [text('before')]);
    folder.freeBytes = 1_000;
    const payload = appended(writer, 'p', [text('payload'), Buffer.alloc(5_000)]);
    const money = appended(writer, 'p', [text('money')], 'money');
    const now = writer.appendNow(JournalKind.callStarted, 'p', [text('now')]);
    await expect(payload).rejects.toThrow('ENOSPC');
    expect((await money) < now).toBe(true);
    await writer.flush();
    expect(await contents(folder.powerCut())).toEqual(['before', 'money', 'now']);
  });

  it('after a failed sync tells the group, and writes again what appendNow had promised', async () => {
    const folder = new UnsyncedFolder();
    const { writer } = await opened(folder);
    await appended(writer, 'p', [text('before')]);
    writer.appendNow(JournalKind.callStarted, 'p', [text('promised')]);
    folder.syncFailures = 1;
    await expect(appended(writer, 'p', [text('lost')])).rejects.toThrow('EIO');
    await appended(writer, 'p', [text('after')]);
    await writer.flush();
    expect(await contents(folder.powerCut())).toEqual(['before', 'promised', 'after']);
  });

  it('leaves a segment that can neither be written nor cut', async () => {
    const folder = new UnsyncedFolder();
    const { writer } = await opened(folder);
    await appended(writer, 'p', [text('before')]);
    folder.freeBytes = 20;
    folder.truncateFails = true;
    await expect(appended(writer, 'p', [text('lost')])).rejects.toThrow('ENOSPC');
    folder.freeBytes = Number.POSITIVE_INFINITY;
    folder.truncateFails = false;
    await appended(writer, 'p', [text('after')]);
    expect(await contents(folder)).toEqual(['before', 'after']);
  });

  it('goes on in the old segment when no new file can be made', async () => {
    const folder = new UnsyncedFolder();
    const { writer, faults } = await opened(folder, { segmentBytes: 100 });
    folder.createFails = true;
    for (const value of ['1', '2', '3']) await appended(writer, 'p', [text(value), Buffer.alloc(200)]);
    expect(faults.length).toBeGreaterThan(0);
    folder.createFails = false;
    await appended(writer, 'p', [text('4')]);
    expect(await contents(folder.powerCut())).toEqual(['1', '2', '3', '4']);
  });

  it('continues beyond the consumers when the files are gone', async () => {
    const { writer } = await opened(new UnsyncedFolder(), { continueAfter: 5_000n });
    expect((await appended(writer, 'p', [text('1')])) > 5_000n).toBe(true);
  });

  it('skips the bodies that nobody asked for and stops at the durable sequence', async () => {
    const folder = new UnsyncedFolder();
    const { writer } = await opened(folder);
    const first = await appended(writer, 'p', [text('one'), Buffer.alloc(90_000)]);
    writer.appendNow(JournalKind.callStarted, 'p', [text('two')]);
    const reader = openJournalReader(folder);
    const answer = await reader.read(0n, { maxBytes: 1e6, headersOnly: true, durableSequence: first });
    expect(answer.records.map((record) => record.parts.map(String))).toEqual([['one']]);
    expect(answer).toMatchObject({ atEnd: true, lastSequence: first });
    expect((await reader.read(first, { maxBytes: 1e6 })).records.map((record) => String(record.parts[0]))).toEqual(['two']);
  });
});

describe('journal reader on damage', () => {
  it('reports a damaged record of a closed segment and goes on with the next segment', async () => {
    const folder = new UnsyncedFolder();
    const { writer } = await opened(folder, { segmentBytes: 100 });
    for (const value of ['1', '2', '3']) await appended(writer, 'p', [text(value), Buffer.alloc(200)]);
    const [first] = folder.list().sort();
    folder.damage(first as string, (bytes) => {
      bytes[150] = 0xff;
    });
    const reported: string[] = [];
    const reader = openJournalReader(folder, { onCorrupt: ({ segment }) => reported.push(segment) });
    expect((await readAll(reader)).map((record) => String(record.parts[0]))).toEqual(['2', '3']);
    expect(reported).toEqual([first]);
    expect(reader.corruptions).toBe(1);
  });

  it('never returns a record that was not written, whatever the damage', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 30 }), fc.nat(2_000), async (changes, cut) => {
        const folder = new UnsyncedFolder();
        const { writer } = await opened(folder, { segmentBytes: 600 });
        const written = new Map<bigint, string>();
        for (let index = 0; index < 12; index++) {
          const body = Buffer.alloc((index * 37) % 300, index);
          written.set(await appended(writer, `p${index}`, [text(`{"i":${index}}`), body]), `p${index}{"i":${index}}${body.toString('hex')}`);
        }
        const names = folder.list().sort();
        for (const [place, value] of changes) {
          folder.damage(names[place % names.length] as string, (bytes) => {
            if (bytes.byteLength > 0) bytes[(place * 7919 + cut) % bytes.byteLength] = value;
          });
        }
        const records = await readAll(openJournalReader(folder));
        for (const record of records) expect(record.project + record.parts[0] + record.parts[1]?.toString('hex')).toBe(written.get(record.sequence));
        // A writer opens on the same remains and goes on.
        const again = await openJournalWriter(folder.processKilled(), ROOMY);
        await appended(again, 'p', [text('on')]);
      }),
      { numRuns: 60 },
    );
  });
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.nat(3_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('now' as const), size: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), size: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), size: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), size: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), size: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('full' as const), size: fc.nat(4_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sync-fails' as const), size: fc.nat(1) }) },
);

/** One journal's life with what its callers were told. */
class Life {
  folder = new UnsyncedFolder();
  writer!: JournalWriter;
  /** Told durable. */
  readonly durable = new Map<bigint, string>();
  /** Written by appendNow: must outlive a kill, may be lost in a power cut. */
  readonly promised = new Map<bigint, string>();
  readonly issued = new Map<bigint, string>();
  readonly refused = new Set<bigint>();
  #count = 0;
  #generation = 0;

  async open(): Promise<void> {
    // First: what the dead writer still hears about its own dead disk no longer counts.
    this.#generation++;
    const { writer } = await opened(this.folder, { segmentBytes: 2_000 });
    this.writer = writer;
  }

  append(size: number): void {
    const value = `${this.#count++}:${'x'.repeat(size)}`;
    const generation = this.#generation;
    const sequence = this.writer.append('payload', JournalKind.ingestionBatch, 'p', [text(value)], (error) => {
      if (generation !== this.#generation) return;
      if (error === null) this.durable.set(sequence as bigint, value);
      else this.refused.add(sequence as bigint);
    });
    expect(this.issued.has(sequence as bigint)).toBe(false);
    this.issued.set(sequence as bigint, value);
  }

  appendNow(size: number): void {
    const value = `${this.#count++}:${'n'.repeat(size)}`;
    try {
      const sequence = this.writer.appendNow(JournalKind.callStarted, 'p', [text(value)]);
      expect(this.issued.has(sequence)).toBe(false);
      this.issued.set(sequence, value);
      this.promised.set(sequence, value);
    } catch {
      // Refused: nothing is owed.
    }
  }

  async check(): Promise<void> {
    const records = await readAll(openJournalReader(this.folder));
    const found = new Map(records.map((record) => [record.sequence, String(record.parts[0])]));
    expect([...found.keys()]).toEqual([...found.keys()].sort((one, other) => (one < other ? -1 : 1)));
    for (const [sequence, value] of found) expect(value).toBe(this.issued.get(sequence));
    for (const [sequence, value] of [...this.durable, ...this.promised]) expect(found.get(sequence), `record ${sequence}`).toBe(value);
    for (const sequence of this.refused) expect(found.has(sequence)).toBe(false);
  }
}

describe('journal life', () => {
  it('keeps every promise through random appends, kills, power cuts, full disks and failing syncs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), fc.infiniteStream(fc.boolean()), async (steps, chance) => {
        const life = new Life();
        await life.open();
        const luck = chance[Symbol.iterator]();
        for (const { do: what, size } of steps) {
          if (what === 'append') life.append(size);
          else if (what === 'now') life.appendNow(size);
          else if (what === 'wait') for (let turn = 0; turn < size; turn++) await new Promise(setImmediate);
          else if (what === 'full') life.folder.freeBytes = size;
          else if (what === 'sync-fails') life.folder.syncFailures++;
          else {
            if (what === 'restart') await life.writer.close().catch(() => {});
            else if (what === 'kill') life.folder = life.folder.processKilled();
            else {
              life.folder = life.folder.powerCut(() => luck.next().value as boolean);
              life.promised.clear();
            }
            life.folder.freeBytes = Number.POSITIVE_INFINITY;
            life.folder.syncFailures = 0;
            // What was refused or unknown before a cut may or may not be there; only what was acknowledged counts.
            if (what !== 'restart') life.refused.clear();
            await life.open();
            await life.check();
          }
        }
        life.folder.freeBytes = Number.POSITIVE_INFINITY;
        life.folder.syncFailures = 0;
        await life.writer.close().catch(() => {});
        await life.check();
      }),
      { numRuns: 150 },
    );
  });

  it('opens a real folder that holds other files', async () => {
    const path = await mkdtemp(join(tmpdir(), 'genai-journal-'));
    const folder = openJournalFolder(path);
    folder.create('notes.txt').close();
    const writer = await openJournalWriter(path, ROOMY);
    await writer.close();
    expect(folder.list()).toContain('notes.txt');
    await rm(path, { recursive: true });
  });
});
