// What a batch that has ended is written down as, once (jobs/settle.ts).
import type { AttemptRecord, CallSettled, CallUsage } from '#call-record.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { countOnce } from '#gateway/jobs/settle.ts';
import type { Target } from '#gateway/target.ts';
import { openUpstream, refusalIn } from '#gateway/upstream-request.ts';
import { usageFrom } from '#gateway/usage.ts';
import { fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import { formatPicos } from '#lib/money.ts';
import type { PriceRow } from '#prices/port.ts';
import { type Batch, callIdOf } from './port.ts';
import { type BatchUsage, UsageSum } from './usage.ts';

type SettleDeps = Pick<GatewayDeps, 'batches' | 'journal' | 'budgets' | 'prices' | 'clock'>;

/** What ended: the batch as it was last told, and who may be asked for what it gave (null = it never began). */
export interface Ended {
  readonly batch: Batch;
  readonly target: Target | null;
}

/** @throws when the output cannot be read or the record not written: then it is tried again. */
export async function settleBatch(deps: SettleDeps, ended: Ended): Promise<void> {
  await countOnce(deps, deps.batches, ended.batch, async () => {
    const used = await usageOf(deps, ended);
    return { record: recordOf(deps, ended, used), request: null, answer: [], actualPicos: used.price === null ? 0n : used.costPicos };
  });
}

interface Used extends BatchUsage {
  readonly price: PriceRow | null;
}

async function usageOf(deps: SettleDeps, { batch, target }: Ended): Promise<Used> {
  const priceOf = (model: string | null): PriceRow | null => {
    if (target === null) return null;
    const price = target.price(deps.prices, deps.clock.nowMs()) ?? (model === null ? null : deps.prices.ofDeployment(target.deployment, model));
    return price === null ? null : deps.prices.forBatch(price);
  };
  const sum = new UsageSum((usage, model) => {
    const price = priceOf(model);
    return price === null ? 0n : deps.prices.cost(price, usage);
  });
  const outputId = textOf(batch.told.output_file_id);
  if (target === null || outputId === '') return { ...(ofTotals(deps, batch, priceOf(null)) ?? sum.end()), price: priceOf(null) };
  const answer = await openUpstream(target, { endpoint: 'files', below: `/${encodeURIComponent(outputId)}/content`, method: 'GET' });
  if (answer.status === 404) {
    await refusalIn(target, answer);
    return { ...(ofTotals(deps, batch, priceOf(null)) ?? atReservation(batch)), price: priceOf(null) };
  }
  if (answer.status < 200 || answer.status >= 300) throw await refusalIn(target, answer);
  for await (const chunk of answer.body) sum.write(chunk as Buffer);
  const used = sum.end();
  return { ...used, price: priceOf(used.model) };
}

/** `usage` of the batch itself, which newer upstreams tell. Lines cannot be told apart there. */
function ofTotals(deps: SettleDeps, { told }: Batch, price: PriceRow | null): BatchUsage | null {
  const usage = usageFrom(told.usage);
  if (usage === null || usage.total === 0) return null;
  return { usage, estimated: true, costPicos: price === null ? 0n : deps.prices.cost(price, usage), answered: 0, model: null };
}

/** Its answers are gone and nobody says what they were: what was held is what it cost. */
function atReservation({ reservedPicos }: Batch): BatchUsage {
  const usage: CallUsage = { input: 0, output: 0, total: 0 };
  return { usage, estimated: true, costPicos: reservedPicos ?? 0n, answered: 0, model: null };
}

const OUTCOMES: Readonly<Record<string, CallSettled['outcome']>> = { completed: 'success', cancelled: 'cancelled' };

function recordOf(deps: SettleDeps, { batch, target }: Ended, used: Used): CallSettled {
  const { started, context, apiBase } = batch.call;
  const outcome = OUTCOMES[batch.status] ?? 'failure';
  const failed = outcome === 'failure';
  const endedAtUs = Math.max(deps.clock.nowUs(), started.startedAtUs);
  const cost = used.price === null ? (target === null || used.answered === 0 ? '0' : null) : formatPicos(used.costPicos);
  const errorMessage = failed ? whyNot(batch) : null;
  const attempt: AttemptRecord = {
    index: 0,
    ...{ deploymentId: started.deploymentId, provider: started.provider, upstreamModel: started.upstreamModel, apiBase },
    ...{ startedAtUs: started.startedAtUs, endedAtUs, outcome, httpStatus: 200, errorClass: failed ? 'APIError' : null, errorMessage },
    ...{ usage: used.usage, usageEstimated: used.estimated, cost, currency: used.price?.currency ?? started.currency, priceId: used.price?.id ?? null },
    costLines: used.price === null || used.price.tiers !== undefined ? null : deps.prices.costLines(used.price, used.usage),
  };
  return {
    callId: callIdOf(batch.id),
    ...context,
    endpoint: 'batch',
    stream: false,
    startedAtUs: started.startedAtUs,
    endedAtUs,
    firstTokenAtUs: null,
    model: batch.model,
    outcome,
    httpStatus: 200,
    errorClass: attempt.errorClass,
    errorMessage,
    path: started.path,
    usage: used.usage,
    usageEstimated: used.estimated,
    cost,
    currency: attempt.currency,
    attempts: [attempt],
    content: 'off',
    answerFormat: 'none',
  };
}

function whyNot({ told, status }: Batch): string {
  const [first] = objectsOf(fieldsOf(told.errors).data);
  return `The batch is ${status}${first === undefined ? '' : `: ${textOf(first.message).slice(0, 500)}`}.`;
}
