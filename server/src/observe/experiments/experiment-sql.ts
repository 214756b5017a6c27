// The statements of experiments and their items over the records: dataset runs, by the instants at which their items were put into them.
import type { Records, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { ExperimentCursor, TextConditions } from './experiment-parameters.ts';

export interface Asked<Column extends string> {
  projectId: string;
  from: string;
  to: string | undefined;
  conditions: TextConditions<Column>;
  after: ExperimentCursor | null;
  limit: number;
}

export interface ExperimentRow {
  id: string;
  name: string;
  description: string | null;
  metadata: unknown;
  dataset_id: string;
  started_at: string;
  ended_at: string;
  items: string;
}

/** To the microsecond: two items of one millisecond must not hide each other on the edge of a page. */
const exact = (instant: Statement): Statement => sql`to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const EXPERIMENT_COLUMNS = { id: sql`r.id`, name: sql`r.name`, datasetId: sql`r.dataset_id` } as const;
export type ExperimentColumn = keyof typeof EXPERIMENT_COLUMNS;

/** A page of experiments with an item in the range, the latest active first; one row more than the limit when there is another page. */
export async function listExperiments(records: Pick<Records, 'query'>, asked: Asked<ExperimentColumn>): Promise<ExperimentRow[]> {
  const last = sql`max(i.created_at)`;
  const beyond = asked.after === null ? sql`` : sql`HAVING (max(i.created_at), r.id) < (${asked.after.at}::timestamptz, ${asked.after.id})`;
  return await records.query<ExperimentRow>(sql`
    SELECT r.id, r.name, r.description, r.metadata, r.dataset_id, count(*) AS items, ${exact(sql`min(i.created_at)`)} AS started_at, ${exact(last)} AS ended_at
    FROM dataset_run_items i JOIN dataset_runs r ON r.id = i.dataset_run_id WHERE ${where(asked, EXPERIMENT_COLUMNS)}
    GROUP BY r.id ${beyond} ORDER BY ${last} DESC, r.id DESC LIMIT ${asked.limit + 1}`);
}

export interface ExperimentItemRow {
  id: string;
  dataset_run_id: string;
  run_name: string;
  run_description: string | null;
  run_metadata: unknown;
  dataset_id: string;
  dataset_item_id: string;
  item_valid_from: Date;
  trace_id: string;
  observation_id: string | null;
  created_at: string;
  input: unknown;
  expected_output: unknown;
  item_metadata: unknown;
}

const ITEM_COLUMNS = {
  experimentId: sql`r.id`,
  experimentName: sql`r.name`,
  experimentItemId: sql`i.dataset_item_id`,
  datasetId: sql`r.dataset_id`,
} as const;
export type ExperimentItemColumn = keyof typeof ITEM_COLUMNS;

/** A page of items with the version of the dataset item that was run, newest first; one row more than the limit when there is another page. */
export async function listExperimentItems(records: Pick<Records, 'query'>, asked: Asked<ExperimentItemColumn>): Promise<ExperimentItemRow[]> {
  const beyond = asked.after === null ? sql`` : sql`AND (i.created_at, i.id) < (${asked.after.at}::timestamptz, ${asked.after.id})`;
  return await records.query<ExperimentItemRow>(sql`
    SELECT i.id, i.dataset_run_id, r.name AS run_name, r.description AS run_description, r.metadata AS run_metadata, r.dataset_id, i.dataset_item_id,
      i.item_valid_from, i.trace_id, i.observation_id, ${exact(sql`i.created_at`)} AS created_at, d.input, d.expected_output, d.metadata AS item_metadata
    FROM dataset_run_items i JOIN dataset_runs r ON r.id = i.dataset_run_id
    LEFT JOIN dataset_items d ON d.project_id = i.project_id AND d.id = i.dataset_item_id AND d.valid_from = i.item_valid_from
    WHERE ${where(asked, ITEM_COLUMNS)} ${beyond} ORDER BY i.created_at DESC, i.id DESC LIMIT ${asked.limit + 1}`);
}

function where<Column extends string>(asked: Asked<Column>, columns: Readonly<Record<Column, Statement>>): Statement {
  const parts = [sql`i.project_id = ${asked.projectId}`, sql`i.created_at >= ${asked.from}::timestamptz`];
  if (asked.to !== undefined) parts.push(sql`i.created_at < ${asked.to}::timestamptz`);
  for (const { column, condition } of asked.conditions) parts.push(holds(columns[column], condition));
  return sql.join(parts, sql` AND `);
}

/** None of these columns is ever null. */
function holds(column: Statement, condition: TextConditions<string>[number]['condition']): Statement {
  if (condition.type === 'null') return condition.operator === 'is null' ? sql`false` : sql`true`;
  if (condition.type === 'stringOptions') {
    const listed = sql`${column} = ANY (${condition.value}::text[])`;
    return condition.operator === 'any of' ? listed : sql`NOT (${listed})`;
  }
  switch (condition.operator) {
    case 'contains':
      return sql`strpos(${column}, ${condition.value}::text) > 0`;
    case 'does not contain':
      return sql`strpos(${column}, ${condition.value}::text) = 0`;
    case 'starts with':
      return sql`starts_with(${column}, ${condition.value}::text)`;
    case 'ends with':
      return sql`right(${column}, length(${condition.value}::text)) = ${condition.value}::text`;
    default:
      return sql`${column} = ${condition.value}::text`;
  }
}
