// What follows when keys went away with their owner or their team.
import { accountOf } from '#identity/governing.ts';
import type { AdminDeps } from './deps.ts';

/** Every process forgets the keys before the administrator is answered. */
export async function keysDeleted(deps: AdminDeps, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => deps.keyStore.changed(id)));
  for (const id of ids) deps.budgets.forget(accountOf('key', id));
}
