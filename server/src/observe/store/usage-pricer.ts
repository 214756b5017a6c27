// Prices usage that an SDK reported without a cost: its usage keys become the price list's classes.
import type { CallUsage } from '#call-record.ts';
import { formatPicos } from '#lib/money.ts';
import type { PriceUsage } from '#observe/fold/port.ts';
import type { PriceRow, Prices } from '#prices/port.ts';

/** The fold's price function over the house's price list. Cost details are input, output and total; null when the model or the counts are unknown. */
export function usagePricer(prices: Prices): PriceUsage {
  return (model, usage, at) => {
    const price = prices.ofModel(model, at);
    const counts = price && callUsageOf(usage);
    // What is priced by the second, the picture or the character says nothing of tokens.
    if (!price || !counts || (price.inputPicos === 0n && price.outputPicos === 0n && isByUnit(price))) return null;
    const total = prices.cost(price, counts);
    const input = prices.cost(price, { ...counts, output: 0, reasoningOutput: 0, audioOutput: 0 });
    const costDetails = { input: formatPicos(input), output: formatPicos(total - input), total: formatPicos(total) };
    return { costDetails, totalCost: costDetails.total, currency: price.currency, priceId: price.id, modelId: price.id };
  };
}

const isByUnit = ({ imagePicos, megapixelPicos, imageVariants, characterPicos, secondPicos }: PriceRow): boolean =>
  [imagePicos, megapixelPicos, imageVariants, characterPicos, secondPicos].some((rate) => rate !== undefined);

type Counts = {
  -readonly [Name in Exclude<keyof CallUsage, 'searches' | 'imageInput' | 'imageOutput' | 'images' | 'pixels' | 'characters' | 'audioMs'>]-?: number;
};

/** Langfuse's usage keys (`input*`, `output*`, parts subtracted from their whole) as classes of the price list; null when there is neither input nor output. */
export function callUsageOf(usage: Readonly<Record<string, number>>): CallUsage | null {
  const counts: Counts = {
    input: 0,
    output: 0,
    total: 0,
    cachedInput: 0,
    cachedAudioInput: 0,
    cacheCreationInput: 0,
    reasoningOutput: 0,
    audioInput: 0,
    audioOutput: 0,
  };
  let known = false;
  for (const [key, count] of Object.entries(usage)) {
    if (!Number.isSafeInteger(count) || count < 0) continue;
    const classes = classesOf(key);
    for (const name of classes) counts[name] += count;
    if (classes.length > 0) counts.total += count;
    known ||= classes.length > 0;
  }
  return known ? counts : null;
}

/** A part of input or output stands in its class and in the whole that the price list charges; cached input is a class of its own. */
function classesOf(key: string): (keyof Counts)[] {
  if (key.startsWith('output'))
    return ['output', ...(key.includes('reasoning') ? (['reasoningOutput'] as const) : []), ...(key.includes('audio') ? (['audioOutput'] as const) : [])];
  if (!key.startsWith('input') && !key.startsWith('cache')) return [];
  if (key.includes('cache') && key.includes('creation')) return ['cacheCreationInput'];
  if (key.includes('cache')) return key.includes('audio') ? ['cachedInput', 'cachedAudioInput'] : ['cachedInput'];
  return key.includes('audio') ? ['input', 'audioInput'] : ['input'];
}
