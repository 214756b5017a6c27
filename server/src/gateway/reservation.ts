// What a call may cost before it is made: a fair guess, or in strict mode an upper bound that the bill cannot pass.
import { AppError } from '#lib/errors.ts';
import type { PriceRow } from '#prices/port.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { isMediaCall } from './media/media-call.ts';
import { likelyMediaCost, mostMediaCost } from './media/media-reservation.ts';
import type { Asked } from './request.ts';
import { searchesOf } from './rerank.ts';
import type { Group } from './snapshot.ts';
import type { Target } from './target.ts';

/** Three bytes a token: more than English text has, about what Japanese has. */
export const BYTES_PER_TOKEN = 3;
/** Parts whose tokens no byte count bounds. */
export const UNBOUNDED = ['"image_url"', '"input_audio"', '"file"', '"web_search_options"'].map((text) => Buffer.from(text));

/**
 * Picos to reserve: the dearest deployment of the group counts, because any may answer.
 * @throws AppError 400 in strict mode when price, output or input has no known bound.
 */
export function reservationFor(call: Call, deps: GatewayDeps, group: Group, strict: boolean): bigint {
  let most = 0n;
  for (const target of group.targets) {
    const price = target.price(deps.prices, deps.clock.nowMs());
    if (price === null) {
      if (strict) throw unbounded('the price of the model is unknown: state input_cost_per_token and output_cost_per_token');
      continue;
    }
    const picos = strict ? upperBound(call, deps, target, price) : likelyCost(call, deps, target, price);
    if (picos > most) most = picos;
  }
  return most;
}

function likelyCost(call: Call, deps: GatewayDeps, target: Target, price: PriceRow): bigint {
  if (isMediaCall(call.endpoint)) return likelyMediaCost(call, deps, { target, price });
  const asked = call.asked as Asked;
  const input = Math.ceil(call.body.length / BYTES_PER_TOKEN);
  const output = answersWithoutTokens(call)
    ? 0
    : (statedMaximum(asked, target) ?? deps.outputHistory.expectedOutputTokens(call.keyId, asked.model)) * asked.choices;
  return deps.prices.cost(price, { input, output, total: input + output, ...(call.endpoint === 'rerank' ? { searches: searchesOf(call) } : {}) });
}

/** Endpoints whose answers cost nothing by their length. */
export function answersWithoutTokens({ endpoint }: Pick<Call, 'endpoint'>): boolean {
  return endpoint === 'embeddings' || endpoint === 'moderations' || endpoint === 'rerank';
}

/** A token is at least one byte of the body, and every kind of token is charged at its dearest rate. */
function upperBound(call: Call, deps: GatewayDeps, target: Target, price: PriceRow): bigint {
  if (isMediaCall(call.endpoint)) return mostMediaCost(call, deps, { target, price }, unbounded);
  const asked = call.asked as Asked;
  if (UNBOUNDED.some((part) => call.body.includes(part))) throw unbounded('images, audio, files and web search have no bound in the request');
  if (call.endpoint === 'rerank' && price.searchPicos !== undefined)
    throw unbounded('long documents of a rerank count as several, and the request does not say how many');
  if (call.pinnedTo !== null && call.pinnedTo !== call.inner?.pinnedTo)
    throw unbounded('the upstream keeps the earlier turns, and the request does not say how long they are: send the conversation in "input"');
  const input = call.body.length;
  const perAnswer = answersWithoutTokens(call) ? 0 : (statedMaximum(asked, target) ?? deps.prices.limitsOf(target.deployment).maxOutputTokens);
  if (perAnswer === null) throw unbounded('the request states no max_tokens and the maximum of the model is unknown: send max_tokens');
  const output = perAnswer * asked.choices;
  const ordinary = deps.prices.cost(price, { input, output, total: input + output });
  const dearerInput = excess(price.inputPicos, price.cacheCreationInputPicos, price.audioInputPicos, price.imageInputPicos, price.cachedInputPicos);
  const dearerOutput = excess(price.outputPicos, price.reasoningOutputPicos, price.audioOutputPicos, price.imageOutputPicos);
  return ordinary + dearerInput * BigInt(input) + dearerOutput * BigInt(output);
}

export function excess(rate: bigint, ...others: (bigint | null | undefined)[]): bigint {
  let most = 0n;
  for (const other of others) if (other !== null && other !== undefined && other - rate > most) most = other - rate;
  return most;
}

/** max_tokens of the request, else the configuration's default for the deployment. */
export function statedMaximum(asked: Asked, target: Target): number | null {
  if (asked.maxTokens !== null) return asked.maxTokens;
  const preset = target.deployment.defaultParameters.max_completion_tokens ?? target.deployment.defaultParameters.max_tokens;
  return typeof preset === 'number' && preset >= 0 ? preset : null;
}

export function unbounded(why: string): AppError {
  return new AppError(`Budgets are strict here and this call has no upper bound: ${why}.`, { status: 400, code: 'bad_request_error' });
}
