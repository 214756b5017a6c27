// Prices of deployments and of reported model names: overrides of the configuration over the bundled table, cached so that a call pays one map look-up.
import { createHash } from 'node:crypto';
import { parsePicos } from '#lib/money.ts';
import type { Deployment } from '#settings/settings.ts';
import { forBatch } from './batch.ts';
import { type CatalogEntry, lookUp } from './catalog.ts';
import { costOf } from './cost.ts';
import { costLines } from './explain.ts';
import { type ListedName, ListedPrices } from './listed.ts';
import { type CatalogName, catalogProvider, parseModelName, withoutArn } from './names.ts';
import type { ModelLimits, PriceRow, Prices } from './port.ts';
import { isMedia, mediaRow } from './unit-prices.ts';

/** Names come from SDKs and upstreams, so the number kept is bounded; the oldest leaves. */
const MAX_CACHED_NAMES = 2_000;

interface Kept<Value> {
  value: Value;
  validUntilMs: number;
}

/** A price list over which others may be brought while it is in use. */
export interface ChangingPrices extends Prices {
  /** What is listed was replaced: prices of deployments are looked up again. */
  changed(): void;
}

const NOTHING_LISTED = new ListedPrices([]);

/** The house's price list: overrides of the configuration, then what was brought (`listed`), then the package's table as pinned. Nothing is fetched. */
export function createPrices(now: () => number = Date.now, listed: () => ListedPrices = () => NOTHING_LISTED): ChangingPrices {
  let revision = 0;
  let deployments = new WeakMap<Deployment, Kept<PriceRow | null>>();
  const names = new Map<string, Kept<CatalogEntry | null>>();

  function find(name: CatalogName): Kept<CatalogEntry | null> {
    const cacheKey = `${name.provider ?? ''} ${name.model}`;
    const kept = names.get(cacheKey);
    if (kept !== undefined && kept.validUntilMs > now()) return kept;
    const value = lookUp(name, new Date(now()));
    const fresh = { value, validUntilMs: value?.validUntilMs ?? Number.POSITIVE_INFINITY };
    if (names.size >= MAX_CACHED_NAMES) names.delete(names.keys().next().value as string);
    names.set(cacheKey, fresh);
    return fresh;
  }

  function entryOf(deployment: Deployment): Kept<CatalogEntry | null> {
    const brought = listed().find(listedNamesOf(deployment), now());
    return brought === null ? findFirst(find, namesOf(deployment)) : { value: brought, validUntilMs: brought.validUntilMs };
  }

  function ownPrice(deployment: Deployment): Kept<PriceRow | null> {
    const kept = deployments.get(deployment);
    if (kept !== undefined && kept.validUntilMs > now()) return kept;
    const entry = entryOf(deployment);
    const row = withOverrides(deployment, entry.value?.row ?? null);
    const fresh = { value: row === null ? null : withBatchOverrides(deployment, row), validUntilMs: entry.validUntilMs };
    deployments.set(deployment, fresh);
    return fresh;
  }

  return {
    ofDeployment(deployment, answeredModel) {
      const own = ownPrice(deployment).value;
      if (own !== null || !answeredModel) return own;
      const provider = catalogProvider(deployment.providerName);
      // A private host may call its models as it likes: its answer names no list price.
      if (provider === null) return null;
      return (listed().find(servedBy(deployment.providerName, answeredModel), now()) ?? find(parseModelName(answeredModel, provider)).value)?.row ?? null;
    },
    ofModel(model, at) {
      const name = parseModelName(model, null);
      const brought = listed().find(
        [
          { name: model, providerName: null },
          { name: name.model, providerName: name.provider },
        ],
        at.getTime(),
      );
      if (brought !== null) return brought.row;
      // The table does not claim bare embedding names for anybody; as SDKs write them they are OpenAI's.
      const current = findFirst(find, name.provider === null ? [name, { provider: 'openai', model: name.model }] : [name]);
      // Most prices do not depend on the instant, so that the cached answer holds for all of them.
      if (current.validUntilMs === Number.POSITIVE_INFINITY) return current.value?.row ?? null;
      return Number.isNaN(at.getTime()) ? null : (lookUp(name, at)?.row ?? null);
    },
    forBatch,
    cost: costOf,
    costLines,
    limitsOf(deployment) {
      return limits(deployment, entryOf(deployment).value);
    },
    get revision() {
      return revision;
    },
    changed() {
      revision += 1;
      deployments = new WeakMap();
    },
  };
}

/** Where a deployment's list price may stand, in order: base_model, then provider and model. */
function namesOf(deployment: Deployment): CatalogName[] {
  const provider = catalogProvider(deployment.providerName);
  const candidates: CatalogName[] = [];
  if (deployment.baseModel) candidates.push(parseModelName(deployment.baseModel, provider));
  if (provider !== null) candidates.push(parseModelName(deployment.upstreamModel, provider));
  return candidates;
}

