// When PostgreSQL refuses a group for what one row holds: the others are applied, the refused row is logged whole instead of lost.
import type { Records } from '#stores/records/port.ts';
import { sqlState } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import type { LedgerEntry } from './ledger-row.ts';
import { applyGroup } from './ledger-sql.ts';

/** True for faults that the same rows would meet again: bad values (class 22) and constraints (class 23). */
export function isDataFault(error: unknown): boolean {
  const state = sqlState(error) ?? sqlState((error as { cause?: unknown } | null)?.cause);
  return state !== null && /^2[23]/.test(state);
}

/** Applies rows by halves down to the refused ones. The position moves with the last row only. @throws when PostgreSQL goes away. */
export async function applyOneByOne(
  records: Records,
  rows: readonly LedgerEntry[],
  place: { name: string; position: bigint },
  log: Log,
): Promise<{ applied: number; refused: number }> {
  const result = { applied: 0, refused: 0 };
  await applyHalves(rows);
  await applyGroup(records, [], place);
  return result;

  async function applyHalves(part: readonly LedgerEntry[]): Promise<void> {
    if (part.length === 0) return;
    try {
      result.applied += await applyGroup(records, part, { ...place, position: 0n });
    } catch (error) {
      if (!isDataFault(error)) throw error;
      if (part.length === 1) {
        result.refused += 1;
        log.error('the ledger cannot store this row', { row: part[0], error });
        return;
      }
      await applyHalves(part.slice(0, part.length >> 1));
      await applyHalves(part.slice(part.length >> 1));
    }
  }
}
