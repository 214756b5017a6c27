// The virtual keys that the gateway meets on its hot path: in memory, loaded once, told of every change.
import type { Records } from '#stores/records/port.ts';
import { KeyCache, type KeyCacheOptions } from './key-cache.ts';
import type { VirtualKey } from './principal.ts';
import { getVirtualKey } from './virtual-keys.ts';

/** Channel that migration 0001's triggers write to: `key:<id>`, `public:<public key>` or `*`. */
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
  /** Keys in memory. */
  size(): number;
  close(): Promise<void>;
}

/** Opens the directory and listens for changes. While the records are away known keys keep working. */
export async function openKeyDirectory(records: Records, options: Omit<KeyCacheOptions<VirtualKey>, 'load'> = {}): Promise<VirtualKeyDirectory> {
  const cache = new KeyCache<VirtualKey>({ ...options, load: (hash) => getVirtualKey(records, hash) });
  const stopListening = await records.listen(
    KEYS_CHANNEL,
    (payload) => {
      if (payload.startsWith('key:')) cache.forget(payload.slice('key:'.length));
      else if (payload === '*') cache.forgetAll();
    },
    () => cache.distrustAll(),
  );
  return {
    find: (hash) => cache.find(hash),
    load: (hash) => cache.load(hash),
    forget: (hash) => cache.forget(hash),
    distrustAll: () => cache.distrustAll(),
    size: () => cache.size,
    close: stopListening,
  };
}
