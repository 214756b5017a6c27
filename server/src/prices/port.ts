// Prices of models: a maintained package's table plus overrides of the configuration. Used by gateway (admission, settlement) and observe (usage without cost).
import type { CallUsage, CostLine } from '#call-record.ts';
import type { Deployment } from '#settings/settings.ts';

/** Prices per token in picos (1e-12) of `currency`. */
export interface PriceRow {
  /** Stable id: source, model and validity, for example "genai-prices:azure/gpt-4o-mini@2025-01". */
  id: string;
  currency: string;
  inputPicos: bigint;
  outputPicos: bigint;
  cachedInputPicos: bigint | null;
  cacheCreationInputPicos: bigint | null;
  /** Set where the model prices these tokens apart; absent = as ordinary output or input. */
  reasoningOutputPicos?: bigint;
  audioInputPicos?: bigint;
  cachedAudioInputPicos?: bigint;
  audioOutputPicos?: bigint;
  /** What a rerank's search costs; absent = nothing but its tokens. */
  searchPicos?: bigint;
  imageInputPicos?: bigint;
  imageOutputPicos?: bigint;
  /** What a picture costs, or a million of its pixels; charged where its tokens are not. */
  imagePicos?: bigint;
  megapixelPicos?: bigint;
  /** Prices of pictures of a size, or of a size and a quality, in the place of these. */
  imageVariants?: readonly ImageVariant[];
  /** What a spoken character costs. */
  characterPicos?: bigint;
  /** What a second of sound costs; charged where its tokens are not. */
  secondPicos?: bigint;
  /** Rates of its own for batches; absent = half of the ordinary ones. */
  batchInputPicos?: bigint;
  batchOutputPicos?: bigint;
  /** Rates that replace the ones above for a whole call whose input (cached included) is longer; ascending. */
  tiers?: readonly PriceTier[];
}

/** What pictures of one size cost. */
export interface ImageVariant {
  /** Id of the price row. */
  id: string;
  /** Null = any that is not listed for itself. */
  quality: string | null;
  /** For example 1024x1536. */
  size: string;
  imagePicos?: bigint;
  megapixelPicos?: bigint;
}

export interface PriceTier {
  aboveInputTokens: number;
  inputPicos: bigint;
  outputPicos: bigint;
  cachedInputPicos: bigint | null;
  cacheCreationInputPicos: bigint | null;
}

/** What a model can take and give in one call; null = not known. */
export interface ModelLimits {
  maxInputTokens: number | null;
  maxOutputTokens: number | null;
}

export interface Prices {
  /** Another number after every replacement of the list: whoever keeps a price looks it up again. */
  readonly revision: number;
  /** The price of a deployment: its overrides, else base_model, else provider/model, else the model the upstream answered with; null = unknown. */
  ofDeployment(deployment: Deployment, answeredModel?: string | null): PriceRow | null;
  /** The price of a model name reported by an SDK at an instant; null = unknown. */
  ofModel(model: string, at: Date): PriceRow | null;
  /** The row that the lines of a batch are priced with. */
  forBatch(price: PriceRow): PriceRow;
  /** Cost in picos. */
  cost(price: PriceRow, usage: CallUsage): bigint;
  /** How that cost comes about: tokens of each kind at their rate. */
  costLines(price: PriceRow, usage: CallUsage): CostLine[];
  /** The configuration's model_info limits, else the table's context window: the ceiling of a strict reservation. */
  limitsOf(deployment: Deployment): ModelLimits;
}
