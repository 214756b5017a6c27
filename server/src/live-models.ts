// The configuration in force: the file's, with the models that the admin API registered. A change of either is taken over without a restart, in every process.
import type { StoredMcpServers } from '#gateway/stored-mcp-servers.ts';
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
  mcpServers: Pick<StoredMcpServers, 'servers'>;
  news: News;
  /** Puts a configuration in force for new calls. */
  use: (config: GatewayConfig) => Promise<void>;
  log: Log;
}

/** The file's configuration with the stored models and MCP servers; an id, or a server's name, of the file wins. */
export async function withStored(file: GatewayConfig, stored: StoredModels, mcpServers: Pick<StoredMcpServers, 'servers'>): Promise<GatewayConfig> {
  const taken = new Set(file.deployments.map(({ id }) => id));
  const more = (await stored.deployments()).filter(({ id }) => !taken.has(id));
  const takenNames = new Set(file.mcpServers.flatMap(({ id, name }) => [id, name]));
  const servers = (await mcpServers.servers()).filter(({ id, name }) => !takenNames.has(id) && !takenNames.has(name));
  if (more.length + servers.length === 0) return file;
  return { ...file, deployments: [...file.deployments, ...more], mcpServers: [...file.mcpServers, ...servers] };
}

export function openLiveModels({ file, stored, mcpServers, news, use, log }: LiveModelParts): LiveModels {
  let ofFile = file;
  /** One after the other: an older reading must never replace a newer one. */
  let last: Promise<void> = Promise.resolve();
  const apply = (): Promise<void> => {
    const applied = last.catch(() => {}).then(async () => await use(await withStored(ofFile, stored, mcpServers)));
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
