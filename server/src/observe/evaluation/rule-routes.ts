// Rules by Langfuse's unstable API: GET, POST /unstable/evaluation-rules, GET, PATCH, DELETE /{id}; with traces and sessions as further targets, a delay and a limit of cost.
import { randomUUID } from 'node:crypto';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { CODE_VARIABLES } from '#observe/code-evaluators/context.ts';
import { pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { isUniqueViolation } from '#stores/records/sql.ts';
import { UNSTABLE, UNSTABLE_BASE } from './evaluator-routes.ts';
import { type EvaluatorRow, evaluatorsById, evaluatorsByName } from './evaluators-sql.ts';
import { checkMapping, defaultMapping } from './mapping.ts';
import { problem } from './problem.ts';
import { variablesOf } from './prompt.ts';
import { countActiveRules, deleteRule, listRules, putRule, type RuleRow, ruleById, tellEvaluation, type WishedRule } from './rules-sql.ts';
import { type Mapping, pageOf, type RulePatch, ruleBody, rulePatch, type TargetKind } from './schema.ts';
import { checkFilter, type TargetParts } from './targets.ts';

const MAX_ACTIVE = 500;
/** Until an SDK's second batch has come; traces and sessions go on for longer. */
const DELAY_SECONDS: Readonly<Record<TargetKind, number>> = { observation: 10, experiment: 10, trace: 60, session: 300 };

export interface RuleRouteParts extends TargetParts {
  records: Records;
}

export function ruleRoutes(parts: RuleRouteParts): Route[] {
  const path = `${UNSTABLE_BASE}/evaluation-rules`;
  const one = `${path}/:evaluationRuleId`;
  return [
    { ...UNSTABLE, method: 'GET', path, summary: 'List evaluation rules', query: pageOf, handle: (context) => list(parts, context) },
    { ...UNSTABLE, method: 'POST', path, summary: 'Create an evaluation rule', body: ruleBody, handle: (context) => create(parts, context) },
    {
      ...UNSTABLE,
      method: 'GET',
      path: one,
      summary: 'Get an evaluation rule',
      handle: async (context) => context.http.json(ruleView(await foundRule(parts.records, context))),
    },
    {
      ...UNSTABLE,
      method: 'PATCH',
      path: one,
      summary: 'Change an evaluation rule; a paused one runs again',
      body: rulePatch,
      handle: (context) => change(parts, context),
    },
    {
      ...UNSTABLE,
      method: 'DELETE',
      path: one,
      summary: 'Delete an evaluation rule with its queue; its scores stay',
      handle: (context) => remove(parts, context),
    },
  ];
}

/** A row as the API shows it (schema unstableEvaluationRule), with what this platform adds. */
export function ruleView(row: RuleRow): Record<string, unknown> {
  const assignments = row.evaluators.map(({ id, name, type, mapping }) => ({ evaluator: { id, name, type }, mapping }));
  return {
    id: row.id,
    name: row.name,
    evaluator: assignments[0]?.evaluator ?? null,
    evaluators: assignments,
    target: row.target,
    enabled: row.enabled,
    status: !row.enabled ? 'inactive' : row.paused_reason === null ? 'active' : 'paused',
    pausedReason: row.paused_reason,
    pausedMessage: row.paused_message,
    sampling: row.sampling,
    filter: row.filter,
    mapping: effectiveOf(row),
    delaySeconds: row.delay_seconds,
    maxCostPerDay: row.max_cost_per_day === null ? null : Number(row.max_cost_per_day),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** What fills the variables of the first evaluator; of code that is fixed. */
function effectiveOf({ evaluators: [first], target }: RuleRow): Mapping {
  return first?.type === 'code' ? defaultMapping(CODE_VARIABLES, target) : (first?.effective ?? []);
}

async function list({ records }: RuleRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageOf);
  const { rows, total } = await listRules(records, projectOf(principal), asked);
  return http.json({ data: rows.map(ruleView), meta: pageMeta(asked.page, asked.limit, total) });
}

/** @throws AppError 404. */
export async function foundRule(records: Records, { http, principal }: RouteContext): Promise<RuleRow> {
  const rule = await ruleById(records, projectOf(principal), http.req.param('evaluationRuleId') ?? '');
  if (rule === null) throw problem('resource_not_found', 'There is no evaluation rule with this id.');
  return rule;
}

async function create(parts: RuleRouteParts, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, ruleBody);
  const projectId = projectOf(context.principal);
  const wished: WishedRule = {
    id: randomUUID(),
    projectId,
    name: body.name,
    target: body.target,
    enabled: body.enabled,
    sampling: body.sampling ?? 1,
    filter: body.filter ?? [],
    delaySeconds: body.delaySeconds ?? DELAY_SECONDS[body.target],
    maxCostPerDay: body.maxCostPerDay ?? null,
    evaluators: await assigned(parts.records, projectId, body, body.target),
  };
  return context.http.json(ruleView(await write(parts, context, wished)));
}

async function change(parts: RuleRouteParts, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, rulePatch);
  const now = await foundRule(parts.records, context);
  const target = body.target ?? now.target;
  const wished: WishedRule = {
    id: now.id,
    projectId: now.project_id,
    name: body.name ?? now.name,
    target,
    enabled: body.enabled ?? now.enabled,
    sampling: body.sampling ?? now.sampling,
    filter: body.filter ?? now.filter,
    delaySeconds: body.delaySeconds ?? now.delay_seconds,
    maxCostPerDay: body.maxCostPerDay === undefined ? (now.max_cost_per_day === null ? null : Number(now.max_cost_per_day)) : body.maxCostPerDay,
    evaluators: await reassigned(parts.records, now, body, target),
  };
  return context.http.json(ruleView(await write(parts, context, wished)));
}

