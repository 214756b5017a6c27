// Who stores the events of the shared journal: one process at a time, by a lease in the records that its holder renews.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { SHARD } from './shared-registry.ts';

export interface ShardLease {
  /** Whether this process holds it now; takes it when nobody does. @throws AppError 503 when the records are away. */
  take(): Promise<boolean>;
  /** Whether it is certain, without asking, that nobody else holds it. */
  isSafe(): boolean;
  /** Moves a consumer's position, only while the lease is held. @returns false when another process holds it. */
  savePosition(name: string, sequence: bigint): Promise<boolean>;
  release(): Promise<void>;
}

export const LEASE_SECONDS = 15;
/** Time in which a statement on its way must end before the lease does. */
const MARGIN_MS = 5_000;

export function createShardLease(records: Pick<Records, 'query'>, holder: string): ShardLease {
  /** By this process's own clock, from before it asked. */
  let safeUntilMs = 0;
  return {
    async take() {
      const askedAtMs = performance.now();
      const rows = await records.query(sql`
        INSERT INTO journal_leases AS held (shard, holder, lease_until) VALUES (${SHARD}, ${holder}, now() + make_interval(secs => ${LEASE_SECONDS}))
        ON CONFLICT (shard) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
        WHERE held.holder = excluded.holder OR held.lease_until < now() RETURNING shard`);
      safeUntilMs = rows.length === 0 ? 0 : askedAtMs + LEASE_SECONDS * 1000 - MARGIN_MS;
      return rows.length > 0;
    },
    isSafe: () => performance.now() < safeUntilMs,
    async savePosition(name, sequence) {
      const rows = await records.query(sql`
        WITH held AS (SELECT 1 FROM journal_leases WHERE shard = ${SHARD} AND holder = ${holder} FOR UPDATE)
        INSERT INTO consumer_positions AS stored (name, sequence, marked_sequence) SELECT ${name}, ${String(sequence)}::bigint, ${String(sequence)}::bigint FROM held
        ON CONFLICT (name) DO UPDATE SET sequence = GREATEST(stored.sequence, EXCLUDED.sequence), updated_at = now(),
          marked_sequence = GREATEST(stored.sequence, EXCLUDED.sequence) RETURNING name`);
      return rows.length > 0;
    },
    async release() {
      safeUntilMs = 0;
      await records.query(sql`DELETE FROM journal_leases WHERE shard = ${SHARD} AND holder = ${holder}`);
    },
  };
}
