// `export litellm`: gives our records back into an empty LiteLLM database, by way of the running process; a dry run unless --apply.
import { parseArgs } from 'node:util';
import type { ExportReport } from '@genai/server/takeover';
import { reportOf } from '#admin-stream.ts';
import type { Command, CommandContext } from '#command.ts';
import { copyLangfuse } from '#langfuse-copy/command.ts';
import { LOCAL_FLAGS } from '#local.ts';
import { dayStart } from '#takeover/days.ts';
import { exportText } from '#takeover/litellm-report.ts';

const OPTIONS = {
  ...LOCAL_FLAGS,
  'database-url': { type: 'string' },
  'salt-key': { type: 'string' },
  'spend-from': { type: 'string' },
  'spend-to': { type: 'string' },
  'dry-run': { type: 'boolean' },
  apply: { type: 'boolean' },
} as const;

export const exportTo: Command = async (context) => {
  if (context.argv[0] === 'langfuse') return await copyLangfuse(context, context.argv.slice(1), 'export');
  const { values, positionals } = parseArgs({ args: [...context.argv], options: OPTIONS, allowPositionals: true });
  const databaseUrl = values['database-url'] ?? context.env.DATABASE_URL;
  if (positionals.join(' ') !== 'litellm' || databaseUrl === undefined || (values.apply && values['dry-run'])) {
    context.io.notify('export.usage');
    return 2;
  }
  const spend = periodOf(context, values['spend-from'], values['spend-to']);
  if (spend === undefined) return 2;
  const saltKey = values['salt-key'] ?? context.env.LITELLM_SALT_KEY ?? null;
  const report = await reportOf<ExportReport>(context, values, {
    path: '/export/litellm',
    body: { databaseUrl, saltKey, apply: values.apply === true, spend },
  });
  if (report === null) return 1;
  context.io.result(report, exportText(context.io, report));
  return 0;
};

/** Null: no calls are asked for; undefined after saying which day is none. */
function periodOf({ io }: CommandContext, from: string | undefined, to: string | undefined): { from: string; to: string } | null | undefined {
  if (from === undefined && to === undefined) return null;
  const [start, end] = [from === undefined ? null : dayStart(from), to === undefined ? new Date().toISOString() : dayStart(to)];
  if (start !== null && end !== null) return { from: start, to: end };
  io.notify('takeover.bad-day', { day: (start === null ? from : to) ?? '' });
  return undefined;
}
