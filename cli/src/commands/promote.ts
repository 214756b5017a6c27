// `promote`: a data folder of one machine becomes the platform apart. It is taken out into a staging backup, then restored into the stores; either half may be killed and run again.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RestoreInput } from '@genai/server/platform';
import { formatNote, type LoadedSettings } from '@genai/server/settings';
import type { Command, CommandContext } from '#command.ts';
import { callBackup, NotDone } from '#growth/backup-call.ts';
import { asArguments, STORE_FLAGS } from '#growth/flags.ts';
import { runRestore } from '#growth/run-restore.ts';
import { LOCAL_FLAGS, localStatus, storeSettings } from '#local.ts';

const OPTIONS = { ...LOCAL_FLAGS, ...STORE_FLAGS, stage: { type: 'string' }, 'dry-run': { type: 'boolean' }, yes: { type: 'boolean' } } as const;
/** What is said to the platform apart (its stores, its secret, its first keys): the folder itself is started without it. */
const OF_THE_TARGET = /^(GENAI_|CLICKHOUSE_|LANGFUSE_|LITELLM_|DATABASE_URL$)/;
/** Beside the staging backup: which state of the folder it holds. */
const SOURCE_STATE = 'source-state';

export const promote: Command = async (context) => {
  const { io } = context;
  const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
  const local = asArguments(values, Object.keys(LOCAL_FLAGS));
  const source = { ...context, env: Object.fromEntries(Object.entries(context.env).filter(([name]) => !OF_THE_TARGET.test(name))) };
  const { settings } = storeSettings(source, local);
  const { dataDir } = settings;
  const argv = [
    '--journal=s3',
    '--role=observe',
    ...asArguments(
      values,
      Object.keys(STORE_FLAGS).filter((name) => name !== 'journal'),
    ),
  ];
  if (!(await isReady(context, dataDir, storeSettings(context, argv)))) return 2;
  const stage = values.stage ?? `${dataDir}.promote`;
  try {
    await takeOut(source, { settings, stage, argv: local });
  } catch (error) {
    if (!(error instanceof NotDone)) throw error;
    io.notify('growth.refused', { reason: error.message });
    return 1;
  }
  const input = { argv, env: context.env, cwd: context.cwd, from: join(stage, 'backup'), secretFile: null, withoutSecret: false };
  return await bringIn(context, input, { dataDir, stage, isDry: values['dry-run'] === true, isSure: values.yes === true });
};

async function isReady({ io }: CommandContext, dataDir: string, target: LoadedSettings): Promise<boolean> {
  const running = await localStatus(dataDir);
  const faults = target.notes.filter(({ level }) => level === 'error').map(formatNote);
  if (running !== null) io.notify('promote.running', { dataDir, pid: running.pid });
  else if (!existsSync(join(dataDir, 'postgres'))) io.notify('promote.absent', { dataDir });
  else if (faults.length > 0) io.notify('promote.needs', { dataDir, faults: faults.join('; ') });
  else return true;
  return false;
}

/** Everything that was accepted is stored first; the staging backup of a killed run is used again while the folder has not been started since. */
async function takeOut(context: CommandContext, part: { settings: LoadedSettings['settings']; stage: string; argv: readonly string[] }): Promise<void> {
  const { settings, stage, argv } = part;
  const { dataDir } = settings;
  const isThere = existsSync(join(stage, SOURCE_STATE)) && readFileSync(join(stage, SOURCE_STATE), 'utf8') === stateOf(dataDir);
  context.io.notify(isThere ? 'promote.stage-there' : 'promote.stage', { dataDir, stage });
  if (isThere) return;
  rmSync(stage, { recursive: true, force: true });
  await callBackup(context, settings, { to: join(stage, 'backup'), drain: true }, argv);
  writeFileSync(join(stage, SOURCE_STATE), stateOf(dataDir), { mode: 0o600, flush: true });
}

/** PostgreSQL writes its control file at every start and end, the journal a segment at every start. */
function stateOf(dataDir: string): string {
  const control = statSync(join(dataDir, 'postgres', 'global', 'pg_control'), { bigint: true });
  return `${control.mtimeNs} ${readdirSync(join(dataDir, 'journal')).sort().join(' ')}`;
}

async function bringIn(
  { io }: CommandContext,
  input: Omit<RestoreInput, 'onProgress' | 'dryRun'>,
  wish: { dataDir: string; stage: string; isDry: boolean; isSure: boolean },
): Promise<number> {
  const { dataDir, stage } = wish;
  const could = await runRestore(io, { ...input, dryRun: true });
  if (could === null) return 1;
  const { records, analytics, blobs, journalBytes } = could;
  if (wish.isDry) {
    io.result(could, io.text('restore.could', { records, analytics, blobs, journalBytes }));
    return 0;
  }
  if (!wish.isSure && !(await io.confirm('promote.confirm', { records, analytics, blobs }))) {
    io.notify('promote.not-done');
    return 1;
  }
  io.notify('promote.fill');
  const moved = await runRestore(io, { ...input, dryRun: false });
  if (moved === null) return 1;
  rmSync(stage, { recursive: true, force: true });
  io.result(moved, io.text('promote.done', { seconds: moved.seconds, records, analytics, blobs, dataDir }));
  return 0;
}
