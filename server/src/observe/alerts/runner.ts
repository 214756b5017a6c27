// Evaluates rules and sends what is to be told. Idle when there is nothing: it is woken by NOTIFY and by the next rule or message that is due; without rules no timer runs.
// Each rule and each message is taken by one process at a time (a lock that ends by itself), and what a firing tells is written with the state in one transaction.
import { Pump } from '#lib/pump.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { readerOf } from '#observe/evaluation/targets.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import { claimDeliveries, type DeliveryRow, endFiring, forgetOld, noteDelivered, noteUndelivered, openFiring } from './firings-sql.ts';
import { intervalMinutes, isBreach, measure } from './measure.ts';
import type { Language } from './messages.ts';
import { noteSent, openTarget } from './receivers-sql.ts';
import { ALERTS_CHANNEL, claimRules, type DueRule, nextDue, noteEvaluation, noteFailure } from './rules-sql.ts';
import { type SendParts, type Sent, sendMessage } from './send.ts';
import { nextStanding } from './state.ts';

export interface AlertRunner {
  /** Messages under way are finished; what waits goes on with the next start. */
  close(): Promise<void>;
}

export interface AlertRunnerParts extends SendParts {
  records: Records;
  ask: AskEngine;
  sealer: Sealer;
  /** How old the oldest event is that is accepted and not yet readable; null while the engine is away. */
  lagMs: () => Promise<number | null>;
  /** The page that messages lead to. */
  linkOf: (projectId: string) => string;
  log: Log;
  /** Counts what was done. */
  count: (what: 'evaluated' | 'not_evaluated' | 'sent' | 'retried' | 'given_up') => void;
  /** First wait after a failed attempt, three times longer each time; default 10 s. */
  retryMs?: number;
}

const RULES_AT_ONCE = 4;
const MESSAGES_AT_ONCE = 4;
const LOCK_MS = 60_000;
const MAX_ATTEMPTS = 8;
const LONGEST_WAIT_MS = 3_600_000;
const LONGEST_SLEEP_MS = 300_000;
const SHORTEST_SLEEP_MS = 200;
/** After the engine or the records were away. */
const AGAIN_MS = 10_000;
const FORGET_EVERY_MS = 3_600_000;

/** Waits for all, also when one fails; then the first failure is thrown. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Starts working. Never throws: while the records are away it tries again. */
export async function startAlerts(parts: AlertRunnerParts): Promise<AlertRunner> {
  const runner = new Runner(parts);
  await runner.start();
  return runner;
}

class Runner implements AlertRunner {
  readonly #parts: AlertRunnerParts;
  #stopListening: () => Promise<void> = async () => {};
  readonly #pump: Pump;
  #forgottenAtMs = 0;

