// */daily/activity: days with their sums, broken down by model, provider, endpoint, key and entity, in LiteLLM's SpendAnalyticsPaginatedResponse.
import { z } from 'zod';
import { readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { parsePicos, picosToNumber } from '#lib/money.ts';
import { adminRoute, badRequest, OWNERS } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';
import { managerOf } from './managers.ts';
import { dateText, pageNumber } from './query-fields.ts';
import { type Entity, MAX_GROUPS, type SumRow, sumByEntity } from './spend-sums.ts';
import { visibleActivity } from './visible-activity.ts';

const text = z.string().max(50_000).optional();
const query = z.looseObject({
  start_date: dateText,
  end_date: dateText,
  model: text,
  api_key: text,
  user_id: text,
  team_ids: text,
  exclude_team_ids: text,
  organization_ids: text,
  end_user_ids: text,
  tags: text,
  page: pageNumber(1, 1_000_000),
  page_size: pageNumber(50, 1_000),
});
type Query = z.infer<typeof query>;

/** Entity -> its path and the parameter that names its ids. */
const REPORTS: readonly { entity: Entity; path: string; ids: 'user_id' | 'team_ids' | 'organization_ids' | 'end_user_ids' | 'tags' }[] = [
  { entity: 'user', path: '/user/daily/activity', ids: 'user_id' },
  { entity: 'team', path: '/team/daily/activity', ids: 'team_ids' },
  { entity: 'organization', path: '/organization/daily/activity', ids: 'organization_ids' },
  { entity: 'customer', path: '/customer/daily/activity', ids: 'end_user_ids' },
  { entity: 'tag', path: '/tag/daily/activity', ids: 'tags' },
];

export function activityRoutes(deps: AdminDeps): Route[] {
  const reports = REPORTS.map((report) =>
    adminRoute({
      method: 'GET',
      path: report.path,
      ...(report.entity === 'team' || report.entity === 'user' ? OWNERS : {}),
      summary: `Spend, tokens and requests a day by ${report.entity}`,
      query,
      handle: (context) => activity(deps, context, report),
    }),
  );
  const whole = adminRoute({
    method: 'GET',
    path: '/user/daily/activity/aggregated',
    ...OWNERS,
    summary: 'The same by user, in one page',
    query,
    handle: (context) => activity(deps, context, { ...REPORTS[0], isWhole: true } as (typeof REPORTS)[number] & { isWhole: boolean }),
  });
  return [...reports, whole];
}

async function activity(deps: AdminDeps, context: RouteContext, report: (typeof REPORTS)[number] & { isWhole?: boolean }): Promise<Response> {
  const owner = await managerOf(deps, context);
  const asked = readQuery(context.http, query);
  if (asked.start_date === undefined || asked.end_date === undefined) throw badRequest('Please provide start_date and end_date.', 'start_date');
  const ids = visibleActivity(owner, report.entity, commas(asked[report.ids]));
  await deps.ledger.flush();
  const filters = {
    entity: report.entity,
    from: asked.start_date,
    to: asked.end_date,
    ids: ids === undefined ? undefined : [...ids],
    excluded: report.entity === 'team' ? commas(asked.exclude_team_ids) : undefined,
    keyId: asked.api_key === undefined ? undefined : deps.keyMaker.isHash(asked.api_key) ? asked.api_key : deps.keyMaker.hash(asked.api_key),
    model: asked.model,
  };
  const rows = await sumByEntity(deps.records, filters, deps.timezone);
  if (rows.length > MAX_GROUPS) throw badRequest(`The report has more than ${MAX_GROUPS} groups: ask for fewer days or one model.`, 'start_date');
  const days = [...Map.groupBy(rows, ({ day }) => day)];
  const { page, size } = report.isWhole ? { page: 1, size: Math.max(1, days.length) } : { page: asked.page, size: asked.page_size };
  const shown = days.slice((page - 1) * size, page * size);
  const totalPages = Math.max(1, Math.ceil(days.length / size));
  return Response.json({
    results: shown.map(([date, ofDay]) => ({ date, metrics: metricsOf(ofDay), breakdown: breakdownOf(ofDay) })),
    metadata: { ...totalsOf(rows), page, total_pages: totalPages, has_more: page < totalPages },
  });
}

function commas(value: Query['tags']): string[] | undefined {
  const parts = value?.split(',').map((part) => part.trim());
  return parts?.filter((part) => part !== '');
}

/** LiteLLM's SpendMetrics. */
function metricsOf(rows: readonly SumRow[]): Record<string, number> {
  let spend = 0n;
  const sums = { input_tokens: 0, output_tokens: 0, cached_tokens: 0, creation_tokens: 0, total_tokens: 0, requests: 0, successes: 0 };
  for (const row of rows) {
    spend += parsePicos(row.spend);
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += Number(row[name]);
  }
  return {
    spend: picosToNumber(spend),
    prompt_tokens: sums.input_tokens,
    completion_tokens: sums.output_tokens,
    cache_read_input_tokens: sums.cached_tokens,
    cache_creation_input_tokens: sums.creation_tokens,
    total_tokens: sums.total_tokens,
    successful_requests: sums.successes,
    failed_requests: sums.requests - sums.successes,
    api_requests: sums.requests,
  };
}

function totalsOf(rows: readonly SumRow[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metricsOf(rows)).map(([name, value]) => [`total_${name.replace(/^total_/, '')}`, value]));
}

function breakdownOf(rows: readonly SumRow[]): Record<string, unknown> {
  const by = (name: (row: SumRow) => string, metadata: (row: SumRow) => Record<string, unknown> = () => ({})) =>
    Object.fromEntries(
      [...Map.groupBy(rows, name)].map(([value, group]) => [
        value,
        { metrics: metricsOf(group), metadata: metadata(group[0] as SumRow), api_key_breakdown: byKey(group) },
      ]),
    );
  return {
    models: by((row) => row.model),
    model_groups: by((row) => row.model_group),
    providers: by((row) => row.provider),
    endpoints: by((row) => row.endpoint),
    mcp_servers: {},
    api_keys: byKey(rows),
    entities: by((row) => row.entity),
  };
}

function byKey(rows: readonly SumRow[]): Record<string, unknown> {
  return Object.fromEntries(
    [...Map.groupBy(rows, (row) => row.key_id)].map(([key, group]) => [
      key,
      { metrics: metricsOf(group), metadata: { key_alias: group[0]?.key_alias ?? null, team_id: group[0]?.team_id ?? null } },
    ]),
  );
}