async function write(parts: RuleRouteParts, { principal }: RouteContext, wished: WishedRule): Promise<RuleRow> {
  const { records } = parts;
  await fits(parts, principal, wished);
  if (wished.enabled && (await countActiveRules(records, wished.projectId, wished.id)) >= MAX_ACTIVE)
    throw problem('conflict', `A project runs at most ${MAX_ACTIVE} rules: disable another one first.`, { limit: MAX_ACTIVE });
  try {
    const row = await records.transaction((session) => putRule(session, wished));
    await tellEvaluation(records);
    return row;
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('name_conflict', `There is a rule named ${wished.name} already: change that one with PATCH.`);
    throw error;
  }
}

/** The filter is tried out on what it will read. @throws AppError 400 invalid_filter_value. */
async function fits(parts: RuleRouteParts, principal: RouteContext['principal'], wished: WishedRule): Promise<void> {
  try {
    await checkFilter(parts, principal, { id: wished.id, project_id: wished.projectId, target: wished.target, filter: [...wished.filter], sampling: 1 });
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 400 || error.code === 'invalid_filter_value') throw error;
    const column = /column:? (\w+)/.exec(error.message)?.[1];
    throw problem('invalid_filter_value', error.message, { field: 'filter', ...(column === undefined ? {} : { column }) });
  }
}

type Assignment = WishedRule['evaluators'][number];
type Assignments = Pick<RulePatch, 'evaluator' | 'evaluators' | 'mapping'>;

async function assigned(records: Records, projectId: string, body: Assignments, target: TargetKind): Promise<Assignment[]> {
  const wished = body.evaluators ?? (body.evaluator ? [{ evaluator: body.evaluator, mapping: body.mapping }] : []);
  const known = await evaluatorsByName(
    records,
    projectId,
    wished.map(({ evaluator }) => evaluator.name),
  );
  const ids = new Set<string>();
  return wished.map(({ evaluator, mapping }) => {
    const found = known.find(({ name, source_code }) => name === evaluator.name && (!evaluator.type || (evaluator.type === 'code') === (source_code !== null)));
    if (found === undefined) throw problem('resource_not_found', `There is no evaluator named ${evaluator.name}: create it first.`);
    if (ids.has(found.id)) throw problem('invalid_body', `The evaluator ${evaluator.name} is assigned twice.`);
    ids.add(found.id);
    return { id: found.id, mapping: checkedMapping(found, mapping ?? null, target) };
  });
}

/** A mapping that fills every variable: the given one, the evaluator's own, or the sources that the variables are named after. */
function checkedMapping(evaluator: EvaluatorRow, given: Mapping | null, target: TargetKind): Mapping | null {
  if (evaluator.source_code !== null) {
    if (given !== null && given.length > 0)
      throw problem('invalid_variable_mapping', 'An evaluator in code reads ctx: leave its mapping out.', { field: 'mapping' });
    return null;
  }
  const variables = variablesOf(evaluator.prompt);
  if (given !== null || evaluator.mapping !== null) {
    checkMapping(given ?? evaluator.mapping ?? [], variables, target);
    return given;
  }
  const named = defaultMapping(variables, target);
  checkMapping(named, variables, target);
  return named;
}

/** What a change leaves out stays, and must fit the (perhaps new) target. */
async function reassigned(records: Records, now: RuleRow, body: Assignments, target: TargetKind): Promise<Assignment[]> {
  if (body.evaluators || body.evaluator) {
    const first = now.evaluators[0];
    const keepsFirst = body.evaluator && body.mapping === undefined && first?.name === body.evaluator.name;
    const changed = await assigned(records, now.project_id, keepsFirst ? { ...body, mapping: first.mapping } : body, target);
    return body.evaluators ? changed : [...changed, ...now.evaluators.slice(1).filter(({ id }) => id !== changed[0]?.id)];
  }
  const rows = await evaluatorsById(
    records,
    now.project_id,
    now.evaluators.map(({ id }) => id),
  );
  return now.evaluators.map(({ id, mapping }, index) => {
    const row = rows.find((candidate) => candidate.id === id);
    const wished = index === 0 && body.mapping ? body.mapping : mapping;
    return { id, mapping: row === undefined ? wished : checkedMapping(row, wished, target) };
  });
}

async function remove({ records }: RuleRouteParts, context: RouteContext): Promise<Response> {
  const rule = await foundRule(records, context);
  await deleteRule(records, rule.project_id, rule.id);
  await tellEvaluation(records);
  return context.http.json({ message: 'Evaluation rule successfully deleted' });
}
