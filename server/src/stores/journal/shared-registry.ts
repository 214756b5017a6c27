// The order of the shared journal's objects, in the records: an object is registered once, after it is durable, and its number is visible only after all lower ones.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

/** One shard today: one worker stores at a time. */
export const SHARD = 0;
/** Channel that a registration wakes. */
export const JOURNAL_CHANNEL = 'genai_journal';
/** Keys of the shard's objects begin with it. */
export const OBJECT_PREFIX = `journal/${SHARD}/`;

export interface RegisteredObject {
  number: bigint;
  key: string;
  sizeBytes: number;
  records: number;
}

interface Row {
  number: string;
  key: string;
  size_bytes: number;
  records: number;
}

/** Gives the object its number and wakes readers; a second time it does nothing. @throws AppError 503 when the records are away. */
export async function registerObject(records: Pick<Records, 'query'>, object: Omit<RegisteredObject, 'number'>): Promise<void> {
  await records.query(sql`
    WITH next AS (
      UPDATE journal_shards SET last_number = last_number + 1
      WHERE shard = ${SHARD} AND NOT EXISTS (SELECT 1 FROM journal_objects WHERE key = ${object.key}) RETURNING last_number
    ), added AS (
      INSERT INTO journal_objects (shard, number, key, size_bytes, records)
      SELECT ${SHARD}, last_number, ${object.key}, ${object.sizeBytes}, ${object.records} FROM next
      ON CONFLICT DO NOTHING RETURNING number
    )
    SELECT pg_notify(${JOURNAL_CHANNEL}, number::text) FROM added`);
}

/** Objects from a number on, in order. */
export async function objectsFrom(records: Pick<Records, 'query'>, number: bigint, limit: number): Promise<RegisteredObject[]> {
  const rows = await records.query<Row>(sql`
    SELECT number, key, size_bytes, records FROM journal_objects WHERE shard = ${SHARD} AND number >= ${number.toString()} ORDER BY number LIMIT ${limit}`);
  return rows.map((row) => ({ number: BigInt(row.number), key: row.key, sizeBytes: row.size_bytes, records: row.records }));
}

/** Those of the keys that nobody has registered. */
export async function unregisteredAmong(records: Pick<Records, 'query'>, keys: readonly string[]): Promise<string[]> {
  const rows = await records.query<{ key: string }>(sql`
    SELECT key FROM unnest(${[...keys]}::text[]) AS key WHERE NOT EXISTS (SELECT 1 FROM journal_objects o WHERE o.key = key.key)`);
  return rows.map((row) => row.key);
}

export async function forgetObjects(records: Pick<Records, 'query'>, numbers: readonly bigint[]): Promise<void> {
  await records.query(sql`DELETE FROM journal_objects WHERE shard = ${SHARD} AND number = ANY(${numbers.map(String)}::bigint[])`);
}

/** Bytes that are registered beyond a number: the backlog of who has read so far. */
export async function backlogAfter(records: Pick<Records, 'query'>, number: bigint): Promise<{ bytes: number; records: number; oldestAt: Date | null }> {
  const [row] = await records.query<{ bytes: string; records: string; oldest: Date | null }>(sql`
    SELECT COALESCE(sum(size_bytes), 0) AS bytes, COALESCE(sum(records), 0) AS records, min(registered_at) AS oldest
    FROM journal_objects WHERE shard = ${SHARD} AND number > ${number.toString()}`);
  return { bytes: Number(row?.bytes ?? 0), records: Number(row?.records ?? 0), oldestAt: row?.oldest ?? null };
}

/** The first object that is still there; null when none is. */
export async function oldestObject(records: Pick<Records, 'query'>): Promise<RegisteredObject | null> {
  return (await objectsFrom(records, 0n, 1))[0] ?? null;
}

/** The object that was registered last, of those that are still there. */
export async function newestObject(records: Pick<Records, 'query'>): Promise<RegisteredObject | null> {
  const [row] = await records.query<Row>(sql`SELECT number, key, size_bytes, records FROM journal_objects WHERE shard = ${SHARD} ORDER BY number DESC LIMIT 1`);
  return row === undefined ? null : { number: BigInt(row.number), key: row.key, sizeBytes: row.size_bytes, records: row.records };
}
