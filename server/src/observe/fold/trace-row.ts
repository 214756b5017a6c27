// A trace between its two forms: joined fields and the stored row.
import { wordOf } from '#lib/json.ts';
import type { TraceFields } from '#observe/ingest/events.ts';
import { formatInstant, parseStoredInstant } from '#observe/ingest/instants.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import type { TraceRow } from '#observe/rows.ts';
import type { EntityState, FieldValue } from './join.ts';
import { renderMetadata } from './metadata-paths.ts';
import type { RowContext } from './row-context.ts';
import { compareStamps, hashOf } from './stamps.ts';
import { decodeStamps, encodeStamps } from './stored-stamps.ts';

/** Column -> the fields that may fill it, best first. Once a better one is there, a worse one never shows again. */
const TIERS = {
  timestamp: ['timestamp', 'hint_timestamp', 'wrapped_timestamp'],
  name: ['name', 'root_name', 'hint_name'],
  environment: ['environment', 'hint_environment'],
  input: ['input', 'root_input'],
  output: ['output', 'root_output'],
} as const satisfies Record<string, readonly (keyof TraceFields)[]>;

function choose(state: EntityState): { shown: Record<string, FieldValue>; hidden: Set<string> } {
  const shown: Record<string, FieldValue> = {};
  const hidden = new Set<string>();
  for (const [column, names] of Object.entries(TIERS)) {
    for (const name of names) {
      const field = state.fields[name];
      if (field === undefined) continue;
      if (column in shown) hidden.add(name);
      else shown[column] = field.value;
    }
  }
  return { shown, hidden };
}

/** The row of a trace. */
export function traceRow(state: EntityState, context: RowContext): TraceRow {
  const { shown, hidden } = choose(state);
  const { fields } = state;
  const text = (name: keyof TraceFields): string | null => (fields[name]?.value as string | undefined) ?? null;
  const environment = (shown.environment as string | undefined) ?? 'default';
  const clamped = fields.original_timestamp;
  return {
    project_id: state.projectId,
    row_version: state.version.toString(),
    is_deleted: 0,
    retention_class: context.retentionClass(state.projectId, environment, state.tags),
    received_at: formatInstant(state.updatedAtUs),
    created_at: formatInstant(state.createdAtUs),
    updated_at: formatInstant(state.updatedAtUs),
    stamps: encodeStamps(state, hidden, {}),
    id: state.id,
    timestamp: formatInstant((shown.timestamp as number | undefined) ?? state.first.timeUs),
    original_times:
      clamped !== undefined && fields.timestamp !== undefined && compareStamps(clamped.stamp, fields.timestamp.stamp) === 0
        ? JSON.stringify({ timestamp: clamped.value })
        : '',
    name: (shown.name as string | undefined) ?? null,
    user_id: text('user_id'),
    session_id: text('session_id'),
    environment,
    release: text('release'),
    version: text('version'),
    public: fields.public?.value === 1 ? 1 : 0,
    bookmarked: 0,
    tags: [...state.tags],
    input: (shown.input as string | undefined) ?? null,
    output: (shown.output as string | undefined) ?? null,
    metadata: renderMetadata(state.metadata),
  };
}

/** The state that a stored trace was made from. */
export function traceState(row: TraceRow): EntityState {
  const original = row.original_times === '' ? null : parseJson(row.original_times);
  const columns: Record<string, FieldValue | undefined> = {
    original_timestamp: isObject(original) ? wordOf(original.timestamp) : undefined,
    user_id: row.user_id ?? undefined,
    session_id: row.session_id ?? undefined,
    release: row.release ?? undefined,
    version: row.version ?? undefined,
    public: row.public,
    real: 1,
  };
  const byColumn: Record<string, FieldValue | null> = {
    timestamp: parseStoredInstant(row.timestamp),
    name: row.name,
    environment: row.environment === 'default' ? null : row.environment,
    input: row.input,
    output: row.output,
  };
  // Without stamps the best tier is what was said; with them only the named tier is looked at.
  for (const [column, names] of Object.entries(TIERS)) {
    for (const name of row.stamps === '' ? [names[0]] : names) columns[name] = byColumn[column] ?? undefined;
  }
  return {
    kind: 'trace',
    projectId: row.project_id,
    id: row.id,
    tags: [...row.tags].sort(),
    version: BigInt(row.row_version),
    createdAtUs: parseStoredInstant(row.created_at),
    updatedAtUs: parseStoredInstant(row.updated_at),
    ...decodeStamps(row, columns, { timeUs: parseStoredInstant(row.timestamp), rank: 0, hash: hashOf(row.id) }),
    whole: false,
  };
}
