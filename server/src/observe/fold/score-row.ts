// A score between its two forms: joined fields and the stored row.
import type { ScoreFields } from '#observe/ingest/events.ts';
import { formatInstant, parseStoredInstant } from '#observe/ingest/instants.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import type { ScoreRow } from '#observe/rows.ts';
import type { EntityState, FieldValue } from './join.ts';
import { renderMetadata } from './metadata-paths.ts';
import type { RowContext } from './row-context.ts';
import { compareStamps, hashOf } from './stamps.ts';
import { decodeStamps, encodeStamps } from './stored-stamps.ts';

const nothing: ReadonlySet<string> = new Set();

type Value = <Name extends keyof ScoreFields>(name: Name) => ScoreFields[Name] | undefined;

/** What the columns show when nothing was said. */
const UNSAID = {
  trace_id: '',
  observation_id: '',
  session_id: '',
  dataset_run_id: '',
  name: '',
  source: 'API',
  data_type: 'NUMERIC',
  comment: null,
  environment: 'default',
  config_id: null,
  queue_id: null,
  author_user_id: null,
} as const satisfies Partial<ScoreRow>;

type Plain = keyof typeof UNSAID;

function plainColumns(value: Value): Pick<ScoreRow, Plain> {
  const columns: Record<string, unknown> = {};
  for (const name in UNSAID) columns[name] = value(name as Plain) ?? UNSAID[name as Plain];
  return columns as Pick<ScoreRow, Plain>;
}

/** The row of a score. */
export function scoreRow(state: EntityState, context: RowContext): ScoreRow {
  const { fields } = state;
  const value: Value = (name) => fields[name]?.value as ScoreFields[typeof name] | undefined;
  const columns = plainColumns(value);
  // A score whose type has changed must not show the value of the type before.
  const kept = (name: 'value' | 'string_value') =>
    fields[name] !== undefined && (fields.data_type === undefined || compareStamps(fields[name].stamp, fields.data_type.stamp) >= 0) ? value(name) : undefined;
  const updatedAt = formatInstant(state.updatedAtUs);
  return {
    ...columns,
    project_id: state.projectId,
    row_version: state.version.toString(),
    is_deleted: 0,
    retention_class: context.retentionClass(state.projectId, columns.environment, []),
    received_at: updatedAt,
    created_at: formatInstant(state.createdAtUs),
    updated_at: updatedAt,
    stamps: encodeStamps(state, nothing, hiddenValues(state, kept)),
    id: state.id,
    timestamp: formatInstant(value('timestamp') ?? state.first.timeUs),
    value: (kept('value') as number | undefined) ?? (columns.data_type === 'CORRECTION' ? 0 : null),
    string_value: (kept('string_value') as string | undefined) ?? null,
    metadata: renderMetadata(state.metadata),
  };
}

/** Values that the row does not show as they were sent. */
function hiddenValues({ fields }: EntityState, kept: (name: 'value' | 'string_value') => unknown): Record<string, FieldValue> {
  const hidden: Record<string, FieldValue> = {};
  for (const name of ['value', 'string_value'] as const) if (fields[name] !== undefined && kept(name) === undefined) hidden[name] = fields[name].value;
  if (fields.original_timestamp !== undefined) hidden.original_timestamp = fields.original_timestamp.value;
  return hidden;
}

/** The state that a stored score was made from. */
export function scoreState(row: ScoreRow): EntityState {
  const stored = row.stamps === '' ? null : parseJson(row.stamps);
  const hasStamps = isObject(stored);
  const columns: Record<string, FieldValue | undefined> = {
    timestamp: parseStoredInstant(row.timestamp),
    trace_id: row.trace_id || undefined,
    observation_id: row.observation_id || undefined,
    session_id: row.session_id || undefined,
    dataset_run_id: row.dataset_run_id || undefined,
    name: row.name || undefined,
    source: row.source || undefined,
    data_type: row.data_type,
    value: row.value ?? undefined,
    string_value: row.string_value ?? undefined,
    // With stamps a comment that is null was cleared on purpose.
    comment: hasStamps ? row.comment : (row.comment ?? undefined),
    environment: row.environment === 'default' ? undefined : row.environment,
    config_id: row.config_id ?? undefined,
    queue_id: row.queue_id ?? undefined,
    author_user_id: row.author_user_id ?? undefined,
  };
  return {
    kind: 'score',
    projectId: row.project_id,
    id: row.id,
    tags: [],
    version: BigInt(row.row_version),
    createdAtUs: parseStoredInstant(row.created_at),
    updatedAtUs: parseStoredInstant(row.updated_at),
    ...decodeStamps(row, columns, { timeUs: parseStoredInstant(row.timestamp), rank: 0, hash: hashOf(row.id) }),
    whole: false,
  };
}
