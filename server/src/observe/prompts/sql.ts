// The statements of prompts: one function a statement.
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Dependency, PromptContent } from './composition.ts';
import type { ListPrompts } from './schema.ts';

export interface PromptRow {
  id: string;
  project_id: string;
  name: string;
  version: number;
  type: 'text' | 'chat';
  prompt: PromptContent;
  config: unknown;
  labels: string[];
  tags: string[];
  commit_message: string | null;
  created_by: string;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = sql`id, project_id, name, version, type, prompt, config, labels, tags, commit_message, created_by, created_at, updated_at`;

/** Makes writers of one name take turns until their transactions end. */
export async function lockName(session: RecordsSession, projectId: string, name: string): Promise<void> {
  await session.query(sql`SELECT pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['prompt', projectId, name])}, 0))`);
}

export async function byVersion(session: RecordsSession, key: { projectId: string; name: string; version: number }): Promise<PromptRow | null> {
  const rows = await session.query<PromptRow>(
    sql`SELECT ${COLUMNS} FROM prompts WHERE project_id = ${key.projectId} AND name = ${key.name} AND version = ${key.version}`,
  );
  return rows[0] ?? null;
}

export async function byLabel(session: RecordsSession, key: { projectId: string; name: string; label: string }): Promise<PromptRow | null> {
  const rows = await session.query<PromptRow>(
    sql`SELECT ${COLUMNS} FROM prompts WHERE project_id = ${key.projectId} AND name = ${key.name} AND ${key.label} = ANY (labels) ORDER BY version DESC LIMIT 1`,
  );
  return rows[0] ?? null;
}

/** Every version of a name without its content, newest first. */
export async function versionsOf(
  session: RecordsSession,
  projectId: string,
  name: string,
): Promise<Pick<PromptRow, 'id' | 'version' | 'type' | 'labels' | 'tags'>[]> {
  return await session.query(sql`SELECT id, version, type, labels, tags FROM prompts WHERE project_id = ${projectId} AND name = ${name} ORDER BY version DESC`);
}

export type NewPrompt = Omit<PromptRow, 'created_at' | 'updated_at'>;

export async function insertPrompt(session: RecordsSession, row: NewPrompt): Promise<PromptRow> {
  const [stored] = await session.query<PromptRow>(sql`
    INSERT INTO prompts (id, project_id, name, version, type, prompt, config, labels, tags, commit_message, created_by)
    VALUES (${row.id}, ${row.project_id}, ${row.name}, ${row.version}, ${row.type}, ${JSON.stringify(row.prompt)}::json, ${JSON.stringify(row.config)}::json,
      ${row.labels}, ${row.tags}, ${row.commit_message}, ${row.created_by})
    RETURNING ${COLUMNS}`);
  return stored as PromptRow;
}

export async function insertDependencies(
  session: RecordsSession,
  parent: { id: string; projectId: string },
  dependencies: readonly Dependency[],
): Promise<void> {
  for (const dependency of dependencies) {
    const [version, label] = 'version' in dependency ? [dependency.version, null] : [null, dependency.label];
    await session.query(sql`
      INSERT INTO prompt_dependencies (parent_id, project_id, child_name, child_version, child_label)
      VALUES (${parent.id}, ${parent.projectId}, ${dependency.name}, ${version}, ${label})`);
  }
}

/** Takes labels off every version of a name but one. */
export async function takeLabels(
  session: RecordsSession,
  key: { projectId: string; name: string; exceptId: string },
  labels: readonly string[],
): Promise<void> {
  await session.query(sql`
    UPDATE prompts SET labels = ARRAY(SELECT label FROM unnest(labels) AS label WHERE label <> ALL (${labels}::text[])), updated_at = now()
    WHERE project_id = ${key.projectId} AND name = ${key.name} AND id <> ${key.exceptId} AND labels && ${labels}::text[]`);
}

/** Adds those labels, each given once, that a version does not have. */
export async function addLabels(session: RecordsSession, id: string, labels: readonly string[]): Promise<PromptRow> {
  const [stored] = await session.query<PromptRow>(sql`
    UPDATE prompts SET labels = labels || ARRAY(SELECT label FROM unnest(${labels}::text[]) AS label WHERE label <> ALL (labels)), updated_at = now()
    WHERE id = ${id} RETURNING ${COLUMNS}`);
  return stored as PromptRow;
}

export async function setTags(session: RecordsSession, key: { projectId: string; name: string }, tags: readonly string[]): Promise<void> {
  await session.query(
    sql`UPDATE prompts SET tags = ${tags}, updated_at = now() WHERE project_id = ${key.projectId} AND name = ${key.name} AND tags <> ${tags}::text[]`,
  );
}

export async function deletePrompts(session: RecordsSession, ids: readonly string[]): Promise<void> {
  await session.query(sql`DELETE FROM prompts WHERE id = ANY (${ids}::text[])`);
}

export interface DependentRow {
  parent_id: string;
  parent_name: string;
  parent_version: number;
  child_version: number | null;
  child_label: string | null;
}

/** Which versions of other prompts are composed of a name. */
export async function dependentsOf(session: RecordsSession, projectId: string, name: string): Promise<DependentRow[]> {
  return await session.query<DependentRow>(sql`
    SELECT d.parent_id, p.name AS parent_name, p.version AS parent_version, d.child_version, d.child_label
    FROM prompt_dependencies d JOIN prompts p ON p.id = d.parent_id WHERE d.project_id = ${projectId} AND d.child_name = ${name}
    ORDER BY p.name, p.version`);
}

export interface PromptMetaRow {
  name: string;
  type: 'text' | 'chat';
  versions: number[];
  labels: string[];
  tags: string[];
  last_updated_at: Date;
  last_config: unknown;
}

function matching(projectId: string, asked: ListPrompts): Statement {
  const conditions = [sql`project_id = ${projectId}`];
  if (asked.name !== undefined) conditions.push(sql`name = ${asked.name}`);
  if (asked.label !== undefined) conditions.push(sql`${asked.label} = ANY (labels)`);
  if (asked.tag !== undefined) conditions.push(sql`${asked.tag} = ANY (tags)`);
  if (asked.version !== undefined) conditions.push(sql`version = ${asked.version}`);
  if (asked.fromUpdatedAt !== undefined) conditions.push(sql`updated_at >= ${asked.fromUpdatedAt}::timestamptz`);
  if (asked.toUpdatedAt !== undefined) conditions.push(sql`updated_at < ${asked.toUpdatedAt}::timestamptz`);
  return sql.join(conditions, sql` AND `);
}

/** A page of names, each with what its matching versions have. */
export async function listNames(session: RecordsSession, projectId: string, asked: ListPrompts): Promise<{ rows: PromptMetaRow[]; total: number }> {
  const where = matching(projectId, asked);
  const rows = await session.query<PromptMetaRow>(sql`
    SELECT name, (array_agg(type ORDER BY version DESC))[1] AS type, array_agg(version ORDER BY version) AS versions,
      ARRAY(SELECT DISTINCT label FROM prompts AS same, unnest(same.labels) AS label
        WHERE same.id = ANY (array_agg(found.id)) ORDER BY label) AS labels,
      (array_agg(to_jsonb(tags) ORDER BY version DESC))[1] AS tags, max(updated_at) AS last_updated_at, (array_agg(config ORDER BY version DESC))[1] AS last_config
    FROM (SELECT * FROM prompts WHERE ${where}) AS found
    GROUP BY name ORDER BY name LIMIT ${asked.limit} OFFSET ${(asked.page - 1) * asked.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(DISTINCT name) AS total FROM prompts WHERE ${where}`);
  return { rows, total: Number(count?.total ?? 0) };
}
