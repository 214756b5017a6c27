// Secrets that open sessions for a browser: short-lived, for one model, in the name of the key that asked for them. Only their hashes are kept, in the records, so that every process knows them.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface RealtimeSecret {
  /** SHA-256 (hex) of the key that made it, as it was presented. */
  readonly keyId: string;
  readonly model: string;
  /** JSON text of the session's configuration. */
  readonly session: string;
  readonly expiresAtMs: number;
}

export interface RealtimeSecrets {
  /** @throws AppError 503 when the records are away. */
  keep(hash: string, secret: RealtimeSecret): Promise<void>;
  /** Null for one that is unknown or over. */
  find(hash: string, nowMs: number): Promise<RealtimeSecret | null>;
}

interface Row {
  key_id: string;
  model: string;
  session: string;
  expires_at: Date;
}

export function createRealtimeSecrets(records: Records): RealtimeSecrets {
  return {
    async keep(hash, { keyId, model, session, expiresAtMs }) {
      // Those that are over leave with the next one: there are as many as were made in one lifetime.
      await records.query(sql`
        WITH over AS (DELETE FROM realtime_secrets WHERE hash IN (SELECT hash FROM realtime_secrets WHERE expires_at < now() LIMIT 500))
        INSERT INTO realtime_secrets (hash, key_id, model, session, expires_at) VALUES (${hash}, ${keyId}, ${model}, ${session}, ${new Date(expiresAtMs)})`);
    },
    async find(hash, nowMs) {
      const [row] = await records.query<Row>(sql`
        SELECT key_id, model, session, expires_at FROM realtime_secrets WHERE hash = ${hash} AND expires_at > ${new Date(nowMs)}`);
      return row === undefined ? null : { keyId: row.key_id, model: row.model, session: row.session, expiresAtMs: row.expires_at.getTime() };
    },
  };
}
