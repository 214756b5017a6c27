// Sums over the ledger for reports: by day, key, model, provider and the level that is asked about. Spend counts every attempt, requests count calls.
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { edge } from './ledger-reads.ts';

/** What a report is about: the ledger's column of that level. */
export type Entity = 'user' | 'team' | 'organization' | 'customer' | 'tag' | 'key';

/** Instants or days, both included; days are those of the organisation's time zone. */
export interface Range {
  from?: string | undefined;
  to?: string | undefined;
}

export interface SumFilters extends Range {
  entity: Entity;
  /** Only these ids of the entity; absent = all. */
  ids?: readonly string[] | undefined;
  /** Not these. */
  excluded?: readonly string[] | undefined;
  keyId?: string | undefined;
  model?: string | undefined;
}

export interface SumRow {
  day: string;
  entity: string;
  key_id: string;
  key_alias: string | null;
  team_id: string | null;
  /** Model sent upstream. */
  model: string;
  /** Name that the client asked for. */
  model_group: string;
  provider: string;
  endpoint: string;
  spend: string;
  input_tokens: string;
  output_tokens: string;
  cached_tokens: string;
  creation_tokens: string;
  total_tokens: string;
  requests: string;
  successes: string;
}

/** More groups than this are a report that nobody reads; the caller says so. */
export const MAX_GROUPS = 50_000;

/** One row a day, entity, key, model, provider and endpoint. */
export async function sumByEntity(session: RecordsSession, filters: SumFilters, timezone: string): Promise<SumRow[]> {
  const column = ENTITIES[filters.entity];
  const from = filters.entity === 'tag' ? sql`ledger f CROSS JOIN LATERAL unnest(f.tags) AS tag` : sql`ledger f`;
  const conditions: Statement[] = [rangeOf(filters, timezone)];
  if (filters.ids !== undefined) conditions.push(sql`${column} = ANY(${filters.ids}::text[])`);
  if (filters.excluded !== undefined) conditions.push(sql`COALESCE(${column}, '') <> ALL(${filters.excluded}::text[])`);
  if (filters.keyId !== undefined) conditions.push(sql`f.key_id = ${filters.keyId}`);
  if (filters.model !== undefined) conditions.push(sql`(f.upstream_model = ${filters.model} OR f.model = ${filters.model})`);
  return await session.query<SumRow>(sql`
    SELECT ${dayOf(timezone)} AS day, COALESCE(${column}, '') AS entity, f.key_id, max(f.key_alias) AS key_alias, max(f.team_id) AS team_id,
      f.upstream_model AS model, f.model AS model_group, f.provider, COALESCE(f.endpoint, '') AS endpoint, ${SUMS}
    FROM ${from} WHERE ${sql.join(conditions, sql` AND `)}
    GROUP BY 1, 2, f.key_id, f.upstream_model, f.model, f.provider, COALESCE(f.endpoint, '') ORDER BY 1 DESC LIMIT ${MAX_GROUPS + 1}`);
}

const ENTITIES: Readonly<Record<Entity, Statement>> = {
  user: sql`f.key_user_id`,
  team: sql`f.team_id`,
  organization: sql`f.organization_id`,
  customer: sql`f.end_user`,
  tag: sql`tag`,
  key: sql`f.key_id`,
};

const SUMS = sql`COALESCE(sum(f.cost), 0) AS spend,
  COALESCE(sum(f.input_tokens + COALESCE(f.cached_input_tokens, 0) + COALESCE(f.cache_creation_input_tokens, 0)), 0) AS input_tokens,
  COALESCE(sum(f.output_tokens), 0) AS output_tokens, COALESCE(sum(f.cached_input_tokens), 0) AS cached_tokens,
  COALESCE(sum(f.cache_creation_input_tokens), 0) AS creation_tokens, COALESCE(sum(f.total_tokens), 0) AS total_tokens,
  count(*) FILTER (WHERE f.final) AS requests, count(*) FILTER (WHERE f.final AND f.call_outcome = 'success') AS successes`;

/** Sums of one dimension in a range, dearest first. */
export interface DimensionRow {
  name: string;
  label: string | null;
  spend: string;
  total_tokens: string;
  requests: string;
}

export type Dimension = 'key' | 'team' | 'user' | 'model' | 'provider' | 'end_user' | 'tag' | 'day';

export async function sumByDimension(
  session: RecordsSession,
  dimension: Dimension,
  range: Range & { limit: number },
  timezone: string,
): Promise<DimensionRow[]> {
  const { column, label } = DIMENSIONS[dimension](timezone);
  const from = dimension === 'tag' ? sql`ledger f CROSS JOIN LATERAL unnest(f.tags) AS tag` : sql`ledger f`;
  const order = dimension === 'day' ? sql`1` : sql`spend DESC, 1`;
  return await session.query<DimensionRow>(sql`
    SELECT ${column} AS name, max(${label}) AS label, ${SUMS} FROM ${from}
    WHERE ${rangeOf(range, timezone)} AND ${column} IS NOT NULL AND ${column} <> '' GROUP BY 1 ORDER BY ${order} LIMIT ${range.limit}`);
}

const DIMENSIONS: Readonly<Record<Dimension, (timezone: string) => { column: Statement; label: Statement }>> = {
  key: () => ({ column: sql`f.key_id`, label: sql`f.key_alias` }),
  team: () => ({ column: sql`f.team_id`, label: sql`f.team_alias` }),
  user: () => ({ column: sql`f.key_user_id`, label: sql`NULL::text` }),
  model: () => ({ column: sql`f.model`, label: sql`NULL::text` }),
  provider: () => ({ column: sql`f.provider`, label: sql`NULL::text` }),
  end_user: () => ({ column: sql`f.end_user`, label: sql`NULL::text` }),
  tag: () => ({ column: sql`tag`, label: sql`NULL::text` }),
  day: (timezone) => ({ column: dayOf(timezone), label: sql`NULL::text` }),
};

/** Sums of each day and one dimension in it. */
export async function sumByDayAnd(
  session: RecordsSession,
  dimension: 'team' | 'end_user' | 'key' | 'user' | 'model',
  range: Range,
  timezone: string,
): Promise<(DimensionRow & { day: string; model: string; key_id: string })[]> {
  const { column, label } = DIMENSIONS[dimension](timezone);
  return await session.query(sql`
    SELECT ${dayOf(timezone)} AS day, COALESCE(${column}, '') AS name, max(${label}) AS label, f.model, f.key_id, ${SUMS} FROM ledger f
    WHERE ${rangeOf(range, timezone)} GROUP BY 1, 2, f.model, f.key_id ORDER BY 1, 2 LIMIT ${MAX_GROUPS}`);
}

/** Everything that was ever spent. */
export async function sumOfAll(session: RecordsSession): Promise<string> {
  const [row] = await session.query<{ spend: string }>(sql`SELECT COALESCE(sum(cost), 0) AS spend FROM ledger`);
  return row?.spend ?? '0';
}

const dayOf = (timezone: string): Statement => sql`to_char(f.call_started_at AT TIME ZONE ${timezone}::text, 'YYYY-MM-DD')`;

function rangeOf({ from, to }: Range, timezone: string): Statement {
  const conditions: Statement[] = [sql`true`];
  if (from !== undefined) conditions.push(sql`f.call_started_at >= ${edge(from, timezone, false)}`);
  if (to !== undefined) conditions.push(sql`f.call_started_at < ${edge(to, timezone, true)}`);
  return sql.join(conditions, sql` AND `);
}
