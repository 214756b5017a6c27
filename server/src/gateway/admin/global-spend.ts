// /global/spend/*, /global/activity*, /spend/{tags,keys,users,calculate}: what was spent by whom, from the ledger, in LiteLLM's shapes.
import { z } from 'zod';
import { usageFrom } from '#gateway/usage.ts';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf } from '#identity/governing.ts';
import { listVirtualKeys } from '#identity/virtual-keys.ts';
import { parsePicos, picosToNumber } from '#lib/money.ts';
import { sql } from '#stores/records/sql.ts';
import { adminRoute, badRequest } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';
import { keyView } from './key-view.ts';
import { dateText, pageNumber } from './query-fields.ts';
import { type Dimension, type DimensionRow, sumByDayAnd, sumByDimension, sumOfAll } from './spend-sums.ts';

const rangeQuery = z.looseObject({ start_date: dateText, end_date: dateText, limit: pageNumber(100, 10_000) });
const reportQuery = z.looseObject({
  start_date: dateText,
  end_date: dateText,
  group_by: z.enum(['team', 'customer', 'api_key', 'internal_user_id']).default('team'),
});
const calculateBody = z.looseObject({
  model: z.string().max(800).nullish(),
  messages: z.array(z.unknown()).nullish(),
  completion_response: z.looseObject({ model: z.string().max(800).nullish(), usage: z.unknown().optional() }).nullish(),
});
/** Bytes a token, for a cost before the call. */
const BYTES_PER_TOKEN = 3;

export function globalSpendRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const read = (path: string, summary: string, handle: Route['handle']): Route => adminRoute({ method: 'GET', path, summary, query: rangeQuery, handle });
  const sums = (path: string, summary: string, dimension: Dimension, shape: (rows: DimensionRow[]) => unknown): Route =>
    read(path, summary, async ({ http }) => Response.json(shape(await sumsOf(deps, http, dimension))));
  return [
    read('/global/spend', 'What the whole gateway has spent', on(whole)),
    sums('/global/spend/keys', 'The dearest keys', 'key', (rows) =>
      rows.map((row) => ({ api_key: row.name, key_alias: row.label, key_name: null, total_spend: dollars(row.spend) })),
    ),
    read('/global/spend/teams', 'Spend of teams a day and in all', on(teams)),
    sums('/global/spend/models', 'The dearest models', 'model', (rows) => rows.map((row) => ({ model: row.name, total_spend: dollars(row.spend) }))),
    sums('/global/spend/provider', 'Spend by provider', 'provider', (rows) => rows.map((row) => ({ provider: row.name, spend: dollars(row.spend) }))),
    sums('/global/spend/logs', 'Spend a day', 'day', (rows) => rows.map((row) => ({ date: row.name, spend: dollars(row.spend) }))),
    sums('/global/spend/tags', 'Spend by tag', 'tag', (rows) => ({
      spend_per_tag: rows.map((row) => ({ name: row.name, spend: dollars(row.spend), log_count: Number(row.requests) })),
    })),
    sums('/global/spend/all_tag_names', 'Tags that calls have had', 'tag', (rows) => ({ tag_names: rows.map((row) => row.name) })),
    sums('/global/all_end_users', 'End users that calls have named', 'end_user', (rows) => ({ end_users: rows.map((row) => row.name) })),
    sums('/spend/tags', 'Spend by tag', 'tag', (rows) =>
      rows.map((row) => ({ individual_request_tag: row.name, log_count: Number(row.requests), total_spend: dollars(row.spend) })),
    ),
    read('/spend/keys', 'Keys by what they have spent in their window', on(keys)),
    sums('/spend/users', 'Users by what their keys have spent', 'user', (rows) => rows.map((row) => ({ user_id: row.name, spend: dollars(row.spend) }))),
    read('/global/activity', 'Requests and tokens a day', on(activity)),
    read('/global/activity/model', 'Requests and tokens a day and model', on(modelActivity)),
    adminRoute({ method: 'GET', path: '/global/spend/report', summary: 'Spend a day by team, customer, key or user', query: reportQuery, handle: on(report) }),
    adminRoute({
      method: 'POST',
      path: '/global/spend/reset',
      access: ['master'],
      summary: 'Set the spend of all keys and teams to zero',
      handle: () => reset(deps),
    }),
    adminRoute({ method: 'POST', path: '/spend/calculate', summary: 'What a call costs or would cost', body: calculateBody, handle: on(calculate) }),
  ];
}

