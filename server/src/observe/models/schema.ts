// What a model may look like (langfuse.md §1.10): a name, a pattern, a unit, and either flat prices or tiers of prices.
import { z } from 'zod';

const price = z.number().min(0).max(1_000_000);
const condition = z.strictObject({
  usageDetailPattern: z.string().min(1).max(500),
  operator: z.enum(['gt', 'gte', 'lt', 'lte', 'eq', 'neq']),
  value: z.number(),
  caseSensitive: z.boolean().default(false),
});
const tier = z.strictObject({
  name: z.string().trim().min(1).max(255),
  isDefault: z.boolean(),
  priority: z.number().int().min(0).max(1_000_000),
  conditions: z.array(condition, 'only conditions on usage details are supported').max(20),
  prices: z.record(z.string().min(1).max(200), price).refine((prices) => Object.keys(prices).length > 0, 'a tier needs at least one price'),
});
export type TierInput = z.output<typeof tier>;

export const UNITS = ['TOKENS', 'CHARACTERS', 'MILLISECONDS', 'SECONDS', 'REQUESTS', 'IMAGES'] as const;

export const createModelBody = z
  .object({
    modelName: z.string().trim().min(1).max(255),
    matchPattern: z.string().min(1).max(1_000),
    startDate: z.iso.datetime({ offset: true }).nullish(),
    unit: z.enum(UNITS).nullish(),
    inputPrice: price.nullish(),
    outputPrice: price.nullish(),
    totalPrice: price.nullish(),
    pricingTiers: z.array(tier).min(1).max(100).nullish(),
    tokenizerId: z.enum(['openai', 'claude']).nullish(),
    tokenizerConfig: z.json().optional(),
  })
  .superRefine((model, context) => {
    for (const message of [...priceProblems(model), ...tierProblems(model.pricingTiers ?? [])]) context.addIssue({ code: 'custom', message });
  });
export type CreateModel = z.output<typeof createModelBody>;

const given = (value: unknown): boolean => value !== undefined && value !== null;

function priceProblems(model: { inputPrice?: unknown; outputPrice?: unknown; totalPrice?: unknown; pricingTiers?: unknown }): string[] {
  const parts = given(model.inputPrice) || given(model.outputPrice);
  const flat = parts || given(model.totalPrice);
  if (given(model.pricingTiers)) return flat ? ['Cannot specify both flat prices and pricingTiers'] : [];
  if (!flat) return ['Must specify either flat prices (inputPrice/outputPrice/totalPrice) or pricingTiers'];
  return parts && given(model.totalPrice) ? ['If input and/or output price is set, total price must be null'] : [];
}

function tierProblems(tiers: readonly TierInput[]): string[] {
  if (tiers.length === 0) return [];
  const problems: string[] = [];
  const standard = tiers.filter(({ isDefault }) => isDefault);
  if (standard.length !== 1) problems.push('Exactly one pricing tier must be the default');
  if (standard.some(({ priority, conditions }) => priority !== 0 || conditions.length > 0)) problems.push('The default tier has priority 0 and no conditions');
  if (tiers.some(({ isDefault, conditions }) => !isDefault && conditions.length === 0)) problems.push('A tier that is not the default needs conditions');
  if (new Set(tiers.map(({ priority }) => priority)).size !== tiers.length) problems.push('Priorities of pricing tiers must be unique');
  if (new Set(tiers.map(({ name }) => name)).size !== tiers.length) problems.push('Names of pricing tiers must be unique');
  return problems;
}
