// The platform of this machine as the command line sees it: its settings, its keys.json, and its running process. No store is opened here.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KeysFile, PlatformStatus } from '@genai/server/platform';
import { type LoadedSettings, loadSettings } from '@genai/server/settings';
import { socketPath } from '@genai/server/socket-path';
import type { CommandContext } from '#command.ts';
import { callAdmin } from '#http.ts';

export interface LocalFlags {
  'data-dir'?: string | undefined;
  config?: string | undefined;
}

/** The flags that lead to the local data folder; verbs add them to their own. */
export const LOCAL_FLAGS = { 'data-dir': { type: 'string' }, config: { type: 'string' } } as const;

/** Settings as the next start would see them. */
export function localSettings(context: Pick<CommandContext, 'env' | 'cwd'>, flags: LocalFlags = {}): LoadedSettings {
  const argv = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  return loadSettings({ argv, env: context.env, cwd: context.cwd });
}

/** Settings as the next start would see them with these flags. */
export function storeSettings(context: Pick<CommandContext, 'env' | 'cwd'>, argv: readonly string[]): LoadedSettings {
  return loadSettings({ argv: [...argv], env: context.env, cwd: context.cwd });
}

export function adminSocket(dataDir: string): string {
  return socketPath(dataDir, 'admin.sock');
}

/** State of the running process, or null when none runs. */
export async function localStatus(dataDir: string): Promise<PlatformStatus | null> {
  const answer = await callAdmin(adminSocket(dataDir), 'GET', '/status');
  return answer !== null && answer.status === 200 && typeof answer.json === 'object' ? (answer.json as PlatformStatus) : null;
}

export interface KeysFileRead {
  path: string;
  keys: Partial<KeysFile> | null;
  /** absent, unreadable (rights), damaged, or ok. */
  state: 'ok' | 'absent' | 'unreadable' | 'damaged';
  /** True when others than the owner may read it. */
  tooOpen: boolean;
}

export function readKeysFile(dataDir: string): KeysFileRead {
  const path = join(dataDir, 'keys.json');
  try {
    const keys: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const usable = typeof keys === 'object' && keys !== null && !Array.isArray(keys);
    return { path, keys: usable ? (keys as Partial<KeysFile>) : null, state: usable ? 'ok' : 'damaged', tooOpen: (statSync(path).mode & 0o077) !== 0 };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const state = code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : code === undefined ? 'damaged' : 'unreadable';
    return { path, keys: null, state, tooOpen: false };
  }
}

/** Where the running process of these flags listens for the command line. */
export function localAdminSocket(context: Pick<CommandContext, 'env' | 'cwd'>, flags: LocalFlags): { dataDir: string; socketPath: string } {
  const { dataDir } = localSettings(context, { 'data-dir': flags['data-dir'], config: flags.config }).settings;
  return { dataDir, socketPath: adminSocket(dataDir) };
}
