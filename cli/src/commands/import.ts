// `import litellm`: takes a LiteLLM database over, by way of the running process; a dry run unless --apply.
import { parseArgs } from 'node:util';
import type { ImportReport } from '@genai/server/takeover';
import { reportOf } from '#admin-stream.ts';
import type { Command } from '#command.ts';
import { copyLangfuse } from '#langfuse-copy/command.ts';
import { LOCAL_FLAGS } from '#local.ts';
import { dayStart } from '#takeover/days.ts';
import { importText } from '#takeover/litellm-report.ts';
import { saltKeys } from '#takeover/salt-keys.ts';

const OPTIONS = {
  ...LOCAL_FLAGS,
  'database-url': { type: 'string' },
  'salt-key': { type: 'string', multiple: true },
  'spend-from': { type: 'string' },
  'dry-run': { type: 'boolean' },
  apply: { type: 'boolean' },
} as const;

export const importFrom: Command = async (context) => {
  if (context.argv[0] === 'langfuse') return await copyLangfuse(context, context.argv.slice(1), 'import');
  const { values, positionals } = parseArgs({ args: [...context.argv], options: OPTIONS, allowPositionals: true });
  const databaseUrl = values['database-url'] ?? context.env.DATABASE_URL;
  if (positionals.join(' ') !== 'litellm' || databaseUrl === undefined || (values.apply && values['dry-run'])) {
    context.io.notify('import.usage');
    return 2;
  }
  const spendFrom = values['spend-from'] === undefined ? null : dayStart(values['spend-from']);
  if (spendFrom === null && values['spend-from'] !== undefined) {
    context.io.notify('takeover.bad-day', { day: values['spend-from'] });
    return 2;
  }
  const body = { databaseUrl, saltKeys: saltKeys(context, values['salt-key'] ?? []), apply: values.apply === true, spendFrom };
  const report = await reportOf<ImportReport>(context, values, { path: '/import/litellm', body });
  if (report === null) return 1;
  context.io.result(report, importText(context.io, report));
  return 0;
};
