// The statements of evaluators, their versions and the project's default model.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Mapping, OutputDefinition } from './schema.ts';

/** An evaluator in its newest version. */
export interface EvaluatorRow {
  id: string;
  project_id: string;
  name: string;
  version: number;
  prompt: string;
  output: OutputDefinition;
  provider: string | null;
  model: string | null;
  mapping: Mapping | null;
  /** Of an evaluator in code, whose prompt is empty; null = a judge. */
  source_code: string | null;
  rules: string;
  created_at: Date;
  updated_at: Date;
}

const NEWEST = sql`
  SELECT e.id, e.project_id, e.name, v.version, v.prompt, v.output, v.provider, v.model, v.mapping, v.source_code, e.created_at, e.updated_at,
    (SELECT count(*) FROM evaluation_rule_evaluators r WHERE r.evaluator_id = e.id) AS rules
  FROM evaluators e JOIN LATERAL (SELECT * FROM evaluator_versions WHERE evaluator_id = e.id ORDER BY version DESC LIMIT 1) v ON true`;

export interface NewVersion {
  id: string;
  projectId: string;
  name: string;
  prompt: string;
  output: OutputDefinition;
  provider: string | null;
  model: string | null;
  mapping: Mapping | null;
  sourceCode: string | null;
}

/** Writes the next version of a name; a known name keeps its id. To be called in a transaction. */
export async function putEvaluator(session: RecordsSession, wished: NewVersion): Promise<EvaluatorRow> {
  const [stored] = await session.query<{ id: string }>(sql`
    INSERT INTO evaluators (id, project_id, name) VALUES (${wished.id}, ${wished.projectId}, ${wished.name})
    ON CONFLICT (project_id, name) DO UPDATE SET updated_at = now() RETURNING id`);
  const id = (stored as { id: string }).id;
  await session.query(sql`
    INSERT INTO evaluator_versions (evaluator_id, version, prompt, output, provider, model, mapping, source_code)
    SELECT ${id}, coalesce(max(version), 0) + 1, ${wished.prompt}, ${JSON.stringify(wished.output)}::json, ${wished.provider}, ${wished.model},
      ${wished.mapping === null ? null : JSON.stringify(wished.mapping)}::json, ${wished.sourceCode} FROM evaluator_versions WHERE evaluator_id = ${id}`);
  return (await evaluatorById(session, wished.projectId, id)) as EvaluatorRow;
}

export async function evaluatorById(session: RecordsSession, projectId: string, id: string): Promise<EvaluatorRow | null> {
  const rows = await session.query<EvaluatorRow>(sql`${NEWEST} WHERE e.project_id = ${projectId} AND e.id = ${id}`);
  return rows[0] ?? null;
}

export async function evaluatorsByName(session: RecordsSession, projectId: string, names: readonly string[]): Promise<EvaluatorRow[]> {
  return await session.query<EvaluatorRow>(sql`${NEWEST} WHERE e.project_id = ${projectId} AND e.name = ANY (${names}::text[])`);
}

export async function evaluatorsById(session: RecordsSession, projectId: string, ids: readonly string[]): Promise<EvaluatorRow[]> {
  return await session.query<EvaluatorRow>(sql`${NEWEST} WHERE e.project_id = ${projectId} AND e.id = ANY (${ids}::text[])`);
}

export async function listEvaluators(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: EvaluatorRow[]; total: number }> {
  const rows = await session.query<EvaluatorRow>(
    sql`${NEWEST} WHERE e.project_id = ${projectId} ORDER BY e.created_at DESC, e.id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`,
  );
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM evaluators WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export async function deleteEvaluator(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM evaluators WHERE project_id = ${projectId} AND id = ${id} RETURNING id`)).length > 0;
}

export interface DefaultModel {
  provider: string;
  model: string;
}

export async function defaultModelOf(session: RecordsSession, projectId: string): Promise<DefaultModel | null> {
  const rows = await session.query<DefaultModel>(sql`SELECT provider, model FROM evaluation_settings WHERE project_id = ${projectId}`);
  return rows[0] ?? null;
}

export async function putDefaultModel(session: RecordsSession, projectId: string, wished: DefaultModel): Promise<void> {
  await session.query(sql`
    INSERT INTO evaluation_settings (project_id, provider, model) VALUES (${projectId}, ${wished.provider}, ${wished.model})
    ON CONFLICT (project_id) DO UPDATE SET provider = excluded.provider, model = excluded.model, updated_at = now()`);
}
