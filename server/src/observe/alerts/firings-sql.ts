// The statements of firings and of what is sent about them.
import { randomUUID } from 'node:crypto';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { columnOf } from './measure.ts';
import type { Facts } from './messages.ts';
import { type RuleRow, tellAlerts } from './rules-sql.ts';

export interface FiringRow {
  id: string;
  project_id: string;
  rule_id: string;
  rule_name: string;
  severity: string;
  condition: string;
  began_at: Date;
  fired_at: Date;
  value: number | null;
  ended_at: Date | null;
  end_value: number | null;
  end_reason: Facts['endReason'];
}

export interface DeliveryRow {
  id: string;
  project_id: string;
  firing_id: string;
  receiver_id: string;
  event: 'firing' | 'resolved';
  facts: Facts;
  state: 'pending' | 'sent' | 'failed';
  attempts: number;
  run_at: Date;
  last_error: string | null;
  created_at: Date;
  finished_at: Date | null;
}

const FIRING = sql`id, project_id, rule_id, rule_name, severity, condition, began_at, fired_at, value, ended_at, end_value, end_reason`;
const DELIVERY = sql`d.id, d.project_id, d.firing_id, d.receiver_id, d.event, d.facts, d.state, d.attempts, d.run_at, d.last_error, d.created_at, d.finished_at`;
/** Firings that ended are kept so long. */
const KEPT_DAYS = 90;

export const conditionText = (rule: Pick<RuleRow, 'measure' | 'aggregation' | 'comparison' | 'threshold'>): string =>
  `${columnOf(rule)} ${rule.comparison} ${rule.threshold}`;

export interface Place {
  projectName: string;
  link: string;
}

function factsOf(rule: RuleRow, firing: FiringRow, event: 'firing' | 'resolved', { projectName, link }: Place): Facts {
  const { id, name, description, severity, kind } = rule;
  return {
    event,
    firingId: firing.id,
    project: { id: rule.project_id, name: projectName },
    rule: { id, name, description, severity, kind },
    condition: firing.condition,
    windowMinutes: rule.window_minutes,
    value: event === 'firing' ? firing.value : firing.end_value,
    firedAt: firing.fired_at.toISOString(),
    endedAt: firing.ended_at?.toISOString() ?? null,
    endReason: firing.end_reason,
    link,
  };
}

/** Opens a firing and puts its messages into the queue. To be called in the transaction that changes the rule's state. */
export async function openFiring(
  session: RecordsSession,
  rule: RuleRow,
  firing: { beganAt: Date; at: Date; value: number | null },
  place: Place,
): Promise<FiringRow> {
  const [row] = await session.query<FiringRow>(sql`
    INSERT INTO alert_firings (id, project_id, rule_id, rule_name, severity, condition, began_at, fired_at, value)
    VALUES (${randomUUID()}, ${rule.project_id}, ${rule.id}, ${rule.name}, ${rule.severity}, ${conditionText(rule)}, ${firing.beganAt.toISOString()}::timestamptz,
      ${firing.at.toISOString()}::timestamptz, ${firing.value}::double precision)
    RETURNING ${FIRING}`);
  await enqueue(session, rule, factsOf(rule, row as FiringRow, 'firing', place), firing.at);
  return row as FiringRow;
}

/** Ends the rule's open firing, if there is one, and puts its messages into the queue. To be called in the transaction that changes the rule. */
export async function endFiring(
  session: RecordsSession,
  rule: RuleRow,
  end: { at: Date; value: number | null; reason: Exclude<Facts['endReason'], null> },
  place: Place,
): Promise<void> {
  const [row] = await session.query<FiringRow>(sql`
    UPDATE alert_firings SET ended_at = ${end.at.toISOString()}::timestamptz, end_value = ${end.value}::double precision, end_reason = ${end.reason}
    WHERE rule_id = ${rule.id} AND ended_at IS NULL RETURNING ${FIRING}`);
  if (row !== undefined) await enqueue(session, rule, factsOf(rule, row, 'resolved', place), end.at);
}

/** One message a receiver. A receiver that joined after the firing is not told that it ended. */
async function enqueue(session: RecordsSession, rule: RuleRow, facts: Facts, at: Date): Promise<void> {
  const told =
    facts.event === 'firing' ? sql`TRUE` : sql`EXISTS (SELECT 1 FROM alert_deliveries d WHERE d.firing_id = ${facts.firingId} AND d.receiver_id = r.id)`;
  await session.query(sql`
    INSERT INTO alert_deliveries (project_id, firing_id, receiver_id, event, facts, run_at)
    SELECT ${rule.project_id}, ${facts.firingId}, r.id, ${facts.event}, ${JSON.stringify(facts)}::jsonb, ${at.toISOString()}::timestamptz
    FROM alert_receivers r WHERE r.project_id = ${rule.project_id} AND r.id = ANY (${rule.receiver_ids}::text[]) AND ${told}
    ON CONFLICT (firing_id, receiver_id, event) DO NOTHING`);
  await tellAlerts(session);
}

