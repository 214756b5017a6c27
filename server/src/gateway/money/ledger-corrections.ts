// A call that was billed at its reservation because its process seemed dead, and whose end comes to light after all: its row becomes what the call really was.
import type { Records } from '#stores/records/port.ts';
import type { LedgerEntry } from './ledger-row.ts';
import { applyGroup, takeBackUnknown } from './ledger-sql.ts';

/** Puts ends in the place of unknown ones, spend included, in one transaction. @returns how many rows are new. */
export async function correctUnknown(records: Records, rows: readonly LedgerEntry[], place: { name: string; position: bigint }): Promise<number> {
  const ended = rows.filter(({ call }) => call.outcome !== 'unknown');
  const callIds = [...new Set(ended.map(({ call }) => call.callId))];
  if (callIds.length === 0) return 0;
  return await records.transaction(async (session) => {
    if ((await takeBackUnknown(session, callIds)) === 0) return 0;
    return await applyGroup(session, ended, place);
  });
}
