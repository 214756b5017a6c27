// The virtual keys that the gateway meets on its hot path: in memory, loaded once, told of every change.
import type { Records } from '#stores/records/port.ts';
import { KeyCache, type KeyCacheOptions } from './key-cache.ts';
import type { VirtualKey } from './principal.ts';
import { getVirtualKey } from './virtual-keys.ts';

/** Channel that the triggers of the migrations write to: `key:<id>`, `public:<public key>`, `<kind of level>:<id>` or `*`. */
export const KEYS_CHANNEL = 'genai_keys';

/** gateway/ports.ts KeyDirectory, and what the house does with it. */
export interface VirtualKeyDirectory {
  /** Synchronous look-up by SHA-256 (hex): the key, null (known not to exist), or undefined (not in memory: call `load`). */
  find(hash: string): VirtualKey | null | undefined;
  /** Loads once for all waiters. @throws AppError 503 when the records are away and the key is not known. */
  load(hash: string): Promise<VirtualKey | null>;
  /** The key was changed by this process: believed no longer from now on (KeyStore.changed). */
  forget(hash: string): void;
  /** News of changes may have been missed: ask the records again before believing (while they are away, known keys go on). */
  distrustAll(): void;
  /** A level above keys was changed (a team, an owner, a member, an organisation, a shared budget): its keys are believed no longer. */
  forgetLevel(kind: string, id: string): void;
  /** Keys in memory. */
  size(): number;
  close(): Promise<void>;
}

export interface KeyDirectoryOptions extends Omit<KeyCacheOptions<VirtualKey>, 'load'> {
  /** Runs before a key that was read is used for the first time, for example to learn what its budget windows have spent. */
  prepare?: (key: VirtualKey) => Promise<void>;
}

/** Opens the directory and listens for changes. While the records are away known keys keep working. */
export async function openKeyDirectory(records: Records, options: KeyDirectoryOptions = {}): Promise<VirtualKeyDirectory> {
  const { prepare, ...cacheOptions } = options;
  /** Old hashes in memory by the key that they open. */
  const oldHashes = new Map<string, Set<string>>();
  const cache = new KeyCache<VirtualKey>({
    ...cacheOptions,
    async load(hash) {
      let key = await getVirtualKey(records, hash);
      if (key !== null && key.id !== hash) {
        // A regenerated key under an old hash: whoever changes the key names the new one. Known first, read again after: no change falls between.
        oldHashes.set(key.id, (oldHashes.get(key.id) ?? new Set()).add(hash));
        key = await getVirtualKey(records, hash);
      }
      if (key !== null) await prepare?.(key);
      return key;
    },
  });
  const forget = (id: string): void => {
    cache.forget(id);
    for (const hash of oldHashes.get(id) ?? []) cache.forget(hash);
    oldHashes.delete(id);
  };
  const forgetLevel = (kind: string, id: string): void => cache.forgetWhere(belongsTo(kind, id));
  const stopListening = await records.listen(
    KEYS_CHANNEL,
    (payload) => {
      if (payload.startsWith('key:')) forget(payload.slice('key:'.length));
      else if (payload === '*') cache.forgetAll();
      else forgetLevel(payload.slice(0, payload.indexOf(':')), payload.slice(payload.indexOf(':') + 1));
    },
    () => cache.distrustAll(),
  );
  return {
    find: (hash) => cache.find(hash),
    load: (hash) => cache.load(hash),
    forget,
    distrustAll: () => cache.distrustAll(),
    forgetLevel,
    size: () => cache.size,
    close: stopListening,
  };
}

function belongsTo(kind: string, id: string): (key: VirtualKey) => boolean {
  if (kind === 'budget') return (key) => key.sharedBudgets.includes(id);
  return (key) => key.claims.some((claim) => claim.level === kind && claim.id === id);
}
