// Look-ups in the bundled price table of @pydantic/genai-prices, as exact picos. Offline: the package's updater is never installed.
import { type ConditionalPrice, calcPrice, type ModelPrice, type PriceCalculation } from '@pydantic/genai-prices';
import { parsePicos } from '#lib/money.ts';
import type { CatalogName } from './names.ts';
import type { PriceRow, PriceTier } from './port.ts';

/** Version of the table, part of every price-row id; a test holds it to the pinned dependency. */
export const CATALOG_VERSION = '0.1.8';
const TOKENS_PER_MILLION = 1_000_000n;
const MINUTE_MS = 60_000;

export interface CatalogEntry {
  row: PriceRow;
  contextWindow: number | null;
  /** The row may be kept until this instant (epoch ms); Infinity when the price does not depend on time. */
  validUntilMs: number;
}

/** The table's price of a model at an instant; null = the table does not know it or has no price per token for it. */
export function lookUp(name: CatalogName, at: Date): CatalogEntry | null {
  if (name.model === '') return null;
  const found = calcPrice({}, name.model, { timestamp: at, ...(name.provider === null ? {} : { providerId: name.provider }) });
  if (found === null) return null;
  const row = toRow(found);
  if (row === null) return null;
  const timeless = !Array.isArray(found.model.prices);
  return {
    row,
    contextWindow: found.model.context_window ?? null,
    validUntilMs: timeless ? Number.POSITIVE_INFINITY : (Math.floor(at.getTime() / MINUTE_MS) + 1) * MINUTE_MS,
  };
}

function toRow(found: PriceCalculation): PriceRow | null {
  const prices = found.model_price;
  const second = secondRate(prices);
  const input = rate(prices, 'input_mtok') ?? (second === null ? null : 0n);
  if (input === null) return null;
  const row: PriceRow = {
    id: `genai-prices:${found.provider.id}/${found.model.id}@${CATALOG_VERSION}${validity(found)}`,
    currency: 'USD',
    inputPicos: input,
    // Embedding models list no price for output because they have none.
    outputPicos: rate(prices, 'output_mtok') ?? 0n,
    cachedInputPicos: rate(prices, 'cache_read_mtok'),
    cacheCreationInputPicos: rate(prices, 'cache_write_mtok'),
  };
  const reasoning = rate(prices, 'output_reasoning_mtok');
  if (reasoning !== null) row.reasoningOutputPicos = reasoning;
  const audioInput = rate(prices, 'input_audio_mtok');
  if (audioInput !== null) row.audioInputPicos = audioInput;
  const cachedAudio = rate(prices, 'cache_audio_read_mtok');
  if (cachedAudio !== null) row.cachedAudioInputPicos = cachedAudio;
  const audioOutput = rate(prices, 'output_audio_mtok');
  if (audioOutput !== null) row.audioOutputPicos = audioOutput;
  const imageInput = rate(prices, 'input_image_mtok');
  if (imageInput !== null) row.imageInputPicos = imageInput;
  const imageOutput = rate(prices, 'output_image_mtok');
  if (imageOutput !== null) row.imageOutputPicos = imageOutput;
  if (second !== null) row.secondPicos = second;
  const tiers = tiersOf(prices);
  if (tiers.length > 0) row.tiers = tiers;
  return row;
}

/** Picos a second of sound; the table states hours. */
function secondRate(prices: ModelPrice): bigint | null {
  const price = prices.input_audio_hours;
  return typeof price === 'number' ? (parsePicos(price) + 1_800n) / 3_600n : null;
}

/** Picos per token of one price key: at `inputTokens` of a tiered price; null when the model has no such price. */
function rate(prices: ModelPrice, key: string, inputTokens = 0): bigint | null {
  const price = prices[key];
  if (price === undefined) return null;
  if (typeof price === 'number') return perToken(price);
  let value = price.base;
  for (const tier of price.tiers) if (inputTokens > tier.start) value = tier.price;
  return perToken(value);
}

/** Whole picos a token, rounded half up: all but a handful of published prices are exact. */
function perToken(pricePerMillion: number): bigint {
  return (parsePicos(pricePerMillion) + TOKENS_PER_MILLION / 2n) / TOKENS_PER_MILLION;
}

function tiersOf(prices: ModelPrice): PriceTier[] {
  const starts = new Set<number>();
  for (const price of Object.values(prices)) if (typeof price === 'object') for (const tier of price.tiers) starts.add(tier.start);
  return [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({
      aboveInputTokens: start,
      inputPicos: rate(prices, 'input_mtok', start + 1) ?? 0n,
      outputPicos: rate(prices, 'output_mtok', start + 1) ?? 0n,
      cachedInputPicos: rate(prices, 'cache_read_mtok', start + 1),
      cacheCreationInputPicos: rate(prices, 'cache_write_mtok', start + 1),
    }));
}

/** When the row holds, for its id: the start date or the time of day that made the table choose it. */
function validity(found: PriceCalculation): string {
  if (!Array.isArray(found.model.prices)) return '';
  const constraint = found.model.prices.find((entry: ConditionalPrice) => entry.prices === found.model_price)?.constraint;
  if (constraint === undefined) return '';
  return constraint.type === 'start_date' ? `,from=${constraint.start_date}` : `,daily=${constraint.start_time}-${constraint.end_time}`;
}
