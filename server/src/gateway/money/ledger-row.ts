// What a call's journal records become in the table `ledger`: one row an attempt, as plain JSON values for one set-based insert.
import type { AttemptOutcome, AttemptRecord, CallSettled, CallStarted, CallUsage, OrganisationPath } from '#call-record.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';

/** A row as jsonb_to_recordset reads it; names are the table's columns. Money is decimal text, instants are ISO text with microseconds. */
export interface LedgerRow extends PathColumns, UsageColumns {
  call_id: string;
  attempt: number;
  final: boolean;
  trace_id: string | null;
  span_id: string | null;
  endpoint: string | null;
  stream: boolean;
  model: string;
  end_user: string | null;
  session_id: string | null;
  trace_name: string | null;
  environment: string | null;
  tags: string[];
  call_started_at: string;
  call_ended_at: string | null;
  first_token_at: string | null;
  call_outcome: AttemptOutcome;
  call_http_status: number | null;
  deployment_id: string;
  provider: string;
  upstream_model: string;
  api_base: string | null;
  started_at: string;
  ended_at: string | null;
  outcome: AttemptOutcome;
  http_status: number | null;
  error_class: string | null;
  error_message: string | null;
  usage_estimated: boolean;
  cost: string | null;
  currency: string;
  price_id: string | null;
}

interface PathColumns {
  organization_id: string;
  cost_centre: string | null;
  team_id: string | null;
  team_alias: string | null;
  key_id: string;
  key_alias: string | null;
  key_user_id: string | null;
  project_id: string;
}

interface UsageColumns {
  input_tokens: number | null;
  output_tokens: number | null;
  total_tokens: number | null;
  cached_input_tokens: number | null;
  cache_creation_input_tokens: number | null;
  reasoning_output_tokens: number | null;
  audio_input_tokens: number | null;
  audio_output_tokens: number | null;
}

/** The rows of a call that has ended. A call refused before any attempt keeps one row, so that it stands in the request log. */
export function rowsOfSettled(call: CallSettled): LedgerRow[] {
  const attempts = call.attempts.length > 0 ? call.attempts : [withoutAttempt(call)];
  const last = attempts.length - 1;
  return attempts.map((attempt, index) => ({
    ...pathColumns(call.path),
    ...usageColumns(attempt.usage),
    call_id: text(call.callId),
    attempt: attempt.index,
    final: index === last,
    trace_id: text(call.traceId),
    span_id: text(call.spanId),
    endpoint: call.endpoint,
    stream: call.stream,
    model: text(call.model),
    end_user: optionalText(call.endUser),
    session_id: optionalText(call.sessionId),
    trace_name: optionalText(call.traceName),
    environment: optionalText(call.environment),
    tags: call.tags.map(text),
    call_started_at: instant(call.startedAtUs),
    call_ended_at: instant(call.endedAtUs),
    first_token_at: call.firstTokenAtUs === null ? null : instant(call.firstTokenAtUs),
    call_outcome: call.outcome,
    call_http_status: call.httpStatus,
    deployment_id: text(attempt.deploymentId),
    provider: text(attempt.provider),
    upstream_model: text(attempt.upstreamModel),
    api_base: optionalText(attempt.apiBase),
    started_at: instant(attempt.startedAtUs),
    ended_at: instant(attempt.endedAtUs),
    outcome: attempt.outcome,
    http_status: attempt.httpStatus,
    error_class: optionalText(attempt.errorClass),
    error_message: optionalText(attempt.errorMessage),
    usage_estimated: attempt.usageEstimated,
    cost: decimal(attempt.cost),
    currency: attempt.currency,
    price_id: attempt.priceId,
  }));
}

/**
 * The rows of a call that began and was never settled: the last attempt is billed at its reservation. Earlier attempts had failed
 * before it began (that is why it began) and what they cost, if anything, is unknown.
 */
export function rowsOfUnknown(attempts: readonly CallStarted[]): LedgerRow[] {
  const ordered = [...attempts].sort((a, b) => a.attempt - b.attempt);
  const first = ordered[0];
  return ordered.map((started, index) => ({
    ...pathColumns(started.path),
    ...usageColumns(null),
    call_id: text(started.callId),
    attempt: started.attempt,
    final: index === ordered.length - 1,
    trace_id: text(started.callId),
    span_id: null,
    endpoint: null,
    stream: false,
    model: text(started.model),
    end_user: null,
    session_id: null,
    trace_name: null,
    environment: null,
    tags: [],
    call_started_at: instant(first?.startedAtUs ?? started.startedAtUs),
    call_ended_at: null,
    first_token_at: null,
    call_outcome: 'unknown',
    call_http_status: null,
    deployment_id: text(started.deploymentId),
    provider: text(started.provider),
    upstream_model: text(started.upstreamModel),
    api_base: null,
    started_at: instant(started.startedAtUs),
    ended_at: null,
    outcome: 'unknown',
    http_status: null,
    error_class: null,
    error_message: index === ordered.length - 1 ? 'The process ended before the call was settled: billed at its reservation.' : null,
    usage_estimated: false,
    cost: index === ordered.length - 1 ? decimal(started.reserved) : null,
    currency: started.currency,
    price_id: started.priceId,
  }));
}

function withoutAttempt(call: CallSettled): AttemptRecord {
  return {
    index: 0,
    deploymentId: '',
    provider: '',
    upstreamModel: '',
    apiBase: null,
    startedAtUs: call.startedAtUs,
    endedAtUs: call.endedAtUs,
    outcome: call.outcome,
    httpStatus: call.httpStatus,
    errorClass: call.errorClass,
    errorMessage: call.errorMessage,
    usage: call.usage,
    usageEstimated: call.usageEstimated,
    cost: call.cost,
    currency: call.currency,
    priceId: null,
  };
}

function pathColumns(path: OrganisationPath): PathColumns {
  return {
    organization_id: path.organizationId,
    cost_centre: optionalText(path.costCentre),
    team_id: path.teamId,
    team_alias: optionalText(path.teamAlias),
    key_id: path.keyId,
    key_alias: optionalText(path.keyAlias),
    key_user_id: optionalText(path.keyUserId),
    project_id: path.projectId,
  };
}

function usageColumns(usage: CallUsage | null): UsageColumns {
  return {
    input_tokens: count(usage?.input),
    output_tokens: count(usage?.output),
    total_tokens: count(usage?.total),
    cached_input_tokens: count(usage?.cachedInput),
    cache_creation_input_tokens: count(usage?.cacheCreationInput),
    reasoning_output_tokens: count(usage?.reasoningOutput),
    audio_input_tokens: count(usage?.audioInput),
    audio_output_tokens: count(usage?.audioOutput),
  };
}

const count = (value: number | undefined): number | null => (Number.isSafeInteger(value) ? (value as number) : null);

/** PostgreSQL's text knows neither NUL nor half a surrogate pair; a bill is not lost over one. */
function text(value: string): string {
  return value.isWellFormed() && !value.includes('\u0000') ? value : value.toWellFormed().replaceAll('\u0000', '\uFFFD');
}

const optionalText = (value: string | null): string | null => (value === null ? null : text(value));

/** A decimal text as the column holds it, else null (unknown). */
function decimal(value: string | null): string | null {
  if (value === null) return null;
  try {
    return formatPicos(parsePicos(value));
  } catch {
    return null;
  }
}

/** ISO text with microseconds. */
export function instant(epochUs: number): string {
  const ms = Math.floor(epochUs / 1000);
  const micros = String(Math.floor(epochUs - ms * 1000)).padStart(3, '0');
  return `${new Date(ms).toISOString().slice(0, -1)}${micros}Z`;
}