const dollars = (amount: string): number => picosToNumber(parsePicos(amount));

async function sumsOf(deps: AdminDeps, http: RouteContext['http'], dimension: Dimension): Promise<DimensionRow[]> {
  const { start_date: from, end_date: to, limit } = readQuery(http, rangeQuery);
  await deps.ledger.flush();
  return await sumByDimension(deps.records, dimension, { from, to, limit: dimension === 'day' ? 10_000 : limit }, deps.timezone);
}

async function whole(deps: AdminDeps): Promise<Response> {
  await deps.ledger.flush();
  const max = deps.config().maxBudget;
  return Response.json({ spend: dollars(await sumOfAll(deps.records)), max_budget: max === null ? null : dollars(max) });
}

async function teams(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { start_date: from, end_date: to } = readQuery(http, rangeQuery);
  const totals = await sumsOf(deps, http, 'team');
  const rows = (await sumByDayAnd(deps.records, 'team', { from, to }, deps.timezone)).filter(({ name }) => name !== '');
  const daily = [...Map.groupBy(rows, ({ day }) => day)].map(([date, ofDay]) => ({
    date,
    ...Object.fromEntries([...Map.groupBy(ofDay, nameOf)].map(([name, group]) => [name, total(group)])),
  }));
  return Response.json({
    daily_spend: daily,
    teams: totals.map((row) => row.label ?? row.name),
    total_spend_per_team: totals.map((row) => ({ team_id: row.label ?? row.name, total_spend: dollars(row.spend) })),
  });
}

const nameOf = (row: DimensionRow): string => row.label ?? row.name;

function total(rows: readonly DimensionRow[]): number {
  return picosToNumber(rows.reduce((sum, row) => sum + parsePicos(row.spend), 0n));
}

async function keys(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { limit } = readQuery(http, rangeQuery);
  await deps.ledger.flush();
  const page = await listVirtualKeys(deps.records, { page: 1, size: limit, orderBy: 'spend' });
  return Response.json(page.keys.map(keyView));
}

async function activity(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  return Response.json(activityOf(await sumsOf(deps, http, 'day')));
}

function activityOf(rows: readonly (DimensionRow & { day?: string })[]): Record<string, unknown> {
  const sum = (name: 'requests' | 'total_tokens') => rows.reduce((all, row) => all + Number(row[name]), 0);
  return {
    daily_data: rows.map((row) => ({ date: row.day ?? row.name, api_requests: Number(row.requests), total_tokens: Number(row.total_tokens) })),
    sum_api_requests: sum('requests'),
    sum_total_tokens: sum('total_tokens'),
  };
}

async function modelActivity(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { start_date: from, end_date: to } = readQuery(http, rangeQuery);
  await deps.ledger.flush();
  const rows = await sumByDayAnd(deps.records, 'model', { from, to }, deps.timezone);
  const byModel = [...Map.groupBy(rows, ({ name }) => name)].map(([model, ofModel]) => {
    const days = [...Map.groupBy(ofModel, ({ day }) => day)].map(([day, group]) => ({
      ...(group[0] as DimensionRow),
      day,
      requests: String(group.reduce((all, row) => all + Number(row.requests), 0)),
      total_tokens: String(group.reduce((all, row) => all + Number(row.total_tokens), 0)),
    }));
    return { model, ...activityOf(days) };
  });
  return Response.json(byModel);
}

