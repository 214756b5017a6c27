// The statements of rules and of what is assigned to them.
import type { FilterCondition } from '#observe/filter/filter.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { EvaluatorType, Mapping, TargetKind } from './schema.ts';

/** Told after every change of a rule, an evaluator or the queue. */
export const EVALUATION_CHANNEL = 'genai_evaluation';

export interface RuleRow {
  id: string;
  project_id: string;
  name: string;
  target: TargetKind;
  enabled: boolean;
  sampling: number;
  filter: FilterCondition[];
  delay_seconds: number;
  max_cost_per_day: string | null;
  paused_reason: string | null;
  paused_message: string | null;
  seen_until: Date;
  created_at: Date;
  updated_at: Date;
  /** In their order. */
  evaluators: { id: string; name: string; type: EvaluatorType; mapping: Mapping | null; effective: Mapping | null }[];
}

const RULE = sql`
  SELECT r.id, r.project_id, r.name, r.target, r.enabled, r.sampling, r.filter, r.delay_seconds, r.max_cost_per_day, r.paused_reason, r.paused_message, r.seen_until,
    r.created_at, r.updated_at,
    coalesce((SELECT json_agg(json_build_object('id', e.id, 'name', e.name, 'type', coalesce(
        (SELECT CASE WHEN v.source_code IS NULL THEN 'llm_as_judge' ELSE 'code' END FROM evaluator_versions v WHERE v.evaluator_id = e.id ORDER BY v.version DESC LIMIT 1), 'llm_as_judge'),
        'mapping', a.mapping, 'effective', coalesce(a.mapping,
        (SELECT v.mapping FROM evaluator_versions v WHERE v.evaluator_id = e.id ORDER BY v.version DESC LIMIT 1))) ORDER BY a.position)
      FROM evaluation_rule_evaluators a JOIN evaluators e ON e.id = a.evaluator_id WHERE a.rule_id = r.id), '[]') AS evaluators
  FROM evaluation_rules r`;

export interface WishedRule {
  id: string;
  projectId: string;
  name: string;
  target: TargetKind;
  enabled: boolean;
  sampling: number;
  filter: readonly FilterCondition[];
  delaySeconds: number;
  maxCostPerDay: number | null;
  evaluators: readonly { id: string; mapping: Mapping | null }[];
}

/** Writes a rule whole. A rule that is changed is looked at afresh: what had paused it is forgotten. To be called in a transaction. */
export async function putRule(session: RecordsSession, rule: WishedRule): Promise<RuleRow> {
  await session.query(sql`
    INSERT INTO evaluation_rules AS stored (id, project_id, name, target, enabled, sampling, filter, delay_seconds, max_cost_per_day)
    VALUES (${rule.id}, ${rule.projectId}, ${rule.name}, ${rule.target}, ${rule.enabled}, ${rule.sampling}, ${JSON.stringify(rule.filter)}::json, ${rule.delaySeconds},
      ${rule.maxCostPerDay}::numeric)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, target = excluded.target, enabled = excluded.enabled, sampling = excluded.sampling, filter = excluded.filter,
      delay_seconds = excluded.delay_seconds, max_cost_per_day = excluded.max_cost_per_day, paused_reason = NULL, paused_message = NULL, updated_at = now(),
      seen_until = CASE WHEN excluded.enabled AND NOT stored.enabled THEN now() ELSE stored.seen_until END`);
  await session.query(
    sql`DELETE FROM evaluation_rule_evaluators WHERE rule_id = ${rule.id} AND evaluator_id <> ALL (${rule.evaluators.map(({ id }) => id)}::text[])`,
  );
  for (const [position, { id, mapping }] of rule.evaluators.entries()) {
    await session.query(sql`
      INSERT INTO evaluation_rule_evaluators (rule_id, evaluator_id, position, mapping)
      VALUES (${rule.id}, ${id}, ${position}, ${mapping === null ? null : JSON.stringify(mapping)}::json)
      ON CONFLICT (rule_id, evaluator_id) DO UPDATE SET position = excluded.position, mapping = excluded.mapping`);
  }
  return (await ruleById(session, rule.projectId, rule.id)) as RuleRow;
}

export async function ruleById(session: RecordsSession, projectId: string, id: string): Promise<RuleRow | null> {
  const rows = await session.query<RuleRow>(sql`${RULE} WHERE r.project_id = ${projectId} AND r.id = ${id}`);
  return rows[0] ?? null;
}

export async function listRules(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: RuleRow[]; total: number }> {
  const rows = await session.query<RuleRow>(
    sql`${RULE} WHERE r.project_id = ${projectId} ORDER BY r.created_at DESC, r.id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`,
  );
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM evaluation_rules WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export async function deleteRule(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM evaluation_rules WHERE project_id = ${projectId} AND id = ${id} RETURNING id`)).length > 0;
}

export async function countActiveRules(session: RecordsSession, projectId: string, except: string): Promise<number> {
  const [row] = await session.query<{ count: string }>(
    sql`SELECT count(*) AS count FROM evaluation_rules WHERE project_id = ${projectId} AND enabled AND paused_reason IS NULL AND id <> ${except}`,
  );
  return Number(row?.count ?? 0);
}

/** Rules of every project that look at what comes in. */
export async function activeRules(session: RecordsSession): Promise<(RuleRow & { organization_id: string })[]> {
  return await session.query<RuleRow & { organization_id: string }>(
    sql`SELECT a.*, p.organization_id FROM (${RULE} WHERE r.enabled AND r.paused_reason IS NULL) a JOIN projects p ON p.id = a.project_id ORDER BY a.id LIMIT 10000`,
  );
}

/** What was received until an instant has been looked at; it never goes back. */
export async function ruleSaw(session: RecordsSession, id: string, until: Date): Promise<void> {
  await session.query(sql`UPDATE evaluation_rules SET seen_until = greatest(seen_until, ${until.toISOString()}::timestamptz) WHERE id = ${id}`);
}

export async function pauseRule(session: RecordsSession, id: string, reason: string, message: string): Promise<void> {
  await session.query(sql`UPDATE evaluation_rules SET paused_reason = ${reason}, paused_message = ${message} WHERE id = ${id}`);
}

/** Wakes every process that judges. */
export async function tellEvaluation(session: RecordsSession): Promise<void> {
  await session.query(sql`SELECT pg_notify(${EVALUATION_CHANNEL}, '')`);
}
