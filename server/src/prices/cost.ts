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
  const part = partsOf(price, usage);
  total += surcharge(part.cachedAudioInput, price.cachedAudioInputPicos, rates.cachedInputPicos ?? rates.inputPicos);
  total += surcharge(part.audioInput, price.audioInputPicos, rates.inputPicos) + surcharge(part.imageInput, price.imageInputPicos, rates.inputPicos);
  total += surcharge(part.audioOutput, price.audioOutputPicos, rates.outputPicos) + surcharge(part.imageOutput, price.imageOutputPicos, rates.outputPicos);
  return total + surcharge(part.reasoningOutput, price.reasoningOutputPicos, rates.outputPicos) + unitCost(price, usage);
}

/** What is no token: searches, pictures, their pixels, spoken characters, seconds of sound. */
function unitCost(price: PriceRow, usage: CallUsage): bigint {
  const { searches, images, characters, pixels, audioMs } = usage;
  let total = BigInt(searches ?? 0) * (price.searchPicos ?? 0n);
  if (price.imagePicos !== undefined) total += BigInt(images ?? 0) * price.imagePicos;
  else if (price.megapixelPicos !== undefined) total += rounded(BigInt(pixels ?? 0) * price.megapixelPicos, 1_000_000n);
  if (price.characterPicos !== undefined) total += BigInt(characters ?? 0) * price.characterPicos;
  if (price.secondPicos !== undefined) total += rounded(BigInt(audioMs ?? 0) * price.secondPicos, 1_000n);
  return total;
}

const rounded = (value: bigint, divisor: bigint): bigint => (value + divisor / 2n) / divisor;

type Part = 'audioInput' | 'cachedAudioInput' | 'imageInput' | 'audioOutput' | 'imageOutput' | 'reasoningOutput';

/** Tokens with a rate of their own, each counted once and never more than the whole they are part of. */
export function partsOf(price: PriceRow, usage: CallUsage): Record<Part, number> {
  const audioInput = price.audioInputPicos === undefined ? 0 : Math.min(usage.audioInput ?? 0, usage.input);
  const cachedAudioInput = price.cachedAudioInputPicos === undefined ? 0 : Math.min(usage.cachedAudioInput ?? 0, usage.cachedInput ?? 0);
  const imageInput = price.imageInputPicos === undefined ? 0 : Math.min(usage.imageInput ?? 0, usage.input - audioInput);
  const audioOutput = price.audioOutputPicos === undefined ? 0 : Math.min(usage.audioOutput ?? 0, usage.output);
  const imageOutput = price.imageOutputPicos === undefined ? 0 : Math.min(usage.imageOutput ?? 0, usage.output - audioOutput);
  const reasoningOutput = price.reasoningOutputPicos === undefined ? 0 : Math.min(usage.reasoningOutput ?? 0, usage.output - audioOutput - imageOutput);
  return { audioInput, cachedAudioInput, imageInput, audioOutput, imageOutput, reasoningOutput };
}

/** What a part of the tokens costs more (or less) than the whole they were already charged with. */
function surcharge(part: number, picos: bigint | undefined, chargedPicos: bigint): bigint {
  return picos === undefined || part === 0 ? 0n : BigInt(part) * (picos - chargedPicos);
}

/** The rates that hold for a call whose input is this long. */
export function ratesFor(price: PriceRow, inputTokens: number): PriceRow | PriceTier {
  let rates: PriceRow | PriceTier = price;
  for (const tier of price.tiers ?? []) if (inputTokens > tier.aboveInputTokens) rates = tier;
  return rates;
}
