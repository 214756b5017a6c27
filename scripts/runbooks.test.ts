// Every alert has a page, every page an alert, and every degraded mode of the health page leads to one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const folder = join(import.meta.dirname, '../docs/runbooks');
const { groups } = parse(readFileSync(join(folder, 'alerts.yml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string; labels: { severity: string }; annotations: { runbook: string; summary: string; summary_ja: string } }[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');

it('rules and pages belong together', () => {
  expect(rules.map(({ annotations }) => annotations.runbook).toSorted()).toEqual(pages.map((name) => `docs/runbooks/${name}`).toSorted());
  for (const { alert, expr, labels, annotations } of rules) {
    const page = readFileSync(join(folder, annotations.runbook.split('/').at(-1) as string), 'utf8');
    for (const part of [
      `\`${alert}\``,
      `\`${expr}\``,
      `(${labels.severity})`,
      `# ${annotations.summary}`,
      `## 日本語: ${annotations.summary_ja}`,
      '## Look',
      '## Do',
    ]) {
      expect(page, alert).toContain(part);
    }
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`| ${alert} |`);
  }
});

it('each degraded mode of the console has its page', () => {
  const contract = readFileSync(join(folder, '../../server/src/contract.ts'), 'utf8');
  const modes = [...(contract.split('degraded: (')[1]?.split(')[]')[0] ?? '').matchAll(/'([a-z-]+)'/g)].map(([, mode]) => mode as string);
  expect(modes.length).toBeGreaterThan(5);
  for (const mode of modes) expect(pages).toContain(`${mode}.md`);
});
