// The statements of rules: written whole, taken for evaluation by one process at a time.
import type { FilterCondition } from '#observe/filter/filter.ts';
import type { Aggregation, ViewName } from '#observe/metrics/query.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Condition, Measured } from './measure.ts';
import type { Comparison, RuleBody, Severity, WhenNoData } from './schema.ts';
import type { State, Step } from './state.ts';

/** Told after every change of a rule, and when something is to be sent. */
export const ALERTS_CHANNEL = 'genai_alerts';

export interface RuleRow {
  id: string;
  project_id: string;
  name: string;
  description: string;
  enabled: boolean;
  severity: Severity;
  kind: 'threshold' | 'silence';
  view: ViewName;
  measure: string;
  aggregation: Aggregation;
  filters: FilterCondition[];
  window_minutes: number;
  comparison: Comparison;
  threshold: number;
  for_minutes: number;
  when_no_data: WhenNoData;
  receiver_ids: string[];
  state: State;
  state_since: Date;
  last_value: number | null;
  evaluated_at: Date | null;
  evaluation_error: string | null;
  revision: number;
  created_at: Date;
  updated_at: Date;
}

/** A rule with what evaluating it needs of its project. */
export interface DueRule extends RuleRow {
  organization_id: string;
  project_name: string;
}

const COLUMNS = sql`r.id, r.project_id, r.name, r.description, r.enabled, r.severity, r.kind, r.view, r.measure, r.aggregation, r.filters, r.window_minutes, r.comparison,
  r.threshold, r.for_minutes, r.when_no_data, r.receiver_ids, r.state, r.state_since, r.last_value, r.evaluated_at, r.evaluation_error, r.revision, r.created_at, r.updated_at`;

export async function tellAlerts(session: RecordsSession): Promise<void> {
  await session.query(sql`SELECT pg_notify(${ALERTS_CHANNEL}, '')`);
}

export interface WishedRule {
  id: string;
  projectId: string;
  body: RuleBody;
  measured: Measured & Condition;
}

/** Writes a rule whole; it begins anew in state ok and is evaluated at once. What fired must have been ended before. To be called in a transaction. */
export async function putRule(session: RecordsSession, { id, projectId, body, measured }: WishedRule, at: Date): Promise<RuleRow> {
  const now = at.toISOString();
  await session.query(sql`
    INSERT INTO alert_rules AS stored (id, project_id, name, description, enabled, severity, kind, view, measure, aggregation, filters, window_minutes, comparison, threshold,
      for_minutes, when_no_data, receiver_ids, state_since, next_at)
    VALUES (${id}, ${projectId}, ${body.name}, ${body.description ?? ''}, ${body.enabled}, ${body.severity}, ${body.kind}, ${measured.view}, ${measured.measure},
      ${measured.aggregation}, ${JSON.stringify(measured.filters)}::jsonb, ${measured.windowMinutes}, ${measured.comparison}, ${measured.threshold}, ${body.forMinutes},
      ${measured.whenNoData}, ${body.receiverIds}::text[], ${now}::timestamptz, ${now}::timestamptz)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, enabled = excluded.enabled, severity = excluded.severity, kind = excluded.kind,
      view = excluded.view, measure = excluded.measure, aggregation = excluded.aggregation, filters = excluded.filters, window_minutes = excluded.window_minutes,
      comparison = excluded.comparison, threshold = excluded.threshold, for_minutes = excluded.for_minutes, when_no_data = excluded.when_no_data,
      receiver_ids = excluded.receiver_ids, state = 'ok', state_since = excluded.state_since, last_value = NULL, evaluated_at = NULL, evaluation_error = NULL,
      next_at = excluded.next_at, locked_until = NULL, revision = stored.revision + 1, updated_at = now()`);
  await tellAlerts(session);
  return (await ruleById(session, projectId, id)) as RuleRow;
}

