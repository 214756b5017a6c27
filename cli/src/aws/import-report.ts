// The answer of `import-check` as data and as tables: one table a part of the seed, under the sentence that says what took its place.
import type { CheckedResource, ImportCheck, Outside } from '@genai/infra/life/import-check';
import type { Part } from '@genai/infra/seed/parts';
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';

export interface ImportFacts {
  check: ImportCheck;
  /** In the order in which they are shown. */
  parts: readonly Part[];
  others: number;
  region: string;
}

export function importReport(io: Io, { check, parts, others, region }: ImportFacts): { data: object; human: string } {
  const { account, resources, outside, outsideUnknown, reasons } = check;
  const lines = parts.flatMap((part) => partLines(io, part, resources));
  if (others > 0) lines.push(io.text('seed.others', { count: others }), '');
  lines.push(io.text('seed.outside'), ...outsideLines(io, outside));
  if (outsideUnknown !== null) lines.push(`  ${io.text(`seed.unknown-${outsideUnknown}`, { region })}`);
  lines.push(...reasons.map((reason) => `  AWS: ${reason}`), '', summary(io, check));
  const data = {
    account,
    region,
    resources: resources.map(({ type, name, id, region: place, part, todo, standing, unknown }) => ({
      type,
      name,
      id,
      region: place,
      part,
      now: io.text(`seed.now-${part}`),
      todo,
      toDo: io.text(`seed.todo-${todo}`),
      standing,
      notChecked: unknown === null ? null : io.text(`seed.unknown-${unknown}`, { region }),
    })),
    otherProviders: others,
    outside: outside.map((row) => ({ ...row, toDo: io.text(outsideTodo(row)) })),
    outsideNotChecked: outsideUnknown === null ? null : io.text(`seed.unknown-${outsideUnknown}`, { region }),
    reasons,
  };
  return { data, human: lines.join('\n') };
}

function partLines(io: Io, part: Part, all: readonly CheckedResource[]): string[] {
  const rows = all.filter((row) => row.part === part);
  if (rows.length === 0) return [];
  const header = [io.text('seed.type'), io.text('status.name'), 'ID', io.text('seed.region'), io.text('seed.standing'), io.text('seed.todo')];
  const table = renderTable(
    header,
    rows.map((row) => [row.type, row.name, row.id ?? '-', row.region ?? '-', standing(io, row), io.text(`seed.todo-${row.todo}`)]),
  );
  return [`${io.text(`seed.part-${part}`)} -> ${io.text(`seed.now-${part}`)}`, table, ''];
}

/** The reason stands once in the summary, not in every row. */
function standing(io: Io, { standing: word, unknown }: CheckedResource): string {
  const text = io.text(`seed.${word}`);
  return unknown === null || unknown === 'credentials' ? text : `${text} (${unknown})`;
}

function outsideLines(io: Io, rows: readonly Outside[]): string[] {
  if (rows.length === 0) return [];
  const header = [io.text('status.kind'), io.text('status.name'), 'ID', io.text('plan.state'), io.text('seed.todo')];
  return [
    renderTable(
      header,
      rows.map((row) => [row.kind, row.name, row.id, row.state || '-', io.text(outsideTodo(row))]),
    ),
  ];
}

type OutsideTodo = 'seed.outside-ingress' | 'seed.outside-volume' | 'seed.outside-owner' | 'seed.outside-node' | 'seed.outside-log';

function outsideTodo({ kind }: Outside): OutsideTodo {
  if (kind === 'volume' || kind === 'snapshot') return 'seed.outside-volume';
  if (kind === 'network-interface' || kind === 'security-group') return 'seed.outside-owner';
  if (kind === 'instance' || kind === 'launch-template') return 'seed.outside-node';
  return kind === 'log-group' ? 'seed.outside-log' : 'seed.outside-ingress';
}

function summary(io: Io, { resources, outside }: ImportCheck): string {
  const count = (word: CheckedResource['standing']): number => resources.filter((row) => row.standing === word).length;
  return io.text('seed.summary', {
    stands: count('stands'),
    gone: count('gone'),
    unchecked: count('not-checked'),
    ties: count('tie'),
    outside: outside.length,
  });
}
