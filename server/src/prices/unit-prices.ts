// Prices of a configuration that are stated by the picture, the pixel, the character, the second or the kind of token: over what is listed for the model.
import { createHash } from 'node:crypto';
import type { Deployment } from '#settings/settings.ts';
import type { PriceRow } from './port.ts';

/** Reads an amount of the configuration; null where it states none. */
type Amount = (value: unknown, exponent?: number) => bigint | null;
type Tokens = Readonly<Record<'input' | 'output', bigint | null>>;

const MEDIA_MODES: ReadonlySet<Deployment['mode']> = new Set<Deployment['mode']>(['image_generation', 'audio_speech', 'audio_transcription']);

/** Whether the deployment makes or hears pictures and sound, alone or beside text. */
export function isMedia(deployment: Pick<Deployment, 'mode' | 'unitPrices'>): boolean {
  return MEDIA_MODES.has(deployment.mode) || isSpoken(deployment);
}

/** A price of tokens in one direction alone does not make the other free, a price of units stands for itself. Null = unknown. */
function unitRow(deployment: Deployment, { input, output }: Tokens, listed: PriceRow | null, amount: Amount): PriceRow | null {
  const stated = statedUnits(deployment, amount);
  const units = Object.keys(stated).length > 0;
  if (!units && input === null && output === null) return listed;
  const isCharged = WHOLE_UNITS.some((unit) => stated[unit] !== undefined);
  const inputPicos = input ?? listed?.inputPicos ?? (isCharged ? 0n : null);
  const outputPicos =
    output ?? listed?.outputPicos ?? (isCharged || stated.imageOutputPicos !== undefined || stated.audioOutputPicos !== undefined ? 0n : null);
  if (inputPicos === null || outputPicos === null) return null;
  const isFlat = stated.imagePicos !== undefined || stated.megapixelPicos !== undefined;
  const listedUnits = unitsOf(listed, isFlat);
  const row = { currency: 'USD', inputPicos, outputPicos, cachedInputPicos: null, cacheCreationInputPicos: null, ...listedUnits, ...stated };
  const kept = !isFlat && listed?.imageVariants !== undefined ? { imageVariants: listed.imageVariants } : {};
  const digest = createHash('sha256').update(Object.values(row).join(' ')).digest('hex').slice(0, 8);
  return { id: `config:${deployment.id}@${digest}`, ...row, ...kept };
}

/** The row of such a deployment; where it speaks beside text, cached tokens are priced as of any other. Null = unknown. */
export function mediaRow(
  deployment: Deployment,
  tokens: Tokens & { readonly cached: bigint | null },
  listed: PriceRow | null,
  amount: Amount,
): PriceRow | null {
  const row = unitRow(deployment, tokens, listed, amount);
  if (!isSpoken(deployment)) return row;
  if (row === null || (row === listed && tokens.cached === null)) return row;
  const isListed = tokens.cached === null && tokens.input === null;
  const cachedInputPicos = isListed ? (listed?.cachedInputPicos ?? null) : tokens.cached;
  const cachedAudio = isListed ? listed?.cachedAudioInputPicos : undefined;
  const id = `config:${deployment.id}@${createHash('sha256').update(`${row.id} ${cachedInputPicos} ${cachedAudio}`).digest('hex').slice(0, 8)}`;
  return { ...row, id, cachedInputPicos, ...(cachedAudio === undefined ? {} : { cachedAudioInputPicos: cachedAudio }) };
}

/** Whether the deployment answers in sound beside text. */
function isSpoken({ mode, unitPrices }: Pick<Deployment, 'mode' | 'unitPrices'>): boolean {
  const prices = unitPrices ?? {};
  return mode === 'realtime' || (mode === null && (prices.input_cost_per_audio_token !== undefined || prices.output_cost_per_audio_token !== undefined));
}

type Units = Partial<
  Pick<
    PriceRow,
    'imagePicos' | 'megapixelPicos' | 'characterPicos' | 'secondPicos' | 'imageInputPicos' | 'imageOutputPicos' | 'audioInputPicos' | 'audioOutputPicos'
  >
>;
const WHOLE_UNITS = ['imagePicos', 'megapixelPicos', 'characterPicos', 'secondPicos'] as const;
const UNIT_NAMES = [...WHOLE_UNITS, 'imageInputPicos', 'imageOutputPicos', 'audioInputPicos', 'audioOutputPicos'] as const;

/** @param isFlat the configuration states what a picture costs, which then holds for every size of it. */
function unitsOf(row: PriceRow | null, isFlat: boolean): Units {
  if (row === null) return {};
  const names = isFlat ? UNIT_NAMES.filter((name) => name !== 'imagePicos' && name !== 'megapixelPicos') : UNIT_NAMES;
  return Object.fromEntries(names.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]])));
}

/** LiteLLM's names, in litellm_params or model_info. */
function statedUnits(deployment: Deployment, amount: Amount): Units {
  const at = (name: string, exponent = 0): bigint | null => amount(deployment.unitPrices?.[name] ?? deployment.info[name], exponent);
  const stated: Record<(typeof UNIT_NAMES)[number], bigint | null> = {
    imagePicos: at('input_cost_per_image') ?? at('output_cost_per_image'),
    megapixelPicos: at('input_cost_per_pixel', 6) ?? at('output_cost_per_pixel', 6),
    characterPicos: at('input_cost_per_character') ?? at('output_cost_per_character'),
    secondPicos: at('output_cost_per_second') ?? at('input_cost_per_second'),
    imageInputPicos: at('input_cost_per_image_token'),
    imageOutputPicos: at('output_cost_per_image_token'),
    audioInputPicos: at('input_cost_per_audio_token'),
    audioOutputPicos: at('output_cost_per_audio_token'),
  };
  return Object.fromEntries(Object.entries(stated).filter(([, picos]) => picos !== null));
}
