// The read of GET /api/public/v3/scores: newest first, from behind a given score on.
import { FINAL_SETTINGS, liveIn, type TimeRange } from '#observe/store/newest.ts';
import { projectIs } from '#observe/traces/sql.ts';
import { float64, instant, join, type SqlFragment, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';
import { COLUMNS_READ } from './sql.ts';

const TEXT_COLUMNS = {
  id: sql`id`,
  name: sql`name`,
  source: sql`source`,
  data_type: sql`data_type`,
  environment: sql`environment`,
  config_id: sql`ifNull(config_id, '')`,
  queue_id: sql`ifNull(queue_id, '')`,
  author_user_id: sql`ifNull(author_user_id, '')`,
  trace_id: sql`trace_id`,
  session_id: sql`session_id`,
  observation_id: sql`observation_id`,
  dataset_run_id: sql`dataset_run_id`,
} as const;

export interface ScoresV3Query {
  projectId: string;
  /** Any of these, column by column. */
  texts: Readonly<Partial<Record<keyof typeof TEXT_COLUMNS, readonly string[] | undefined>>>;
  numbers?: readonly number[] | undefined;
  words?: readonly string[] | undefined;
  min?: number | undefined;
  max?: number | undefined;
}

export interface ScoreCursor {
  timestamp: string;
  id: string;
}

function conditionsOf(query: ScoresV3Query, after: ScoreCursor | null): SqlFragment[] {
  const conditions: SqlFragment[] = [];
  for (const [column, values] of Object.entries(query.texts)) {
    if (values?.length) conditions.push(sql`${TEXT_COLUMNS[column as keyof typeof TEXT_COLUMNS]} IN ${texts(values)}`);
  }
  if (query.numbers?.length)
    conditions.push(
      sql`(${join(
        query.numbers.map((number) => sql`ifNull(value = ${float64(number)}, 0)`),
        ' OR ',
      )})`,
    );
  if (query.words?.length) conditions.push(sql`ifNull(string_value, '') IN ${texts(query.words)}`);
  if (query.min !== undefined) conditions.push(sql`ifNull(value >= ${float64(query.min)}, 0)`);
  if (query.max !== undefined) conditions.push(sql`ifNull(value <= ${float64(query.max)}, 0)`);
  if (after) conditions.push(sql`(timestamp, id) < (${instant(after.timestamp)}, ${text(after.id)})`);
  return conditions;
}

export function listScoresV3(query: ScoresV3Query, range: TimeRange, limit: number, after: ScoreCursor | null): SqlFragment {
  const conditions = conditionsOf(query, after);
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : sql``;
  return sql`SELECT * FROM ${liveIn('scores', COLUMNS_READ, range, [projectIs(query.projectId)])}${where} ORDER BY timestamp DESC, id DESC LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}
