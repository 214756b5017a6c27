// Finds what rules want judged and works the queue off, a few at a time. Idle when there is nothing: it is woken by stored events, by NOTIFY and by the next due job.
import { Pump } from '#lib/pump.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import { maxCostOf } from './backfills-sql.ts';
import { claim, enqueue, finish, forgetOld, type JobRow, nextDue, pendingOf, putBack, spentOf, stopBackfill } from './jobs-sql.ts';
import { type JudgeParts, judge } from './judge.ts';
import type { Outcome } from './outcome.ts';
import { activeRules, EVALUATION_CHANNEL, pauseRule, type RuleRow, ruleById, ruleSaw } from './rules-sql.ts';
import { isBadFilter, readerOf, targetsOf } from './targets.ts';

export interface EvaluationRunner {
  /** More events were accepted: rules look at them soon. Cheap. */
  storedMore(): void;
  /** Calls under way are given back to the queue. */
  close(): Promise<void>;
}

export interface RunnerParts extends JudgeParts {
  records: Records;
  /** How old the oldest event is that is accepted and not yet readable; null while the engine is away. */
  lagMs: () => Promise<number | null>;
  log: Log;
  /** How often rules look without being woken, for processes that do not hear of every event; null = never. */
  pollMs: number | null;
  /** Judgements at once; default 4. */
  slots?: number;
  /** Shortest time between two looks; default 2 s. */
  scanEveryMs?: number;
  /** First wait after a failed attempt, four times longer each time; default 10 s. */
  retrySeconds?: number;
}

const MAX_ATTEMPTS = 5;
const LOCK_SECONDS = 300;
const SLOTS = 4;
const SCAN_EVERY_MS = 2_000;
/** A look after the last event, for what was on its way to the store. */
const TRAILING_MS = 15_000;
/** Clocks of machines differ, and a gateway hands its calls on in batches: what was received within this time is looked at again. */
const MARGIN_MS = 60_000;
const SHORTEST_SLEEP_MS = 50;
const LONGEST_SLEEP_MS = 300_000;
const NOT_YET_SECONDS = 10;
/** Jobs that a rule may have waiting. */
const MAX_PENDING = 50_000;
const DAY_MS = 86_400_000;
const FORGET_EVERY_MS = 3_600_000;

/** Starts working. Never throws: while the records are away it tries again. */
export async function startEvaluation(parts: RunnerParts): Promise<EvaluationRunner> {
  const runner = new Runner(parts);
  await runner.start();
  return runner;
}

