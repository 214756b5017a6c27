// A judgement by code: the evaluator's text runs over the target in the sandbox, and its scores are written as those of a judge are. It costs nothing.
import { AppError } from '#lib/errors.ts';
import { type CodeSandbox, faultText } from '#observe/code-evaluators/port.ts';
import type { CodeScore } from '#observe/code-evaluators/result.ts';
import { scoredBy } from '#observe/code-evaluators/score.ts';
import { formatInstant } from '#observe/ingest/instants.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import type { EvaluatorRow } from './evaluators-sql.ts';
import type { JobRow } from './jobs-sql.ts';
import type { Outcome } from './outcome.ts';
import { type ScoreEvent, scoreIdOf, type Writing, writeEvents } from './score-events.ts';
import type { Material } from './targets.ts';

export interface CodeJudgeParts {
  records: RecordsSession;
  writing: Writing;
  /** Null where evaluators in code are switched off. */
  sandbox: CodeSandbox | null;
  nowMs: () => number;
}

interface Asked {
  job: JobRow;
  evaluator: EvaluatorRow & { source_code: string };
  material: Material;
}

/** @throws AppError 422 when code is switched off, 503 when the sandbox or the journal takes nothing. */
export async function judgeByCode(parts: CodeJudgeParts, asked: Asked): Promise<Outcome> {
  const { job, evaluator, material } = asked;
  const scored = await scoredBy(
    { sandbox: sandboxOf(parts.sandbox), records: parts.records },
    { source: evaluator.source_code, projectId: job.project_id, material },
  );
  if ('fault' in scored) return failed(faultText(scored.fault), scored.fault.again);
  if (scored.scores.length === 0) return { kind: 'skipped', cause: 'the evaluator returned no score' };
  const nowUs = parts.nowMs() * 1000;
  const events = scored.scores.map((score) => eventOf(asked, score, nowUs));
  await writeEvents(parts.writing, job.project_id, events, nowUs);
  return { kind: 'done', scoreId: String(events[0]?.body.id), judgeTraceId: null, cost: '0' };
}

/** @throws AppError 422 that says how to switch it on. */
export function sandboxOf(sandbox: CodeSandbox | null): CodeSandbox {
  if (sandbox !== null) return sandbox;
  throw new AppError('Evaluators in code are switched off: start the platform with --code-evaluators on.', { status: 422, code: 'code_evaluators_off' });
}

const failed = (cause: string, retryable: boolean): Outcome => ({
  kind: 'failed',
  cause: cause.slice(0, 1_000),
  retryable,
  afterSeconds: null,
  pause: null,
  cost: '0',
  judgeTraceId: null,
});

function eventOf({ job, evaluator, material }: Asked, score: CodeScore, nowUs: number): ScoreEvent {
  const id = scoreIdOf(job, score.name);
  return {
    id: `${id}-${nowUs}`,
    type: 'score-create',
    timestamp: formatInstant(nowUs),
    body: {
      id,
      name: score.name,
      source: 'EVAL',
      dataType: score.dataType,
      value: typeof score.value === 'boolean' ? Number(score.value) : score.value,
      ...(score.comment === null ? {} : { comment: score.comment }),
      ...(score.configId === null ? {} : { configId: score.configId }),
      environment: material.environment,
      metadata: { ...score.metadata, evaluatorId: evaluator.id, evaluatorVersion: evaluator.version, ruleId: job.rule_id },
      ...material.subject,
    },
  };
}
