// /spend/logs and /spend/logs/v2: the ledger in LiteLLM's shapes (litellm.md §1.5, §3.5). An unknown cost is null, never 0.

import { z } from 'zod';
import { CACHE_PRICE } from '#call-record.ts';
import { readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { dashed } from '#lib/id.ts';
import { formatPicos, parsePicos, picosToNumber } from '#lib/money.ts';
import type { AdminDeps } from './deps.ts';
import { type CallFilters, type CallOrder, type CallRow, countCalls, explanationOf, readCalls, sumByDay } from './ledger-reads.ts';
import { amount, dateText, pageNumber } from './query-fields.ts';

/** /spend/logs has no pages in its contract; the newest of these come, and a header says when there were more. */
const MAX_UNPAGED = 5_000;
const text = z.string().max(1_000).optional();

const logsQuery = z.looseObject({
  api_key: text,
  user_id: text,
  request_id: text,
  start_date: dateText,
  end_date: dateText,
  summarize: z.enum(['true', 'false', 'True', 'False', '1', '0']).optional(),
});

const ORDERS: Readonly<Record<string, CallOrder>> = {
  startTime: 'call_started_at',
  endTime: 'call_ended_at',
  spend: 'call_cost',
  total_tokens: 'total_tokens',
  model: 'model',
};

const pagedQuery = z.looseObject({
  api_key: text,
  user_id: text,
  request_id: text,
  session_id: text,
  team_id: text,
  min_spend: amount,
  max_spend: amount,
  start_date: dateText,
  end_date: dateText,
  page: pageNumber(1, 1_000_000),
  page_size: pageNumber(50, 1_000),
  status_filter: z.enum(['success', 'failure']).optional(),
  model: text,
  model_id: text,
  model_group: text,
  key_alias: text,
  end_user: text,
  error_code: text,
  error_message: text,
  sort_by: z.enum(Object.keys(ORDERS) as [string, ...string[]]).default('startTime'),
  sort_order: z.enum(['asc', 'desc']).default('desc'),
});

export function spendRoutes(deps: AdminDeps): Route[] {
  const shared = { method: 'GET', surface: 'admin', dialect: 'litellm', access: ['master', 'user-admin'] } as const;
  return [
    { ...shared, path: '/spend/logs', summary: 'Calls with their cost, or their sums a day', query: logsQuery, handle: (context) => logs(deps, context) },
    { ...shared, path: '/spend/logs/v2', summary: 'Calls with their cost, in pages', query: pagedQuery, handle: (context) => pagedLogs(deps, context) },
  ];
}

async function logs(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const query = readQuery(http, logsQuery);
  const filters: CallFilters = {
    keyId: query.api_key === undefined ? undefined : keyId(deps, query.api_key),
    userId: query.user_id,
    callId: query.request_id === undefined ? undefined : callId(query.request_id),
    from: query.start_date,
    to: query.end_date,
  };
  await deps.ledger.flush();
  const hasDates = query.start_date !== undefined && query.end_date !== undefined;
  if (hasDates && query.request_id === undefined && !['false', 'False', '0'].includes(query.summarize ?? 'true')) {
    return Response.json(summary(await sumByDay(deps.records, filters, deps.timezone)));
  }
  const rows = await readCalls(deps.records, filters, { limit: MAX_UNPAGED + 1 }, deps.timezone);
  const response = Response.json(rows.slice(0, MAX_UNPAGED).map(spendLog));
  if (rows.length > MAX_UNPAGED) response.headers.set('x-genai-truncated', `newest ${MAX_UNPAGED}; use /spend/logs/v2 for pages`);
  return response;
}

async function pagedLogs(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const query = readQuery(http, pagedQuery);
  const filters: CallFilters = {
    keyId: query.api_key === undefined ? undefined : keyId(deps, query.api_key),
    userId: query.user_id,
    callId: query.request_id === undefined ? undefined : callId(query.request_id),
    sessionId: query.session_id,
    teamId: query.team_id,
    minCostPicos: query.min_spend,
    maxCostPicos: query.max_spend,
    from: query.start_date,
    to: query.end_date,
    outcomes: query.status_filter === undefined ? undefined : query.status_filter === 'success' ? ['success'] : ['failure', 'cancelled', 'unknown'],
    upstreamModel: query.model,
    deploymentId: query.model_id,
    model: query.model_group,
    keyAlias: query.key_alias,
    endUser: query.end_user,
    errorCode: query.error_code,
    errorContains: query.error_message,
  };
  await deps.ledger.flush();
  const page = {
    limit: query.page_size,
    offset: (query.page - 1) * query.page_size,
    orderBy: ORDERS[query.sort_by] as CallOrder,
    ascending: query.sort_order === 'asc',
  };
  const [rows, total] = await Promise.all([readCalls(deps.records, filters, page, deps.timezone), countCalls(deps.records, filters, deps.timezone)]);
  return Response.json({ data: rows.map(spendLog), total, page: query.page, page_size: query.page_size, total_pages: Math.ceil(total / query.page_size) });
}

/** LiteLLM's summary: one entry a day with its spend, the spend of its users and of its models. */
function summary(rows: readonly { day: string; user_id: string; model: string; spend: string }[]): unknown[] {
  const days = new Map<string, { spend: bigint; users: Map<string, bigint>; models: Map<string, bigint> }>();
  for (const row of rows) {
    const day = days.get(row.day) ?? { spend: 0n, users: new Map(), models: new Map() };
    days.set(row.day, day);
    const picos = parsePicos(row.spend);
    day.spend += picos;
    day.users.set(row.user_id, (day.users.get(row.user_id) ?? 0n) + picos);
    day.models.set(row.model, (day.models.get(row.model) ?? 0n) + picos);
  }
  const amounts = (sums: Map<string, bigint>) => Object.fromEntries([...sums].map(([name, picos]) => [name, picosToNumber(picos)]));
  return [...days].map(([day, sums]) => ({ startTime: day, spend: picosToNumber(sums.spend), users: amounts(sums.users), models: amounts(sums.models) }));
}

/** LiteLLM's names of what was called. */
const CALL_TYPES: Readonly<Record<string, string>> = {
  completions: 'atext_completion',
  embeddings: 'aembedding',
  messages: 'anthropic_messages',
  responses: 'aresponses',
  'generate-content': 'agenerate_content',
  'pass-through': 'pass_through_endpoint',
  moderations: 'amoderation',
  rerank: 'arerank',
  speech: 'aspeech',
  transcriptions: 'atranscription',
  translations: 'atranscription',
  'image-generations': 'aimage_generation',
  'image-edits': 'aimage_edit',
  'image-variations': 'aimage_variation',
  'realtime-session': '_arealtime',
  realtime: '_arealtime',
  'realtime-transcription': '_arealtime',
  batch: 'acreate_batch',
  mcp: 'call_mcp_tool',
};

/** One call as a LiteLLM_SpendLogs row. */
function spendLog(row: CallRow): Record<string, unknown> {
  const [input, cached, creation] = [row.input_tokens, row.cached_input_tokens, row.cache_creation_input_tokens].map(Number) as [number, number, number];
  return {
    request_id: dashed(row.call_id),
    call_type: CALL_TYPES[row.endpoint ?? ''] ?? 'acompletion',
    api_key: row.key_id,
    spend: row.call_cost === null ? null : Number(row.call_cost),
    total_tokens: row.total_tokens === null ? null : Number(row.total_tokens),
    prompt_tokens: row.input_tokens === null ? null : input + cached + creation,
    completion_tokens: row.output_tokens === null ? null : Number(row.output_tokens),
    startTime: row.call_started_at.toISOString(),
    endTime: row.call_ended_at?.toISOString() ?? null,
    completionStartTime: row.first_token_at?.toISOString() ?? null,
    model: row.upstream_model,
    model_id: row.deployment_id,
    model_group: row.model,
    custom_llm_provider: row.provider,
    api_base: row.api_base ?? '',
    user: row.key_user_id ?? '',
    end_user: row.end_user ?? '',
    team_id: row.team_id,
    organization_id: row.organization_id,
    session_id: row.session_id ?? row.trace_id,
    request_tags: row.tags,
    cache_hit: row.price_id?.startsWith(CACHE_PRICE) ? 'True' : 'False',
    cache_key: row.price_id?.startsWith(CACHE_PRICE) ? row.price_id.slice(CACHE_PRICE.length) : '',
    requester_ip_address: row.client_address,
    status: row.call_outcome === 'success' ? 'success' : 'failure',
    messages: {},
    response: {},
    metadata: spendMetadata(row),
  };
}

function spendMetadata(row: CallRow): Record<string, unknown> {
  const failed = row.call_outcome !== 'success';
  const { choice, costLines } = explanationOf(row.explanation);
  return {
    user_api_key: row.key_id,
    user_api_key_alias: row.key_alias,
    user_api_key_team_id: row.team_id,
    user_api_key_team_alias: row.team_alias,
    user_api_key_org_id: row.organization_id,
    user_api_key_user_id: row.key_user_id,
    status: failed ? 'failure' : 'success',
    error_information: failed
      ? {
          error_code: row.call_http_status === null ? '' : String(row.call_http_status),
          error_class: row.error_class ?? '',
          error_message: row.error_message ?? '',
        }
      : null,
    usage_estimated: row.usage_estimated,
    // Our own: what LiteLLM has no word for.
    outcome: row.call_outcome,
    trace_id: row.trace_id,
    project_id: row.project_id,
    price_id: row.price_id,
    cost_lines: costLines.map(({ part, tokens, perToken }) => ({ part, tokens, per_token: perToken })),
    routing:
      choice === null
        ? null
        : {
            chosen_by: choice.by,
            others: choice.others,
            passed_over: choice.passedOver.map(({ deploymentId, ...why }) => ({ model_id: deploymentId, ...why })),
          },
    currency: row.currency,
    cost: row.call_cost === null ? null : formatPicos(parsePicos(row.call_cost)),
  };
}

const keyId = (deps: AdminDeps, key: string): string => (deps.keyMaker.isHash(key) ? key : deps.keyMaker.hash(key));
/** Call ids are 32 hex digits; clients know the dashed form (x-litellm-call-id). */
const callId = (text: string): string => text.replaceAll('-', '').toLowerCase();
