// A backup through the running process, or through one that is started only for it: the command line opens no store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupResult, BackupWish, StartPlatform } from '@genai/server/platform';
import type { Settings } from '@genai/server/settings';
import type { CommandContext } from '#command.ts';
import { streamAdmin } from '#http.ts';
import type { Io } from '#io.ts';
import { adminSocket, localStatus } from '#local.ts';
import type { MessageCode } from '#messages.ts';

/** By name, so that the command line type-checks against the contract alone. */
const SERVER_MODULE: string = '@genai/server/main';

/** Why the running process did not make it. */
export class NotDone extends Error {}

/** One backup by the process that owns the stores. @throws NotDone with the reason. */
export async function callBackup(context: CommandContext, settings: Settings, wish: BackupWish, argv: readonly string[]): Promise<BackupResult> {
  const { io } = context;
  const isApart = settings.journal === 's3';
  if (!isApart && (await localStatus(settings.dataDir)) !== null) return await ask(io, settings.dataDir, wish);
  const folder = isApart ? mkdtempSync(join(tmpdir(), 'genai-backup-')) : settings.dataDir;
  if (!isApart) io.notify('growth.starting', { dataDir: folder });
  const stop = await startFor(context, [...argv, `--data-dir=${folder}`, ...(isApart ? ['--role=observe'] : [])]);
  try {
    return await ask(io, folder, wish);
  } finally {
    await stop();
    if (isApart) rmSync(folder, { recursive: true, force: true });
  }
}

/** The whole platform on ports that nobody knows, answering on its admin socket. */
async function startFor(context: CommandContext, argv: readonly string[]): Promise<() => Promise<void>> {
  const { startPlatform } = (await import(SERVER_MODULE)) as { startPlatform: StartPlatform };
  const quiet = ['--host=127.0.0.1', '--port=0', '--observe-port=0', '--otlp-grpc-port=0', '--expose=llm', '--drain-delay=0', '--log-level=error'];
  const platform = await startPlatform({ argv: [...argv, ...quiet], env: context.env, cwd: context.cwd, notify: () => undefined });
  return () => platform.stop();
}

async function ask(io: Io, dataDir: string, wish: BackupWish): Promise<BackupResult> {
  let result: BackupResult | null = null;
  let reason: string | null = null;
  const isThere = await streamAdmin(adminSocket(dataDir), '/backup', wish, (line) => {
    const { step, percent, result: made, error } = line as { step?: string; percent?: number; result?: BackupResult; error?: string };
    if (step !== undefined) io.progress(percent ?? null, io.text(`growth.step-${step}` as MessageCode));
    if (made !== undefined) result = made;
    if (error !== undefined) reason = error;
  });
  if (result !== null) return result;
  throw new NotDone(reason ?? (isThere.refusal || io.text('growth.ended')));
}
