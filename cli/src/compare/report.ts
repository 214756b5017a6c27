// A comparison as a table: one line a kind of difference, with how many calls show it.
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';
import type { Difference } from './differences.ts';
import type { Comparison } from './run.ts';

export interface GroupedDifference extends Difference {
  calls: number;
  /** Names of the first calls that show it. */
  examples: string[];
}

/** Values of a header differ from call to call: such a difference is one. */
export function groupDifferences({ calls }: Comparison): GroupedDifference[] {
  const groups = new Map<string, GroupedDifference>();
  for (const { name, differences } of calls) {
    for (const difference of differences) {
      const present =
        difference.aspect === 'header' || difference.aspect === 'cost' || difference.aspect === 'usage'
          ? [difference.a === '-', difference.b === '-']
          : [difference.a, difference.b];
      const key = [difference.aspect, difference.what, ...present].join('\u001f');
      const group = groups.get(key) ?? { ...difference, calls: 0, examples: [] };
      group.calls += 1;
      if (group.examples.length < 3) group.examples.push(name);
      groups.set(key, group);
    }
  }
  const order: Difference['aspect'][] = ['status', 'shape', 'usage', 'cost', 'header'];
  return [...groups.values()].sort((one, two) => order.indexOf(one.aspect) - order.indexOf(two.aspect) || one.what.localeCompare(two.what));
}

export function comparisonText(io: Io, comparison: Comparison, groups: readonly GroupedDifference[]): string {
  const { calls, spent, stopped, unsent } = comparison;
  const same = calls.filter(({ differences }) => differences.length === 0).length;
  const lines: string[] = [];
  if (groups.length > 0) {
    const header = [io.text('compare.aspect'), io.text('compare.what'), 'A', 'B', io.text('compare.calls'), io.text('compare.examples')];
    const cut = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
    const rows = groups.map((group) => [
      io.text(`compare.aspect-${group.aspect}`),
      group.what,
      cut(group.a),
      cut(group.b),
      String(group.calls),
      group.examples.join(', '),
    ]);
    lines.push(renderTable(header, rows), '');
  }
  lines.push(io.text('compare.summary', { calls: calls.length, same, different: calls.length - same, spent: spent.toFixed(6) }));
  if (stopped !== null) lines.push(io.text(`compare.stopped-${stopped}`, { unsent }));
  return lines.join('\n');
}
