// An observation between its two forms: joined fields and the stored row.
import type { ObservationFields } from '#observe/ingest/events.ts';
import { formatInstant, parseStoredInstant } from '#observe/ingest/instants.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import type { ObservationRow } from '#observe/rows.ts';
import type { EntityState, FieldValue, Stamped } from './join.ts';
import { renderMetadata } from './metadata-paths.ts';
import { observationCost, type RowContext } from './row-context.ts';
import { compareStamps, hashOf } from './stamps.ts';
import { decodeStamps, encodeStamps } from './stored-stamps.ts';

const nothing: ReadonlySet<string> = new Set();

type Values = Partial<ObservationFields>;

function valuesOf(state: EntityState): Values {
  const values: Record<string, FieldValue> = {};
  for (const name in state.fields) values[name] = (state.fields[name] as { value: FieldValue }).value;
  return values as Values;
}

/** What a column shows when nothing was said. */
const UNSAID = {
  type: 'SPAN',
  parent_observation_id: '',
  name: null,
  level: 'DEFAULT',
  status_message: null,
  version: null,
  release: null,
  input: null,
  output: null,
  provided_model_name: null,
  model_parameters: null,
  prompt_name: null,
  prompt_version: null,
  trace_name: null,
  user_id: null,
  session_id: null,
  call_id: '',
  key_id: '',
  key_alias: null,
  team_id: null,
  http_status: null,
} as const satisfies Partial<ObservationRow>;

type Plain = keyof typeof UNSAID;

function plainColumns(values: Values): Pick<ObservationRow, Plain> {
  const columns: Record<string, unknown> = { ...UNSAID };
  for (const name in UNSAID) {
    const value = values[name as Plain];
    if (value !== undefined) columns[name] = value;
  }
  return columns as Pick<ObservationRow, Plain>;
}

/** The row of an observation. `isTrace` = it also stands for its trace. */
export function observationRow(state: EntityState, isTrace: boolean, context: RowContext): ObservationRow {
  const said = valuesOf(state);
  const counted = context.tokens?.usageOf(said) ?? null;
  const values = counted === null ? said : { ...said, usage: counted };
  const startUs = values.start_time ?? state.first.timeUs;
  const environment = values.environment ?? 'default';
  const usage = values.usage ?? {};
  const updatedAt = formatInstant(state.updatedAtUs);
  return {
    ...plainColumns(values),
    ...timesOf(state, values, startUs),
    ...observationCost(values, startUs, context.price, state.projectId),
    project_id: state.projectId,
    row_version: state.version.toString(),
    is_deleted: 0,
    retention_class: context.retentionClass(state.projectId, environment, state.tags),
    received_at: updatedAt,
    created_at: state.createdAtUs === state.updatedAtUs ? updatedAt : formatInstant(state.createdAtUs),
    updated_at: updatedAt,
    trace_id: values.trace_id ?? state.id,
    id: state.id,
    environment,
    metadata: renderMetadata(state.metadata),
    provided_usage_details: rawUsageOf(state, said),
    usage_details: usage,
    provided_cost_details: values.cost ?? {},
    prompt_id: null,
    is_trace: isTrace ? 1 : 0,
    tags: [...state.tags],
  };
}

/** The counts as they were sent with the usage that is shown; a report in canonical words has no others. */
function rawUsageOf({ fields }: EntityState, { raw_usage: raw, usage }: Values): Record<string, string> {
  return raw !== undefined && sameStamp(fields.raw_usage, fields.usage) ? raw : (usage ?? {});
}

/** Instants, never ending before they start; what was sent instead stays in the stamps. */
function timesOf(
  state: EntityState,
  values: Values,
  startUs: number,
): Pick<ObservationRow, 'start_time' | 'end_time' | 'completion_start_time' | 'original_times' | 'stamps'> {
  const { end_time: endUs, completion_start_time: firstTokenUs } = values;
  const early = endUs !== undefined && endUs < startUs;
  return {
    start_time: formatInstant(startUs),
    end_time: endUs === undefined ? null : formatInstant(early ? startUs : endUs),
    completion_start_time: firstTokenUs === undefined ? null : formatInstant(firstTokenUs),
    original_times: originalTimes(state, values),
    stamps: encodeStamps(state, nothing, early ? { end_time: endUs } : {}),
  };
}

