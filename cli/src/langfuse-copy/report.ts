// The report of a copied project as a table and sentences.
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';
import { MESSAGES } from '#messages.ts';
import { renderTable } from '#table.ts';
import type { CopyFinding, CopyReport, KindCounts } from './run.ts';

export function copyText(io: Io, report: CopyReport, places: { source: string; target: string }): string {
  const header = (['what', 'read', 'new', 'unchanged', 'refused'] as const).map((name) => io.text(`import.column-${name}`));
  const rows = report.counts
    .filter(({ read }) => read > 0)
    .map((one) => [kindText(io, one.kind), ...[one.read, one.new, one.unchanged, one.refused].map(String)]);
  const lines = [io.text(report.applied ? 'langfuse.title-applied' : 'langfuse.title-dry', places), '', renderTable(header, rows)];
  if (report.findings.length > 0) lines.push('', io.text('langfuse.left'), ...grouped(io, report.findings));
  return lines.join('\n');
}

export function kindText(io: Io, kind: KindCounts['kind']): string {
  return io.text(`langfuse.kind-${kind}`);
}

/** A line for each kind and reason, with some of their names. */
function grouped(io: Io, findings: readonly CopyFinding[]): string[] {
  const groups = new Map<string, CopyFinding[]>();
  for (const finding of findings) {
    const name = `${finding.kind}\u001f${finding.reason}`;
    groups.set(name, [...(groups.get(name) ?? []), finding]);
  }
  return [...groups.values()].map((group) => {
    const [{ kind, reason }] = group as [CopyFinding];
    const names = group.slice(0, 5).map(({ name }) => name);
    return `  ${group.length} × ${kindText(io, kind)}: ${reasonText(io, reason)} (${names.join(', ')}${group.length > 5 ? ', ...' : ''})`;
  });
}

function reasonText(io: Io, reason: string): string {
  const code = `langfuse.reason-${reason}`;
  return Object.hasOwn(MESSAGES, code) ? io.text(code as MessageCode) : reason;
}
