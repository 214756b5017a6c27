// GET /api/console/requests: the request log of the console, newest first, each call with its attempts (contract.ts ConsoleRequests).
import { z } from 'zod';
import type { ConsoleRequest, ConsoleRequests } from '#contract.ts';
import { readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { AdminDeps } from './deps.ts';
import { type AttemptRow, type CallRow, explanationOf, readAttempts, readCalls } from './ledger-reads.ts';
import { dateText, pageNumber } from './query-fields.ts';

const text = z.string().max(800).optional();
const query = z.looseObject({
  from: dateText,
  to: dateText,
  limit: pageNumber(50, 500),
  cursor: z.string().max(200).optional(),
  model: text,
  keyAlias: text,
  outcome: z.enum(['success', 'failure', 'cancelled', 'unknown', '']).optional(),
  search: text,
});

export function consoleRequestsRoute(deps: AdminDeps): Route {
  return {
    method: 'GET',
    path: '/api/console/requests',
    surface: 'console',
    dialect: 'console',
    access: ['user-admin', 'user-member', 'user-viewer'],
    summary: 'The request log; for people who are no administrators, of their projects',
    query,
    handle: (context) => requests(deps, context),
  };
}

async function requests(deps: AdminDeps, { http, principal }: RouteContext): Promise<Response> {
  const asked = readQuery(http, query);
  await deps.ledger.flush();
  const filters = {
    from: asked.from,
    to: asked.to,
    model: asked.model || undefined,
    keyAlias: asked.keyAlias || undefined,
    outcomes: asked.outcome ? [asked.outcome] : undefined,
    search: asked.search?.trim() || undefined,
    // Administrators run the gateway; everybody else sees the calls of their own projects.
    memberId: principal.kind === 'user' && principal.role !== 'admin' ? principal.userId : undefined,
    before: asked.cursor ? readCursor(asked.cursor) : undefined,
  };
  const rows = await readCalls(deps.records, filters, { limit: asked.limit + 1 }, deps.timezone);
  const page = rows.slice(0, asked.limit);
  const attempts = Map.groupBy(
    await readAttempts(
      deps.records,
      page.map((row) => row.call_id),
    ),
    (attempt) => attempt.call_id,
  );
  const last = page.at(-1);
  const answer: ConsoleRequests = {
    data: page.map((row) => toRequest(row, attempts.get(row.call_id) ?? [])),
    nextCursor: rows.length > page.length && last !== undefined ? writeCursor(last) : null,
  };
  return Response.json(answer);
}

function toRequest(row: CallRow, attempts: readonly AttemptRow[]): ConsoleRequest {
  return {
    callId: row.call_id,
    traceId: row.trace_id ?? row.call_id,
    projectId: row.project_id,
    startedAt: row.call_started_at.toISOString(),
    model: row.model,
    provider: row.provider,
    upstreamModel: row.upstream_model,
    outcome: row.call_outcome,
    httpStatus: row.call_http_status,
    error: row.call_outcome === 'success' ? null : (row.error_message ?? row.error_class),
    stream: row.stream,
    keyAlias: row.key_alias,
    keyName: row.key_name,
    teamAlias: row.team_alias,
    endUser: row.end_user,
    sessionId: row.session_id,
    inputTokens: row.input_tokens === null ? null : Number(row.input_tokens) + Number(row.cached_input_tokens) + Number(row.cache_creation_input_tokens),
    outputTokens: row.output_tokens === null ? null : Number(row.output_tokens),
    usageEstimated: row.usage_estimated,
    cost: plain(row.call_cost),
    currency: row.currency,
    priceId: row.price_id,
    latencyMs: row.call_ended_at === null ? 0 : row.call_ended_at.getTime() - row.call_started_at.getTime(),
    firstTokenMs: row.first_token_at === null ? null : row.first_token_at.getTime() - row.call_started_at.getTime(),
    // A call that was refused before any attempt has a row of its own, without an upstream.
    attempts: attempts.filter((attempt) => attempt.deployment_id !== '').map(toAttempt),
  };
}

function toAttempt(attempt: AttemptRow): ConsoleRequest['attempts'][number] {
  return {
    index: attempt.attempt,
    deploymentId: attempt.deployment_id,
    provider: attempt.provider,
    upstreamModel: attempt.upstream_model,
    outcome: attempt.outcome,
    httpStatus: attempt.http_status,
    error: attempt.error_message ?? attempt.error_class,
    cost: plain(attempt.cost),
    priceId: attempt.price_id,
    ...explanationOf(attempt.explanation),
    latencyMs: attempt.ended_at === null ? 0 : attempt.ended_at.getTime() - attempt.started_at.getTime(),
  };
}

/** Decimal text without trailing zeros. */
const plain = (cost: string | null): string | null => (cost === null ? null : formatPicos(parsePicos(cost)));

const writeCursor = (row: CallRow): string => Buffer.from(`${row.started_us} ${row.call_id}`).toString('base64url');

function readCursor(cursor: string): { startedUs: string; callId: string } {
  const match = /^(\d{1,18}) ([\x21-\x7e]{1,100})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (match === null)
    throw new AppError('The cursor is not one of ours: ask for the first page again.', { status: 400, code: 'invalid_cursor', param: 'cursor' });
  return { startedUs: match[1] as string, callId: match[2] as string };
}
