// Pictures as they are asked for: how many, how large, how good, and what that means in tokens and in rows of a price list.
import type { CallUsage } from '#call-record.ts';
import type { Call } from '#gateway/call.ts';
import { fieldOf } from '#gateway/request.ts';
import { estimateTokens } from '#gateway/usage.ts';
import type { ImageVariant, PriceRow } from '#prices/port.ts';

export interface PictureWish {
  readonly pictures: number;
  /** Null = the provider decides. */
  readonly size: string | null;
  readonly quality: string | null;
}

/** Sizes of OpenAI's models where the caller leaves it to them. */
const USUAL_SIZE = '1024x1024';
const LARGEST_PIXELS = 1024 * 1792;
/** Output tokens of a picture by quality: square, portrait, landscape (platform.openai.com/docs/guides/image-generation, gpt-image-1). */
const TOKENS: Readonly<Record<string, readonly [number, number, number]>> = { low: [272, 408, 400], medium: [1056, 1584, 1568], high: [4160, 6240, 6208] };
const MOST_TOKENS = 6240;
/** What each picture that comes before it is finished adds. */
const PARTIAL_TOKENS = 100;
const SHAPES = [USUAL_SIZE, '1024x1536', '1536x1024'];
/** Models whose tokens that table bounds. */
const TABLED = /^gpt-image-1(?:-mini)?(?:-\d{4}-\d{2}-\d{2})?$/;
/** A picture that is given, about. */
const GIVEN_TOKENS = 1_500;
const GIVEN_TOKENS_IN_DETAIL = 6_500;

export function wishOf(call: Call): PictureWish {
  const { asked } = call;
  const said = (name: string): string | null => {
    const value = asked === null ? null : fieldOf(asked, name);
    return typeof value === 'string' && value !== '' && value !== 'auto' ? value.toLowerCase() : null;
  };
  const size = said('size');
  return { pictures: asked?.choices ?? 1, size: size !== null && /^\d{2,5}x\d{2,5}$/.test(size) ? size : null, quality: said('quality') };
}

/** Pixels of one picture. */
export function pixelsOf({ size }: Pick<PictureWish, 'size'>): number {
  const [width = 0, height = 0] = (size ?? USUAL_SIZE).split('x').map(Number);
  return width * height;
}

/** Pixels that one picture has at most, charged by a row. */
export function mostPixels(wish: PictureWish, row: PriceRow): number {
  if (wish.size !== null) return pixelsOf(wish);
  const variant = row.imageVariants?.find(({ id }) => id === row.id);
  return variant === undefined ? LARGEST_PIXELS : pixelsOf(variant);
}

/** Tokens, pictures and pixels that the call will probably take. */
export function likelyPictures(call: Call, model: string): CallUsage {
  const wish = wishOf(call);
  const output =
    wish.pictures * (googleTokens(model) ?? (TOKENS[wish.quality ?? 'high']?.[SHAPES.indexOf(wish.size ?? '')] ?? MOST_TOKENS) + partialTokens(call));
  const imageInput = givenPictures(call) * (said(call, 'input_fidelity') === 'high' ? GIVEN_TOKENS_IN_DETAIL : GIVEN_TOKENS);
  const input = imageInput + estimateTokens(said(call, 'prompt'));
  const drawn = { images: wish.pictures, pixels: wish.pictures * pixelsOf(wish) };
  return { input, output, total: input + output, imageInput, imageOutput: output, ...drawn };
}

/** Tokens of one picture of Gemini's (ai.google.dev/gemini-api/docs/pricing): 2.x draws 1024x1024 alone, later ones up to 4K. */
function googleTokens(model: string): number | null {
  if (!/(?:^|\/)gemini-/.test(model)) return null;
  return /gemini-2/.test(model) ? 1_290 : 2_000;
}

/** Output tokens that the pictures of a model cannot pass; null where nobody has said. */
export function mostPictureTokens(call: Call, model: string): number | null {
  return TABLED.test(model) ? wishOf(call).pictures * (MOST_TOKENS + partialTokens(call)) : null;
}

function partialTokens(call: Call): number {
  const partial = call.asked === null ? null : fieldOf(call.asked, 'partial_images');
  return typeof partial === 'number' && partial > 0 ? Math.min(Math.ceil(partial), 10) * PARTIAL_TOKENS : 0;
}

function givenPictures(call: Call): number {
  if (call.form !== null) return call.form.files.length;
  const images = call.asked === null || call.endpoint !== 'image-edits' ? null : fieldOf(call.asked, 'images');
  return Array.isArray(images) ? images.length : 0;
}

function said(call: Call, name: string): string {
  const value = call.asked === null ? null : fieldOf(call.asked, name);
  return typeof value === 'string' ? value : '';
}

/** The rates of a picture as it was asked for: of its size and quality, else of its size, else of any. */
export function pictureRow(price: PriceRow, wish: PictureWish): PriceRow {
  const ofSize = (price.imageVariants ?? []).filter(({ size }) => size === (wish.size ?? USUAL_SIZE));
  const ofQuality = (quality: string | null): ImageVariant | undefined => ofSize.find((variant) => variant.quality === quality);
  const found = (wish.quality === null ? undefined : ofQuality(wish.quality)) ?? ofQuality(null) ?? ofQuality('standard');
  if (found !== undefined) return asRow(price, found);
  // A list that knows the model by its sizes alone has no price of its own for it.
  const any = price.imagePicos === undefined && price.megapixelPicos === undefined ? (dearest(ofSize) ?? dearest(price.imageVariants ?? [])) : undefined;
  return any === undefined ? price : asRow(price, any);
}

/** Every row by which the call may be charged. */
export function pictureRows(price: PriceRow, wish: PictureWish): PriceRow[] {
  const fits = (price.imageVariants ?? []).filter(({ size, quality }) => {
    return (wish.size === null || size === wish.size) && (wish.quality === null || quality === null || quality === wish.quality);
  });
  return [price, pictureRow(price, wish), ...fits.map((variant) => asRow(price, variant))];
}

function asRow({ imagePicos: _, megapixelPicos: __, ...price }: PriceRow, { id, imagePicos, megapixelPicos }: ImageVariant): PriceRow {
  return { ...price, id, ...(imagePicos === undefined ? {} : { imagePicos }), ...(megapixelPicos === undefined ? {} : { megapixelPicos }) };
}

function dearest(variants: readonly ImageVariant[]): ImageVariant | undefined {
  const picos = ({ imagePicos, megapixelPicos, size }: ImageVariant): bigint =>
    imagePicos ?? ((megapixelPicos ?? 0n) * BigInt(pixelsOf({ size }))) / 1_000_000n;
  return variants.reduce<ImageVariant | undefined>((most, variant) => (most === undefined || picos(variant) > picos(most) ? variant : most), undefined);
}
