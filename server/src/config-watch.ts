// Watches the configuration files: a good change is put in force without a restart, a faulty one is named and the old one stays.
import { statSync, unwatchFile, watchFile } from 'node:fs';
import { formatNote, hasFaults, reloadGatewayConfig } from '#settings/public.ts';
import type { GatewayConfig, StoredSections } from '#settings/settings.ts';
import type { Log } from '#telemetry/log.ts';

export interface ConfigWatchOptions {
  configPath: string;
  /** The file, what it includes, and the .env beside it. */
  files: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Settings registered while the platform runs. */
  stored: () => Promise<StoredSections>;
  /** When the files were read: what changed since then is no news to the watch, and would be missed. */
  readAtMs: number;
  /** Puts a configuration in force for new calls. @throws when it cannot be used. */
  swap: (config: GatewayConfig) => Promise<void>;
  log: Log;
}

/** By polling: editors and Kubernetes replace files instead of writing them, which inode watchers miss. */
const LOOK_EVERY_MS = 2000;

/** Starts watching; the returned function ends it. */
export function watchConfig(options: ConfigWatchOptions): () => void {
  const { log } = options;
  const reload = async (): Promise<void> => {
    const { gatewayConfig, notes } = reloadGatewayConfig(options.configPath, { ...options, stored: await options.stored() });
    if (hasFaults(notes)) {
      log.error('the changed configuration has faults: the old one stays in force', { faults: notes.filter((note) => note.level === 'error').map(formatNote) });
      return;
    }
    await options.swap(gatewayConfig);
    log.info('the changed configuration is in force', { deployments: gatewayConfig.deployments.length });
  };
  const onChange = (now: { mtimeMs: number }, before: { mtimeMs: number }): void => {
    if (now.mtimeMs === before.mtimeMs || now.mtimeMs === 0) return;
    reload().catch((error: unknown) => log.error('the changed configuration cannot be used: the old one stays in force', { error }));
  };
  for (const file of options.files) watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, onChange);
  const changed = options.files.some((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > options.readAtMs);
  if (changed) reload().catch((error: unknown) => log.error('the changed configuration cannot be used: the old one stays in force', { error }));
  return () => {
    for (const file of options.files) unwatchFile(file, onChange);
  };
}