class Runner implements EvaluationRunner {
  readonly #parts: RunnerParts;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #stopListening: () => Promise<void> = async () => {};
  #rules = false;
  #scanTimer: NodeJS.Timeout | null = null;
  #trailingTimer: NodeJS.Timeout | null = null;
  #pollTimer: NodeJS.Timeout | null = null;
  #scanning: Promise<void> = Promise.resolve();
  readonly #pump: Pump;
  #forgottenAtMs = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#pump = new Pump({
      pass: () => this.#pass(),
      onError: (error) => parts.log.warn('the queue of evaluation could not be read; tried again', { error }),
      againMs: NOT_YET_SECONDS * 1000,
      shortestMs: SHORTEST_SLEEP_MS,
      longestMs: LONGEST_SLEEP_MS,
    });
  }

  async start(): Promise<void> {
    const changed = (): void => void this.#changed();
    this.#stopListening = await this.#parts.records.listen(EVALUATION_CHANNEL, changed, changed);
    const { pollMs } = this.#parts;
    if (pollMs !== null) this.#pollTimer = setInterval(() => this.#rules && this.#scanIn(0), pollMs).unref();
    await this.#changed();
  }

  storedMore(): void {
    if (!this.#rules || this.#closed) return;
    this.#scanIn(this.#parts.scanEveryMs ?? SCAN_EVERY_MS);
    this.#trailingTimer ??= setTimeout(() => {
      this.#trailingTimer = null;
      this.#scanIn(0);
    }, TRAILING_MS).unref();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const idle = this.#pump.close();
    for (const timer of [this.#scanTimer, this.#trailingTimer]) if (timer !== null) clearTimeout(timer);
    if (this.#pollTimer !== null) clearInterval(this.#pollTimer);
    await this.#stopListening();
    await Promise.all([this.#scanning, idle]);
    await Promise.all(this.#running);
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** A rule, an evaluator or the queue changed. */
  async #changed(): Promise<void> {
    try {
      this.#rules = (await activeRules(this.#parts.records)).length > 0;
      // Events of before this process, or of before the rule ran again, may wait to be looked at.
      if (this.#rules) this.#scanIn(0);
    } catch (error) {
      this.#parts.log.warn('rules of evaluation could not be read; tried again', { error });
      this.#pump.sleep(NOT_YET_SECONDS * 1000);
    }
    this.#pump.wake();
  }

  #scanIn(ms: number): void {
    if (this.#closed || this.#scanTimer !== null) return;
    this.#scanTimer = setTimeout(() => {
      this.#scanTimer = null;
      this.#scanning = this.#scanning.then(() => this.#scan());
    }, ms).unref();
  }

  async #scan(): Promise<void> {
    const { records, lagMs, log } = this.#parts;
    try {
      const lag = await lagMs();
      if (lag === null) return this.#scanIn(NOT_YET_SECONDS * 1000);
      const until = new Date(this.#parts.nowMs() - lag - MARGIN_MS);
      const rules = await activeRules(records);
      this.#rules = rules.length > 0;
      for (const rule of rules) {
        if (this.#closed) return;
        await this.#look(rule, until);
      }
      if (rules.length > 0) this.#pump.wake();
    } catch (error) {
      if (this.#closed) return;
      log.warn('evaluation could not look at what came in; tried again', { error });
      this.#scanIn(NOT_YET_SECONDS * 1000);
    }
  }

  async #look(rule: RuleRow & { organization_id: string }, until: Date): Promise<void> {
    const { records } = this.#parts;
    const reader = readerOf({ id: rule.project_id, organizationId: rule.organization_id });
    try {
      for await (const targets of targetsOf(this.#parts, reader, rule, { changedSince: rule.seen_until })) {
        const evaluatorIds = rule.evaluators.map(({ id }) => id);
        await enqueue(records, {
          projectId: rule.project_id,
          ruleId: rule.id,
          evaluatorIds,
          backfillId: null,
          target: rule.target,
          targets,
          delaySeconds: rule.delay_seconds,
        });
        if ((await pendingOf(records, rule.id)) > MAX_PENDING)
          return await pauseRule(
            records,
            rule.id,
            'queue_full',
            `More than ${MAX_PENDING} judgements wait: lower the sampling, or narrow the filter, and save the rule.`,
          );
      }
      await ruleSaw(records, rule.id, until);
    } catch (error) {
      if (!isBadFilter(error)) throw error;
      await pauseRule(records, rule.id, 'invalid_filter', error.message);
    }
  }

  /** Takes jobs into free slots. */
  async #pass(): Promise<number | null> {
    await this.#forget();
    const free = (this.#parts.slots ?? SLOTS) - this.#running.size;
    if (free <= 0) return null;
    for (const job of await claim(this.#parts.records, free, LOCK_SECONDS)) this.#run(job);
    const due = await nextDue(this.#parts.records);
    return due === null ? null : due.getTime() - Date.now();
  }

  async #forget(): Promise<void> {
    if (this.#parts.nowMs() - this.#forgottenAtMs < FORGET_EVERY_MS) return;
    this.#forgottenAtMs = this.#parts.nowMs();
    await forgetOld(this.#parts.records);
  }

  #run(job: JobRow): void {
    const running = this.#work(job)
      .catch((error: unknown) => this.#parts.log.warn('a judgement could not be finished; it is taken again when its lock ends', { jobId: job.id, error }))
      .finally(() => {
        this.#running.delete(running);
        this.#pump.wake();
      });
    this.#running.add(running);
  }

  async #work(job: JobRow): Promise<void> {
    const refusal = await this.#limitReached(job);
    if (refusal !== null) return await finish(this.#parts.records, job.id, { state: 'cancelled', cause: refusal });
    await this.#settle(job, await judge(this.#parts, job, this.#closing.signal));
  }

  async #settle(job: JobRow, outcome: Outcome): Promise<void> {
    const { records } = this.#parts;
    if (this.#closed && outcome.kind === 'failed') return await putBack(records, job.id, { inSeconds: 0, cause: 'the process ended', counted: false });
    switch (outcome.kind) {
      case 'done':
        await finish(records, job.id, { state: 'done', cause: null, ...outcome });
        return await this.#checkCost(job, outcome.cost);
      case 'skipped':
        return await finish(records, job.id, { state: 'skipped', cause: outcome.cause });
      case 'not-yet':
        return await putBack(records, job.id, { inSeconds: NOT_YET_SECONDS, cause: outcome.cause, counted: false });
      case 'failed':
        return await this.#failed(job, outcome);
    }
  }

  async #failed(job: JobRow, outcome: Extract<Outcome, { kind: 'failed' }>): Promise<void> {
    const { records, retrySeconds = 10 } = this.#parts;
    const { cause, cost, judgeTraceId } = outcome;
    if (outcome.pause !== null) {
      await pauseRule(records, job.rule_id, outcome.pause, cause);
      return await putBack(records, job.id, { inSeconds: 0, cause, counted: false, cost });
    }
    if (!outcome.retryable || job.attempts >= MAX_ATTEMPTS) return await finish(records, job.id, { state: 'failed', cause, cost, judgeTraceId });
    const inSeconds = Math.max(outcome.afterSeconds ?? 0, retrySeconds * 4 ** (job.attempts - 1));
    await putBack(records, job.id, { inSeconds, cause, counted: true, cost });
  }

  /** Why a job may not run any more: what its backfill or its rule may cost is spent. */
  async #limitReached(job: JobRow): Promise<string | null> {
    const { records } = this.#parts;
    if (job.backfill_id !== null) {
      const limit = await maxCostOf(records, job.backfill_id);
      if (limit === null || (await spentOf(records, { backfillId: job.backfill_id })) < limit) return null;
      const cause = `the backfill's limit of ${limit} is spent`;
      await stopBackfill(records, job.backfill_id, cause);
      return cause;
    }
    const rule = await ruleById(records, job.project_id, job.rule_id);
    if (rule === null || rule.max_cost_per_day === null) return null;
    const spent = await spentOf(records, { ruleId: job.rule_id, sinceMs: this.#parts.nowMs() - DAY_MS });
    return spent < Number(rule.max_cost_per_day) ? null : `the rule's limit of ${Number(rule.max_cost_per_day)} in 24 hours is spent`;
  }

  /** A limit cannot hold over calls of unknown price. */
  async #checkCost(job: JobRow, cost: string | null): Promise<void> {
    const { records } = this.#parts;
    if (cost !== null) return;
    if (job.backfill_id !== null && (await maxCostOf(records, job.backfill_id)) !== null)
      await stopBackfill(records, job.backfill_id, 'the price of the judge is unknown, so that its limit cannot hold');
    const rule = job.backfill_id === null ? await ruleById(records, job.project_id, job.rule_id) : null;
    if (rule !== null && rule.max_cost_per_day !== null)
      await pauseRule(
        records,
        rule.id,
        'unknown_price',
        'The price of the judge is unknown, so that the limit cannot hold: give the model a price, or leave the limit out.',
      );
  }
}