/** A rule; `lock` keeps others from changing it until the transaction ends. */
export async function ruleById(session: RecordsSession, projectId: string, id: string, lock = false): Promise<RuleRow | null> {
  const rows = await session.query<RuleRow>(
    sql`SELECT ${COLUMNS} FROM alert_rules r WHERE r.project_id = ${projectId} AND r.id = ${id} ${lock ? sql`FOR UPDATE` : sql``}`,
  );
  return rows[0] ?? null;
}

export async function listRules(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: RuleRow[]; total: number }> {
  const rows = await session.query<RuleRow>(sql`
    SELECT ${COLUMNS} FROM alert_rules r WHERE r.project_id = ${projectId}
    ORDER BY array_position(ARRAY['firing', 'pending', 'resolved', 'ok'], r.state), r.name, r.id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  return { rows, total: await countRules(session, projectId) };
}

export async function countRules(session: RecordsSession, projectId: string): Promise<number> {
  const [row] = await session.query<{ count: string }>(sql`SELECT count(*) AS count FROM alert_rules WHERE project_id = ${projectId}`);
  return Number(row?.count ?? 0);
}

export async function deleteRule(session: RecordsSession, projectId: string, id: string): Promise<void> {
  await session.query(sql`DELETE FROM alert_rules WHERE project_id = ${projectId} AND id = ${id}`);
}

/** Takes rules that are due; nobody else gets them until the lock ends. */
export async function claimRules(session: RecordsSession, limit: number, at: Date, lockMs: number): Promise<DueRule[]> {
  const now = at.toISOString();
  return await session.query<DueRule>(sql`
    UPDATE alert_rules r SET locked_until = ${new Date(at.getTime() + lockMs).toISOString()}::timestamptz
    FROM projects p
    WHERE p.id = r.project_id AND r.id IN (
      SELECT id FROM alert_rules WHERE enabled AND next_at <= ${now}::timestamptz AND (locked_until IS NULL OR locked_until <= ${now}::timestamptz)
      ORDER BY next_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING ${COLUMNS}, p.organization_id, p.name AS project_name`);
}

export interface Evaluated {
  step: Step;
  value: number | null;
  at: Date;
  nextAt: Date;
}

/** Notes an evaluation and gives the rule back. False when the rule was changed meanwhile: nothing is noted. To be called in a transaction. */
export async function noteEvaluation(session: RecordsSession, rule: RuleRow, { step, value, at, nextAt }: Evaluated): Promise<boolean> {
  const rows = await session.query(sql`
    UPDATE alert_rules SET state = ${step.state}, state_since = ${step.since.toISOString()}::timestamptz, last_value = ${value}::double precision,
      evaluated_at = ${at.toISOString()}::timestamptz, evaluation_error = NULL, next_at = ${nextAt.toISOString()}::timestamptz, locked_until = NULL
    WHERE id = ${rule.id} AND revision = ${rule.revision} AND enabled RETURNING id`);
  return rows.length > 0;
}

/** Notes why a rule could not be evaluated; its state stays. */
export async function noteFailure(session: RecordsSession, rule: RuleRow, error: string, nextAt: Date): Promise<void> {
  await session.query(sql`
    UPDATE alert_rules SET evaluation_error = ${error}, next_at = ${nextAt.toISOString()}::timestamptz, locked_until = NULL
    WHERE id = ${rule.id} AND revision = ${rule.revision}`);
}

/** When the next rule or message is due; null when there is none. */
export async function nextDue(session: RecordsSession): Promise<Date | null> {
  const [row] = await session.query<{ due: Date | null }>(sql`
    SELECT min(due) AS due FROM (
      SELECT min(greatest(next_at, coalesce(locked_until, next_at))) AS due FROM alert_rules WHERE enabled
      UNION ALL SELECT min(greatest(run_at, coalesce(locked_until, run_at))) FROM alert_deliveries WHERE state = 'pending') AS all_due`);
  return row?.due ?? null;
}
