// What a response in the background that has ended is written down as, once (jobs/settle.ts): as a call that was waited for.
import type { AttemptRecord, CallSettled, CallUsage } from '#call-record.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { responsesDialect } from '#gateway/dialects/responses/dialect.ts';
import { countOnce, type JobEnd } from '#gateway/jobs/settle.ts';
import type { Target } from '#gateway/target.ts';
import { estimateUsage } from '#gateway/usage.ts';
import { type Fields, fieldsOf, parsed, textOf } from '#lib/json.ts';
import { formatPicos } from '#lib/money.ts';
import type { BackgroundResponse } from './port.ts';

type SettleDeps = Pick<GatewayDeps, 'background' | 'journal' | 'budgets' | 'prices' | 'clock'>;

export interface EndedResponse {
  readonly job: BackgroundResponse;
  readonly target: Target;
  /** The whole response as its upstream told it. */
  readonly answer: string;
}

/** @throws when the record cannot be written: then it is tried again. */
export function settleBackground(deps: SettleDeps, ended: EndedResponse): Promise<void> {
  return countOnce(deps, deps.background, ended.job, async () => endOf(deps, ended));
}

function endOf(deps: SettleDeps, { job, target, answer }: EndedResponse): JobEnd {
  const told = fieldsOf(parsed(answer));
  const bytes = Buffer.from(answer);
  const known = responsesDialect.usage(told.usage);
  const usage = known ?? estimated(job.call.inputTokens, bytes);
  const price = target.price(deps.prices, deps.clock.nowMs()) ?? deps.prices.ofDeployment(target.deployment, textOf(told.model));
  const picos = price === null ? null : deps.prices.cost(price, usage);
  const counted = { usage, usageEstimated: known === null, cost: picos === null ? null : formatPicos(picos) };
  const { record } = job.call;
  const running = record.attempts.at(-1) as AttemptRecord;
  const over = { endedAtUs: Math.max(deps.clock.nowUs(), record.startedAtUs), ...outcomeOf(told), httpStatus: 200 };
  const attempt: AttemptRecord = {
    ...{ ...running, ...over, ...counted },
    currency: price?.currency ?? running.currency,
    priceId: price?.id ?? null,
    costLines: price === null ? null : deps.prices.costLines(price, usage),
  };
  const settled: CallSettled = { ...record, ...over, ...counted, currency: attempt.currency, attempts: [...record.attempts.slice(0, -1), attempt] };
  const keeps = record.content !== 'off';
  return { record: settled, request: job.request, answer: keeps ? [bytes] : [], actualPicos: picos ?? 0n };
}

function estimated(input: number, answer: Buffer): CallUsage {
  const { output } = estimateUsage(Buffer.alloc(0), [answer], 'json', responsesDialect.said);
  return { input, output, total: input + output };
}

function outcomeOf(told: Fields): Pick<CallSettled, 'outcome' | 'errorClass' | 'errorMessage'> {
  const status = textOf(told.status);
  if (status === 'cancelled') return { outcome: 'cancelled', errorClass: null, errorMessage: null };
  if (status === 'completed' || status === 'incomplete') return { outcome: 'success', errorClass: null, errorMessage: null };
  const message = textOf(fieldsOf(told.error).message);
  return { outcome: 'failure', errorClass: 'APIError', errorMessage: (message || `The response is ${status || 'without a status'}.`).slice(0, 2_000) };
}
