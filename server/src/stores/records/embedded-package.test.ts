// The installed PostgreSQL package: its links, and who can reach it.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkLibraries, nativeFolder, reachableByOthers, reachableNative } from './embedded-package.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'genai-package-'));
  chmodSync(root, 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('makes the links of the package, also twice and over some that are there', () => {
  const native = path.join(root, 'native');
  mkdirSync(path.join(native, 'lib'), { recursive: true });
  writeFileSync(path.join(native, 'lib', 'liba.so.1.2'), '');
  const links = ['liba.so', 'liba.so.1'].map((name) => ({ source: 'native/lib/liba.so.1.2', target: `native/lib/${name}` }));
  writeFileSync(path.join(native, 'pg-symlinks.json'), JSON.stringify(links));
  linkLibraries(native);
  linkLibraries(native);
  expect(readlinkSync(path.join(native, 'lib', 'liba.so.1'))).toBe('liba.so.1.2');
  expect(existsSync(path.join(native, 'lib', 'liba.so'))).toBe(true);
});

test('a program is reachable only when every folder above it is, and it may be run', () => {
  const folder = path.join(root, 'closed', 'bin');
  mkdirSync(folder, { recursive: true });
  const program = path.join(folder, 'postgres');
  writeFileSync(program, '', { mode: 0o755 });
  expect(reachableByOthers(program)).toBe(true);
  chmodSync(path.join(root, 'closed'), 0o700);
  expect(reachableByOthers(program)).toBe(false);
  chmodSync(path.join(root, 'closed'), 0o755);
  chmodSync(program, 0o700);
  expect(reachableByOthers(program)).toBe(false);
});

test('a reachable package is used where it is', () => {
  const native = nativeFolder();
  const said: string[] = [];
  if (reachableByOthers(path.join(native, 'bin', 'postgres'))) expect(reachableNative(native, (message) => said.push(message))).toBe(native);
  expect(said).toEqual([]);
});
