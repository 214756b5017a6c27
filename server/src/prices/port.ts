// Prices of models: a maintained package's table plus overrides of the configuration. Used by gateway (admission, settlement) and observe (usage without cost).
import type { CallUsage } from '#call-record.ts';
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
}

export interface Prices {
  /** The price of a deployment: its overrides, else base_model, else provider/model, else the model the upstream answered with; null = unknown. */
  ofDeployment(deployment: Deployment, answeredModel?: string | null): PriceRow | null;
  /** The price of a model name reported by an SDK at an instant; null = unknown. */
  ofModel(model: string, at: Date): PriceRow | null;
  /** Cost in picos. */
  cost(price: PriceRow, usage: CallUsage): bigint;
}
