// The queue of judgements as it is seen, and backfills with a dry run and a limit of cost.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf } from '#observe/api/body.ts';
import { parameters, projectOf } from '#observe/filter/parameters.ts';
import {
  averageCostOf,
  type BackfillRow,
  backfillsOf,
  cancelJob,
  countBackfill,
  insertBackfill,
  type QueueRow,
  queueCounts,
  queueOf,
  retryJobs,
} from './backfills-sql.ts';
import { UNSTABLE, UNSTABLE_BASE } from './evaluator-routes.ts';
import { enqueue, stopBackfill } from './jobs-sql.ts';
import { problem } from './problem.ts';
import { foundRule, type RuleRouteParts } from './rule-routes.ts';
import { type RuleRow, tellEvaluation } from './rules-sql.ts';
import { type BackfillBody, backfillBody, jobsQuery } from './schema.ts';
import { countTargets, targetsOf } from './targets.ts';

/** Targets that one backfill takes: it is put into the queue before it is answered. */
const MAX_TARGETS = 20_000;

export function queueRoutes(parts: RuleRouteParts): Route[] {
  const jobs = `${UNSTABLE_BASE}/evaluation-jobs`;
  const backfills = `${UNSTABLE_BASE}/evaluation-rules/:evaluationRuleId/backfills`;
  return [
    {
      ...UNSTABLE,
      method: 'GET',
      path: jobs,
      summary: 'The queue of judgements with causes, newest first',
      query: jobsQuery,
      handle: (context) => list(parts, context),
    },
    { ...UNSTABLE, method: 'POST', path: `${jobs}/retry`, summary: 'Judge every failed target again', handle: (context) => retry(parts, context, null) },
    {
      ...UNSTABLE,
      method: 'POST',
      path: `${jobs}/:jobId/retry`,
      summary: 'Judge one target again',
      handle: (context) => retry(parts, context, jobIdOf(context)),
    },
    {
      ...UNSTABLE,
      method: 'POST',
      path: `${jobs}/:jobId/cancel`,
      summary: 'Take a waiting judgement out of the queue',
      handle: (context) => cancel(parts, context),
    },
    { ...UNSTABLE, method: 'GET', path: backfills, summary: 'Backfills of a rule, newest first', handle: (context) => listBackfills(parts, context) },
    {
      ...UNSTABLE,
      method: 'POST',
      path: backfills,
      summary: 'Judge what was stored before, or say what that would cost (dryRun)',
      body: backfillBody,
      handle: (context) => backfill(parts, context),
    },
    {
      ...UNSTABLE,
      method: 'POST',
      path: `${backfills}/:backfillId/stop`,
      summary: 'Stop a backfill; what waits is cancelled',
      handle: (context) => stop(parts, context),
    },
  ];
}

function jobView(row: QueueRow): Record<string, unknown> {
  return {
    id: row.id,
    rule: { id: row.rule_id, name: row.rule_name },
    evaluator: { id: row.evaluator_id, name: row.evaluator_name },
    backfillId: row.backfill_id,
    target: row.target,
    traceId: row.trace_id || (row.target === 'trace' ? row.target_id : null),
    targetId: row.target_id,
    state: row.state,
    runAt: row.run_at.toISOString(),
    attempts: row.attempts,
    cause: row.cause,
    scoreId: row.score_id,
    judgeTraceId: row.judge_trace_id,
    cost: row.cost,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

async function list({ records }: RuleRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, jobsQuery);
  const [rows, counts] = await Promise.all([queueOf(records, projectOf(principal), asked), queueCounts(records, projectOf(principal), asked.ruleId)]);
  return http.json({ data: rows.map(jobView), counts, meta: { limit: asked.limit, before: rows.length === asked.limit ? Number(rows.at(-1)?.id) : null } });
}

/** @throws AppError 404 for what is no id of a job. */
function jobIdOf({ http }: RouteContext): string {
  const id = z
    .string()
    .regex(/^\d{1,18}$/)
    .safeParse(http.req.param('jobId'));
  if (!id.success) throw problem('resource_not_found', 'There is no judgement with this id.');
  return id.data;
}

async function retry({ records }: RuleRouteParts, { http, principal }: RouteContext, id: string | null): Promise<Response> {
  const jobs = await retryJobs(records, projectOf(principal), id);
  if (id !== null && jobs === 0) throw problem('resource_not_found', 'There is no judgement with this id that has ended without a score.');
  await tellEvaluation(records);
  return http.json({ jobs });
}

async function cancel({ records }: RuleRouteParts, context: RouteContext): Promise<Response> {
  if (!(await cancelJob(records, projectOf(context.principal), jobIdOf(context))))
    throw problem('resource_not_found', 'There is no waiting judgement with this id.');
  return context.http.json({ jobs: 1 });
}

function backfillView(row: BackfillRow): Record<string, unknown> {
  return {
    id: row.id,
    fromTimestamp: row.from_time.toISOString(),
    toTimestamp: row.to_time.toISOString(),
    maxCost: row.max_cost === null ? null : Number(row.max_cost),
    state: row.state === 'stopped' ? 'stopped' : Number(row.waiting) === 0 ? 'done' : 'running',
    cause: row.cause,
    jobs: row.targets,
    waiting: Number(row.waiting),
    done: Number(row.done),
    failed: Number(row.failed),
    cost: row.cost,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  };
}

async function listBackfills({ records }: RuleRouteParts, context: RouteContext): Promise<Response> {
  const rule = await foundRule(records, context);
  return context.http.json({ data: (await backfillsOf(records, rule.project_id, rule.id)).map(backfillView) });
}

async function backfill(parts: RuleRouteParts, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, backfillBody);
  const rule = await foundRule(parts.records, context);
  return context.http.json(body.dryRun ? await estimate(parts, context, rule, body) : await begin(parts, context, rule, body));
}

