// From the prompt name and version that an observation names to the id of the stored prompt. Resolved when it is read: a prompt may be stored after its use.
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface Linkable {
  prompt_id: string | null;
  prompt_name: string | null;
  prompt_version: number | null;
}

/** The same rows with `prompt_id` filled in where the prompt exists. */
export type PromptLinks = <Row extends Linkable>(projectId: string, rows: readonly Row[]) => Promise<Row[]>;

/** For reads without records. */
export const unlinked: PromptLinks = async (_, rows) => [...rows];

/** Links by the records; while they are away rows stay as they are: a read of traces does not fail for it. */
export function promptLinks(records: Pick<Records, 'query'>): PromptLinks {
  return async (projectId, rows) => {
    const named = rows.filter((row) => row.prompt_id === null && row.prompt_name !== null && row.prompt_version !== null);
    if (named.length === 0) return [...rows];
    const ids = await idsOf(records, projectId, named);
    return rows.map((row) => ({ ...row, prompt_id: row.prompt_id ?? ids.get(keyOf(row.prompt_name, row.prompt_version)) ?? null }));
  };
}

function keyOf(name: string | null, version: number | null): string {
  return JSON.stringify([name, version]);
}

async function idsOf(records: Pick<Records, 'query'>, projectId: string, rows: readonly Linkable[]): Promise<Map<string, string>> {
  const keys = new Map(rows.map((row) => [keyOf(row.prompt_name, row.prompt_version), row]));
  const names = [...keys.values()].map((row) => row.prompt_name);
  const versions = [...keys.values()].map((row) => row.prompt_version);
  try {
    const found = await records.query<{ id: string; name: string; version: number }>(sql`
      SELECT id, name, version FROM prompts WHERE project_id = ${projectId} AND (name, version) IN (SELECT * FROM unnest(${names}::text[], ${versions}::integer[]))`);
    return new Map(found.map(({ id, name, version }) => [keyOf(name, version), id]));
  } catch (error) {
    if (error instanceof AppError && error.status === 503) return new Map();
    throw error;
  }
}
