// The configuration in force: the file's, with the models that the admin API registered. A change of either is taken over without a restart, in every process.
import type { StoredModels } from '#gateway/stored-models.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import type { News } from '#stores/coordination/port.ts';
import type { Log } from '#telemetry/log.ts';

const TOPIC = 'models';

export interface LiveModels {
  /** The file was changed. @throws when the configuration cannot be used (the old one stays). */
  useFile(config: GatewayConfig): Promise<void>;
  /** A stored model or credential was written: resolves when every process serves by it. */
  changed(): Promise<void>;
  close(): void;
}

export interface LiveModelParts {
  file: GatewayConfig;
  stored: StoredModels;
  news: News;
  /** Puts a configuration in force for new calls. */
  use: (config: GatewayConfig) => Promise<void>;
  log: Log;
}

/** The file's configuration with the stored models; an id of the file wins. */
export async function withStoredModels(file: GatewayConfig, stored: StoredModels): Promise<GatewayConfig> {
  const taken = new Set(file.deployments.map(({ id }) => id));
  const more = (await stored.deployments()).filter(({ id }) => !taken.has(id));
  return more.length === 0 ? file : { ...file, deployments: [...file.deployments, ...more] };
}

export function openLiveModels({ file, stored, news, use, log }: LiveModelParts): LiveModels {
  let ofFile = file;
  /** One after the other: an older reading must never replace a newer one. */
  let last: Promise<void> = Promise.resolve();
  const apply = (): Promise<void> => {
    const applied = last.catch(() => {}).then(async () => await use(await withStoredModels(ofFile, stored)));
    last = applied;
    return applied;
  };
  const stop = news.hear(TOPIC, () => void apply().catch((error: unknown) => log.warn('changed models could not be taken over', { error })));
  return {
    async useFile(config) {
      ofFile = config;
      await apply();
    },
    async changed() {
      await apply();
      await news.tell(TOPIC, '', true);
    },
    close: stop,
  };
}
