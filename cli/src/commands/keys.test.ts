// `keys show|seal` with real files and a real socket.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { IoMode } from '#io.ts';
import { run } from '#main.ts';
import { recordingIo } from '#recording-io.ts';
import { startScriptedAdmin } from '#scripted-platform.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genai-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function keys(words: string[], mode: IoMode = 'human'): Promise<{ code: number; out: string; err: string }> {
  const recorder = recordingIo(mode);
  const code = await run(['keys', ...words, '--data-dir', folder], { env: {}, cwd: folder, io: recorder.io });
  return { code, out: recorder.out(), err: recorder.err() };
}

it('show prints what keys.json holds, and only what is set', async () => {
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ virtualKey: 'sk-v', publicKey: 'pk-lf-1', password: null, urls: {} }), { mode: 0o600 });
  expect(await keys(['show'])).toEqual({ code: 0, out: 'virtualKey  sk-v\npublicKey   pk-lf-1\n', err: '' });
  expect(JSON.parse((await keys(['show'], 'json')).out)).toMatchObject({ virtualKey: 'sk-v' });
});

it('show warns when others may read the file, and says why there is none', async () => {
  writeFileSync(join(folder, 'keys.json'), '{"virtualKey":"sk-v"}', { mode: 0o644 });
  expect((await keys(['show'])).err).toContain('chmod 600');
  writeFileSync(join(folder, 'keys.json'), 'not json');
  expect((await keys(['show'])).code).toBe(1);
  rmSync(join(folder, 'keys.json'));
  expect((await keys(['show'])).err).toContain('does not exist');
});

it('seal without a running platform says how to do it and changes nothing', async () => {
  const { code, err } = await keys(['seal', '--yes']);
  expect(code).toBe(1);
  expect(err).toContain('Start it (./genai start)');
});

it('seal asks first; without a terminal only --yes seals', async () => {
  const admin = await startScriptedAdmin(join(folder, 'admin.sock'), { 'GET /status': () => ({}), 'POST /keys/seal': () => ({ sealed: true }) });
  try {
    expect((await keys(['seal'])).code).toBe(1);
    expect(admin.asked).not.toContain('POST /keys/seal');
    expect((await keys(['seal', '--yes'])).code).toBe(0);
    expect(admin.asked).toContain('POST /keys/seal');
  } finally {
    await admin.close();
  }
});

it('anything else is wrong use', async () => {
  expect((await keys([])).code).toBe(2);
  expect((await keys(['steal'])).code).toBe(2);
  expect((await keys(['show', '--nonsense'])).code).toBe(2);
});
