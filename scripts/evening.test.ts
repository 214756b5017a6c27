// The files for a scheduler say what the command line understands, at 20:00 on weekdays in Tokyo.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../docs/aws');

describe('the evening', () => {
  it('of the workflow is 20:00 in Tokyo, Monday to Friday, and runs flags that exist', () => {
    const workflow = readFileSync(join(folder, 'destroy-every-evening.yml'), 'utf8');
    expect([...workflow.matchAll(/cron: ["'](.*)["']/g)].map((match) => match[1])).toEqual(['0 11 * * 1-5']);
    const command = /run: (\.\/genai .*)/.exec(workflow)?.[1];
    expect(command).toBe('./genai down --expired --yes --save s3');
    const verb =
      readFileSync(join(import.meta.dirname, '../cli/src/commands/down.ts'), 'utf8') +
      readFileSync(join(import.meta.dirname, '../cli/src/aws/flags.ts'), 'utf8');
    for (const flag of command?.match(/--[a-z-]+/g) ?? []) expect(verb).toMatch(new RegExp(`\\b'?${flag.slice(2)}'?: \\{ type`));
  });

  it('of the crontab line is the same', () => {
    for (const name of ['life-cycle.md', 'life-cycle.ja.md']) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect(text).toContain('CRON_TZ=Asia/Tokyo\n0 20 * * 1-5 ');
    }
  });
});
