// Settings that were registered by the admin API, as a layer above the configuration file: in force at the start and after every change, in every process.
import { emptySections, type StoredSettings } from '#gateway/stored-settings.ts';
import { formatNote, hasFaults, REGISTERED } from '#settings/public.ts';
import type { ConfigNote, GatewayConfig, StoredSections } from '#settings/settings.ts';
import type { News } from '#stores/coordination/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { LiveModels } from './live-models.ts';

const TOPIC = 'settings';

/** The configuration file as it is now, with registered settings above it. */
export type ReadConfig = (stored: StoredSections) => { gatewayConfig: GatewayConfig; notes: ConfigNote[] };

interface Parts {
  stored: StoredSettings;
  read: ReadConfig;
  log: Log;
}

export interface LiveSettings {
  readonly stored: StoredSettings;
  /** What would be said of these settings; `faults` means that they cannot be used. */
  attempt(sections: StoredSections): { faults: string[]; warnings: string[] };
  /** Settings were written: resolves when every process has taken them over. */
  changed(): Promise<void>;
  close(): void;
}

/** The configuration of the start. Registered settings that do not fit the file any more are named and left out: the file alone is better than no start. */
export async function configOfStart(file: GatewayConfig, { stored, read, log }: Parts): Promise<GatewayConfig> {
  const sections = await stored.all();
  if (JSON.stringify(sections) === JSON.stringify(emptySections())) return file;
  const { gatewayConfig, notes } = read(sections);
  if (!hasFaults(notes)) return gatewayConfig;
  log.error('registered settings (/config/update) cannot be used; the configuration file alone is in force', { faults: faultsOf(notes) });
  return file;
}

export function openLiveSettings({ stored, read, log, models, news }: Parts & { models: LiveModels; news: News }): LiveSettings {
  const apply = async (): Promise<void> => {
    const { gatewayConfig, notes } = read(await stored.all());
    if (hasFaults(notes)) throw new Error(`the configuration has faults: ${faultsOf(notes).join('; ')}`);
    await models.useFile(gatewayConfig);
  };
  const stop = news.hear(TOPIC, () => void apply().catch((error: unknown) => log.error('changed settings could not be taken over', { error })));
  return {
    stored,
    attempt(sections) {
      const { notes } = read(sections);
      const warnings = notes.filter(({ level, file }) => level === 'warning' && file === REGISTERED);
      return { faults: faultsOf(notes), warnings: warnings.map(formatNote) };
    },
    async changed() {
      await apply();
      await news.tell(TOPIC, '', true);
    },
    close: stop,
  };
}

const faultsOf = (notes: readonly ConfigNote[]): string[] => notes.filter(({ level }) => level === 'error').map(formatNote);
