// One version for the whole house, exact dependencies, and a lock file that `npm ci` accepts on every platform.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../server/src/version.ts';

interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  workspaces?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const root = join(import.meta.dirname, '..');
const read = (file: string): Manifest => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
const workspaces = (read('package.json').workspaces ?? []).map((folder) => `${folder}/package.json`);
const manifests = ['package.json', ...workspaces];
/** A version, or another package's under a name of ours. */
const EXACT = /^(?:npm:(?:@[a-z0-9-]+\/)?[a-z0-9-]+@)?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

describe('the packages of the house', () => {
  it('are the four workspaces', () => expect(workspaces.filter((file) => !existsSync(join(root, file)))).toEqual([]));

  for (const file of manifests) {
    const manifest = read(file);
    it(`${file} has the version that the server says`, () => expect(manifest.version).toBe(VERSION));
    it(`${file} is private`, () => expect(manifest.private).toBe(true));
    it(`${file} names exact versions only`, () => {
      const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
      expect(all.filter(([, version]) => !EXACT.test(version))).toEqual([]);
    });
  }
});

describe('package-lock.json', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; resolved?: string; link?: boolean; optionalDependencies?: Record<string, string> }>;
  };

  it('holds the packages of every platform: npm ci refuses a lock that an incomplete registry wrote', () => {
    const locked = new Set(Object.keys(packages).map((folder) => folder.split('node_modules/').at(-1)));
    const missing = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}).filter((name) => !locked.has(name)));
    expect(missing).toEqual([]);
  });

  it('names no registry', () => {
    const named = Object.entries(packages).filter(([, entry]) => entry.link !== true && entry.resolved !== undefined);
    expect(named).toEqual([]);
  });
});
