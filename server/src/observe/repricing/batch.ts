// One batch of a re-pricing: what stored usage costs by the price row that was valid when it was used. Costs that a client said, gateway calls and calls counted elsewhere are never looked at.
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { PriceUsage } from '#observe/fold/port.ts';
import { observationCost } from '#observe/fold/row-context.ts';
import { formatInstant, parseStoredInstant } from '#observe/ingest/instants.ts';
import { nothingFolded, type ObservationRow } from '#observe/rows.ts';
import { allColumns } from '#observe/store/lookup.ts';
import { FINAL_SETTINGS, liveIn } from '#observe/store/newest.ts';
import type { Writer } from '#observe/store/writer.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { instant, join, sql, text, texts, uint32 } from '#stores/analytics/sql.ts';
import type { RepricingCursor, RepricingJob } from './jobs.ts';

export interface BatchDependencies {
  analytics: Pick<Analytics, 'query'>;
  /** The fold's own prices. */
  price: PriceUsage;
  writer: Pick<Writer, 'write'>;
  /** Observations a batch; default 1,000. */
  rowsABatch?: number;
}

/** What decides about an observation's cost. */
interface Costed {
  start_time: string;
  trace_id: string;
  id: string;
  model: string;
  usage_details: Record<string, string>;
  cost_details: Record<string, string>;
  total_cost: string | null;
  price_id: string | null;
  bytes: string;
}

type Repriced = Costed & { cost: ReturnType<typeof observationCost> };

const WINDOW_US = 86_400_000_000;
const ROWS_A_BATCH = 1_000;
/** Contents of changed rows are in memory while they are written. */
const BYTES_A_WRITE = 16 * 1024 * 1024;
const LIMITS = { timeoutMs: 60_000, lane: 'writer' } as const;

/** Looks at the next observations and, unless it is a dry run, writes the changed ones. Returns the job as it is afterwards. Nothing else may write rows meanwhile. */
export async function repriceBatch(dependencies: BatchDependencies, job: RepricingJob): Promise<RepricingJob> {
  const limit = dependencies.rowsABatch ?? ROWS_A_BATCH;
  const [fromUs, toUs] = [instantUs(job.fromTimestamp), instantUs(job.toTimestamp)];
  const startUs = job.cursor === null ? fromUs : parseStoredInstant(job.cursor.start_time);
  const endUs = Math.min(toUs, startUs + WINDOW_US);
  const rows = await candidates(dependencies.analytics, job, { startUs, endUs, limit });
  const changed = rows.flatMap((row) => repriced(row, dependencies.price, job.projectId));
  const unpriced = rows.filter((row) => costOf(row, dependencies.price, job.projectId).total_cost === null).length;
  if (!job.dryRun) await write(dependencies, job, changed);
  const last = rows.length === limit ? rows.at(-1) : undefined;
  const cursor: RepricingCursor = last
    ? { start_time: last.start_time, trace_id: last.trace_id, id: last.id }
    : { start_time: formatInstant(endUs), trace_id: '', id: '' };
  const isDone = last === undefined && endUs >= toUs;
  return {
    ...job,
    cursor,
    looked: job.looked + rows.length,
    changed: job.changed + changed.length,
    unpriced: job.unpriced + unpriced,
    costBefore: sum(job.costBefore, changed, (row) => row.total_cost),
    costAfter: sum(job.costAfter, changed, (row) => row.cost.total_cost),
    percent: isDone ? 100 : Math.min(99, Math.floor(((parseStoredInstant(cursor.start_time) - fromUs) / (toUs - fromUs)) * 100)),
    ...(isDone ? { state: 'done' as const, finishedAt: new Date().toISOString() } : {}),
  };
}

const instantUs = (iso: string): number => new Date(iso).getTime() * 1_000;

function sum(before: string, rows: readonly Repriced[], costOfRow: (row: Repriced) => string | null): string {
  return formatPicos(rows.reduce((total, row) => total + parsePicos(costOfRow(row) ?? '0'), parsePicos(before)));
}

