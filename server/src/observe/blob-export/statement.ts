// What an export of a table holds: its columns under Langfuse's names, one live row an entity.
import { FINAL_SETTINGS, firstIn, liveIn, type TimeRange } from '#observe/store/newest.ts';
import { projectIs, tracesIn } from '#observe/traces/sql.ts';
import { constantSql, join, type SqlFragment, sql, text } from '#stores/analytics/sql.ts';
import { type ExportTable, FIELD_GROUPS, type FieldGroup, type FileType } from './schema.ts';

type Kind = 'plain' | 'nested' | 'flag';
interface Column {
  name: string;
  group: FieldGroup;
  kind: Kind;
}

const columns = (group: FieldGroup, names: string, kind: Kind = 'plain'): Column[] => names.split(' ').map((name) => ({ name, group, kind }));

const COLUMNS: Readonly<Record<ExportTable, readonly Column[]>> = {
  traces: [
    ...columns('core', 'id timestamp name environment user_id session_id release version'),
    ...columns('core', 'public bookmarked', 'flag'),
    ...columns('core', 'tags metadata', 'nested'),
    ...columns('core', 'input output created_at updated_at'),
  ],
  observations: [
    ...columns('core', 'id trace_id start_time end_time parent_observation_id type'),
    ...columns('basic', 'name level status_message version environment'),
    ...columns('time', 'completion_start_time created_at updated_at'),
    ...columns('io', 'input output'),
    ...columns('metadata', 'metadata', 'nested'),
    ...columns('model', 'provided_model_name internal_model_id model_parameters'),
    ...columns('usage', 'provided_usage_details usage_details provided_cost_details cost_details', 'nested'),
    ...columns('usage', 'total_cost'),
    ...columns('prompt', 'prompt_id prompt_name prompt_version'),
  ],
  scores: [
    ...columns('core', 'id timestamp environment trace_id observation_id session_id dataset_run_id name value source comment data_type string_value'),
    ...columns('core', 'config_id queue_id author_user_id'),
    ...columns('core', 'metadata', 'nested'),
    ...columns('core', 'created_at updated_at'),
  ],
};

export interface ExportRequest {
  projectId: string;
  table: ExportTable;
  range: TimeRange;
  fileType: FileType;
  /** Of observations. */
  groups: readonly FieldGroup[];
}

/** One statement whose rows are the file's. */
export function exportStatement({ projectId, table, range, fileType, groups }: ExportRequest): SqlFragment {
  const wanted = table === 'observations' ? groups : FIELD_GROUPS;
  const list = COLUMNS[table].filter(({ group }) => wanted.includes(group)).map((column) => `${expression(column, fileType)} AS ${column.name}`);
  return sql`SELECT ${text(projectId)} AS project_id, ${constantSql(list.join(', '))} FROM ${source(projectId, table, range, true)} AS r ${FINAL_SETTINGS}`;
}

/** A row when there is one to export. */
export function anyStatement({ projectId, table, range }: Pick<ExportRequest, 'projectId' | 'table' | 'range'>): SqlFragment {
  return sql`SELECT 1 AS found FROM ${source(projectId, table, range, false)} AS r LIMIT 1 ${FINAL_SETTINGS}`;
}

/** The first instant of a range at which a project has something stored, over all tables (what was replaced or moved since counts too); null when there is nothing. */
export function firstStatement(projectId: string, range: TimeRange): SqlFragment {
  const firsts = (['observations', 'traces', 'scores'] as const).map((table) => firstIn(table, range, projectIs(projectId)));
  return sql`SELECT toUnixTimestamp64Milli(minOrNull(first)) AS at FROM (${join(firsts, ' UNION ALL ')})`;
}

const IDS: Readonly<Record<'observations' | 'scores', SqlFragment>> = { observations: sql`id`, scores: sql`id` };

function source(projectId: string, table: ExportTable, range: TimeRange, content: boolean): SqlFragment {
  if (table === 'traces') return tracesIn(projectId, range, { content });
  return liveIn(table, content ? constantSql(COLUMNS[table].map(({ name }) => name).join(', ')) : IDS[table], range, [projectIs(projectId)]);
}

/** What is nested is JSON where the format has no place for it. */
function expression({ name, kind }: Column, fileType: FileType): string {
  if (kind === 'flag') return `toBool(r.${name})`;
  return kind === 'nested' && fileType === 'CSV' ? `toJSONString(r.${name})` : `r.${name}`;
}
