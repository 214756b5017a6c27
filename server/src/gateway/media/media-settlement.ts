// The bill of a call for pictures or sound: its usage as the upstream says it, or as the request and the file tell it, and the price row that counts it.
import type { CallUsage } from '#call-record.ts';
import type { Call } from '#gateway/call.ts';
import type { PriceRow } from '#prices/port.ts';
import { isPicture } from './media-call.ts';
import { likelyUsage, rowFor, statedUsage } from './media-usage.ts';
import { pictureRow, pixelsOf, wishOf } from './pictures.ts';

export interface MediaBill {
  readonly usage: CallUsage;
  readonly estimated: boolean;
  /** Null = the price is not known. */
  readonly price: PriceRow | null;
}

const NO_TOKENS = { input: 0, output: 0, total: 0 } as const;

/** @param known what the upstream counted; null = nothing. */
export function mediaBill(call: Call, known: CallUsage | null, price: PriceRow | null): MediaBill {
  if (isPicture(call.endpoint)) return pictureBill(call, known, price);
  const stated = { ...statedUsage(call), ...known, ...allSound(call, known) };
  if (price === null) return { usage: { ...NO_TOKENS, ...stated }, estimated: known === null, price: null };
  const row = rowFor(price, known);
  if (row.secondPicos !== undefined) {
    const measured = stated.audioMs === undefined ? { audioMs: likelyUsage(call, modelOf(call)).audioMs ?? 0 } : {};
    return { usage: { ...NO_TOKENS, ...stated, ...measured }, estimated: stated.audioMs === undefined, price: row };
  }
  // What was asked for is what is spoken: nothing is guessed.
  if (row.characterPicos !== undefined) return { usage: { ...NO_TOKENS, ...stated }, estimated: false, price: row };
  return { usage: known === null ? likelyUsage(call, modelOf(call)) : { ...NO_TOKENS, ...stated }, estimated: known === null, price: row };
}

/** All that comes out of a model that speaks is sound, unless it says otherwise. */
function allSound(call: Call, known: CallUsage | null): Partial<CallUsage> {
  if (call.endpoint !== 'speech' || known === null || known.output === 0 || known.audioOutput !== undefined) return {};
  return { audioOutput: known.output };
}

/** What is drawn is counted by its tokens, else one by one at the price of its size and quality. */
function pictureBill(call: Call, known: CallUsage | null, price: PriceRow | null): MediaBill {
  const wish = wishOf(call);
  // All that comes out of such a model are pictures, unless it says otherwise.
  const counted = known === null || known.total === 0 ? null : { ...known, imageOutput: known.imageOutput ?? known.output };
  if (price === null) return { usage: counted ?? { ...NO_TOKENS, images: known?.images ?? wish.pictures }, estimated: known === null, price: null };
  const row = rowFor(pictureRow(price, wish), counted);
  if (row.imagePicos === undefined && row.megapixelPicos === undefined)
    return { usage: counted ?? likelyUsage(call, modelOf(call)), estimated: counted === null, price: row };
  const images = known?.images ?? wish.pictures;
  return { usage: { ...NO_TOKENS, images, pixels: images * pixelsOf(wish) }, estimated: known === null, price: row };
}

function modelOf(call: Call): string {
  return call.attempts.at(-1)?.upstreamModel ?? '';
}
