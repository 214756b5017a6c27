// The form of a backup: what comes out is what went in, and nothing else is ever taken for it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackupError, openEntries, sealEntries } from './container.ts';
import { backupKey } from './key.ts';

const KEY = randomBytes(32);
const entries = fc.array(
  fc.record({ name: fc.string({ minLength: 1, maxLength: 40 }), body: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)) }),
  { minLength: 1, maxLength: 5 },
);

describe('a backup', () => {
  it('gives back every entry, in order', () => {
    fc.assert(
      fc.property(entries, (made) => {
        expect(openEntries(sealEntries(made, KEY), KEY)).toEqual(made);
      }),
    );
  });

  it('is refused when any byte differs, when it is cut anywhere, and with another key', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (made, at, change) => {
        const sealed = sealEntries(made, KEY);
        const place = at % sealed.length;
        const changed = Buffer.from(sealed);
        changed[place] = (changed[place] as number) ^ change;
        expect(() => openEntries(changed, KEY)).toThrow(BackupError);
        expect(() => openEntries(sealed.subarray(0, place), KEY)).toThrow(BackupError);
        expect(() => openEntries(sealed, randomBytes(32))).toThrow(BackupError);
      }),
    );
  });

  it('hides what is inside', () => {
    const sealed = sealEntries([{ name: 'secrets', body: Buffer.from('sk-the-master-key') }], KEY);
    expect(sealed.includes('sk-the-master-key') || sealed.includes('secrets')).toBe(false);
  });
});

describe('the key of backups', () => {
  it('is made once, readable by its owner alone, and can be given by a variable', () => {
    const folder = mkdtempSync(join(tmpdir(), 'genai-key-'));
    const path = join(folder, 'genai', 'backup.key');
    expect(() => backupKey(undefined, path, false)).toThrow(/GENAI_BACKUP_KEY/);
    const made = backupKey(undefined, path, true);
    expect(backupKey(undefined, path, true)).toEqual(made);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(backupKey(made.toString('hex'), '/nowhere', false)).toEqual(made);
    expect(() => backupKey('short', path, false)).toThrow(/64 hexadecimal digits/);
    expect(readFileSync(path, 'utf8').trim()).toHaveLength(64);
    rmSync(folder, { recursive: true });
  });
});
