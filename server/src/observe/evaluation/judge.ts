// One judgement from its job to its score: read the target, fill in the prompt, ask, read the verdict, write. What went wrong becomes an outcome with a cause.
import { AppError } from '#lib/errors.ts';
import { newCallId } from '#lib/id.ts';
import type { CodeSandbox } from '#observe/code-evaluators/port.ts';
import { type AskModel, type ChatMessage, type ChatReply, JUDGE_ENVIRONMENT } from '#observe/llm-connections/chat.ts';
import type { ConnectionDirectory } from '#observe/llm-connections/directory.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { type DefaultModel, defaultModelOf, type EvaluatorRow, evaluatorById } from './evaluators-sql.ts';
import type { JobRow } from './jobs-sql.ts';
import { judgeByCode } from './judge-by-code.ts';
import { valuesOf } from './mapping.ts';
import { failureOf, type Outcome } from './outcome.ts';
import { renderPrompt } from './prompt.ts';
import { type RuleRow, ruleById } from './rules-sql.ts';
import { judgeCallEvents, scoreEvents, type Writing, writeEvents } from './score-events.ts';
import { type Material, materialOf, readerOf, type TargetParts } from './targets.ts';
import { answerInstruction, readVerdict } from './verdict.ts';

export interface JudgeParts extends TargetParts {
  records: RecordsSession;
  connections: ConnectionDirectory;
  askModel: AskModel;
  /** Runs evaluators in code; null where they are switched off. */
  sandbox: CodeSandbox | null;
  writing: Writing;
  /** Cost of a call that the gateway did not price; null = unknown. */
  priceOf: (model: string, usage: { input: number; output: number }) => string | null;
  nowMs: () => number;
}

const JUDGE_TIMEOUT_MS = 120_000;
/** An observation without an end, or one that is not stored, is waited for so long. */
const PATIENCE_MS = 600_000;

/** Never throws. */
export async function judge(parts: JudgeParts, job: JobRow, signal: AbortSignal): Promise<Outcome> {
  try {
    return await attempt(parts, job, signal);
  } catch (error) {
    return failureOf(error, null);
  }
}

async function attempt(parts: JudgeParts, job: JobRow, signal: AbortSignal): Promise<Outcome> {
  const project = { id: job.project_id, organizationId: job.organization_id };
  const [evaluator, rule] = await Promise.all([
    evaluatorById(parts.records, job.project_id, job.evaluator_id),
    ruleById(parts.records, job.project_id, job.rule_id),
  ]);
  if (evaluator === null || rule === null) return { kind: 'skipped', cause: 'the rule or its evaluator was deleted' };
  const material = await materialOf(parts, readerOf(project), job);
  if (material === null || !material.complete) return unfinished(job, material, parts.nowMs());
  if (material.environment === JUDGE_ENVIRONMENT) return { kind: 'skipped', cause: 'a judge is not judged' };
  const { source_code } = evaluator;
  if (source_code !== null) return await judgeByCode(parts, { job, evaluator: { ...evaluator, source_code }, material });
  const { provider, model } = await modelOf(parts.records, evaluator);
  const messages = messagesOf(evaluator, rule, material);
  const startedAtUs = parts.nowMs() * 1000;
  const metadata = { evaluator: evaluator.name, rule: rule.name, ruleId: rule.id, target: job.target, targetId: job.target_id };
  const reply = await parts.askModel({
    connection: await parts.connections.open(project, provider),
    model,
    messages,
    timeoutMs: JUDGE_TIMEOUT_MS,
    signal,
    trace: { name: `judge: ${evaluator.name}`, environment: JUDGE_ENVIRONMENT, metadata },
  });
  const call = { evaluator, messages, reply, startedAtUs, metadata, cost: costOf(parts, reply) };
  return await conclude(parts, job, material, call);
}

function unfinished(job: JobRow, material: Material | null, nowMs: number): Outcome {
  if (nowMs - job.created_at.getTime() < PATIENCE_MS) return { kind: 'not-yet', cause: material === null ? 'not stored yet' : 'not ended yet' };
  return { kind: 'skipped', cause: material === null ? 'the target does not exist (any more)' : 'the observation never ended' };
}

/** The evaluator's own model, else the project's. @throws AppError 422 when there is none. */
export async function modelOf(
  records: RecordsSession,
  { project_id, provider, model }: Pick<EvaluatorRow, 'project_id' | 'provider' | 'model'>,
): Promise<DefaultModel> {
  if (provider !== null && model !== null) return { provider, model };
  const standing = await defaultModelOf(records, project_id);
  if (standing !== null) return standing;
  throw new AppError('The evaluator names no model and the project has no default one: choose one on the evaluation page.', { status: 422, code: 'no_model' });
}

function messagesOf(evaluator: EvaluatorRow, rule: RuleRow, material: Material): ChatMessage[] {
  const mapping = rule.evaluators.find(({ id }) => id === evaluator.id)?.effective ?? [];
  return [
    { role: 'system', content: answerInstruction(evaluator.output) },
    { role: 'user', content: renderPrompt(evaluator.prompt, valuesOf(mapping, material.sources)) },
  ];
}

function costOf(parts: JudgeParts, reply: ChatReply): string | null {
  if (reply.cost !== null || reply.inputTokens === null || reply.outputTokens === null) return reply.cost;
  return parts.priceOf(reply.model, { input: reply.inputTokens, output: reply.outputTokens });
}

interface Call {
  evaluator: EvaluatorRow;
  messages: readonly ChatMessage[];
  reply: ChatReply;
  startedAtUs: number;
  metadata: Record<string, string>;
  cost: string | null;
}

/** The judge's call is kept whatever it said; the score only when the verdict has the evaluator's form. */
async function conclude(parts: JudgeParts, job: JobRow, material: Material, call: Call): Promise<Outcome> {
  const { evaluator, reply, cost } = call;
  const nowUs = parts.nowMs() * 1000;
  const traceId = reply.traceId ?? newCallId(parts.nowMs());
  const recorded = reply.traceId !== null ? [] : judgeCallEvents({ ...call, traceId, name: `judge: ${evaluator.name}`, endedAtUs: nowUs });
  const read = readVerdict(reply.text, evaluator.output);
  const scores = 'problem' in read ? [] : scoreEvents({ job, evaluator, material, verdict: read.verdict, judge: { traceId, model: reply.model } }, nowUs);
  try {
    if (recorded.length + scores.length > 0) await writeEvents(parts.writing, job.project_id, [...recorded, ...scores], nowUs);
  } catch (error) {
    return { ...failureOf(error, cost), judgeTraceId: traceId };
  }
  if ('problem' in read) return { kind: 'failed', cause: read.problem, retryable: true, afterSeconds: null, pause: null, cost, judgeTraceId: traceId };
  return { kind: 'done', scoreId: String(scores[0]?.body.id), judgeTraceId: traceId, cost };
}
