// What a model costs in a batch: its own rates for batches where it has them, else half of the ordinary ones (LiteLLM's rule and OpenAI's, Azure's and Groq's price).
import type { PriceRow } from './port.ts';

/** The row that a batch's lines are priced with: every token of the input at one rate, as LiteLLM counts. */
export function forBatch(price: PriceRow): PriceRow {
  const { id, currency, batchInputPicos, batchOutputPicos } = price;
  const row: PriceRow = {
    id: `${id}#batch`,
    currency,
    inputPicos: batchInputPicos ?? half(price.inputPicos),
    outputPicos: batchOutputPicos ?? half(price.outputPicos),
    cachedInputPicos: null,
    cacheCreationInputPicos: null,
  };
  // A rate for batches that is stated holds for lines of any length.
  if (price.tiers === undefined || (batchInputPicos !== undefined && batchOutputPicos !== undefined)) return row;
  const tiers = price.tiers.map((tier) => ({
    aboveInputTokens: tier.aboveInputTokens,
    inputPicos: batchInputPicos ?? half(tier.inputPicos),
    outputPicos: batchOutputPicos ?? half(tier.outputPicos),
    cachedInputPicos: null,
    cacheCreationInputPicos: null,
  }));
  return { ...row, tiers };
}

/** Rounded up: a fraction of a pico is never given away. */
function half(picos: bigint): bigint {
  return (picos + 1n) / 2n;
}