/** Takes messages that are due, of each firing and receiver the oldest first: "resolved" never overtakes "firing". */
export async function claimDeliveries(session: RecordsSession, limit: number, at: Date, lockMs: number): Promise<DeliveryRow[]> {
  const now = at.toISOString();
  return await session.query<DeliveryRow>(sql`
    UPDATE alert_deliveries d SET attempts = attempts + 1, locked_until = ${new Date(at.getTime() + lockMs).toISOString()}::timestamptz
    WHERE d.id IN (
      SELECT q.id FROM alert_deliveries q
      WHERE q.state = 'pending' AND q.run_at <= ${now}::timestamptz AND (q.locked_until IS NULL OR q.locked_until <= ${now}::timestamptz)
        AND NOT EXISTS (SELECT 1 FROM alert_deliveries e WHERE e.firing_id = q.firing_id AND e.receiver_id = q.receiver_id AND e.id < q.id AND e.state = 'pending')
      ORDER BY q.id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING ${DELIVERY}`);
}

export async function noteDelivered(session: RecordsSession, id: string): Promise<void> {
  await session.query(sql`UPDATE alert_deliveries SET state = 'sent', last_error = NULL, locked_until = NULL, finished_at = now() WHERE id = ${id}::bigint`);
}

/** `againAt` null = given up. */
export async function noteUndelivered(session: RecordsSession, id: string, error: string, againAt: Date | null): Promise<void> {
  await session.query(
    againAt === null
      ? sql`UPDATE alert_deliveries SET state = 'failed', last_error = ${error}, locked_until = NULL, finished_at = now() WHERE id = ${id}::bigint`
      : sql`UPDATE alert_deliveries SET last_error = ${error}, locked_until = NULL, run_at = ${againAt.toISOString()}::timestamptz WHERE id = ${id}::bigint`,
  );
}

/** Sends a message that was given up once more. False when there is none of this id, or it is not given up. */
export async function retryDelivery(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  if (!/^\d{1,18}$/.test(id)) return false;
  const rows = await session.query(sql`
    UPDATE alert_deliveries SET state = 'pending', attempts = 0, run_at = now(), finished_at = NULL
    WHERE id = ${id}::bigint AND project_id = ${projectId} AND state = 'failed' RETURNING id`);
  if (rows.length > 0) await tellAlerts(session);
  return rows.length > 0;
}

export interface FiringWithDeliveries extends FiringRow {
  deliveries: {
    id: string;
    receiver: { id: string; name: string; kind: string };
    event: string;
    state: string;
    attempts: number;
    lastError: string | null;
    finishedAt: string | null;
  }[];
}

/** Newest first, with how each message went. */
export async function listFirings(
  session: RecordsSession,
  projectId: string,
  asked: { page: number; limit: number; ruleId?: string | undefined },
): Promise<{ rows: FiringWithDeliveries[]; total: number }> {
  const matches = sql`project_id = ${projectId} ${asked.ruleId === undefined ? sql`` : sql`AND rule_id = ${asked.ruleId}`}`;
  const rows = await session.query<FiringWithDeliveries>(sql`
    SELECT ${FIRING}, coalesce((
      SELECT json_agg(json_build_object('id', d.id::text, 'receiver', json_build_object('id', v.id, 'name', v.name, 'kind', v.kind), 'event', d.event, 'state', d.state,
        'attempts', d.attempts, 'lastError', d.last_error, 'finishedAt', d.finished_at) ORDER BY d.id)
      FROM alert_deliveries d JOIN alert_receivers v ON v.id = d.receiver_id WHERE d.firing_id = alert_firings.id), '[]') AS deliveries
    FROM alert_firings WHERE ${matches} ORDER BY fired_at DESC, id LIMIT ${asked.limit} OFFSET ${(asked.page - 1) * asked.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM alert_firings WHERE ${matches}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export async function forgetOld(session: RecordsSession): Promise<void> {
  await session.query(sql`
    DELETE FROM alert_firings WHERE id IN (
      SELECT id FROM alert_firings WHERE ended_at < now() - make_interval(days => ${KEPT_DAYS}) ORDER BY ended_at LIMIT 1000)`);
}
