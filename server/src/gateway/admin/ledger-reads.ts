// Reads over the ledger for request logs: calls (the final attempt of each with the whole call's cost), their attempts, and sums a day.
import type { Choice, CostLine } from '#call-record.ts';
import { formatPicos } from '#lib/money.ts';
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { readDate } from './query-fields.ts';

/** The last attempt of a call; `call_cost` is the sum over its attempts, null when the last one's price is unknown. */
export interface CallRow {
  call_id: string;
  trace_id: string | null;
  organization_id: string;
  team_id: string | null;
  team_alias: string | null;
  key_id: string;
  key_alias: string | null;
  key_name: string | null;
  key_user_id: string | null;
  project_id: string;
  endpoint: string | null;
  stream: boolean;
  model: string;
  end_user: string | null;
  client_address: string | null;
  session_id: string | null;
  tags: string[];
  call_started_at: Date;
  call_ended_at: Date | null;
  first_token_at: Date | null;
  call_outcome: 'success' | 'failure' | 'cancelled' | 'unknown';
  call_http_status: number | null;
  deployment_id: string;
  provider: string;
  upstream_model: string;
  api_base: string | null;
  error_class: string | null;
  error_message: string | null;
  input_tokens: string | null;
  output_tokens: string | null;
  total_tokens: string | null;
  cached_input_tokens: string | null;
  cache_creation_input_tokens: string | null;
  reasoning_output_tokens: string | null;
  usage_estimated: boolean;
  currency: string;
  price_id: string | null;
  explanation: string | null;
  call_cost: string | null;
  /** Microseconds since the epoch, exact: what a cursor continues from. */
  started_us: string;
}

export interface AttemptRow {
  call_id: string;
  attempt: number;
  deployment_id: string;
  provider: string;
  upstream_model: string;
  outcome: string;
  http_status: number | null;
  error_class: string | null;
  error_message: string | null;
  cost: string | null;
  price_id: string | null;
  explanation: string | null;
  started_at: Date;
  ended_at: Date | null;
}

/** Why a deployment got its try and how its cost came about, as the ledger keeps it. */
export interface Explanation {
  choice: Choice | null;
  costLines: readonly CostLine[];
}

export function explanationOf(stored: string | null): Explanation {
  const { choice = null, costLines = [] } = stored === null ? {} : (JSON.parse(stored) as Partial<Explanation>);
  return { choice, costLines };
}

/** What calls to read; every filter is optional and all that are given must hold. */
export interface CallFilters {
  callId?: string | undefined;
  keyId?: string | undefined;
  keyAlias?: string | undefined;
  userId?: string | undefined;
  teamId?: string | undefined;
  sessionId?: string | undefined;
  endUser?: string | undefined;
  /** Name that the client asked for. */
  model?: string | undefined;
  /** Model sent upstream. */
  upstreamModel?: string | undefined;
  deploymentId?: string | undefined;
  outcomes?: readonly string[] | undefined;
  errorCode?: string | undefined;
  errorContains?: string | undefined;
  /** Part of an id, a model, an alias, an end user, a session or an error, whatever its case. */
  search?: string | undefined;
  minCostPicos?: bigint | undefined;
  maxCostPicos?: bigint | undefined;
  /** Only calls of projects in which this person has a role. */
  memberId?: string | undefined;
  /** Dates without an offset are read in `timezone`; `to` as a day includes that day. */
  from?: string | undefined;
  to?: string | undefined;
  /** Only calls that began before this one (the last of the page before). */
  before?: { startedUs: string; callId: string } | undefined;
}

export type CallOrder = 'call_started_at' | 'call_ended_at' | 'call_cost' | 'total_tokens' | 'model';
const ORDERS: readonly CallOrder[] = ['call_started_at', 'call_ended_at', 'call_cost', 'total_tokens', 'model'];

export interface CallPage {
  limit: number;
  offset?: number;
  orderBy?: CallOrder;
  ascending?: boolean;
}

/** Calls that meet the filters, newest first unless the page says otherwise. */
export async function readCalls(session: RecordsSession, filters: CallFilters, page: CallPage, timezone: string): Promise<CallRow[]> {
  const order = sql.identifier(page.orderBy ?? 'call_started_at', ORDERS);
  const direction = page.ascending ? sql`ASC NULLS LAST` : sql`DESC NULLS LAST`;
  const tie = page.ascending ? sql`ASC` : sql`DESC`;
  return await session.query<CallRow>(sql`
    SELECT c.*, (extract(epoch FROM c.call_started_at) * 1000000)::bigint::text AS started_us, k.name AS key_name
    FROM (${callsWith(toCondition(filters, timezone))}) AS c LEFT JOIN virtual_keys k ON k.id = c.key_id
    WHERE ${toCostCondition(filters)}
    ORDER BY c.${order} ${direction}, c.call_id ${tie} LIMIT ${page.limit} OFFSET ${page.offset ?? 0}`);
}

/** How many calls meet the filters. */
export async function countCalls(session: RecordsSession, filters: CallFilters, timezone: string): Promise<number> {
  const condition = toCondition(filters, timezone);
  const needsCost = filters.minCostPicos !== undefined || filters.maxCostPicos !== undefined;
  const [row] = await session.query<{ count: string }>(
    needsCost
      ? sql`SELECT count(*) AS count FROM (${callsWith(condition)}) AS c WHERE ${toCostCondition(filters)}`
      : sql`SELECT count(*) AS count FROM ledger f WHERE f.final AND ${condition}`,
  );
  return Number(row?.count ?? 0);
}

