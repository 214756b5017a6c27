// The committed notices are those of the lock file, agree with what is installed, and name no licence that nobody has looked at.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { notices, noticesDocument } from './notices.ts';

const root = join(import.meta.dirname, '..');
/** Permissive ones (of a choice we take MIT or BSD; MIT-0 is MIT without the duty of attribution), and MPL-2.0 for the unmodified build tool lightningcss. */
const ACCEPTED = [
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'ISC',
  'BSD-3-Clause',
  'BSD-2-Clause',
  'BlueOak-1.0.0',
  '0BSD',
  'Unlicense',
  '(AFL-2.1 OR BSD-3-Clause)',
  '(MIT OR CC0-1.0)',
  '(MIT OR GPL-3.0-or-later)',
  'MIT AND ISC AND BSD-3-Clause',
];

describe('THIRD_PARTY_NOTICES', () => {
  it('is up to date', () => expect(readFileSync(join(root, 'THIRD_PARTY_NOTICES'), 'utf8')).toBe(noticesDocument()));

  it('agrees with the packages that are installed', () => {
    let installed = 0;
    for (const { folder, version, licence } of notices()) {
      const manifest = join(root, folder, 'package.json');
      if (!existsSync(manifest)) continue;
      installed += 1;
      const own = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string; license?: unknown };
      expect([folder, own.version]).toEqual([folder, version]);
      if (typeof own.license === 'string') expect([folder, own.license]).toEqual([folder, licence]);
    }
    expect(installed).toBeGreaterThan(50);
  });

  it('names accepted licences only', () => {
    const other = notices().filter(({ name, licence }) => !ACCEPTED.includes(licence) && !(licence === 'MPL-2.0' && name.startsWith('lightningcss')));
    expect(other).toEqual([]);
  });
});
