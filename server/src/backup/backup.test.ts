// The parts of a backup without a process: digests, pieces, and records that come back in every type, with keys between tables in any order.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFilesystemBlobs } from '#stores/blobs/filesystem.ts';
import { migrationScript, sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { Digest } from './digest.ts';
import { readManifest } from './manifest.ts';
import { linesOf, type Place, packLines } from './pieces.ts';
import { copyRecords, loadRecords } from './records-copy.ts';

let folder: string;
let place: Place;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genai-backup-test-'));
  place = { blobs: await openFilesystemBlobs(folder), prefix: '', label: folder };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const digest = (lines: readonly string[]): string => {
  const made = new Digest();
  for (const line of lines) made.add(line);
  return made.text();
};

describe('a digest', () => {
  it('is the same in any order, and another when a line is missing, doubled or changed', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 30 }), fc.nat(), (lines, at) => {
        const index = at % lines.length;
        expect(digest(lines.toReversed())).toBe(digest(lines));
        expect(digest(lines.toSpliced(index, 1))).not.toBe(digest(lines));
        expect(digest([...lines, lines[index] as string])).not.toBe(digest(lines));
        expect(digest(lines.with(index, `${lines[index]}x`))).not.toBe(digest(lines));
      }),
    );
  });
});

describe('pieces', () => {
  it('give the lines back, cut where they grow too long', async () => {
    const lines = Array.from({ length: 300 }, (_, index) => JSON.stringify({ index, text: 'あ'.repeat(60_000) }));
    const packed = await packLines(place, 'long', lines);
    expect(packed.pieces.length).toBeGreaterThan(1);
    const back: string[] = [];
    for (const piece of packed.pieces) back.push(...(await linesOf(place, piece)));
    expect(back).toEqual(lines);
    expect(packed).toMatchObject({ rows: 300, digest: digest(lines) });
  });

  it('say which one is damaged or missing', async () => {
    const { pieces } = await packLines(place, 'damaged', ['{"a":1}']);
    const [piece] = pieces;
    if (piece === undefined) throw new Error('a line makes a piece');
    writeFileSync(join(folder, piece.name), 'x');
    await expect(linesOf(place, piece)).rejects.toThrow(`${piece.name} was changed`);
    rmSync(join(folder, piece.name));
    await expect(linesOf(place, piece)).rejects.toThrow(`${piece.name} is missing`);
  });
});

describe('a manifest', () => {
  it('is refused when it is none, whatever it holds', () => {
    expect(() => readManifest(null, 'x')).toThrow('no finished backup');
    expect(() => readManifest(Buffer.from(JSON.stringify({ kind: 'genai-backup', version: 2 })), 'x')).toThrow('newer release');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void expect(() => readManifest(bytes, 'x')).toThrow('damaged')));
    fc.assert(fc.property(fc.jsonValue(), (value) => void expect(() => readManifest(Buffer.from(JSON.stringify(value)), 'x')).toThrow()));
  });
});

describe('records', () => {
  let from: TestRecords;
  let to: TestRecords;
  beforeAll(async () => {
    [from, to] = [await startTestRecords(), await startTestRecords()];
    const shapes = `
      CREATE TABLE genai.zz_parent (id text PRIMARY KEY, child text);
      CREATE TABLE genai.aa_child (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent text REFERENCES genai.zz_parent (id), bytes bytea, amount numeric(38,12),
        doubled numeric GENERATED ALWAYS AS (amount * 2) STORED, at timestamptz, labels text[], value jsonb, missing text, odd double precision)`;
    for (const { records } of [from, to]) await records.query(migrationScript(shapes));
    await from.records.query(sql`INSERT INTO zz_parent VALUES (${'p"1\n,()\\'}, NULL)`);
    const rows: [string | null, Buffer, string, string[], string][] = [
      ['p"1\n,()\\', Buffer.from([0, 255, 10]), '0.000000000001', ['a,b', '', 'NULL', '"'], 'null'],
      [null, Buffer.alloc(0), '99999999999999999999999999.999999999999', [], '{"深い": [1.10, null, "\\u0001"]}'],
    ];
    for (const [parent, bytes, amount, labels, value] of rows)
      await from.records.query(sql`INSERT INTO aa_child (parent, bytes, amount, at, labels, value, odd)
        VALUES (${parent}, ${bytes}, ${amount}::numeric, '2026-11-23 21:40:00.123456+00', ${labels}::text[], ${value}::text::jsonb, 'NaN')`);
  }, 120_000);
  afterAll(async () => {
    await from.stop();
    await to.stop();
  });

  it('come back exactly, with their keys, sequences and triggers in force', async () => {
    const part = await from.records.transaction((session) => copyRecords(session, place, () => undefined));
    await to.records.transaction((session) => loadRecords(session, place, part, () => undefined));
    const read = (records: TestRecords['records']) => records.query(sql`SELECT aa_child::text AS line FROM aa_child ORDER BY id`);
    expect(await read(to.records)).toEqual(await read(from.records));
    await expect(to.records.query(sql`INSERT INTO aa_child (parent) VALUES ('nobody')`)).rejects.toThrow('foreign key');
    const [next] = await to.records.query<{ id: string }>(sql`INSERT INTO aa_child (parent) VALUES (NULL) RETURNING id`);
    expect(Number(next?.id)).toBeGreaterThan(2);
    const disabled = await to.records.query(sql`SELECT tgname FROM pg_trigger WHERE tgenabled = 'D'`);
    expect(disabled).toEqual([]);
  });

  it('are loaded whole or not at all', async () => {
    const part = await from.records.transaction((session) => copyRecords(session, { ...place, prefix: 'again/' }, () => undefined));
    const table = part.records.find((entry) => entry.table === 'zz_parent');
    if (table === undefined) throw new Error('the table is copied');
    const wrong = { ...part, records: part.records.map((entry) => (entry === table ? { ...entry, digest: '0'.repeat(16) } : entry)) };
    await expect(
      to.records.transaction(async (session) => {
        await loadRecords(session, { ...place, prefix: 'again/' }, wrong, () => undefined);
      }),
    ).rejects.toThrow('zz_parent');
    expect(await to.records.query(sql`SELECT count(*) AS rows FROM aa_child`)).toEqual([{ rows: '3' }]);
  });
});