/** What a backfill would judge and cost: exact targets, and the average of each evaluator's last calls (null before the first). */
async function estimate(parts: RuleRouteParts, { principal }: RouteContext, rule: RuleRow, body: BackfillBody): Promise<object> {
  const range = rangeOf(body);
  const counted = await countTargets(parts.ask, principal, rule, range);
  const targets = counted === null ? await walk(parts, principal, rule, range) : Math.round(counted * rule.sampling);
  const averages = await Promise.all(rule.evaluators.map(({ id, type }) => (type === 'code' ? 0 : averageCostOf(parts.records, id))));
  const known = averages.filter((average) => average !== null);
  const cost = known.length === 0 ? null : targets * (known.reduce((sum, average) => sum + average, 0) / known.length) * rule.evaluators.length;
  return {
    dryRun: true,
    targets,
    jobs: targets * rule.evaluators.length,
    estimatedCost: cost,
    costOf: 'the average of the last calls of each evaluator',
    maxTargets: MAX_TARGETS,
  };
}

const rangeOf = (body: BackfillBody): { from: Date; to: Date } => ({ from: new Date(body.fromTimestamp), to: new Date(body.toTimestamp) });

async function walk(parts: RuleRouteParts, principal: RouteContext['principal'], rule: RuleRow, range: { from: Date; to: Date }): Promise<number> {
  let found = 0;
  for await (const targets of targetsOf(parts, principal, rule, range)) {
    found += targets.length;
    if (found > MAX_TARGETS) break;
  }
  return found;
}

async function begin(parts: RuleRouteParts, { principal }: RouteContext, rule: RuleRow, body: BackfillBody): Promise<object> {
  const { records } = parts;
  if (rule.paused_reason !== null) throw problem('conflict', `The rule is paused (${rule.paused_message}): mend that first.`);
  const range = rangeOf(body);
  const counted = (await countTargets(parts.ask, principal, rule, range)) ?? (await walk(parts, principal, rule, range));
  if (counted * rule.sampling > MAX_TARGETS * 1.1)
    throw problem('conflict', `The range holds more than ${MAX_TARGETS} targets: choose a shorter one, or lower the sampling.`, { limit: MAX_TARGETS });
  const id = randomUUID();
  const createdBy = principal.kind === 'project-key' ? (principal.person?.name ?? null) : null;
  await insertBackfill(records, {
    id,
    projectId: rule.project_id,
    ruleId: rule.id,
    from: body.fromTimestamp,
    to: body.toTimestamp,
    maxCost: body.maxCost ?? null,
    createdBy,
  });
  let jobs = 0;
  const evaluatorIds = rule.evaluators.map((evaluator) => evaluator.id);
  for await (const targets of targetsOf(parts, principal, rule, range))
    jobs += await enqueue(records, {
      projectId: rule.project_id,
      ruleId: rule.id,
      evaluatorIds,
      backfillId: id,
      target: rule.target,
      targets,
      delaySeconds: 0,
    });
  await countBackfill(records, id, jobs);
  await tellEvaluation(records);
  return { dryRun: false, id, jobs };
}

async function stop({ records }: RuleRouteParts, context: RouteContext): Promise<Response> {
  const rule = await foundRule(records, context);
  const id = context.http.req.param('backfillId') ?? '';
  const known = (await backfillsOf(records, rule.project_id, rule.id)).some((row) => row.id === id);
  if (!known) throw problem('resource_not_found', 'There is no backfill with this id.');
  await stopBackfill(records, id, 'stopped by hand');
  return context.http.json({ id, state: 'stopped' });
}
