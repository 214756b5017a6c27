// What a batch may cost, from what its file's lines were counted to use: a fair guess, or in strict mode an upper bound.
import type { GatewayDeps } from '#gateway/deps.ts';
import { BYTES_PER_TOKEN, unbounded } from '#gateway/reservation.ts';
import type { Target } from '#gateway/target.ts';
import { endpointOfUrl } from './check-lines.ts';
import type { CountedLines } from './port.ts';

export interface Reserving {
  readonly counted: CountedLines;
  readonly target: Target;
  readonly keyId: string;
  readonly model: string;
  readonly strict: boolean;
}

/**
 * Picos to hold until the batch ends; null = the price is unknown.
 * @throws AppError 400 in strict mode when price, input or output has no known bound.
 */
export function batchReservation(deps: GatewayDeps, { counted, target, keyId, model, strict }: Reserving): bigint | null {
  const price = target.price(deps.prices, deps.clock.nowMs());
  if (price === null) {
    if (strict) throw unbounded('the price of the model is unknown: state input_cost_per_token and output_cost_per_token');
    return null;
  }
  if (strict && counted.unbounded > 0) throw unbounded('images, audio, files and web search have no bound in the lines');
  const input = strict ? counted.bodyBytes : Math.ceil(counted.bodyBytes / BYTES_PER_TOKEN);
  const output = counted.maxOutputTokens + counted.unstated * perUnstated(deps, { counted, target, keyId, model, strict });
  const row = deps.prices.forBatch(price);
  // Lines are priced one by one: none is longer than all of them together, and a tier of the longest costs no less.
  const dearest = strict ? (row.tiers ?? []) : [];
  const costs = [row, ...dearest].map((rates) => BigInt(input) * rates.inputPicos + BigInt(output) * rates.outputPicos);
  return costs.reduce((most, cost) => most + positive(cost - most), 0n);
}

const positive = (picos: bigint): bigint => (picos > 0n ? picos : 0n);

function perUnstated(deps: GatewayDeps, { counted, target, keyId, model, strict }: Reserving): number {
  if (counted.unstated === 0) return 0;
  if (!strict) return deps.outputHistory.expectedOutputTokens(keyId, model);
  const most = deps.prices.limitsOf(target.deployment).maxOutputTokens;
  if (most !== null) return most;
  const name = endpointOfUrl(counted.url) === 'responses' ? 'max_output_tokens' : 'max_tokens';
  throw unbounded(`${counted.unstated} lines state no ${name} and the maximum of the model is unknown: state it in every line`);
}
