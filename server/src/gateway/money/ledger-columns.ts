// The columns of `ledger` and how a group of entries becomes one PostgreSQL array literal for each: unnest() of arrays costs the server a third of what JSON rows do.
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { LedgerEntry } from './ledger-row.ts';

/** How a column travels: `instant` as microseconds since the epoch, `list` as the literal of an array. */
export type ColumnType = 'text' | 'integer' | 'bigint' | 'boolean' | 'numeric' | 'instant' | 'list';

export interface LedgerColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** The value's text inside an array literal, quoted where needed. */
  readonly literal: (entry: LedgerEntry) => string;
}

type Read<Value> = (entry: LedgerEntry) => Value;

const NULL = 'NULL';
const text = (name: string, read: Read<string | null>): LedgerColumn => ({ name, type: 'text', literal: (entry) => textLiteral(read(entry)) });
const whole = (name: string, type: 'integer' | 'bigint', read: Read<number | null | undefined>): LedgerColumn => ({
  name,
  type,
  literal: (entry) => wholeLiteral(read(entry)),
});
const instant = (name: string, read: Read<number | null>): LedgerColumn => ({ name, type: 'instant', literal: (entry) => wholeLiteral(read(entry)) });
const flag = (name: string, read: Read<boolean>): LedgerColumn => ({ name, type: 'boolean', literal: (entry) => (read(entry) ? 't' : 'f') });

export const LEDGER_COLUMNS: readonly LedgerColumn[] = [
  text('call_id', ({ call }) => call.callId),
  whole('attempt', 'integer', ({ attempt }) => attempt.index),
  flag('final', ({ final }) => final),
  text('organization_id', ({ call }) => call.path.organizationId),
  text('cost_centre', ({ call }) => call.path.costCentre),
  text('team_id', ({ call }) => call.path.teamId),
  text('team_alias', ({ call }) => call.path.teamAlias),
  text('key_id', ({ call }) => call.path.keyId),
  text('key_alias', ({ call }) => call.path.keyAlias),
  text('key_user_id', ({ call }) => call.path.keyUserId),
  text('project_id', ({ call }) => call.path.projectId),
  text('trace_id', ({ call }) => call.traceId),
  text('span_id', ({ call }) => call.spanId),
  text('endpoint', ({ call }) => call.endpoint),
  flag('stream', ({ call }) => call.stream),
  text('model', ({ call }) => call.model),
  text('end_user', ({ call }) => call.endUser),
  text('session_id', ({ call }) => call.sessionId),
  text('trace_name', ({ call }) => call.traceName),
  text('environment', ({ call }) => call.environment),
  {
    name: 'tags',
    type: 'list',
    literal: ({ call }) => (call.tags.length === 0 ? '"{}"' : quoted(`{${call.tags.map((tag) => quoted(storable(tag))).join(',')}}`)),
  },
  instant('call_started_at', ({ call }) => call.startedAtUs),
  instant('call_ended_at', ({ call }) => call.endedAtUs),
  instant('first_token_at', ({ call }) => call.firstTokenAtUs),
  text('call_outcome', ({ call }) => call.outcome),
  whole('call_http_status', 'integer', ({ call }) => call.httpStatus),
  text('deployment_id', ({ attempt }) => attempt.deploymentId),
  text('provider', ({ attempt }) => attempt.provider),
  text('upstream_model', ({ attempt }) => attempt.upstreamModel),
  text('api_base', ({ attempt }) => attempt.apiBase),
  instant('started_at', ({ attempt }) => attempt.startedAtUs),
  instant('ended_at', ({ attempt }) => attempt.endedAtUs),
  text('outcome', ({ attempt }) => attempt.outcome),
  whole('http_status', 'integer', ({ attempt }) => attempt.httpStatus),
  text('error_class', ({ attempt }) => attempt.errorClass),
  text('error_message', ({ attempt }) => attempt.errorMessage),
  whole('input_tokens', 'bigint', ({ attempt }) => attempt.usage?.input),
  whole('output_tokens', 'bigint', ({ attempt }) => attempt.usage?.output),
  whole('total_tokens', 'bigint', ({ attempt }) => attempt.usage?.total),
  whole('cached_input_tokens', 'bigint', ({ attempt }) => attempt.usage?.cachedInput),
  whole('cache_creation_input_tokens', 'bigint', ({ attempt }) => attempt.usage?.cacheCreationInput),
  whole('reasoning_output_tokens', 'bigint', ({ attempt }) => attempt.usage?.reasoningOutput),
  whole('audio_input_tokens', 'bigint', ({ attempt }) => attempt.usage?.audioInput),
  whole('audio_output_tokens', 'bigint', ({ attempt }) => attempt.usage?.audioOutput),
  flag('usage_estimated', ({ attempt }) => attempt.usageEstimated),
  { name: 'cost', type: 'numeric', literal: ({ attempt }) => decimalLiteral(attempt.cost) },
  text('currency', ({ attempt }) => attempt.currency),
  text('price_id', ({ attempt }) => attempt.priceId),
  text('client_address', ({ call }) => call.clientAddress ?? null),
  text('explanation', ({ attempt }) => explanationOf(attempt)),
];

/** Why this deployment and how the cost came about, as JSON text; null when there is neither. */
function explanationOf({ choice, costLines }: LedgerEntry['attempt']): string | null {
  return choice || costLines ? JSON.stringify({ ...(choice ? { choice } : {}), ...(costLines ? { costLines } : {}) }) : null;
}

/** The array literal of one column over a group. */
export function arrayLiteral(column: LedgerColumn, entries: readonly LedgerEntry[]): string {
  let literal = '{';
  for (let index = 0; index < entries.length; index += 1) {
    if (index > 0) literal += ',';
    literal += column.literal(entries[index] as LedgerEntry);
  }
  return `${literal}}`;
}

/** Needs no quotes inside an array literal (the word NULL apart). */
const PLAIN = /^[\w./:@+-]+$/;
const ESCAPED = /["\\]/g;

function textLiteral(value: string | null | undefined): string {
  if (value === null || value === undefined) return NULL;
  return PLAIN.test(value) && value.length !== NULL.length ? value : quoted(storable(value));
}

const quoted = (value: string): string => `"${value.replace(ESCAPED, '\\$&')}"`;

/** PostgreSQL's text knows neither NUL nor half a surrogate pair; a bill is not lost over one. */
function storable(value: string): string {
  return value.isWellFormed() && !value.includes('\u0000') ? value : value.toWellFormed().replaceAll('\u0000', '\uFFFD');
}

const wholeLiteral = (value: number | null | undefined): string => (Number.isSafeInteger(value) ? String(value) : NULL);

const PLAIN_DECIMAL = /^\d{1,20}(?:\.\d{1,12})?$/;

/** A decimal text as the column holds it, else NULL (unknown). */
function decimalLiteral(value: string | null): string {
  if (value === null) return NULL;
  if (PLAIN_DECIMAL.test(value)) return value;
  try {
    return formatPicos(parsePicos(value));
  } catch {
    return NULL;
  }
}
