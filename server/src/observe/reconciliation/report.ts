// The gateway's ledger against the traces: calls, cost and tokens by day and model on both sides, and the calls that only one of them has.
import { formatPicos, parsePicos } from '#lib/money.ts';
import { FINAL_SETTINGS, liveIn, type TimeRange } from '#observe/store/newest.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql, text } from '#stores/analytics/sql.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql as recordsSql } from '#stores/records/sql.ts';

export interface Side {
  calls: number;
  /** Decimal text, in the currency of the prices. */
  cost: string;
  inputTokens: number;
  outputTokens: number;
}

export interface ReconciledGroup {
  /** Day in UTC by the call's start. */
  day: string;
  model: string;
  ledger: Side & { /** Started and never heard of again: billed at their reservation, never a trace. */ unknownCalls: number };
  observations: Side;
  equal: boolean;
  /** Call ids, the first of each side. */
  onlyInLedger: string[];
  onlyInObservations: string[];
}

interface Stores {
  analytics: Pick<Analytics, 'query'>;
  records: RecordsSession;
}

const MOST_GROUPS_LISTED = 50;
const MOST_CALLS_COMPARED = 20_000;
const MOST_CALLS_LISTED = 20;
const NOTHING: Side = { calls: 0, cost: '0', inputTokens: 0, outputTokens: 0 };

/** Every day and model that either side knows in the range, differing ones with their calls. */
export async function reconcile(stores: Stores, projectId: string, range: TimeRange): Promise<ReconciledGroup[]> {
  const [ledger, observations] = await Promise.all([ledgerSide(stores.records, projectId, range), observationSide(stores.analytics, projectId, range)]);
  const names = [...new Set([...ledger.keys(), ...observations.keys()])].sort();
  const groups = names.map((name): ReconciledGroup => {
    const [day, model] = JSON.parse(name) as [string, string];
    const billed = ledger.get(name) ?? { ...NOTHING, unknownCalls: 0 };
    const seen = observations.get(name) ?? NOTHING;
    return { day, model, ledger: billed, observations: seen, equal: isEqual(billed, seen), onlyInLedger: [], onlyInObservations: [] };
  });
  for (const group of groups.filter(({ equal }) => !equal).slice(0, MOST_GROUPS_LISTED)) await listCalls(stores, projectId, range, group);
  return groups;
}

function isEqual(one: Side, other: Side): boolean {
  return (
    one.calls === other.calls &&
    parsePicos(one.cost) === parsePicos(other.cost) &&
    one.inputTokens === other.inputTokens &&
    one.outputTokens === other.outputTokens
  );
}

const iso = (instant: Date | string): string => new Date(instant).toISOString();
const nameOf = (row: { day: string; model: string | null }): string => JSON.stringify([row.day, row.model ?? '']);

interface SideRow {
  day: string;
  model: string | null;
  calls: string;
  cost: string | null;
  input: string | null;
  output: string | null;
}

const sideOf = (row: SideRow): Side => ({
  calls: Number(row.calls),
  cost: formatPicos(parsePicos(row.cost ?? '0')),
  inputTokens: Number(row.input ?? 0),
  outputTokens: Number(row.output ?? 0),
});

/** A call is one row an attempt there: it costs what all of them cost, and its model and tokens are the last one's. */
async function ledgerSide(records: RecordsSession, projectId: string, range: TimeRange): Promise<Map<string, ReconciledGroup['ledger']>> {
  const rows = await records.query<SideRow & { unknown: string }>(recordsSql`
    SELECT day, model, count(*) AS calls, sum(cost) AS cost, sum(input) AS input, sum(output) AS output, count(*) FILTER (WHERE unknown) AS unknown FROM (
      SELECT call_id, to_char(min(call_started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, max(upstream_model) FILTER (WHERE final) AS model, sum(cost) AS cost,
        sum(input_tokens) FILTER (WHERE final) AS input, sum(output_tokens) FILTER (WHERE final) AS output, bool_or(outcome = 'unknown') AS unknown
      FROM ledger WHERE project_id = ${projectId} AND call_started_at >= ${iso(range.from)}::timestamptz AND call_started_at < ${iso(range.to)}::timestamptz
      GROUP BY call_id) AS calls
    GROUP BY day, model`);
  return new Map(rows.map((row) => [nameOf(row), { ...sideOf(row), unknownCalls: Number(row.unknown) }]));
}

const TOKENS = sql`arraySum(mapValues(mapFilter((k, v) -> startsWith(k, 'input'), usage_details))) AS input,
  arraySum(mapValues(mapFilter((k, v) -> startsWith(k, 'output'), usage_details))) AS output`;

async function observationSide(analytics: Stores['analytics'], projectId: string, range: TimeRange): Promise<Map<string, Side>> {
  const calls = liveIn('observations', sql`start_time, provided_model_name, total_cost, usage_details`, range, [
    sql`project_id = ${text(projectId)}`,
    sql`call_id != ''`,
  ]);
  const rows = await analytics.query<SideRow>(sql`
    SELECT formatDateTime(start_time, '%F', 'UTC') AS day, provided_model_name AS model, count() AS calls, sum(total_cost) AS cost, sum(input) AS input, sum(output) AS output
    FROM (SELECT start_time, provided_model_name, total_cost, ${TOKENS} FROM ${calls}) GROUP BY day, model ${FINAL_SETTINGS}`);
  return new Map(rows.map((row) => [nameOf(row), sideOf(row)]));
}

async function listCalls({ analytics, records }: Stores, projectId: string, range: TimeRange, group: ReconciledGroup): Promise<void> {
  const billed = await records.query<{ id: string }>(recordsSql`
    SELECT DISTINCT call_id AS id FROM ledger WHERE project_id = ${projectId} AND call_started_at >= ${iso(range.from)}::timestamptz AND call_started_at < ${iso(range.to)}::timestamptz
      AND to_char(call_started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') = ${group.day} ORDER BY call_id LIMIT ${MOST_CALLS_COMPARED}`);
  const ofDay = liveIn('observations', sql`call_id`, range, [
    sql`project_id = ${text(projectId)}`,
    sql`call_id != ''`,
    sql`formatDateTime(start_time, '%F', 'UTC') = ${text(group.day)}`,
  ]);
  const seen = await analytics.query<{ id: string }>(sql`SELECT DISTINCT call_id AS id FROM ${ofDay} ORDER BY id LIMIT 20000 ${FINAL_SETTINGS}`);
  const [here, there] = [new Set(billed.map(({ id }) => id)), new Set(seen.map(({ id }) => id))];
  group.onlyInLedger = [...here].filter((id) => !there.has(id)).slice(0, MOST_CALLS_LISTED);
  group.onlyInObservations = [...there].filter((id) => !here.has(id)).slice(0, MOST_CALLS_LISTED);
}
