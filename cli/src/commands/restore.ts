// `restore`: a backup back into an empty folder or empty stores, compared at the end.
import { parseArgs } from 'node:util';
import type { RestoreInput, RestoreResult } from '@genai/server/platform';
import type { Command } from '#command.ts';
import { asArguments, STORE_FLAGS } from '#growth/flags.ts';
import { runRestore } from '#growth/run-restore.ts';
import { LOCAL_FLAGS } from '#local.ts';

const OPTIONS = {
  ...LOCAL_FLAGS,
  ...STORE_FLAGS,
  from: { type: 'string' },
  'secret-file': { type: 'string' },
  'without-secret': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const;

export const restore: Command = async (context) => {
  const { io } = context;
  const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
  if (values.from === undefined) {
    io.notify('restore.needs-from');
    return 2;
  }
  const argv = asArguments(values, [...Object.keys(LOCAL_FLAGS), ...Object.keys(STORE_FLAGS)]);
  const isDry = values['dry-run'] === true;
  const input: Omit<RestoreInput, 'onProgress'> = {
    // Only an observe process needs all three stores; the role is this command's own matter.
    argv: values.journal === 's3' || context.env.GENAI_JOURNAL === 's3' ? [...argv, '--role=observe'] : argv,
    env: context.env,
    cwd: context.cwd,
    from: values.from,
    secretFile: values['secret-file'] ?? null,
    withoutSecret: values['without-secret'] === true,
    dryRun: isDry,
  };
  const restored = await runRestore(io, input);
  if (restored === null) return 1;
  io.result(restored, isDry ? io.text('restore.could', told(restored)) : io.text('restore.done', { ...told(restored), next: next(restored) }));
  return 0;
};

function told({ id, seconds, records, analytics, blobs, journalBytes }: RestoreResult) {
  return { id, seconds, records, analytics, blobs, journalBytes };
}

function next({ dataDir }: RestoreResult): string {
  return dataDir === null ? 'docs/how-to/run-apart.md' : `./genai start --data-dir ${dataDir}`;
}
