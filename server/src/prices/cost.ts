// What a call costs: token counts times a price row, in whole picos, so that sums never drift.
import type { CallUsage } from '#call-record.ts';
import type { PriceRow, PriceTier } from './port.ts';

/**
 * Cost of one call in picos of the row's currency. `input` excludes cached and cache-creating tokens; reasoning and audio are parts of
 * `output` and `input`. A class without a rate of its own is charged as ordinary input or output, never as free.
 */
export function costOf(price: PriceRow, usage: CallUsage): bigint {
  const cached = usage.cachedInput ?? 0;
  const creation = usage.cacheCreationInput ?? 0;
  const rates = price.tiers === undefined ? price : ratesFor(price, usage.input + cached + creation);
  let total = BigInt(usage.input) * rates.inputPicos + BigInt(usage.output) * rates.outputPicos;
  if (cached > 0) total += BigInt(cached) * (rates.cachedInputPicos ?? rates.inputPicos);
  if (creation > 0) total += BigInt(creation) * (rates.cacheCreationInputPicos ?? rates.inputPicos);
  total += BigInt(usage.searches ?? 0) * (price.searchPicos ?? 0n);
  return total + surcharge(usage.audioInput, usage.input, price.audioInputPicos, rates.inputPicos) + outputSurcharge(price, usage, rates.outputPicos);
}

function outputSurcharge(price: PriceRow, usage: CallUsage, outputPicos: bigint): bigint {
  const audio = price.audioOutputPicos === undefined ? 0 : Math.min(usage.audioOutput ?? 0, usage.output);
  return (
    surcharge(audio, usage.output, price.audioOutputPicos, outputPicos) +
    surcharge(usage.reasoningOutput, usage.output - audio, price.reasoningOutputPicos, outputPicos)
  );
}

/** What a part of the tokens costs more (or less) than the whole they were already charged with; at most `whole` of them. */
function surcharge(part: number | undefined, whole: number, picos: bigint | undefined, chargedPicos: bigint): bigint {
  return picos === undefined || !part ? 0n : BigInt(Math.min(part, whole)) * (picos - chargedPicos);
}

/** The rates that hold for a call whose input is this long. */
export function ratesFor(price: PriceRow, inputTokens: number): PriceRow | PriceTier {
  let rates: PriceRow | PriceTier = price;
  for (const tier of price.tiers ?? []) if (inputTokens > tier.aboveInputTokens) rates = tier;
  return rates;
}
