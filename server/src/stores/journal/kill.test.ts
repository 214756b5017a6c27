// kill -9 of a real writer while a reader in this process follows its files: everything that was promised is there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readAll } from './conformance.ts';
import { openJournalReader } from './reader.ts';

it('keeps what a writer had promised before kill -9, and a reader in another process follows it live', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'genai-journal-kill-'));
  const promised = new Map<string, string>();
  const live = openJournalReader(folder);
  const seen = new Map<string, string>();
  let after = 0n;
  const follow = async (): Promise<void> => {
    const answer = await live.read(after, { maxBytes: 300_000 });
    for (const record of answer.records) seen.set(String(record.sequence), String(record.parts[0]));
    after = answer.lastSequence;
  };
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./kill-test-writer.ts', import.meta.url)), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    while (output.split('\n').length < 300) {
      await follow();
      await new Promise(setImmediate);
    }
    child.kill('SIGKILL');
    await exited;
    for (const line of output.split('\n').slice(0, -1)) {
      const [sequence, value] = line.split(' ') as [string, string];
      expect(promised.has(sequence)).toBe(false);
      promised.set(sequence, value);
    }
  }
  const all = new Map((await readAll(openJournalReader(folder))).map((record) => [String(record.sequence), String(record.parts[0])]));
  for (const [sequence, value] of promised) expect(all.get(sequence)).toBe(value);
  let before: bigint;
  do {
    before = after;
    await follow();
  } while (after > before);
  await live.close();
  expect([...seen]).toEqual([...all]);
  expect(live.corruptions).toBe(0);
  await rm(folder, { recursive: true });
});
