// Rules of alerts: GET, POST /unstable/alert-rules, GET, PUT, PATCH, DELETE /{id}, a preview, and the history of firings (this platform's own API).
import { randomUUID } from 'node:crypto';
import type { Route, RouteContext } from '#http/route.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { bodyOf } from '#observe/api/body.ts';
import { UNSTABLE, UNSTABLE_BASE } from '#observe/evaluation/evaluator-routes.ts';
import { problem } from '#observe/evaluation/problem.ts';
import { pageMeta, parameters, projectOf, wordParameter } from '#observe/filter/parameters.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { isUniqueViolation, sql } from '#stores/records/sql.ts';
import { endFiring, type FiringWithDeliveries, listFirings, retryDelivery } from './firings-sql.ts';
import { checkMeasured, intervalMinutes, isBreach, measure, measuredBy } from './measure.ts';
import { knownReceivers } from './receivers-sql.ts';
import { countRules, deleteRule, listRules, putRule, type RuleRow, ruleById, type WishedRule } from './rules-sql.ts';
import { enabledBody, pageOf, type RuleBody, ruleBody } from './schema.ts';

const MAX_RULES = 200;
/** Measurements of a preview. */
const PREVIEW_POINTS = 30;
const PREVIEW_AT_ONCE = 3;

export interface RuleRouteParts {
  records: Records;
  ask: AskEngine;
  linkOf: (projectId: string) => string;
}

export function alertRuleRoutes(parts: RuleRouteParts): Route[] {
  const path = `${UNSTABLE_BASE}/alert-rules`;
  const one = `${path}/:alertRuleId`;
  const { records } = parts;
  return [
    { ...UNSTABLE, method: 'GET', path, summary: 'List rules of alerts, those that fire first', query: pageOf, handle: (context) => list(records, context) },
    { ...UNSTABLE, method: 'POST', path, summary: 'Create a rule of alerts', body: ruleBody, handle: (context) => create(parts, context) },
    {
      ...UNSTABLE,
      method: 'POST',
      path: `${path}/preview`,
      summary: 'What a rule would have measured until now, and when its condition would have held',
      body: ruleBody,
      handle: (context) => preview(parts, context),
    },
    {
      ...UNSTABLE,
      method: 'GET',
      path: one,
      summary: 'Get a rule of alerts',
      handle: async (context) => context.http.json(ruleView(await found(records, context))),
    },
    {
      ...UNSTABLE,
      method: 'PUT',
      path: one,
      summary: 'Replace a rule of alerts; it begins anew',
      body: ruleBody,
      handle: (context) => replace(parts, context),
    },
    { ...UNSTABLE, method: 'PATCH', path: one, summary: 'Switch a rule of alerts on or off', body: enabledBody, handle: (context) => toggle(parts, context) },
    { ...UNSTABLE, method: 'DELETE', path: one, summary: 'Delete a rule of alerts; its history stays', handle: (context) => remove(parts, context) },
    {
      ...UNSTABLE,
      method: 'GET',
      path: `${UNSTABLE_BASE}/alert-firings`,
      summary: 'When rules fired, newest first, and how each message went',
      query: firingsQuery,
      handle: (context) => firings(records, context),
    },
    {
      ...UNSTABLE,
      method: 'POST',
      path: `${UNSTABLE_BASE}/alert-deliveries/:deliveryId/retry`,
      summary: 'Send a message that was given up once more',
      handle: (context) => retry(records, context),
    },
  ];
}

const firingsQuery = pageOf.extend({ ruleId: wordParameter });

/** A row as the API shows it. */
function ruleView(row: RuleRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    enabled: row.enabled,
    severity: row.severity,
    kind: row.kind,
    view: row.view,
    ...(row.kind === 'silence'
      ? {}
      : { measure: row.measure, aggregation: row.aggregation, comparison: row.comparison, threshold: row.threshold, whenNoData: row.when_no_data }),
    filters: row.filters,
    windowMinutes: row.window_minutes,
    forMinutes: row.for_minutes,
    receiverIds: row.receiver_ids,
    everyMinutes: intervalMinutes(row.window_minutes),
    state: row.enabled ? row.state : 'off',
    stateSince: row.state_since.toISOString(),
    lastValue: row.last_value,
    evaluatedAt: row.evaluated_at?.toISOString() ?? null,
    evaluationError: row.evaluation_error,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageOf);
  const { rows, total } = await listRules(records, projectOf(principal), asked);
  return http.json({ data: rows.map(ruleView), meta: pageMeta(asked.page, asked.limit, total) });
}

/** @throws AppError 404. */
async function found(session: RecordsSession, { http, principal }: RouteContext, lock = false): Promise<RuleRow> {
  const row = await ruleById(session, projectOf(principal), http.req.param('alertRuleId') ?? '', lock);
  if (row === null) throw problem('resource_not_found', 'There is no rule of alerts with this id.');
  return row;
}

async function create(parts: RuleRouteParts, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, ruleBody);
  const projectId = projectOf(context.principal);
  const row = await parts.records.transaction(async (session) => {
    if ((await countRules(session, projectId)) >= MAX_RULES)
      throw problem('conflict', `A project has at most ${MAX_RULES} rules of alerts: delete another one first.`);
    return await write(session, { id: randomUUID(), projectId }, body);
  });
  return context.http.json(ruleView(row));
}

