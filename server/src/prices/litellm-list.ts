// LiteLLM's public price file (model_prices_and_context_window.json): which models it prices and how, checked entry by entry.
import { parsePicos } from '#lib/money.ts';
import type { PriceTier } from './port.ts';

/** The prices of one entry in picos a token, as text, so that they go through JSON unharmed. */
export interface ListedPrice {
  input: string;
  output: string;
  cachedInput: string | null;
  cacheCreationInput: string | null;
  reasoningOutput: string | null;
  audioInput: string | null;
  audioOutput: string | null;
  /** A rerank's search; absent in lists that were brought before it was read. */
  search?: string | null;
  tiers: { above: number; input: string; output: string; cachedInput: string | null; cacheCreationInput: string | null }[];
  maxInputTokens: number | null;
  maxOutputTokens: number | null;
}

export interface ListedModel {
  /** The entry's name as LiteLLM writes it. */
  model: string;
  /** litellm_provider. */
  provider: string;
  price: ListedPrice;
}

export interface PriceFile {
  models: ListedModel[];
  /** Entries that have no price per token (images, audio by the second), and such that cannot be read, with the reason. */
  withoutTokenPrice: number;
  faults: { model: string; reason: string }[];
}

/** A list with fewer is taken for a wrong file. */
const FEWEST_MODELS = 50;
/** A hundred thousand dollars a million tokens: a slip of the decimal point. */
const DEAREST_PICOS = 100_000_000_000n;

/** @throws RangeError when it is no price file. */
export function readPriceFile(file: unknown): PriceFile {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) throw new RangeError('it is no JSON object of models');
  const read: PriceFile = { models: [], withoutTokenPrice: 0, faults: [] };
  for (const [model, entry] of Object.entries(file)) {
    if (model !== 'sample_spec') readEntry(read, model, entry);
  }
  if (read.models.length < FEWEST_MODELS) throw new RangeError(`it prices ${read.models.length} models; LiteLLM's file prices more than ${FEWEST_MODELS}`);
  return read;
}

function readEntry(read: PriceFile, model: string, entry: unknown): void {
  if (typeof entry !== 'object' || entry === null) {
    read.faults.push({ model, reason: 'it is no object' });
    return;
  }
  const fields = entry as Record<string, unknown>;
  try {
    const price = priceOf(fields);
    if (price === null) read.withoutTokenPrice += 1;
    else read.models.push({ model, provider: typeof fields.litellm_provider === 'string' ? fields.litellm_provider : '', price });
  } catch (error) {
    read.faults.push({ model, reason: (error as Error).message });
  }
}

function priceOf(fields: Record<string, unknown>): ListedPrice | null {
  const at = (name: string): string | null => amount(fields[name], name);
  const search = fields.mode === 'rerank' ? at('input_cost_per_query') : null;
  const input = at('input_cost_per_token') ?? (search === null ? null : '0');
  const output = at('output_cost_per_token');
  if (input === null || (output === null && fields.mode !== 'embedding' && fields.mode !== 'rerank')) return null;
  return {
    input,
    output: output ?? '0',
    cachedInput: at('cache_read_input_token_cost'),
    cacheCreationInput: at('cache_creation_input_token_cost'),
    reasoningOutput: at('output_cost_per_reasoning_token'),
    audioInput: at('input_cost_per_audio_token'),
    audioOutput: at('output_cost_per_audio_token'),
    ...(search === null ? {} : { search }),
    tiers: tiersOf(fields, { input, output: output ?? '0' }),
    maxInputTokens: whole(fields.max_input_tokens),
    maxOutputTokens: whole(fields.max_output_tokens),
  };
}

/** `input_cost_per_token_above_200k_tokens` and its sisters. */
function tiersOf(fields: Record<string, unknown>, base: { input: string; output: string }): ListedPrice['tiers'] {
  const starts = new Set(Object.keys(fields).flatMap((name) => /_above_(\d{1,6})k_tokens$/.exec(name)?.[1] ?? []));
  return [...starts]
    .map(Number)
    .sort((one, two) => one - two)
    .map((thousands) => {
      const at = (name: string): string | null => amount(fields[`${name}_above_${thousands}k_tokens`], name);
      return {
        above: thousands * 1000,
        input: at('input_cost_per_token') ?? base.input,
        output: at('output_cost_per_token') ?? base.output,
        cachedInput: at('cache_read_input_token_cost'),
        cacheCreationInput: at('cache_creation_input_token_cost'),
      };
    });
}

function amount(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' && typeof value !== 'string') throw new RangeError(`${name} is no amount`);
  const picos = parsePicos(value);
  if (picos < 0n || picos > DEAREST_PICOS) throw new RangeError(`${name} is ${String(value)}, which no token costs`);
  return String(picos);
}

function whole(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : null;
}

export function tierOf(tier: ListedPrice['tiers'][number]): PriceTier {
  return {
    aboveInputTokens: tier.above,
    inputPicos: BigInt(tier.input),
    outputPicos: BigInt(tier.output),
    cachedInputPicos: tier.cachedInput === null ? null : BigInt(tier.cachedInput),
    cacheCreationInputPicos: tier.cacheCreationInput === null ? null : BigInt(tier.cacheCreationInput),
  };
}
