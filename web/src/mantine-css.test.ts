// Every Mantine component that a page imports has its styles: in mantine.css, which the first page loads, or in mantine-later.css, which the file then imports.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = import.meta.dirname;
const styles = join(source, '../../node_modules/@mantine/core/styles');
const read = (file: string) => readFileSync(join(source, file), 'utf8');
/** Components without a style file of their own are drawn with those of others. */
const BUILT_OF: Readonly<Record<string, readonly string[]>> = {
  Select: ['Combobox'],
  TagsInput: ['Combobox', 'Pill', 'PillsInput'],
  MultiSelect: ['Combobox', 'Pill', 'PillsInput'],
};

/** The style files that a source file needs. */
function neededStyles(file: string): string[] {
  const names = [...read(file).matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)].flatMap((match) =>
    (match[1] ?? '').split(',').map((name) => name.trim()),
  );
  return names.flatMap((name) => [name, ...(BUILT_OF[name] ?? [])]).filter((name) => existsSync(join(styles, `${name}.css`)));
}

describe('the styles of Mantine', () => {
  const first = read('mantine.css');
  const later = read('mantine-later.css');
  it('are there for every component in use, each once', () => {
    const wanted = new Set(globSync('**/*.tsx', { cwd: source }).flatMap(neededStyles));
    const listed = (name: string) => [first, later].filter((css) => css.includes(`/${name}.layer.css`)).length;
    expect([...wanted].filter((name) => listed(name) !== 1)).toEqual([]);
  });

  it('are imported by each file whose components the first page does without', () => {
    const forgot = globSync('**/*.tsx', { cwd: source }).filter(
      (file) => neededStyles(file).some((name) => later.includes(`/${name}.layer.css`)) && !read(file).includes("import '#mantine-later.css';"),
    );
    expect(forgot).toEqual([]);
  });
});