/** @throws AppError 400 for what cannot be measured, 404 for an unknown receiver, 409 for a name that is taken. */
async function write(session: RecordsSession, { id, projectId }: Pick<WishedRule, 'id' | 'projectId'>, body: RuleBody): Promise<RuleRow> {
  const measured = measuredBy(body);
  checkMeasured(measured);
  const known = await knownReceivers(session, projectId, body.receiverIds);
  const missing = body.receiverIds.find((one) => !known.includes(one));
  if (missing !== undefined) throw problem('resource_not_found', `There is no receiver ${missing} in this project: create it first.`);
  try {
    return await putRule(session, { id, projectId, body, measured }, new Date());
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('name_conflict', `There is a rule of alerts named ${body.name} already: change that one.`);
    throw error;
  }
}

/** Ends what fires for the old form of a rule: receivers are told why. */
async function end(session: RecordsSession, parts: RuleRouteParts, rule: RuleRow, reason: 'changed' | 'disabled' | 'deleted'): Promise<void> {
  const [project] = await session.query<{ name: string }>(sql`SELECT name FROM projects WHERE id = ${rule.project_id}`);
  const place = { projectName: project?.name ?? '', link: parts.linkOf(rule.project_id) };
  await endFiring(session, rule, { at: new Date(), value: rule.last_value, reason }, place);
}

async function replace(parts: RuleRouteParts, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, ruleBody);
  const row = await parts.records.transaction(async (session) => {
    const now = await found(session, context, true);
    await end(session, parts, now, body.enabled ? 'changed' : 'disabled');
    return await write(session, { id: now.id, projectId: now.project_id }, body);
  });
  return context.http.json(ruleView(row));
}

/** The rule as it was sent. */
function bodyOfRow(row: RuleRow): RuleBody {
  const common = {
    name: row.name,
    description: row.description,
    enabled: row.enabled,
    severity: row.severity,
    filters: row.filters,
    windowMinutes: row.window_minutes,
    forMinutes: row.for_minutes,
    receiverIds: row.receiver_ids,
    view: row.view,
  };
  if (row.kind === 'silence') return { kind: 'silence', ...common };
  const { measure: name, comparison, threshold, when_no_data: whenNoData } = row;
  return {
    kind: 'threshold',
    ...common,
    measure: name,
    aggregation: row.aggregation as Extract<RuleBody, { kind: 'threshold' }>['aggregation'],
    comparison,
    threshold,
    whenNoData,
  };
}

async function toggle(parts: RuleRouteParts, context: RouteContext): Promise<Response> {
  const { enabled } = await bodyOf(context.http, enabledBody);
  const row = await parts.records.transaction(async (session) => {
    const now = await found(session, context, true);
    if (now.enabled === enabled) return now;
    if (!enabled) await end(session, parts, now, 'disabled');
    return await write(session, { id: now.id, projectId: now.project_id }, { ...bodyOfRow(now), enabled });
  });
  return context.http.json(ruleView(row));
}

async function remove(parts: RuleRouteParts, context: RouteContext): Promise<Response> {
  await parts.records.transaction(async (session) => {
    const now = await found(session, context, true);
    await end(session, parts, now, 'deleted');
    await deleteRule(session, now.project_id, now.id);
  });
  return context.http.json({ message: 'Rule successfully deleted' });
}

/** Measures windows that end at even distances until now: what the rule would have seen. */
async function preview({ ask }: RuleRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const measured = measuredBy(await bodyOf(http, ruleBody));
  checkMeasured(measured);
  const nowMs = Date.now();
  const spanMs = Math.max(60, measured.windowMinutes * 6) * 60_000;
  const ends = Array.from({ length: PREVIEW_POINTS }, (_, index) => nowMs - (spanMs * (PREVIEW_POINTS - 1 - index)) / (PREVIEW_POINTS - 1));
  const points: { at: string; value: number | null; breach: boolean | null }[] = [];
  for (let index = 0; index < ends.length; index += PREVIEW_AT_ONCE) {
    const some = ends.slice(index, index + PREVIEW_AT_ONCE).map((ms) => new Date(Math.round(ms)));
    const values = await Promise.all(some.map((at) => measure(ask, principal, measured, at)));
    points.push(
      ...some.map((at, position) => ({ at: at.toISOString(), value: values[position] ?? null, breach: isBreach(measured, values[position] ?? null) })),
    );
  }
  return http.json({ points, everyMinutes: intervalMinutes(measured.windowMinutes) });
}

function firingView(row: FiringWithDeliveries): Record<string, unknown> {
  return {
    id: row.id,
    rule: { id: row.rule_id, name: row.rule_name },
    severity: row.severity,
    condition: row.condition,
    beganAt: row.began_at.toISOString(),
    firedAt: row.fired_at.toISOString(),
    value: row.value,
    endedAt: row.ended_at?.toISOString() ?? null,
    endValue: row.end_value,
    endReason: row.end_reason,
    deliveries: row.deliveries,
  };
}

async function firings(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, firingsQuery);
  const { rows, total } = await listFirings(records, projectOf(principal), asked);
  return http.json({ data: rows.map(firingView), meta: pageMeta(asked.page, asked.limit, total) });
}

async function retry(records: Records, { http, principal }: RouteContext): Promise<Response> {
  if (!(await retryDelivery(records, projectOf(principal), http.req.param('deliveryId') ?? '')))
    throw problem('resource_not_found', 'There is no message with this id that was given up.');
  return http.json({ message: 'The message is sent once more' });
}
