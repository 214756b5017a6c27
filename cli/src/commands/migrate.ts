// `migrate --dry-run`: what the next start would do to the records, rehearsed on a copy. The start itself migrates; there is nothing else to run.
import { parseArgs } from 'node:util';
import { type MigrationRehearsal, type RehearsalInput, StartRefused } from '@genai/server/platform';
import { formatNote } from '@genai/server/settings';
import type { Command } from '#command.ts';
import { asArguments } from '#growth/flags.ts';
import { LOCAL_FLAGS } from '#local.ts';
import type { MessageCode } from '#messages.ts';

/** By name, so that the command line type-checks against the contract alone. */
const SERVER_MODULE: string = '@genai/server/rehearse-migration';

export const migrate: Command = async (context) => {
  const { io } = context;
  const { values } = parseArgs({ args: [...context.argv], options: { ...LOCAL_FLAGS, from: { type: 'string' }, 'dry-run': { type: 'boolean' } } });
  if (values['dry-run'] !== true) {
    io.notify('migrate.needs-dry-run');
    return 2;
  }
  const { rehearseMigration } = (await import(SERVER_MODULE)) as { rehearseMigration(input: RehearsalInput): Promise<MigrationRehearsal> };
  try {
    const done = await rehearseMigration({
      argv: asArguments(values, Object.keys(LOCAL_FLAGS)),
      env: context.env,
      cwd: context.cwd,
      from: values.from ?? null,
      onProgress: (step, percent) => io.progress(percent, io.text(`growth.step-${step}` as MessageCode)),
    });
    io.progress(100, io.text('verify.done'));
    const { applied, pending, rows, faults, changedTables } = done;
    const lines = [
      io.text(pending.length === 0 ? 'migrate.nothing' : 'migrate.would', { count: pending.length, rows, applied: applied ?? '-' }),
      ...pending.map(({ name, seconds }) => `  ${name}  ${seconds.toFixed(3)} s`),
      ...(changedTables.length === 0 ? [] : [io.text('migrate.changed', { tables: changedTables.join(', ') })]),
      ...(faults.length === 0 ? [io.text('migrate.compatible')] : [io.text('migrate.faults'), ...faults.map((fault) => `  ${fault}`)]),
    ];
    io.result({ good: faults.length === 0, ...done }, lines.join('\n'));
    return faults.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof StartRefused) for (const note of error.notes) io.notify('start.fault', { text: formatNote(note) });
    io.notify('growth.refused', { reason: (error as Error).message });
    return 1;
  }
};
