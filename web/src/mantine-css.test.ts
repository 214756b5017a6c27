// Every Mantine component that a page imports has its styles in mantine.css, which lists them one by one to keep the first load small.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = import.meta.dirname;
const styles = join(source, '../../node_modules/@mantine/core/styles');

function importedComponents(): Set<string> {
  const names = new Set<string>();
  for (const file of globSync('**/*.tsx', { cwd: source })) {
    for (const match of readFileSync(join(source, file), 'utf8').matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)) {
      for (const name of (match[1] ?? '').split(',')) names.add(name.trim());
    }
  }
  return names;
}

describe('mantine.css', () => {
  it('holds the styles of every component in use', () => {
    const css = readFileSync(join(source, 'mantine.css'), 'utf8');
    const missing = [...importedComponents()].filter((name) => existsSync(join(styles, `${name}.css`)) && !css.includes(`/${name}.css`));
    expect(missing).toEqual([]);
  });
});
