// Both languages say everything, with the same values filled in, and every text is used.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pickLanguage } from './i18n.ts';
import { pagesEn } from './page-texts-en.ts';
import { pagesJa } from './page-texts-ja.ts';
import { en as firstEn } from './texts-en.ts';
import { ja as firstJa } from './texts-ja.ts';

const en = { ...firstEn, ...pagesEn };
const ja = { ...firstJa, ...pagesJa };

const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

describe('texts', () => {
  it('have the same keys in English and Japanese', () => {
    expect(Object.keys(ja)).toEqual(Object.keys(en));
  });

  it('fill in the same values and are never empty', () => {
    for (const [key, text] of Object.entries(en)) {
      const other = ja[key as keyof typeof en];
      expect(holes(other), key).toEqual(holes(text));
      expect(text.trim(), key).not.toBe('');
      expect(other.trim(), key).not.toBe('');
    }
  });

  it('are all used by a page', () => {
    const source = join(import.meta.dirname, '..');
    const code = globSync('**/*.{ts,tsx}', { cwd: source })
      .filter((file) => !file.startsWith('i18n/'))
      .map((file) => readFileSync(join(source, file), 'utf8'))
      .join('\n');
    const prefixes = [...code.matchAll(/`([a-zA-Z.]+\.)\$\{/g)].map((match) => match[1] ?? '');
    const unused = Object.keys(en).filter((key) => !code.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)));
    expect(unused).toEqual([]);
  });
});

describe('pickLanguage', () => {
  it("takes the reader's choice, then the browser's, then English", () => {
    expect(pickLanguage('ja', ['en-US'])).toBe('ja');
    expect(pickLanguage(null, ['fr', 'ja-JP', 'en'])).toBe('ja');
    expect(pickLanguage('xx', ['de'])).toBe('en');
  });
});