/** The instants as they were sent, while it is their clamped form that is shown. */
function originalTimes({ fields }: EntityState, values: Values): string {
  const { original_start: start, original_end: end } = values;
  if (start === undefined && end === undefined) return '';
  const original: Record<string, string> = {};
  if (start !== undefined && sameStamp(fields.original_start, fields.start_time)) original.start_time = start;
  if (end !== undefined && sameStamp(fields.original_end, fields.end_time)) original.end_time = end;
  return Object.keys(original).length === 0 ? '' : JSON.stringify(original);
}

function sameStamp(a: Stamped | undefined, b: Stamped | undefined): boolean {
  return a !== undefined && b !== undefined && compareStamps(a.stamp, b.stamp) === 0;
}

const orAbsent = <Value>(value: Value | null | ''): Value | undefined => (value === null || value === '' ? undefined : value);
const instant = (text: string | null): number | undefined => (text === null ? undefined : parseStoredInstant(text));
const counts = (map: Record<string, string>): Record<string, string> | undefined => (Object.keys(map).length === 0 ? undefined : map);

function columnsOf(row: ObservationRow): Record<string, FieldValue | undefined> {
  const original = row.original_times === '' ? null : parseJson(row.original_times);
  const times = isObject(original) ? (original as Record<string, string>) : {};
  const isCall = row.call_id !== '';
  const columns: { [Name in keyof Values]: Values[Name] | undefined } = {
    trace_id: row.trace_id,
    type: row.type,
    parent_observation_id: orAbsent(row.parent_observation_id),
    name: orAbsent(row.name),
    start_time: parseStoredInstant(row.start_time),
    end_time: instant(row.end_time),
    completion_start_time: instant(row.completion_start_time),
    original_start: times.start_time,
    original_end: times.end_time,
    environment: row.environment === 'default' ? undefined : row.environment,
    level: row.level,
    status_message: orAbsent(row.status_message),
    version: orAbsent(row.version),
    release: orAbsent(row.release),
    input: orAbsent(row.input),
    output: orAbsent(row.output),
    provided_model_name: orAbsent(row.provided_model_name),
    model_parameters: orAbsent(row.model_parameters),
    // A row without provided counts may show estimated ones: nobody said those.
    usage: counts(row.provided_usage_details) && counts(row.usage_details),
    raw_usage: counts(row.provided_usage_details),
    cost: counts(row.provided_cost_details),
    currency: isCall ? row.currency : undefined,
    price_id: isCall ? orAbsent(row.price_id) : undefined,
    prompt_name: orAbsent(row.prompt_name),
    prompt_version: row.prompt_version ?? undefined,
    cost_elsewhere: row.cost_source === 'elsewhere' ? '1' : undefined,
    trace_name: orAbsent(row.trace_name),
    user_id: orAbsent(row.user_id),
    session_id: orAbsent(row.session_id),
    call_id: orAbsent(row.call_id),
    key_id: orAbsent(row.key_id),
    key_alias: orAbsent(row.key_alias),
    team_id: orAbsent(row.team_id),
    http_status: row.http_status ?? undefined,
  };
  return columns as Record<string, FieldValue | undefined>;
}

/** The state that a stored observation was made from. */
export function observationState(row: ObservationRow): EntityState {
  const whole = { timeUs: parseStoredInstant(row.start_time), rank: 0, hash: hashOf(row.call_id === '' ? row.id : row.call_id) } as const;
  return {
    kind: 'observation',
    projectId: row.project_id,
    id: row.id,
    tags: [...row.tags].sort(),
    version: BigInt(row.row_version),
    createdAtUs: parseStoredInstant(row.created_at),
    updatedAtUs: parseStoredInstant(row.updated_at),
    ...decodeStamps(row, columnsOf(row), whole),
  };
}

/** What a trace knows from a gateway call that carries it. */
export function carriedTraceState(row: ObservationRow): EntityState {
  const observation = observationState({ ...row, stamps: '' });
  const stamp = observation.first;
  const { gateway: _, ...metadata } = row.metadata;
  const said: Record<string, FieldValue | null> = {
    hint_timestamp: parseStoredInstant(row.start_time),
    real: 1,
    name: row.trace_name,
    root_name: row.name,
    root_input: row.input,
    root_output: row.output,
    user_id: row.user_id,
    session_id: row.session_id,
    environment: row.environment === 'default' ? null : row.environment,
    release: row.release,
    version: row.version,
  };
  const fields: EntityState['fields'] = {};
  for (const name in said) if (said[name] !== null) fields[name] = { value: said[name] as FieldValue, stamp };
  const stamped: EntityState['metadata'] = {};
  for (const key in metadata) stamped[key] = { value: metadata[key] as string, stamp };
  return { ...observation, kind: 'trace', id: row.trace_id, fields, metadata: stamped, whole: false };
}
