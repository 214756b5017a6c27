// How a cost came about: the price row's rates line by line, each with the tokens that it was charged for. The lines of a call add up to its cost.
import type { CallUsage, CostLine } from '#call-record.ts';
import { formatPicos } from '#lib/money.ts';
import { partsOf, ratesFor } from './cost.ts';
import type { PriceRow } from './port.ts';

/** The lines of a call; a kind of token that did not occur has none. */
export function costLines(price: PriceRow, usage: CallUsage): CostLine[] {
  const cached = usage.cachedInput ?? 0;
  const creation = usage.cacheCreationInput ?? 0;
  const rates = ratesFor(price, usage.input + cached + creation);
  const lines: CostLine[] = [];
  const add = (part: CostLine['part'], tokens: number, picos: bigint): void => {
    if (tokens > 0) lines.push({ part, tokens, perToken: rateText(picos) });
  };
  // A kind without a rate of its own is part of the ordinary input or output.
  const { audioInput, cachedAudioInput, imageInput, audioOutput, imageOutput, reasoningOutput } = partsOf(price, usage);
  add('input', usage.input - audioInput - imageInput, rates.inputPicos);
  add('audioInput', audioInput, price.audioInputPicos ?? 0n);
  add('imageInput', imageInput, price.imageInputPicos ?? 0n);
  add('cachedInput', cached - cachedAudioInput, rates.cachedInputPicos ?? rates.inputPicos);
  add('cachedAudioInput', cachedAudioInput, price.cachedAudioInputPicos ?? 0n);
  add('cacheCreationInput', creation, rates.cacheCreationInputPicos ?? rates.inputPicos);
  add('output', usage.output - audioOutput - imageOutput - reasoningOutput, rates.outputPicos);
  add('audioOutput', audioOutput, price.audioOutputPicos ?? 0n);
  add('imageOutput', imageOutput, price.imageOutputPicos ?? 0n);
  add('reasoningOutput', reasoningOutput, price.reasoningOutputPicos ?? 0n);
  for (const [part, units, picos] of unitsOf(price, usage)) if (picos !== undefined) add(part, units, picos);
  return lines;
}

/** Seconds and megapixels are the units that prices are stated in. */
function unitsOf(price: PriceRow, usage: CallUsage): [CostLine['part'], number, bigint | undefined][] {
  return [
    ['searches', usage.searches ?? 0, price.searchPicos],
    ['images', usage.images ?? 0, price.imagePicos],
    ['megapixels', (usage.pixels ?? 0) / 1e6, price.imagePicos === undefined ? price.megapixelPicos : undefined],
    ['characters', usage.characters ?? 0, price.characterPicos],
    ['seconds', (usage.audioMs ?? 0) / 1000, price.secondPicos],
  ];
}

/** A process meets few rates: their texts are made once. */
const texts = new Map<bigint, string>();
const MAX_TEXTS = 1_000;

function rateText(picos: bigint): string {
  let text = texts.get(picos);
  if (text === undefined) {
    text = formatPicos(picos);
    if (texts.size < MAX_TEXTS) texts.set(picos, text);
  }
  return text;
}