/** All attempts of some calls, in order. */
export async function readAttempts(session: RecordsSession, callIds: readonly string[]): Promise<AttemptRow[]> {
  return await session.query<AttemptRow>(sql`
    SELECT call_id, attempt, deployment_id, provider, upstream_model, outcome, http_status, error_class, error_message, cost, price_id, explanation, started_at, ended_at
    FROM ledger WHERE call_id = ANY(${callIds}::text[]) ORDER BY call_id, attempt`);
}

/** Known spend of each day, user and model of the calls that meet the filters; days are those of `timezone`. */
export async function sumByDay(
  session: RecordsSession,
  filters: CallFilters,
  timezone: string,
): Promise<{ day: string; user_id: string; model: string; spend: string }[]> {
  return await session.query(sql`
    SELECT to_char(f.call_started_at AT TIME ZONE ${timezone}, 'YYYY-MM-DD') AS day, COALESCE(f.key_user_id, '') AS user_id, f.model,
      COALESCE(sum(f.cost), 0) AS spend
    FROM ledger f WHERE ${toCondition(filters, timezone)} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`);
}

function callsWith(condition: Statement): Statement {
  return sql`
    SELECT f.*, CASE WHEN f.attempt = 0 OR f.cost IS NULL THEN f.cost ELSE (SELECT sum(a.cost) FROM ledger a WHERE a.call_id = f.call_id) END AS call_cost
    FROM ledger f WHERE f.final AND ${condition}`;
}

function toCostCondition(filters: CallFilters): Statement {
  const conditions: Statement[] = [sql`true`];
  if (filters.minCostPicos !== undefined) conditions.push(sql`c.call_cost >= ${formatPicos(filters.minCostPicos)}::numeric`);
  if (filters.maxCostPicos !== undefined) conditions.push(sql`c.call_cost <= ${formatPicos(filters.maxCostPicos)}::numeric`);
  return sql.join(conditions, sql` AND `);
}

const EQUALS = {
  callId: sql`f.call_id`,
  keyId: sql`f.key_id`,
  keyAlias: sql`f.key_alias`,
  userId: sql`f.key_user_id`,
  teamId: sql`f.team_id`,
  sessionId: sql`f.session_id`,
  endUser: sql`f.end_user`,
  model: sql`f.model`,
  upstreamModel: sql`f.upstream_model`,
  deploymentId: sql`f.deployment_id`,
} as const;

function toCondition(filters: CallFilters, timezone: string): Statement {
  const conditions: Statement[] = [sql`true`];
  for (const [name, column] of Object.entries(EQUALS)) {
    const value = filters[name as keyof typeof EQUALS];
    if (value !== undefined) conditions.push(sql`${column} = ${value}`);
  }
  if (filters.outcomes !== undefined) conditions.push(sql`f.call_outcome = ANY(${filters.outcomes}::text[])`);
  if (filters.errorCode !== undefined) {
    conditions.push(sql`(f.call_http_status::text = ${filters.errorCode} OR f.error_class = ${filters.errorCode})`);
  }
  if (filters.errorContains !== undefined) conditions.push(contains(sql`f.error_message`, filters.errorContains));
  if (filters.search !== undefined) conditions.push(searchCondition(filters.search));
  if (filters.memberId !== undefined) conditions.push(memberCondition(filters.memberId));
  if (filters.from !== undefined) conditions.push(sql`f.call_started_at >= ${edge(filters.from, timezone, false)}`);
  if (filters.to !== undefined) conditions.push(sql`f.call_started_at < ${edge(filters.to, timezone, true)}`);
  if (filters.before !== undefined) {
    const { startedUs, callId } = filters.before;
    conditions.push(sql`(f.call_started_at, f.call_id) < ('epoch'::timestamptz + ${startedUs}::bigint * interval '1 microsecond', ${callId})`);
  }
  return sql.join(conditions, sql` AND `);
}

function searchCondition(search: string): Statement {
  const columns = [sql`f.call_id`, sql`f.trace_id`, sql`f.model`, sql`f.upstream_model`, sql`f.key_alias`, sql`f.end_user`, sql`f.session_id`];
  const parts = [...columns, sql`f.error_message`].map((column) => contains(column, search));
  return sql`(${sql.join([...parts, sql`f.call_id = ${search.replaceAll('-', '').toLowerCase()}`], sql` OR `)})`;
}

function memberCondition(userId: string): Statement {
  return sql`f.project_id IN (
    SELECT p.id FROM projects p JOIN memberships m ON m.organization_id = p.organization_id WHERE m.user_id = ${userId}
    UNION ALL SELECT project_id FROM project_memberships WHERE user_id = ${userId})`;
}

const contains = (column: Statement, part: string): Statement => sql`strpos(lower(${column}), lower(${part})) > 0`;

/** A boundary in time; as an end, a whole day ends when the next one begins and an instant belongs to the range. */
export function edge(text: string, timezone: string, isEnd: boolean): Statement {
  const date = readDate(text);
  const step = isEnd ? (date.wholeDay ? sql`interval '1 day'` : sql`interval '1 microsecond'`) : sql`interval '0'`;
  return date.hasOffset ? sql`(${date.text}::text::timestamptz + ${step})` : sql`((${date.text}::text::timestamp + ${step}) AT TIME ZONE ${timezone})`;
}