  constructor(parts: AlertRunnerParts) {
    this.#parts = parts;
    this.#pump = new Pump({
      pass: () => this.#pass(),
      onError: (error) => parts.log.warn('alerts could not be evaluated; tried again', { error }),
      againMs: AGAIN_MS,
      shortestMs: SHORTEST_SLEEP_MS,
      longestMs: LONGEST_SLEEP_MS,
    });
  }

  async start(): Promise<void> {
    const { wake } = this.#pump;
    this.#stopListening = await this.#parts.records.listen(ALERTS_CHANNEL, wake, wake);
    wake();
  }

  async close(): Promise<void> {
    const idle = this.#pump.close();
    await this.#stopListening();
    await idle;
  }

  async #pass(): Promise<number | null> {
    const { records, nowMs } = this.#parts;
    if ((await nextDue(records)) === null) return null;
    const evaluable = await this.#evaluateDue();
    await this.#deliverDue();
    await this.#forget();
    const due = await nextDue(records);
    if (due === null) return null;
    return evaluable ? due.getTime() - nowMs() : AGAIN_MS;
  }

  async #forget(): Promise<void> {
    if (this.#parts.nowMs() - this.#forgottenAtMs < FORGET_EVERY_MS) return;
    this.#forgottenAtMs = this.#parts.nowMs();
    await forgetOld(this.#parts.records);
  }

  /** False while nobody can say what is stored: rules wait, and no silence is taken for one. */
  async #evaluateDue(): Promise<boolean> {
    const { records, lagMs, nowMs } = this.#parts;
    while (!this.#pump.closed) {
      const lag = await lagMs();
      if (lag === null) return false;
      const rules = await claimRules(records, RULES_AT_ONCE, new Date(nowMs()), LOCK_MS);
      await all(rules.map((rule) => this.#evaluate(rule, lag)));
      if (rules.length < RULES_AT_ONCE) return true;
    }
    return true;
  }

  async #evaluate(rule: DueRule, lag: number): Promise<void> {
    const { records, ask, nowMs, log } = this.#parts;
    const at = new Date(nowMs());
    const nextAt = new Date(at.getTime() + intervalMinutes(rule.window_minutes) * 60_000);
    const reader = readerOf({ id: rule.project_id, organizationId: rule.organization_id });
    const { view, measure: name, aggregation, filters, comparison, threshold } = rule;
    try {
      // The window ends where what was accepted can be read.
      const value = await measure(ask, reader, { view, measure: name, aggregation, filters, windowMinutes: rule.window_minutes }, new Date(at.getTime() - lag));
      const breach = isBreach({ comparison, threshold, whenNoData: rule.when_no_data }, value);
      await this.#note(rule, { value, breach, at, nextAt });
      this.#parts.count('evaluated');
    } catch (error) {
      this.#parts.count('not_evaluated');
      log.warn('a rule of alerts could not be evaluated', { ruleId: rule.id, error });
      await noteFailure(records, rule, (error as Error).message.slice(0, 500), nextAt);
    }
  }

  async #note(rule: DueRule, measured: { value: number | null; breach: boolean | null; at: Date; nextAt: Date }): Promise<void> {
    const { value, breach, at, nextAt } = measured;
    const step = nextStanding({ state: rule.state, since: rule.state_since }, breach, at, rule.for_minutes * 60_000);
    const place = { projectName: rule.project_name, link: this.#parts.linkOf(rule.project_id) };
    await this.#parts.records.transaction(async (session) => {
      if (!(await noteEvaluation(session, rule, { step, value, at, nextAt }))) return;
      if (step.event === 'firing') await openFiring(session, rule, { beganAt: step.beganAt, at, value }, place);
      if (step.event === 'resolved') await endFiring(session, rule, { at, value, reason: 'resolved' }, place);
    });
  }

  async #deliverDue(): Promise<void> {
    const { records, nowMs } = this.#parts;
    while (!this.#pump.closed) {
      const deliveries = await claimDeliveries(records, MESSAGES_AT_ONCE, new Date(nowMs()), LOCK_MS);
      await all(deliveries.map((delivery) => this.#deliver(delivery)));
      if (deliveries.length === 0) return;
    }
  }

  async #deliver(delivery: DeliveryRow): Promise<void> {
    const { records } = this.#parts;
    const sent = await this.#send(delivery);
    if (sent.ok) {
      this.#parts.count('sent');
      await noteDelivered(records, delivery.id);
      return await noteSent(records, delivery.receiver_id, null);
    }
    const again = sent.retryable && delivery.attempts < MAX_ATTEMPTS;
    this.#parts.count(again ? 'retried' : 'given_up');
    await noteUndelivered(records, delivery.id, sent.error, again ? this.#againAt(delivery.attempts, sent.afterSeconds) : null);
    await noteSent(records, delivery.receiver_id, sent.error);
  }

  #againAt(attempts: number, afterSeconds: number | null): Date {
    const { nowMs, retryMs = 10_000 } = this.#parts;
    return new Date(nowMs() + Math.max((afterSeconds ?? 0) * 1000, Math.min(retryMs * 3 ** (attempts - 1), LONGEST_WAIT_MS)));
  }

  async #send(delivery: DeliveryRow): Promise<Sent> {
    const { records, sealer } = this.#parts;
    const [receiver] = await records.query<{ id: string; sealed_target: string; language: Language }>(
      sql`SELECT id, sealed_target, language FROM alert_receivers WHERE id = ${delivery.receiver_id}`,
    );
    if (receiver === undefined) return { ok: false, error: 'the receiver was deleted', retryable: false, afterSeconds: null };
    try {
      const target = openTarget(sealer, receiver);
      return await sendMessage(this.#parts, {
        target,
        language: receiver.language,
        facts: delivery.facts,
        deliveryId: `${delivery.firing_id}-${delivery.event}`,
      });
    } catch (error) {
      return { ok: false, error: (error as Error).message, retryable: false, afterSeconds: null };
    }
  }
}