/** How the entries of a report are called, by what they are grouped by. */
const GROUPS = {
  team: { dimension: 'team', list: 'teams', name: 'team_name' },
  customer: { dimension: 'end_user', list: 'customers', name: 'customer' },
  api_key: { dimension: 'key', list: 'api_keys', name: 'api_key' },
  internal_user_id: { dimension: 'user', list: 'internal_users', name: 'internal_user_id' },
} as const;

async function report(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { start_date: from, end_date: to, group_by: groupBy } = readQuery(http, reportQuery);
  if (from === undefined || to === undefined) throw badRequest('Please provide start_date and end_date.', 'start_date');
  await deps.ledger.flush();
  const { dimension, list, name } = GROUPS[groupBy];
  const rows = await sumByDayAnd(deps.records, dimension, { from, to }, deps.timezone);
  const days = [...Map.groupBy(rows, ({ day }) => day)].map(([day, ofDay]) => ({
    group_by_day: day,
    [list]: [...Map.groupBy(ofDay, dimension === 'key' ? (row) => row.name : nameOf)].map(([entity, group]) => ({
      [name]: entity === '' ? 'Unassigned' : entity,
      total_spend: total(group),
      metadata: group.map((row) => ({ model: row.model, api_key: row.key_id, spend: dollars(row.spend), total_tokens: Number(row.total_tokens) })),
    })),
  }));
  return Response.json(days);
}

/** The ledger stays as it is; keys and teams begin again, in the records and in memory by the same amounts. */
async function reset(deps: AdminDeps): Promise<Response> {
  await deps.ledger.flush();
  const keysBefore = await deps.records.query<{ account: string; spend: string }>(sql`
    WITH before AS (SELECT id, account, spend FROM virtual_keys WHERE spend <> 0 FOR UPDATE)
    UPDATE virtual_keys SET spend = 0 FROM before WHERE virtual_keys.id = before.id RETURNING COALESCE(before.account, before.id) AS account, before.spend`);
  const teamsBefore = await deps.records.query<{ subject: string; spend: string }>(sql`
    WITH before AS (SELECT kind, subject, spend FROM spend_limits WHERE kind = 'team' AND spend <> 0 FOR UPDATE)
    UPDATE spend_limits SET spend = 0 FROM before WHERE spend_limits.kind = before.kind AND spend_limits.subject = before.subject
    RETURNING before.subject, before.spend`);
  for (const { account, spend } of keysBefore) deps.budgets.adjust(accountOf('key', account), -parsePicos(spend));
  for (const { subject, spend } of teamsBefore) deps.budgets.adjust(accountOf('team', subject), -parsePicos(spend));
  return Response.json({ message: 'Spend for all API Keys and Teams reset successfully', status: 'success' });
}

async function calculate(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const body = await readJson(http, calculateBody);
  const model = body.model ?? body.completion_response?.model ?? null;
  if (model === null) throw badRequest('Name the model in "model", or give the answer in "completion_response".', 'model');
  const deployment = deps.config().deployments.find((one) => one.modelName === model || one.upstreamModel === model);
  const price = (deployment === undefined ? null : deps.prices.ofDeployment(deployment, model)) ?? deps.prices.ofModel(model, new Date());
  if (price === null)
    throw badRequest(`The price of ${model} is not known: set input_cost_per_token and output_cost_per_token in its litellm_params.`, 'model');
  const usage =
    body.completion_response === null || body.completion_response === undefined ? asked(body.messages ?? []) : usageFrom(body.completion_response.usage);
  if (usage === null) throw badRequest('completion_response holds no usage to price.', 'completion_response');
  return Response.json({ cost: picosToNumber(deps.prices.cost(price, usage)) });
}

/** The input of a call that was not made; its output costs nothing yet. */
function asked(messages: readonly unknown[]): { input: number; output: number; total: number } {
  const input = Math.ceil(Buffer.byteLength(JSON.stringify(messages)) / BYTES_PER_TOKEN);
  return { input, output: 0, total: input };
}
