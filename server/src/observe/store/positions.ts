// How far a consumer of the journal has come, in PostgreSQL (`consumer_positions`).
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface Positions {
  /** The last consumed sequence; 0 when the consumer never ran. @throws AppError 503 when the records are away. */
  load(): Promise<bigint>;
  /** Moves the position forward; a smaller one than stored changes nothing. */
  save(sequence: bigint): Promise<void>;
}

/** The position of the consumer called `name`. `writtenUnmarked` is told before a position is given that a release moved which writes rows without marks (rollups/marks.ts). */
export function createPositions(records: Records, name: string, writtenUnmarked: () => Promise<void> = async () => {}): Positions {
  return {
    load: async () => {
      const [row] = await records.query<{ sequence: string; marked_sequence: string | null }>(
        sql`SELECT sequence, marked_sequence FROM consumer_positions WHERE name = ${name}`,
      );
      // An earlier release moves the sequence only.
      if (row !== undefined && row.marked_sequence !== row.sequence) await writtenUnmarked();
      return BigInt(row?.sequence ?? 0);
    },
    save: async (sequence) => {
      await records.query(sql`INSERT INTO consumer_positions AS stored (name, sequence, marked_sequence) VALUES (${name}, ${String(sequence)}, ${String(sequence)})
        ON CONFLICT (name) DO UPDATE SET sequence = GREATEST(stored.sequence, EXCLUDED.sequence), updated_at = now(),
          marked_sequence = GREATEST(stored.sequence, EXCLUDED.sequence)`);
    },
  };
}
