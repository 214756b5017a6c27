// The results of the checks as a table.
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';
import type { CheckResult } from './check.ts';
import { count } from './run.ts';

export function renderResults(io: Io, results: readonly CheckResult[]): string {
  const header = [io.text('doctor.header-check'), io.text('doctor.header-state'), io.text('verify.header-time'), io.text('doctor.header-detail')];
  const lines = results.map((result) => [io.text(result.title), io.text(`verify.state-${result.state}`), `${result.elapsedMs} ms`, result.detail]);
  return `${renderTable(header, lines)}\n\n${io.text('verify.summary', count(results))}`;
}
