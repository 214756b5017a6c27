// The data folder's lock and format, with real rival processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DATA_FOLDER_FORMAT, holderOf, openDataFolder } from './data-folder.ts';

let outer: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'genai-folder-'));
  path = join(outer, 'data');
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(outer, { recursive: true });
});

/** A process that tries to take the folder once `signal` exists; resolves its words one by one. */
function rival(signal: string): { child: ChildProcess; next(): Promise<string> } {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./data-folder-test-holder.ts', import.meta.url)), path, signal], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() as string;
    for (const line of parts) {
      const waiter = waiting.shift();
      if (waiter === undefined) lines.push(line);
      else waiter(line);
    }
  });
  return {
    child,
    next: () => {
      const line = lines.shift();
      return line === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(line);
    },
  };
}

/** Starts rivals, lets them go at once and tells who won and lost. */
async function race(count: number): Promise<{ won: ChildProcess[]; lost: string[] }> {
  const signal = join(outer, `go-${process.hrtime.bigint()}`);
  const rivals = Array.from({ length: count }, () => rival(signal));
  for (const one of rivals) expect(await one.next()).toBe('waiting');
  await writeFile(signal, '');
  const won: ChildProcess[] = [];
  const lost: string[] = [];
  for (const one of rivals) {
    const word = await one.next();
    if (word === 'won') won.push(one.child);
    else lost.push(word);
  }
  return { won, lost };
}

describe('data folder', () => {
  it('is created for its owner alone and carries its format', async () => {
    const folder = await openDataFolder(path);
    expect(folder.path).toBe(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('1\n');
    await folder.close();
  });

  it('refuses a second opener with the process and the folder named, and opens again after close', async () => {
    const folder = await openDataFolder(path);
    expect(await holderOf(path)).toBe(process.pid);
    await expect(openDataFolder(path)).rejects.toMatchObject({
      code: 'data_folder_locked',
      message: expect.stringMatching(new RegExp(`${path}.*process ${process.pid}`)),
      details: { pid: process.pid },
    });
    await folder.close();
    await folder.close();
    expect(await holderOf(path)).toBe(null);
    await (await openDataFolder(path)).close();
  });

  it('does not give away a lock that a later owner holds', async () => {
    const first = await openDataFolder(path);
    await first.close();
    const second = await openDataFolder(path);
    await first.close();
    await expect(openDataFolder(path)).rejects.toMatchObject({ code: 'data_folder_locked' });
    await second.close();
  });

  it('refuses the folder of a newer release and gives the lock back', async () => {
    await (await openDataFolder(path)).close();
    for (const format of [String(DATA_FOLDER_FORMAT + 1), 'x', '', '-1']) {
      await writeFile(join(path, 'format'), format);
      await expect(openDataFolder(path)).rejects.toMatchObject({ code: 'data_folder_format' });
    }
    expect(await holderOf(path)).toBe(null);
  });

  it('says what to do when the folder cannot be created', async () => {
    await writeFile(path, 'a file');
    await expect(openDataFolder(path)).rejects.toMatchObject({ code: 'data_folder_unusable', message: expect.stringContaining('--data-dir') });
  });

  it('takes over from a number that belongs to another process by now, and from a lock that says nothing', async () => {
    const turns = join(path, 'lock');
    await (await openDataFolder(path)).close();
    const [turn] = await readdir(turns);
    await writeFile(join(turns, turn as string), JSON.stringify({ pid: process.pid, startedAt: 'another time', isReleased: false }));
    await (await openDataFolder(path)).close();
    await writeFile(join(turns, '99'), 'not json');
    const folder = await openDataFolder(path);
    expect(await readdir(turns)).toEqual(['100']);
    await folder.close();
  });

  it('lets exactly one of several processes take over after kill -9, again and again', async () => {
    for (let round = 0; round < 3; round++) {
      const { won, lost } = await race(3);
      expect(won).toHaveLength(1);
      expect(lost).toEqual(['lost data_folder_locked', 'lost data_folder_locked']);
      await expect(openDataFolder(path)).rejects.toMatchObject({ code: 'data_folder_locked', details: { pid: won[0]?.pid } });
      for (const child of children.splice(0)) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    await (await openDataFolder(path)).close();
  });
});
