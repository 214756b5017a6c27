// `backup`: everything that is kept, into a folder or a bucket.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from '#command.ts';
import { callBackup, NotDone } from '#growth/backup-call.ts';
import { asArguments, STORE_FLAGS } from '#growth/flags.ts';
import { LOCAL_FLAGS, storeSettings } from '#local.ts';

const OPTIONS = {
  ...LOCAL_FLAGS,
  ...STORE_FLAGS,
  to: { type: 'string' },
  'with-secrets': { type: 'boolean' },
  'without-archive': { type: 'boolean' },
} as const;

export const backup: Command = async (context) => {
  const { io, cwd } = context;
  const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
  const argv = asArguments(values, [...Object.keys(LOCAL_FLAGS), ...Object.keys(STORE_FLAGS)]);
  const { settings } = storeSettings(context, argv);
  const to = values.to ?? `genai-backup-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}`;
  const wish = {
    to: to.startsWith('s3://') ? to : resolve(cwd, to),
    withSecrets: values['with-secrets'] === true,
    withoutArchive: values['without-archive'] === true,
  };
  try {
    const made = await callBackup(context, settings, wish, argv);
    io.progress(100, io.text('verify.done'));
    const { hasSecrets, isDrained: _, ...told } = made;
    io.result(made, io.text('backup.done', told));
    io.notify(hasSecrets ? 'backup.with-secret' : 'backup.no-secret', { secretId: made.secretId });
    return 0;
  } catch (error) {
    if (!(error instanceof NotDone)) throw error;
    io.notify('growth.refused', { reason: error.message });
    return 1;
  }
};
