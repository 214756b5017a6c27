// What every blob store must do; run by each adapter's test.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Blobs } from './port.ts';

export interface BlobsUnderTest {
  blobs: Blobs;
  remove(): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

export function blobsConformance(name: string, make: () => Promise<BlobsUnderTest>): void {
  const using = (work: (blobs: Blobs) => Promise<void>) => async () => {
    const made = await make();
    try {
      await work(made.blobs);
    } finally {
      await made.blobs.close();
      await made.remove();
    }
  };

  describe(`blobs on ${name}`, () => {
    it(
      'gives back what was put, byte for byte, and null for what was not',
      using(async (blobs) => {
        const body = Buffer.from([0, 1, 255, 10, 13]);
        await blobs.put('a/b/c.bin', body);
        expect(Buffer.from((await blobs.get('a/b/c.bin')) as Uint8Array).equals(body)).toBe(true);
        await blobs.put('empty', bytes(''));
        expect((await blobs.get('empty'))?.byteLength).toBe(0);
        expect(await blobs.get('a/b')).toBe(null);
        expect(await blobs.get('a/b/c.bin/d')).toBe(null);
        expect(await blobs.get('other')).toBe(null);
      }),
    );

    it(
      'replaces an object whole, unless only absent ones are wanted',
      using(async (blobs) => {
        await blobs.put('k', bytes('one'));
        await blobs.put('k', bytes('second'));
        await expect(blobs.put('k', bytes('third'), { ifAbsent: true })).rejects.toMatchObject({ status: 412 });
        expect(String(Buffer.from((await blobs.get('k')) as Uint8Array))).toBe('second');
        await blobs.put('new', bytes('x'), { ifAbsent: true });
        expect(await blobs.get('new')).not.toBe(null);
      }),
    );

    it(
      'takes a finished file, which may be removed afterwards',
      using(async (blobs) => {
        const folder = await mkdtemp(join(tmpdir(), 'blob-source-'));
        const source = join(folder, 'file');
        await writeFile(source, 'from a file');
        await blobs.putFile('archive/one', source);
        await blobs.putFile('archive/one', source);
        await rm(folder, { recursive: true });
        expect(String(Buffer.from((await blobs.get('archive/one')) as Uint8Array))).toBe('from a file');
        await expect(blobs.putFile('../out', source)).rejects.toMatchObject({ status: 400 });
      }),
    );

    it(
      'lets exactly one of many writers create an absent object',
      using(async (blobs) => {
        const tries = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => blobs.put('once', bytes(String(index)), { ifAbsent: true })));
        expect(tries.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      }),
    );

    it(
      'lists keys under a prefix in ascending byte order, in pages',
      using(async (blobs) => {
        const keys = ['p/a', 'p/a-b', 'p/a.b', 'p/ab/1', 'p/b/1', 'p/b/2', 'p/日本', 'q'];
        for (const key of [...keys].reverse()) await blobs.put(key, bytes(key));
        const listed = await blobs.list('p/');
        const expected = keys.slice(0, -1).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
        expect(listed.map((entry) => entry.key)).toEqual(expected);
        expect(listed[0]).toMatchObject({ sizeBytes: 3 });
        expect(listed[0]?.modifiedAt).toBeInstanceOf(Date);
        expect((await blobs.list('p/b/', { limit: 1 })).map((entry) => entry.key)).toEqual(['p/b/1']);
        expect((await blobs.list('p/b/', { after: 'p/b/1' })).map((entry) => entry.key)).toEqual(['p/b/2']);
        expect((await blobs.list('p/', { after: 'p/ab/1', limit: 2 })).map((entry) => entry.key)).toEqual(['p/b/1', 'p/b/2']);
        expect((await blobs.list('')).map((entry) => entry.key)).toEqual([...expected, 'q']);
        expect(await blobs.list('nothing/')).toEqual([]);
        expect(await blobs.list('p/', { limit: 3 })).toHaveLength(3);
        expect((await blobs.list('p/a')).map((entry) => entry.key)).toEqual(['p/a', 'p/a-b', 'p/a.b', 'p/ab/1']);
      }),
    );

    it(
      'removes, and does not mind what is absent',
      using(async (blobs) => {
        await blobs.put('a/b', bytes('1'));
        await blobs.remove('a/b');
        await blobs.remove('a/b');
        await blobs.remove('never/was');
        expect(await blobs.get('a/b')).toBe(null);
        expect(await blobs.list('')).toEqual([]);
      }),
    );

    it(
      'gives an address that anybody can read from, or none',
      using(async (blobs) => {
        await blobs.put('media/日本 1.txt', bytes('signed'));
        const url = await blobs.downloadUrl('media/日本 1.txt', 60);
        if (url === null) return;
        expect(await (await fetch(url)).text()).toBe('signed');
        expect((await fetch(url.replace(/Signature=\w{4}/, 'Signature=0000'))).status).toBe(403);
      }),
    );

    it(
      'refuses keys that are no keys',
      using(async (blobs) => {
        for (const key of ['', '/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/', 'a/./b', '.hidden', 'a\0b', 'a\\..\\b', `${'x'.repeat(300)}`]) {
          await expect(
            Promise.resolve().then(() => blobs.put(key, bytes('x'))),
            JSON.stringify(key),
          ).rejects.toMatchObject({ status: 400 });
          await expect(blobs.get(key)).rejects.toMatchObject({ status: 400 });
        }
      }),
    );
  });
}