async function candidates(
  analytics: BatchDependencies['analytics'],
  { projectId, model, cursor }: RepricingJob,
  { startUs, endUs, limit }: { startUs: number; endUs: number; limit: number },
): Promise<Costed[]> {
  const columns = sql`start_time, trace_id, id, provided_model_name, usage_details, cost_details, total_cost, price_id, cost_source, call_id,
    length(ifNull(input, '')) + length(ifNull(output, '')) AS bytes`;
  const live = liveIn('observations', columns, { from: formatInstant(startUs), to: formatInstant(endUs) }, [sql`project_id = ${text(projectId)}`]);
  const conditions = [sql`call_id = ''`, sql`cost_source IN ('computed', '')`, sql`ifNull(provided_model_name, '') != ''`, sql`notEmpty(usage_details)`];
  if (model !== null) conditions.push(sql`provided_model_name = ${text(model)}`);
  if (cursor !== null) conditions.push(sql`(start_time, trace_id, id) > (${instant(cursor.start_time)}, ${text(cursor.trace_id)}, ${text(cursor.id)})`);
  return await analytics.query<Costed>(
    sql`SELECT start_time, trace_id, id, provided_model_name AS model, usage_details, cost_details, total_cost, price_id, bytes FROM ${live}
      WHERE ${join(conditions, ' AND ')} ORDER BY start_time, trace_id, id LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`,
    LIMITS,
  );
}

function costOf(row: Costed, price: PriceUsage, projectId: string): ReturnType<typeof observationCost> {
  return observationCost({ provided_model_name: row.model, usage: row.usage_details }, parseStoredInstant(row.start_time), price, projectId);
}

/** The row with its new cost; nothing when that is what it has, or when nobody knows a price. */
function repriced(row: Costed, price: PriceUsage, projectId: string): Repriced[] {
  const cost = costOf(row, price, projectId);
  if (cost.total_cost === null) return [];
  const isSame =
    row.total_cost !== null &&
    parsePicos(row.total_cost) === parsePicos(cost.total_cost) &&
    row.price_id === cost.price_id &&
    sameDetails(row.cost_details, cost.cost_details);
  return isSame ? [] : [{ ...row, cost }];
}

function sameDetails(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => other[name] !== undefined && parsePicos(one[name] as string) === parsePicos(other[name]))
  );
}

/** The rows again with another cost, under their key and version: of two equal versions the one that was updated last counts. */
async function write({ analytics, writer }: BatchDependencies, { projectId }: RepricingJob, changed: readonly Repriced[]): Promise<void> {
  for (const chunk of chunks(changed)) {
    const times = chunk.map((row) => parseStoredInstant(row.start_time));
    const range = { from: formatInstant(Math.min(...times)), to: formatInstant(Math.max(...times) + 1) };
    const ids = sql`id IN ${texts(chunk.map(({ id }) => id))}`;
    const rows = await analytics.query<ObservationRow>(
      sql`SELECT * FROM ${liveIn('observations', allColumns('observations'), range, [sql`project_id = ${text(projectId)}`, ids])} ${FINAL_SETTINGS}`,
      LIMITS,
    );
    const costs = new Map(chunk.map((row) => [nameOf(row), row.cost]));
    const nowUs = Date.now() * 1_000;
    const observations = rows.flatMap((row) => {
      const cost = costs.get(nameOf(row));
      return cost === undefined ? [] : [{ ...row, ...cost, updated_at: formatInstant(Math.max(nowUs, parseStoredInstant(row.updated_at) + 1)) }];
    });
    // Its own range of tokens: the journal's are not negative.
    const token = -BigInt(Date.now());
    await writer.write({ ...nothingFolded(), observations }, { firstSequence: token, lastSequence: -(BigInt(process.hrtime.bigint()) % 1_000_000_000n) - 1n });
  }
}

const nameOf = (row: { trace_id: string; id: string }): string => JSON.stringify([row.trace_id, row.id]);

function chunks(rows: readonly Repriced[]): Repriced[][] {
  const result: Repriced[][] = [];
  let current: Repriced[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (current.length > 0 && bytes + Number(row.bytes) > BYTES_A_WRITE) {
      result.push(current);
      current = [];
      bytes = 0;
    }
    current.push(row);
    bytes += Number(row.bytes);
  }
  if (current.length > 0) result.push(current);
  return result;
}
