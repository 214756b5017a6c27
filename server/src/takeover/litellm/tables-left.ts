// Tables of LiteLLM that hold something and are not taken: counted and named.
import type { LiteLlmDatabase } from './database.ts';
import { IMPORT_STEPS } from './import-steps.ts';

const TAKEN = new Set([...IMPORT_STEPS.map(({ table }) => table), 'ModelTable', 'ProxyModelTable', 'CredentialsTable']);

/** In the order of their names. */
export async function tablesLeft(database: LiteLlmDatabase, withSpendLogs: boolean): Promise<{ table: string; rows: number }[]> {
  const left: { table: string; rows: number }[] = [];
  for (const table of [...database.tables.keys()].sort()) {
    if (TAKEN.has(table) || (withSpendLogs && table === 'SpendLogs')) continue;
    const rows = await database.count(table);
    if (rows > 0) left.push({ table, rows });
  }
  return left;
}
