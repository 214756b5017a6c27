// The report of an import as tables and sentences for a person.
import type { ExportReport, ImportReport } from '@genai/server/takeover';
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';
import { renderTable } from '#table.ts';

/** Every kind and code has its sentence (a test reads both sides); an unknown one is shown as it is. */
export function importText(io: Io, report: ImportReport): string {
  const { source, counts, left, secrets, applied } = report;
  const title = applied ? 'import.title-applied' : 'import.title-dry';
  const lines = [io.text(title, { schema: source.schema, tables: source.tables, seconds: (report.elapsedMs / 1000).toFixed(1) }), '', countsTable(io, counts)];
  const amounts = Object.entries(report.spendAdded).map(([kind, dollars]) => `${kindText(io, kind)} $${dollars}`);
  if (amounts.length > 0) lines.push('', io.text('import.spend', { amounts: amounts.join(', ') }));
  if (secrets.nacl + secrets.v2 + secrets.v3 > 0) lines.push(io.text('import.secrets', secrets));
  if (report.findings.length > 0) lines.push('', io.text('import.findings'), ...report.findings.map((finding) => `  ${findingText(io, finding)}`));
  if (left.length > 0) lines.push('', io.text('import.tables-left'), ...left.map(({ table, rows }) => `  LiteLLM_${table}: ${rows}`));
  if (left.some(({ table }) => table === 'SpendLogs')) lines.push(io.text('import.spend-logs-hint'));
  if (left.some(({ table }) => table === 'Config')) lines.push(io.text('import.config-hint'));
  if (!applied) lines.push('', io.text('import.next'));
  return lines.join('\n');
}

export function exportText(io: Io, report: ExportReport): string {
  const title = report.applied ? 'export.title-applied' : 'export.title-dry';
  const { schema, tables } = report.target;
  const rows = report.counts.filter(({ written }) => written > 0).map(({ kind, table, written }) => [kindText(io, kind), `LiteLLM_${table}`, String(written)]);
  const header = [io.text('import.column-what'), 'LiteLLM', io.text('export.column-rows')];
  const lines = [io.text(title, { schema, tables, seconds: (report.elapsedMs / 1000).toFixed(1) }), '', renderTable(header, rows)];
  if (report.findings.length > 0) lines.push('', io.text('export.findings'), ...report.findings.map((finding) => `  ${findingText(io, finding)}`));
  return [...lines, '', io.text(report.applied ? 'export.unproved' : 'import.next')].join('\n');
}

function countsTable(io: Io, counts: ImportReport['counts']): string {
  const header = (['what', 'read', 'new', 'changed', 'unchanged', 'refused'] as const).map((name) => io.text(`import.column-${name}`));
  const rows = counts
    .filter(({ read }) => read > 0)
    .map((one) => [kindText(io, one.kind), ...[one.read, one.new, one.changed, one.unchanged, one.refused].map(String)]);
  return renderTable(header, rows);
}

export function kindText(io: Io, kind: string): string {
  return io.text(`kind.${kind}` as MessageCode);
}

export function findingText(io: Io, finding: ImportReport['findings'][number]): string {
  const what = io.text(`finding.${finding.code}` as MessageCode, { field: finding.field ?? '', detail: finding.detail ?? '' });
  const more = finding.count > finding.examples.length ? ', ...' : '';
  return `${finding.count} × ${kindText(io, finding.kind)}: ${what} (${finding.examples.join(', ')}${more})`;
}
