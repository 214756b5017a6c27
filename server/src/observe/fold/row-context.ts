// What rows need besides their fields: the retention class, and what usage without a cost would have cost.
import type { ObservationFields } from '#observe/ingest/events.ts';
import { totalCost } from '#observe/ingest/usage.ts';
import type { ObservationRow } from '#observe/rows.ts';
import type { PriceUsage } from './port.ts';
import type { TokenCounter } from './token-count.ts';

/** 0..7 of a project's environment and tags. */
export type RetentionClass = (projectId: string, environment: string, tags: readonly string[]) => number;

export interface RowContext {
  retentionClass: RetentionClass;
  price: PriceUsage | null;
  /** Counts tokens where nobody said any; absent = such calls stay without. */
  tokens?: TokenCounter;
}

type Cost = Pick<ObservationRow, 'cost_details' | 'total_cost' | 'currency' | 'price_id' | 'cost_source' | 'internal_model_id'>;

const none: Cost = { cost_details: {}, total_cost: null, currency: 'USD', price_id: null, cost_source: '', internal_model_id: null };

/** The cost columns: counted by a gateway call elsewhere, known to the gateway, said by the client, or computed from usage. */
export function observationCost(values: Partial<ObservationFields>, startUs: number, price: PriceUsage | null, projectId: string): Cost {
  if (values.cost_elsewhere !== undefined && values.call_id === undefined) return { ...none, cost_source: 'elsewhere' };
  if (values.call_id !== undefined) return gatewayCost(values);
  if (values.cost !== undefined) return { ...none, cost_details: values.cost, total_cost: totalCost(values.cost), cost_source: 'client' };
  return price === null ? none : computedCost(values, startUs, price, projectId);
}

function gatewayCost(values: Partial<ObservationFields>): Cost {
  const known = { ...none, currency: values.currency ?? 'USD', price_id: values.price_id ?? null };
  if (values.cost === undefined) return known;
  return { ...known, cost_details: values.cost, total_cost: totalCost(values.cost), cost_source: 'gateway' };
}

function computedCost({ provided_model_name: model, usage }: Partial<ObservationFields>, startUs: number, price: PriceUsage, projectId: string): Cost {
  if (model === undefined || usage === undefined) return none;
  const counts: Record<string, number> = {};
  for (const name in usage) counts[name] = Number(usage[name]);
  const priced = price(model, counts, new Date(startUs / 1000), projectId);
  if (priced === null) return none;
  return {
    cost_details: priced.costDetails,
    total_cost: priced.totalCost,
    currency: priced.currency,
    price_id: priced.priceId,
    cost_source: 'computed',
    internal_model_id: priced.modelId,
  };
}
