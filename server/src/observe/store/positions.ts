// How far a consumer of the journal has come, in PostgreSQL (`consumer_positions`).
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface Positions {
  /** The last consumed sequence; 0 when the consumer never ran. @throws AppError 503 when the records are away. */
  load(): Promise<bigint>;
  /** Moves the position forward; a smaller one than stored changes nothing. */
  save(sequence: bigint): Promise<void>;
}

/** The position of the consumer called `name`. */
export function createPositions(records: Records, name: string): Positions {
  return {
    load: async () => {
      const rows = await records.query<{ sequence: string }>(sql`SELECT sequence FROM consumer_positions WHERE name = ${name}`);
      return BigInt(rows[0]?.sequence ?? 0);
    },
    save: async (sequence) => {
      await records.query(sql`INSERT INTO consumer_positions AS stored (name, sequence) VALUES (${name}, ${String(sequence)})
        ON CONFLICT (name) DO UPDATE SET sequence = GREATEST(stored.sequence, EXCLUDED.sequence), updated_at = now()`);
    },
  };
}
