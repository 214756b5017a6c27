// A change of a key, or of a level above keys (a team, an owner, a member, an organisation, an end user, a tag, a shared budget): every process acts on it
// before the administrator is answered.
import type { GovernedDirectory } from '#gateway/money/governed.ts';
import type { VirtualKeyDirectory } from '#identity/key-directory.ts';
import type { News } from '#stores/coordination/port.ts';
import type { Log } from '#telemetry/log.ts';

/** Told: the id of a key, or kind and subject of a level with a colon between. */
export const KEYS_TOPIC = 'keys';
export const LEVELS_TOPIC = 'levels';

export interface KeyNews {
  /** A key was written: true for the very next request. */
  keyChanged(id: string): Promise<void>;
  /** A level was written (kind and subject of spend_limits). */
  levelChanged(kind: string, subject: string): Promise<void>;
  close(): void;
}

export interface KeyNewsParts {
  news: News;
  keys: VirtualKeyDirectory;
  governed: GovernedDirectory;
  log: Log;
}

/** Listens for the changes of other processes and tells them of this one's. */
export function createKeyNews({ news, keys, governed, log }: KeyNewsParts): KeyNews {
  async function actOnLevel(kind: string, subject: string): Promise<void> {
    keys.forgetLevel(kind, subject);
    await governed.changed(kind, subject);
  }
  const stopKeys = news.hear(
    KEYS_TOPIC,
    (id) => keys.forget(id),
    () => keys.distrustAll(),
  );
  const stopLevels = news.hear(LEVELS_TOPIC, (message) => {
    const colon = message.indexOf(':');
    actOnLevel(message.slice(0, colon), message.slice(colon + 1)).catch((error: unknown) => log.warn('a changed rule could not be read again', { error }));
  });
  return {
    async keyChanged(id) {
      keys.forget(id);
      await news.tell(KEYS_TOPIC, id, true);
    },
    async levelChanged(kind, subject) {
      await actOnLevel(kind, subject);
      await news.tell(LEVELS_TOPIC, `${kind}:${subject}`, true);
    },
    close() {
      stopKeys();
      stopLevels();
    },
  };
}
