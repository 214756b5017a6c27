// Small facts about this installation (instance_settings): one JSON value a name.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

/** The value under a name, or null. */
export async function readSetting<Value>(session: RecordsSession, key: string): Promise<Value | null> {
  const [row] = await session.query<{ value: Value }>(sql`SELECT value FROM instance_settings WHERE key = ${key}`);
  return row ? row.value : null;
}

/** Sets the value (anything that JSON holds). */
export async function writeSetting(session: RecordsSession, key: string, value: unknown): Promise<void> {
  await session.query(sql`
    INSERT INTO instance_settings (key, value) VALUES (${key}, ${JSON.stringify(value)}::jsonb)
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, updated_at = now()`);
}