/** The same for a list that is kept by LiteLLM's names. A private host has no listed price unless base_model names one. */
function listedNamesOf(deployment: Deployment): ListedName[] {
  const base = deployment.baseModel ? [{ name: deployment.baseModel, providerName: null }] : [];
  return catalogProvider(deployment.providerName) === null ? base : [...base, ...servedBy(deployment.providerName, deployment.upstreamModel)];
}

function servedBy(providerName: string, model: string): ListedName[] {
  const name = withoutArn(model);
  return [
    { name: `${providerName}/${name}`, providerName },
    { name, providerName },
  ];
}

function findFirst(find: (name: CatalogName) => Kept<CatalogEntry | null>, candidates: CatalogName[]): Kept<CatalogEntry | null> {
  for (const candidate of candidates) {
    const found = find(candidate);
    if (found.value !== null) return found;
  }
  return { value: null, validUntilMs: Number.POSITIVE_INFINITY };
}

/** The configuration's prices over the listed ones. A price of one direction alone does not make the other free: that stays unknown. */
function withOverrides(deployment: Deployment, listed: PriceRow | null): PriceRow | null {
  const input = override(deployment.inputCostPerToken ?? deployment.info.input_cost_per_token);
  const output = override(deployment.outputCostPerToken ?? deployment.info.output_cost_per_token);
  const cached = override(deployment.cacheReadInputTokenCost ?? deployment.info.cache_read_input_token_cost);
  if (isMedia(deployment)) return mediaRow(deployment, { input, output, cached }, listed, override);
  if (deployment.mode === 'rerank') return searchRow(deployment, { input, output }, listed);
  if (input === null && output === null && cached === null) return listed;
  const inputPicos = input ?? listed?.inputPicos ?? null;
  const outputPicos = output ?? listed?.outputPicos ?? (deployment.mode === 'embedding' ? 0n : null);
  if (inputPicos === null || outputPicos === null) return null;
  const cachedInputPicos = cached ?? (input === null ? (listed?.cachedInputPicos ?? null) : null);
  const digest = createHash('sha256').update(`${inputPicos} ${outputPicos} ${cachedInputPicos}`).digest('hex').slice(0, 8);
  return { id: `config:${deployment.id}@${digest}`, currency: 'USD', inputPicos, outputPicos, cachedInputPicos, cacheCreationInputPicos: null };
}

/** The configuration's prices of a token in a batch. */
function withBatchOverrides(deployment: Deployment, row: PriceRow): PriceRow {
  const input = override(deployment.inputCostPerTokenBatches ?? deployment.info.input_cost_per_token_batches);
  const output = override(deployment.outputCostPerTokenBatches ?? deployment.info.output_cost_per_token_batches);
  if (input === null && output === null) return row;
  return { ...row, ...(input === null ? {} : { batchInputPicos: input }), ...(output === null ? {} : { batchOutputPicos: output }) };
}

/** A reranker costs its searches or its tokens; one that states neither, and is listed with neither, is of unknown price. */
function searchRow(deployment: Deployment, { input, output }: { input: bigint | null; output: bigint | null }, listed: PriceRow | null): PriceRow | null {
  const search = override(deployment.inputCostPerQuery ?? deployment.info.input_cost_per_query);
  // Lists of before searches had a price tell of rerankers that their tokens are free: that does not make them free.
  if (search === null && input === null) return listed?.searchPicos === undefined && listed?.inputPicos === 0n ? null : listed;
  const tokens = { inputPicos: input ?? listed?.inputPicos ?? 0n, outputPicos: output ?? listed?.outputPicos ?? 0n };
  const digest = createHash('sha256').update(`${search} ${tokens.inputPicos} ${tokens.outputPicos}`).digest('hex').slice(0, 8);
  const row = { id: `config:${deployment.id}@${digest}`, currency: 'USD', ...tokens, cachedInputPicos: null, cacheCreationInputPicos: null };
  return search === null ? row : { ...row, searchPicos: search };
}

function override(value: unknown, exponent = 0): bigint | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  try {
    const picos = parsePicos(value, exponent);
    return picos >= 0n ? picos : null;
  } catch {
    return null;
  }
}

function limits(deployment: Deployment, listed: CatalogEntry | null): ModelLimits {
  const info = deployment.info;
  return {
    maxInputTokens: wholeNumber(info.max_input_tokens) ?? listed?.contextWindow ?? null,
    maxOutputTokens: wholeNumber(info.max_output_tokens) ?? wholeNumber(info.max_tokens),
  };
}

function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : null;
}
