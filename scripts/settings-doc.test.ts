// The committed settings page is the one that the table makes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SETTINGS } from '../server/src/settings/table.ts';
import { settingsDocument } from './settings-doc.ts';

it('docs/settings.md is up to date', () => {
  expect(readFileSync(join(import.meta.dirname, '..', 'docs', 'settings.md'), 'utf8')).toBe(settingsDocument());
});

it('every setting has a variable of its own and no two share a flag', () => {
  const flags = SETTINGS.flatMap((row) => row.flag ?? []);
  expect(new Set(flags).size).toBe(flags.length);
  expect(new Set(SETTINGS.map((row) => row.variables[0])).size).toBe(SETTINGS.length);
});
