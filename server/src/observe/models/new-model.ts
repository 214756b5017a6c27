// From a model as it was sent to the row that is stored: prices as tiers, patterns that run.
import { randomUUID } from 'node:crypto';
import { invalidRequest } from '#observe/api/body.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { patternOf, type StoredTier } from './price.ts';
import type { CreateModel } from './schema.ts';
import { isPattern, type NewModel } from './sql.ts';

/** @throws AppError 400 for a pattern that is no regular expression. */
export async function checkedModel(session: RecordsSession, projectId: string, body: CreateModel): Promise<NewModel> {
  await refusePatterns(session, body);
  return {
    id: randomUUID(),
    project_id: projectId,
    model_name: body.modelName,
    match_pattern: body.matchPattern,
    start_date: body.startDate ?? null,
    unit: body.unit ?? 'TOKENS',
    tokenizer_id: body.tokenizerId ?? null,
    tokenizer_config: body.tokenizerConfig,
    pricing_tiers: tiersOf(body),
  };
}

/** Flat prices are the default tier. */
export function tiersOf(body: CreateModel): StoredTier[] {
  if (body.pricingTiers) return body.pricingTiers.map((tier) => ({ id: randomUUID(), ...tier })).sort((one, other) => one.priority - other.priority);
  const flat = { input: body.inputPrice, output: body.outputPrice, total: body.totalPrice };
  const prices = Object.fromEntries(Object.entries(flat).flatMap(([key, price]) => (price === undefined || price === null ? [] : [[key, price]])));
  return [{ id: randomUUID(), name: 'Standard', isDefault: true, priority: 0, conditions: [], prices }];
}

/** A pattern must be one in both dialects: PostgreSQL's is the contract, JavaScript's is what runs. */
async function refusePatterns(session: RecordsSession, body: CreateModel): Promise<void> {
  const conditions = (body.pricingTiers ?? []).flatMap((tier) => tier.conditions.map(({ usageDetailPattern }) => usageDetailPattern));
  for (const pattern of [body.matchPattern, ...conditions]) {
    let runs = true;
    try {
      patternOf(pattern);
    } catch {
      runs = false;
    }
    if (!runs || !(await isPattern(session, pattern))) throw invalidRequest(`The pattern ${pattern.slice(0, 100)} is not a valid regular expression.`);
  }
}
