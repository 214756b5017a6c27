// Items of dataset runs as targets: they stand in the records, with what was expected of them.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Target } from './jobs-sql.ts';
import { problem } from './problem.ts';
import type { RuleRow } from './rules-sql.ts';
import type { Window } from './targets.ts';

const A_PAGE = 1_000;

/** Run items of the datasets that the filter names, oldest first. @throws AppError 400 for any other column. */
export async function* experimentTargets(
  records: Pick<Records, 'query'>,
  rule: Pick<RuleRow, 'project_id' | 'filter'>,
  window: Window,
): AsyncGenerator<Target[]> {
  const { wanted, unwanted } = datasetsOf(rule.filter);
  const range =
    'changedSince' in window
      ? sql`i.created_at > ${window.changedSince.toISOString()}::timestamptz`
      : sql`i.created_at >= ${window.from.toISOString()}::timestamptz AND i.created_at < ${window.to.toISOString()}::timestamptz`;
  const inDatasets = wanted === null ? sql`` : sql` AND r.dataset_id = ANY (${wanted}::text[])`;
  for (let after = ''; ; ) {
    const rows = await records.query<{ id: string; trace_id: string; created_at: Date }>(sql`
      SELECT i.id, i.trace_id, i.created_at FROM dataset_run_items i JOIN dataset_runs r ON r.id = i.dataset_run_id
      WHERE i.project_id = ${rule.project_id} AND ${range}${inDatasets} AND r.dataset_id <> ALL (${unwanted}::text[]) AND i.id > ${after} ORDER BY i.id LIMIT ${A_PAGE}`);
    yield rows.map((row) => ({ traceId: row.trace_id, id: row.id, runItemId: row.id, changedAt: row.created_at.toISOString() }));
    const last = rows.at(-1);
    if (rows.length < A_PAGE || last === undefined) return;
    after = last.id;
  }
}

function datasetsOf(filter: RuleRow['filter']): { wanted: string[] | null; unwanted: string[] } {
  let wanted: string[] | null = null;
  const unwanted: string[] = [];
  for (const condition of filter) {
    if (condition.column !== 'datasetId' || condition.type !== 'stringOptions')
      throw problem('invalid_filter_value', 'A rule on experiments is filtered by datasetId (stringOptions) alone.', {
        field: 'filter',
        column: condition.column,
        allowedValues: ['datasetId'],
      });
    if (condition.operator === 'none of') unwanted.push(...condition.value);
    else wanted = wanted === null ? condition.value : wanted.filter((id) => condition.value.includes(id));
  }
  return { wanted, unwanted };
}

export interface ExperimentSources {
  traceId: string;
  observationId: string | null;
  expectedOutput: unknown;
  metadata: unknown;
}

/** What was run for an item and what was expected, in the item's version of then; null when the run item is gone. */
export async function experimentSources(records: Pick<Records, 'query'>, projectId: string, runItemId: string): Promise<ExperimentSources | null> {
  const [row] = await records.query<{ trace_id: string; observation_id: string | null; expected_output: unknown; metadata: unknown }>(sql`
    SELECT i.trace_id, i.observation_id, d.expected_output, d.metadata FROM dataset_run_items i
      LEFT JOIN dataset_items d ON d.project_id = i.project_id AND d.id = i.dataset_item_id AND d.valid_from = i.item_valid_from
    WHERE i.project_id = ${projectId} AND i.id = ${runItemId}`);
  return row === undefined ? null : { traceId: row.trace_id, observationId: row.observation_id, expectedOutput: row.expected_output, metadata: row.metadata };
}
