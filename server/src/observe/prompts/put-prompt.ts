// A prompt as a file wants it: a version with this content exists, and has these labels.
import { isDeepStrictEqual } from 'node:util';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { createPrompt, labelPrompt } from './prompts.ts';
import { type CreatePrompt, LATEST } from './schema.ts';
import type { PromptRow } from './sql.ts';

/**
 * Creates a version only when none has this content; otherwise moves the labels that the version lacks to it. Returns whether anything changed.
 * @throws AppError 400 as createPrompt does.
 */
export async function putPrompt(records: Records, projectId: string, wished: CreatePrompt): Promise<boolean> {
  const versions = await records.query<Pick<PromptRow, 'version' | 'type' | 'prompt' | 'config' | 'labels'>>(
    sql`SELECT version, type, prompt, config, labels FROM prompts WHERE project_id = ${projectId} AND name = ${wished.name} ORDER BY version DESC LIMIT 1000`,
  );
  const same = versions.find(
    (row) => row.type === wished.type && isDeepStrictEqual(row.prompt, wished.prompt) && isDeepStrictEqual(row.config, wished.config ?? {}),
  );
  if (!same) {
    await createPrompt(records, projectId, { ...wished, createdBy: 'start file', mayMoveProtected: true });
    return true;
  }
  const missing = wished.labels.filter((label) => label !== LATEST && !same.labels.includes(label));
  if (missing.length > 0) await labelPrompt(records, { projectId, name: wished.name, version: same.version }, { labels: missing, mayMoveProtected: true });
  return missing.length > 0;
}
