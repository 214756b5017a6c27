// How a cost came about: the price row's rates line by line, each with the tokens that it was charged for. The lines of a call add up to its cost.
import type { CallUsage, CostLine } from '#call-record.ts';
import { formatPicos } from '#lib/money.ts';
import { ratesFor } from './cost.ts';
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
  const audioIn = price.audioInputPicos === undefined ? 0 : Math.min(usage.audioInput ?? 0, usage.input);
  const audioOut = price.audioOutputPicos === undefined ? 0 : Math.min(usage.audioOutput ?? 0, usage.output);
  const reasoning = price.reasoningOutputPicos === undefined ? 0 : Math.min(usage.reasoningOutput ?? 0, usage.output - audioOut);
  add('input', usage.input - audioIn, rates.inputPicos);
  add('audioInput', audioIn, price.audioInputPicos ?? 0n);
  add('cachedInput', cached, rates.cachedInputPicos ?? rates.inputPicos);
  add('cacheCreationInput', creation, rates.cacheCreationInputPicos ?? rates.inputPicos);
  add('output', usage.output - audioOut - reasoning, rates.outputPicos);
  add('audioOutput', audioOut, price.audioOutputPicos ?? 0n);
  add('reasoningOutput', reasoning, price.reasoningOutputPicos ?? 0n);
  if (price.searchPicos !== undefined) add('searches', usage.searches ?? 0, price.searchPicos);
  return lines;
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
