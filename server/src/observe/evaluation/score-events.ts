// A verdict as events of the journal: its scores, and the judge's call where nobody else recorded it.
import { createHash } from 'node:crypto';
import { accept, type Mask } from '#observe/ingest/accept.ts';
import { formatInstant } from '#observe/ingest/instants.ts';
import { type ChatMessage, type ChatReply, JUDGE_ENVIRONMENT } from '#observe/llm-connections/chat.ts';
import { type JournalAppender, JournalKind } from '#stores/journal/port.ts';
import type { EvaluatorRow } from './evaluators-sql.ts';
import type { JobRow } from './jobs-sql.ts';
import type { Material } from './targets.ts';
import type { Verdict } from './verdict.ts';

export interface Judgement {
  job: JobRow;
  evaluator: EvaluatorRow;
  material: Material;
  verdict: Verdict;
  judge: { traceId: string; model: string };
}

export interface ScoreEvent {
  id: string;
  type: string;
  timestamp: string;
  body: Record<string, unknown>;
}

/** A score's id follows from what was judged by whom: judged again, the score is replaced. */
export function scoreIdOf(job: Pick<JobRow, 'rule_id' | 'evaluator_id' | 'target' | 'trace_id' | 'target_id'>, label: string): string {
  const identity = [job.rule_id, job.evaluator_id, job.target, job.trace_id, job.target_id, label];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}

/** The scores of a verdict: one, or one for each category that fits. */
export function scoreEvents({ job, evaluator, material, verdict, judge }: Judgement, nowUs: number): ScoreEvent[] {
  const { dataType } = evaluator.output;
  const several = dataType === 'CATEGORICAL' && evaluator.output.score.shouldAllowMultipleMatches;
  return verdict.values.map((value) => {
    const id = scoreIdOf(job, several ? String(value) : '');
    return {
      id: `${id}-${nowUs}`,
      type: 'score-create',
      timestamp: formatInstant(nowUs),
      body: {
        id,
        name: evaluator.name,
        source: 'EVAL',
        dataType,
        value: typeof value === 'boolean' ? Number(value) : value,
        comment: verdict.reasoning,
        environment: material.environment,
        metadata: { evaluatorId: evaluator.id, evaluatorVersion: evaluator.version, ruleId: job.rule_id, judgeTraceId: judge.traceId, judgeModel: judge.model },
        ...material.subject,
      },
    };
  });
}

export interface JudgeCall {
  traceId: string;
  name: string;
  messages: readonly ChatMessage[];
  reply: ChatReply;
  startedAtUs: number;
  endedAtUs: number;
  metadata: Readonly<Record<string, string>>;
}

/** The judge's call as a trace with one generation, in the environment that is never judged. */
export function judgeCallEvents(call: JudgeCall): ScoreEvent[] {
  const timestamp = formatInstant(call.startedAtUs);
  const { reply } = call;
  const usage = { ...(reply.inputTokens === null ? {} : { input: reply.inputTokens }), ...(reply.outputTokens === null ? {} : { output: reply.outputTokens }) };
  const shared = { name: call.name, environment: JUDGE_ENVIRONMENT, input: call.messages, output: reply.text, metadata: call.metadata };
  return [
    { id: `${call.traceId}-t`, type: 'trace-create', timestamp, body: { ...shared, id: call.traceId, timestamp } },
    {
      id: `${call.traceId}-g`,
      type: 'generation-create',
      timestamp,
      body: {
        ...shared,
        id: call.traceId.slice(16),
        traceId: call.traceId,
        model: reply.model,
        startTime: timestamp,
        endTime: formatInstant(call.endedAtUs),
        usageDetails: usage,
      },
    },
  ];
}

export interface Writing {
  journal: JournalAppender;
  mask: Mask;
}

/** Resolves when the events are durable. @throws AppError 503 when the journal takes nothing. */
export async function writeEvents({ journal, mask }: Writing, projectId: string, events: readonly ScoreEvent[], receivedAtUs: number): Promise<void> {
  const header = { receivedAtUs, contentType: 'application/json', sdk: { name: 'genai-evaluation', version: '', integration: '' }, refused: [] };
  await accept(journal, mask, { kind: JournalKind.ingestionBatch, projectId, header, body: Buffer.from(JSON.stringify({ batch: events })) });
}
