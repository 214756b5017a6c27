// A key gets a new secret: the same row under a new hash. The old hash opens it until it is revoked, and what it spent stays the key's.
import { AppError } from '#lib/errors.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { isUniqueViolation, sql } from '#stores/records/sql.ts';
import { getVirtualKey, type KeyStore, type VirtualKeyRecord } from './virtual-keys.ts';

export interface NewSecret {
  /** SHA-256 of the new key in hex. */
  id: string;
  /** sk-...XXXX */
  name: string;
  /** Until when the old hash still opens the key. */
  revokeAt: Date;
  updatedBy: string;
}

/**
 * Replaces a key's secret. Its account keeps the name that the first hash gave it, so that calls in flight settle where they were reserved.
 * @returns the key as it is now; null when there is no key under `oldId`.
 * @throws AppError 400 when the new key exists already.
 */
export async function regenerateVirtualKey(store: KeyStore, oldId: string, secret: NewSecret): Promise<VirtualKeyRecord | null> {
  if (await isReplaced(store.records, secret.id)) throw taken();
  const found = await store.records.transaction(async (session) => await replace(session, oldId, secret));
  if (!found) return null;
  await store.changed(oldId);
  await store.changed(secret.id);
  return await getVirtualKey(store.records, secret.id);
}

async function replace(session: RecordsSession, oldId: string, secret: NewSecret): Promise<boolean> {
  // The ledger finds a key by its hash and by the hashes that were replaced, in one statement. One that began before this transaction would look for the old
  // hash after it is gone and drop the spend: so this one waits for it, and those that come wait for this one.
  await session.query(sql`LOCK TABLE replaced_keys IN ACCESS EXCLUSIVE MODE`);
  try {
    const rows = await session.query(sql`
      UPDATE virtual_keys SET id = ${secret.id}, name = ${secret.name}, account = COALESCE(account, id), updated_by = ${secret.updatedBy}, updated_at = now()
      WHERE id = ${oldId} RETURNING id`);
    if (rows.length === 0) return false;
  } catch (error) {
    throw isUniqueViolation(error) ? taken() : error;
  }
  await session.query(sql`INSERT INTO replaced_keys (id, active_id, revoke_at) VALUES (${oldId}, ${secret.id}, ${secret.revokeAt})`);
  return true;
}

/** Whether a hash belonged to a key that was regenerated: it must not become another key's, or its bills would be mixed. */
export async function isReplaced(session: RecordsSession, id: string): Promise<boolean> {
  const rows = await session.query(sql`SELECT 1 FROM replaced_keys WHERE id = ${id}`);
  return rows.length > 0;
}

function taken(): AppError {
  return new AppError('This key exists already or was replaced by another; choose a new one.', { status: 400, code: 'bad_request_error', param: 'key' });
}
