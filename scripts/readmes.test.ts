// The English and the Japanese README say the same: equal headings, equal commands, and links that lead somewhere.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const FENCED = /^```(\w*)\n([\s\S]*?)^```$/gm;

const blocks = (text: string): string[] => [...text.matchAll(FENCED)].map((match) => `${match[1]}\n${match[2]}`);
const headingLevels = (text: string): number[] => [...text.replaceAll(FENCED, '').matchAll(/^(#+) /gm)].map((match) => (match[1] as string).length);
const links = (text: string): string[] => [...text.replaceAll(FENCED, '').matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1] as string);
const FIGURE = /\d+\.\d+|\d{2,}/g;
/** Single digits are words in one language and digits in the other. */
const figures = (text: string): string[] => [...new Set(text.replaceAll(FENCED, '').match(FIGURE))].sort();

/** The bound is on what a person wrote and a person reads through. A picture that is drawn from the code is looked at, and its source grows with what is deployed. */
const GENERATED = /\n<!-- generated: (\w+) -->\n[\s\S]*?\n<!-- end: \1 -->\n/g;
const written = (text: string): string => text.replaceAll(GENERATED, '');

const english = read('README.md');
const japanese = read('README.ja.md');

describe('the two READMEs', () => {
  it('have the same headings', () => expect(headingLevels(japanese)).toEqual(headingLevels(english)));
  it('have the same command blocks', () => expect(blocks(japanese)).toEqual(blocks(english)));
  it('link to the same places', () => {
    const places = (text: string): string[] => links(text).filter((link) => !link.startsWith('README'));
    expect(places(japanese)).toEqual(places(english));
  });
  it('state the same figures', () => expect(figures(japanese)).toEqual(figures(english)));

  for (const [file, text] of [
    ['README.md', english],
    ['README.ja.md', japanese],
  ] as const) {
    it(`${file} fits on a page and links to what exists`, () => {
      expect(text.match(GENERATED)).toHaveLength(1);
      expect(written(text).split('\n').length).toBeLessThanOrEqual(121);
      expect(links(text).filter((link) => !link.startsWith('http') && !existsSync(join(root, link)))).toEqual([]);
    });
  }
});

it('the how-tos and the map link to what exists', () => {
  for (const file of ['docs/map.md', 'docs/how-to/add-a-provider.md', 'docs/how-to/add-an-endpoint.md', 'docs/how-to/add-a-store.md']) {
    const folder = join(root, file, '..');
    expect([file, links(read(file)).filter((link) => !link.startsWith('http') && !existsSync(join(folder, link)))]).toEqual([file, []]);
  }
});
