// Writes docs/settings.md from the settings table; `--check` only says whether the file is up to date (exit code 1 when not).
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS, type SettingRow } from '../server/src/settings/table.ts';

const path = join(import.meta.dirname, '..', 'docs', 'settings.md');

/** The whole document as Markdown text. */
export function settingsDocument(rows: readonly SettingRow[] = SETTINGS): string {
  const lines = rows.map((row) => {
    const flag = row.flag === null ? '' : `\`--${row.flag}\``;
    const value = row.default === null ? '' : `\`${row.default}\``;
    return `| ${flag} | ${row.variables.map((name) => `\`${name}\``).join('<br>')} | ${kindOf(row)} | ${value} | ${row.summary}${row.secret ? ' Secret.' : ''} |`;
  });
  return `# Settings

Generated from \`server/src/settings/table.ts\` by \`./scripts/node scripts/settings-doc.ts\`; do not edit.

A flag wins over a variable. Of several variables the first that is set wins. The real environment wins over a file \`.env\` beside the configuration,
that over a \`.env\` in the current folder, and that over \`environment_variables\` of the configuration. An empty variable counts as not set.
All faults are shown at once and the start ends with exit code 2.

| Flag | Variables | Value | Default | Meaning |
| --- | --- | --- | --- | --- |
${lines.join('\n')}

Models, fallbacks and limits of the gateway stand in LiteLLM's \`config.yaml\`. Its section \`genai_settings\` (which LiteLLM ignores) holds what LiteLLM has no key for:
\`budget_mode\` (\`reserve\` or \`strict\`), \`connect_timeout\` and \`idle_timeout\` in seconds, \`responses_retention\` (\`30d\`, or \`off\`; [stored responses](responses.md)), \`cache_scope\` (\`owner\` or \`all\`; [cache](cache.md)), \`unread_realtime_audio\` (\`refuse\` or \`pass\`), \`realtime_idle_timeout\` and \`realtime_session_timeout\` in seconds ([realtime](realtime.md)), and \`compat\` with \`litellm_version\` (\`1.81\` or \`latest\`), \`budget_status\` and \`model_denied_status\`.
`;
}

function kindOf(row: SettingRow): string {
  return row.kind === 'choice' ? (row.choices ?? []).map((choice) => `\`${choice}\``).join(', ') : row.kind;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const wanted = settingsDocument();
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  else if (readFileSync(path, 'utf8') !== wanted) {
    console.error('docs/settings.md is out of date: run ./scripts/node scripts/settings-doc.ts');
    process.exitCode = 1;
  }
}
