// What a LiteLLM database would bring and what would differ here: the dry run of `import litellm`, by way of the running process. Nothing is written anywhere.
import type { ImportReport } from '@genai/server/takeover';
import { streamAdmin } from '#admin-stream.ts';
import type { Io } from '#io.ts';
import { findingText, kindText } from '#takeover/litellm-report.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

export interface LiteLlmQuestion {
  databaseUrl: string;
  saltKeys: readonly string[];
  socketPath: string;
}

/** One finding for what would be taken, one for each thing that would not be as it was there. */
export async function checkLiteLlm(io: Io, { databaseUrl, saltKeys, socketPath }: LiteLlmQuestion): Promise<Finding[]> {
  const end = await streamAdmin(socketPath, '/import/litellm', { databaseUrl, saltKeys, apply: false }, () => {});
  if (end.kind === 'not-running') return [warning('litellm.database', io.text('doctor.litellm-not-running'))];
  if (end.kind === 'error') return [problem('litellm.database', end.message)];
  const report = end.report as ImportReport;
  const taken = report.counts.filter(({ read }) => read > 0).map(({ kind, read, refused }) => `${kindText(io, kind)} ${read - refused}/${read}`);
  return [
    ok('litellm.database', io.text('doctor.litellm-database', { schema: report.source.schema, tables: report.source.tables, taken: taken.join(', ') })),
    ...report.findings.map((finding) => warning(`litellm.${finding.kind}.${finding.code}`, findingText(io, finding))),
    ...report.left.map(({ table, rows }) => warning('litellm.left', io.text('doctor.litellm-left', { table: `LiteLLM_${table}`, rows }))),
  ];
}
