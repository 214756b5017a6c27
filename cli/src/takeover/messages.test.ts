import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MESSAGES } from '#messages.ts';

/** Every finding that the server can report, read from its sources. */
function codesOfTheServer(): string[] {
  const folder = join(import.meta.dirname, '../../../server/src/takeover');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const added = [...text.matchAll(/level: '(?:note|refused)'[^}]*? code: '([\w-]+)'/g)].map(([, code]) => code);
  const refused = [...text.matchAll(/refuse\(context, \['\w+', '([\w-]+)'\]/g), ...text.matchAll(/refuse\(context, \[kind, '([\w-]+)'\]/g)].map(
    ([, code]) => code,
  );
  return [...new Set([...added, ...refused])] as string[];
}

it('every finding of the server has its sentence in both languages', () => {
  const codes = codesOfTheServer();
  expect(codes.length).toBeGreaterThan(10);
  expect(codes.filter((code) => !Object.hasOwn(MESSAGES, `finding.${code}`))).toEqual([]);
});
