// LiteLLM's public price file (model_prices_and_context_window.json): which models it prices and how, checked entry by entry.
import { wordOf } from '#lib/json.ts';
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
  /** What is no text token; absent where the entry does not state it. A megapixel is a million of the pixels that the file prices. */
  imageInput?: string;
  imageOutput?: string;
  image?: string;
  megapixel?: string;
  character?: string;
  second?: string;
  /** A token in a batch; absent as above. */
  batchInput?: string | null;
  batchOutput?: string | null;
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
  /** Entries that have no price that is understood (pages, video), and such that cannot be read, with the reason. */
  withoutTokenPrice: number;
  faults: { model: string; reason: string }[];
}

/** A list with fewer is taken for a wrong file. */
const FEWEST_MODELS = 50;
/** A hundred thousand dollars a million tokens: a slip of the decimal point. */
const DEAREST_PICOS = 100_000_000_000n;
/** A thousand dollars a picture, a second or a megapixel. */
const DEAREST_UNIT = 1_000_000_000_000_000n;

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
  const units = unitsOf(fields);
  const input = at('input_cost_per_token') ?? (search === null && Object.keys(units).length === 0 ? null : '0');
  const output = at('output_cost_per_token');
  if (input === null || (output === null && !WITHOUT_OUTPUT.has(wordOf(fields.mode)))) return null;
  return {
    input,
    output: output ?? '0',
    cachedInput: at('cache_read_input_token_cost'),
    cacheCreationInput: at('cache_creation_input_token_cost'),
    reasoningOutput: at('output_cost_per_reasoning_token'),
    audioInput: at('input_cost_per_audio_token'),
    audioOutput: at('output_cost_per_audio_token'),
    ...(search === null ? {} : { search }),
    ...units,
    batchInput: at('input_cost_per_token_batches'),
    batchOutput: at('output_cost_per_token_batches'),
    tiers: tiersOf(fields, { input, output: output ?? '0' }),
    maxInputTokens: whole(fields.max_input_tokens),
    maxOutputTokens: whole(fields.max_output_tokens),
  };
}

/** Modes whose entries need no price for tokens that come out: there are none, or they have units of their own. */
const WITHOUT_OUTPUT: ReadonlySet<string> = new Set(['embedding', 'rerank', 'image_generation', 'image_edit', 'audio_speech', 'audio_transcription']);
const MEDIA_MODES: ReadonlySet<string> = new Set(['image_generation', 'image_edit', 'audio_speech', 'audio_transcription']);

/** Prices by the picture, the pixel, the character and the second. A second costs what is stated for those that come out, else for those that go in (LiteLLM's rule). */
function unitsOf(fields: Record<string, unknown>): Pick<ListedPrice, 'imageInput' | 'imageOutput' | 'image' | 'megapixel' | 'character' | 'second'> {
  if (!MEDIA_MODES.has(wordOf(fields.mode))) return {};
  const first = (names: readonly string[], exponent: number): string | null => {
    for (const name of names) {
      const picos = amount(fields[name], name, { exponent, dearest: DEAREST_UNIT });
      // A zero beside another unit says that this one is not charged.
      if (picos !== null && picos !== '0') return picos;
    }
    return null;
  };
  const found = {
    imageInput: amount(fields.input_cost_per_image_token, 'input_cost_per_image_token'),
    imageOutput: amount(fields.output_cost_per_image_token, 'output_cost_per_image_token'),
    image: first(['input_cost_per_image', 'output_cost_per_image'], 0),
    megapixel: first(['input_cost_per_pixel', 'output_cost_per_pixel'], 6),
    character: first(['input_cost_per_character', 'output_cost_per_character'], 0),
    second: first(['output_cost_per_second', 'input_cost_per_second'], 0),
  };
  return Object.fromEntries(Object.entries(found).filter(([, picos]) => picos !== null));
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

function amount(value: unknown, name: string, { exponent = 0, dearest = DEAREST_PICOS } = {}): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' && typeof value !== 'string') throw new RangeError(`${name} is no amount`);
  const picos = parsePicos(value, exponent);
  if (picos < 0n || picos > dearest) throw new RangeError(`${name} is ${String(value)}, which nothing costs`);
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
