// What was left out, by day and reason: by so much the figures of a project are short of what its clients sent.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface LeftOutAmounts {
  traces: number;
  observations: number;
  scores: number;
  /** Observations of level ERROR. */
  errors: number;
  bytes: number;
  /** Decimal text. */
  cost: string;
}

export interface LeftOutDay extends LeftOutAmounts {
  /** YYYY-MM-DD in UTC, of the traces; of what came late the day on which it came. */
  day: string;
  reason: 'share' | 'late';
}

export async function countLeftOut(session: RecordsSession, projectId: string, counted: readonly LeftOutDay[]): Promise<void> {
  if (counted.length === 0) return;
  await session.query(sql`
    INSERT INTO sampling_left_out AS stored (project_id, day, reason, traces, observations, scores, errors, bytes, cost)
    SELECT ${projectId}, day, reason, sum(traces), sum(observations), sum(scores), sum(errors), sum(bytes), sum(cost)
    FROM jsonb_to_recordset(${JSON.stringify(counted)}::jsonb)
      AS counted (day date, reason text, traces bigint, observations bigint, scores bigint, errors bigint, bytes numeric, cost numeric)
    GROUP BY day, reason
    ON CONFLICT (project_id, day, reason) DO UPDATE SET traces = stored.traces + EXCLUDED.traces, observations = stored.observations + EXCLUDED.observations,
      scores = stored.scores + EXCLUDED.scores, errors = stored.errors + EXCLUDED.errors, bytes = stored.bytes + EXCLUDED.bytes, cost = stored.cost + EXCLUDED.cost`);
}

/** The newest days first. */
export async function leftOutDays(session: RecordsSession, projectId: string, limit: number): Promise<LeftOutDay[]> {
  const rows = await session.query<Record<keyof LeftOutDay, string> & { reason: LeftOutDay['reason'] }>(sql`
    SELECT to_char(day, 'YYYY-MM-DD') AS day, reason, traces, observations, scores, errors, bytes, trim_scale(cost)::text AS cost
    FROM sampling_left_out WHERE project_id = ${projectId} ORDER BY day DESC, reason DESC LIMIT ${limit}`);
  return rows.map((row) => ({
    day: row.day,
    reason: row.reason,
    traces: Number(row.traces),
    observations: Number(row.observations),
    scores: Number(row.scores),
    errors: Number(row.errors),
    bytes: Number(row.bytes),
    cost: row.cost,
  }));
}
