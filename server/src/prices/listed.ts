// Prices that were brought by `prices update`, each with the time in which it held: what the bundled table does not know yet, or knows differently.
import type { CatalogEntry } from './catalog.ts';
import { bareName, pictureRates, type VariantRow, variantOf } from './image-variants.ts';
import { type ListedPrice, tierOf } from './litellm-list.ts';
import { catalogProvider } from './names.ts';
import type { ImageVariant, PriceRow } from './port.ts';

export interface ListedRow {
  model: string;
  provider: string;
  price: ListedPrice;
  validFromMs: number;
  /** Null = it holds now. */
  validToMs: number | null;
}

/** A name as it may stand in the list. */
export interface ListedName {
  name: string;
  /** LiteLLM's prefix of whoever serves it; null: whoever lists the name. */
  providerName: string | null;
}

export class ListedPrices {
  readonly #rows = new Map<string, ListedRow[]>();
  /** Of pictures by size and quality, by the model's bare name. */
  readonly #variants = new Map<string, VariantRow[]>();

  constructor(rows: readonly ListedRow[]) {
    for (const row of rows) {
      const name = row.model.toLowerCase();
      this.#rows.set(name, [...(this.#rows.get(name) ?? []), row]);
      const variant = variantOf(row);
      if (variant !== null) this.#variants.set(variant.model, [...(this.#variants.get(variant.model) ?? []), variant]);
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  /** The price of the first name that is listed at an instant; null = none is. */
  find(names: readonly ListedName[], atMs: number): CatalogEntry | null {
    for (const { name, providerName } of names) {
      const rows = this.#rows.get(name.trim().toLowerCase()) ?? [];
      const row = rows.find((candidate) => holds(candidate, atMs) && isOf(candidate, providerName));
      if (row !== undefined) return withVariants(entryOf(row), this.#variantsOf(name, providerName, atMs));
    }
    // Some files list a model by its sizes alone.
    for (const { name, providerName } of names) {
      const variants = this.#variantsOf(name, providerName, atMs);
      if (variants[0] !== undefined) return withVariants({ ...entryOf(variants[0].row), contextWindow: null }, variants);
    }
    return null;
  }

  #variantsOf(name: string, providerName: string | null, atMs: number): readonly VariantRow[] {
    const variants = this.#variants.get(bareName(name)) ?? [];
    return variants.filter(({ row }) => holds(row, atMs) && isOf(row, providerName));
  }

  /** Every row of a name, oldest first. */
  history(name: string): readonly ListedRow[] {
    return [...(this.#rows.get(name.trim().toLowerCase()) ?? [])].sort((one, two) => one.validFromMs - two.validFromMs);
  }
}

const holds = ({ validFromMs, validToMs }: ListedRow, atMs: number): boolean => validFromMs <= atMs && (validToMs === null || atMs < validToMs);

function isOf({ provider }: ListedRow, providerName: string | null): boolean {
  return providerName === null || family(provider) === family(providerName);
}

/** `vertex_ai-language-models` and `bedrock_converse` are LiteLLM's names for parts of one provider. */
function family(name: string): string {
  const lower = name.toLowerCase();
  if (lower.startsWith('vertex_ai')) return 'google';
  return catalogProvider(lower) ?? lower;
}

function withVariants(entry: CatalogEntry, variants: readonly VariantRow[]): CatalogEntry {
  if (variants.length === 0) return entry;
  const imageVariants = variants.map(({ quality, size, row }): ImageVariant => ({ id: rowId(row), quality, size, ...pictureRates(row.price) }));
  return { ...entry, row: { ...entry.row, imageVariants } };
}

const rowId = ({ model, validFromMs }: Pick<ListedRow, 'model' | 'validFromMs'>): string => `litellm-prices:${model}@${new Date(validFromMs).toISOString()}`;

function entryOf({ model, price, validFromMs, validToMs }: ListedRow): CatalogEntry {
  const optional = (picos: string | null): bigint | null => (picos === null ? null : BigInt(picos));
  const row: PriceRow = {
    id: rowId({ model, validFromMs }),
    currency: 'USD',
    inputPicos: BigInt(price.input),
    outputPicos: BigInt(price.output),
    cachedInputPicos: optional(price.cachedInput),
    cacheCreationInputPicos: optional(price.cacheCreationInput),
    ...(price.reasoningOutput === null ? {} : { reasoningOutputPicos: BigInt(price.reasoningOutput) }),
    ...(price.audioInput === null ? {} : { audioInputPicos: BigInt(price.audioInput) }),
    ...(price.audioOutput === null ? {} : { audioOutputPicos: BigInt(price.audioOutput) }),
    ...(price.search === undefined || price.search === null ? {} : { searchPicos: BigInt(price.search) }),
    ...(price.imageInput === undefined ? {} : { imageInputPicos: BigInt(price.imageInput) }),
    ...(price.imageOutput === undefined ? {} : { imageOutputPicos: BigInt(price.imageOutput) }),
    ...pictureRates(price),
    ...(price.character === undefined ? {} : { characterPicos: BigInt(price.character) }),
    ...(price.second === undefined ? {} : { secondPicos: BigInt(price.second) }),
    ...(price.batchInput == null ? {} : { batchInputPicos: BigInt(price.batchInput) }),
    ...(price.batchOutput == null ? {} : { batchOutputPicos: BigInt(price.batchOutput) }),
    ...(price.tiers.length === 0 ? {} : { tiers: price.tiers.map(tierOf) }),
  };
  // The list may be replaced at any moment; whoever keeps the entry is told then.
  return { row, contextWindow: price.maxInputTokens, validUntilMs: validToMs ?? Number.POSITIVE_INFINITY };
}
