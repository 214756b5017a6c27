// The blob store on the file system.
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blobsConformance } from './conformance.ts';
import { openFilesystemBlobs } from './filesystem.ts';

const folderForTest = (): Promise<string> => mkdtemp(join(tmpdir(), 'genai-blobs-'));

blobsConformance('the file system', async () => {
  const folder = await folderForTest();
  return { blobs: await openFilesystemBlobs(folder), remove: () => rm(folder, { recursive: true }) };
});

it('removes what an interrupted write left behind and never lists it', async () => {
  const folder = await folderForTest();
  await mkdir(join(folder, '.unfinished'));
  await writeFile(join(folder, '.unfinished', 'half'), 'half');
  const blobs = await openFilesystemBlobs(folder);
  await blobs.put('whole', Buffer.from('whole'));
  expect((await blobs.list('')).map((entry) => entry.key)).toEqual(['whole']);
  expect(await readdir(join(folder, '.unfinished'))).toEqual([]);
  await rm(folder, { recursive: true });
});

it('never touches anything outside of its folder, whatever the key', async () => {
  const outer = await folderForTest();
  const blobs = await openFilesystemBlobs(join(outer, 'inner'));
  const part = fc.constantFrom('..', '.', 'a', '', '/', '\\', '\0', 'b c', '...', '日', '%2e%2e');
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
      const key = parts.join('/');
      await Promise.resolve()
        .then(() => blobs.put(key, Buffer.from('x')))
        .catch((error: { status?: number }) => expect([400, 409]).toContain(error.status));
      expect(await readdir(outer)).toEqual(['inner']);
    }),
  );
  await access(join(outer, 'inner'));
  await rm(outer, { recursive: true });
});
