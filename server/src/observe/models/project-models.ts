// The models of all projects in memory, as the fold prices with them: first the project's own, then the house's price list.
import type { PriceUsage } from '#observe/fold/port.ts';
import type { Records } from '#stores/records/port.ts';
import { costOf, matches, modelAt, type PricedModel, tierOf } from './price.ts';
import { allModels, MODELS_CHANNEL } from './sql.ts';

/** Names come from clients, so what is remembered of them is bounded; the oldest leaves. */
const MAX_CACHED_NAMES = 5_000;

export interface ProjectModels {
  /** Prices usage of a project; what no model of the project matches goes to `otherwise`. */
  pricer(otherwise: PriceUsage): PriceUsage;
  close(): Promise<void>;
}

/** Loads the models and listens for changes. `onError` is told when a reload fails; the models known so far stay in force. */
export async function openProjectModels(records: Pick<Records, 'query' | 'listen'>, onError: (error: unknown) => void): Promise<ProjectModels> {
  let byProject = new Map<string, PricedModel[]>();
  const matching = new Map<string, readonly PricedModel[]>();
  const reload = async (): Promise<void> => {
    const rows = await allModels(records);
    const models = rows.map((row) => ({
      projectId: row.project_id,
      model: { id: row.id, matchPattern: row.match_pattern, startDate: row.start_date, createdAt: row.created_at, tiers: row.pricing_tiers },
    }));
    byProject = new Map([...Map.groupBy(models, ({ projectId }) => projectId)].map(([projectId, members]) => [projectId, members.map(({ model }) => model)]));
    matching.clear();
  };
  const again = (): void => void reload().catch(onError);
  const stopListening = await records.listen(MODELS_CHANNEL, again, again);
  await reload().catch(onError);

  const matchesOf = (projectId: string, name: string): readonly PricedModel[] => {
    const models = byProject.get(projectId);
    if (models === undefined) return [];
    const key = `${projectId}\u0001${name}`;
    const known = matching.get(key);
    if (known !== undefined) return known;
    const found = models.filter((model) => matches(model, name));
    if (matching.size >= MAX_CACHED_NAMES) matching.delete(matching.keys().next().value as string);
    matching.set(key, found);
    return found;
  };

  return {
    pricer: (otherwise) => (name, usage, at, projectId) => {
      const model = modelAt(matchesOf(projectId, name), at);
      if (model === null) return otherwise(name, usage, at, projectId);
      const tier = tierOf(model.tiers, usage);
      const cost = tier === null ? null : costOf(tier.prices, usage);
      return tier === null || cost === null ? null : { ...cost, currency: 'USD', priceId: tier.id, modelId: model.id };
    },
    close: stopListening,
  };
}
