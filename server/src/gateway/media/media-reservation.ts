// What a call for pictures or sound may cost before it is made.
import type { CallUsage } from '#call-record.ts';
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import type { Target } from '#gateway/target.ts';
import type { PriceRow } from '#prices/port.ts';
import { isHeard, isPicture } from './media-call.ts';
import { likelyUsage, rowFor, statedUsage } from './media-usage.ts';
import { mostPictureTokens, mostPixels, pictureRow, pictureRows, wishOf } from './pictures.ts';

interface Bounding {
  readonly target: Target;
  readonly price: PriceRow;
}

/** The dearer of both ways in which the upstream may count. */
export function likelyMediaCost(call: Call, deps: GatewayDeps, { target, price }: Bounding): bigint {
  const usage = likelyUsage(call, target.deployment.upstreamModel);
  const row = isPicture(call.endpoint) ? pictureRow(price, wishOf(call)) : price;
  return dearest(rowsOf(row, usage).map((one) => deps.prices.cost(one, usage)));
}

type Refuse = (why: string) => Error;

/**
 * An amount that the bill cannot pass.
 * @param refuse makes the refusal of a call without one.
 * @throws what `refuse` makes.
 */
export function mostMediaCost(call: Call, deps: GatewayDeps, { target, price }: Bounding, refuse: Refuse): bigint {
  const prices = isPicture(call.endpoint) ? pictureRows(price, wishOf(call)) : [price];
  const rows = prices.flatMap((one) => rowsOf(one, SOME_TOKENS));
  return dearest(rows.map((row) => (isByUnit(row) ? unitCost(call, deps, row, refuse) : tokenCost(call, deps, { target, price: row }, refuse))));
}

const SOME_TOKENS = { input: 1, output: 0, total: 1 } as const;

function isByUnit(row: PriceRow): boolean {
  return [row.characterPicos, row.secondPicos, row.imagePicos, row.megapixelPicos].some((rate) => rate !== undefined);
}

function tokenCost(call: Call, deps: GatewayDeps, { target, price }: Bounding, refuse: Refuse): bigint {
  const dear = dearestTokens(price);
  if (dear.inputPicos + dear.outputPicos === 0n) return 0n;
  const limits = deps.prices.limitsOf(target.deployment);
  const isText = call.endpoint === 'image-generations' || call.endpoint === 'speech';
  const input = isText ? call.body.length : limits.maxInputTokens;
  const output = (isPicture(call.endpoint) ? mostPictureTokens(call, target.deployment.upstreamModel) : null) ?? limits.maxOutputTokens;
  if (input === null || output === null)
    throw refuse('the model counts tokens of pictures or sound, and its most are unknown: state model_info.max_input_tokens and max_output_tokens');
  return deps.prices.cost(dear, { input, output, total: input + output });
}

function unitCost(call: Call, deps: GatewayDeps, row: PriceRow, refuse: Refuse): bigint {
  const nothing = { input: 0, output: 0, total: 0 };
  if (isPicture(call.endpoint)) {
    const { images = 0 } = likelyUsage(call, '');
    return deps.prices.cost(row, { ...nothing, images, pixels: images * mostPixels(wishOf(call), row) });
  }
  return deps.prices.cost(row, { ...nothing, ...mostUnits(call, row, refuse) });
}

function mostUnits(call: Call, row: PriceRow, refuse: Refuse): Partial<CallUsage> {
  if (row.secondPicos === undefined) return statedUsage(call);
  const mostMs = isHeard(call.endpoint) ? (call.sound?.mostMs ?? null) : null;
  if (mostMs === null) throw refuse('how long the sound plays is certain for WAV files of PCM alone: send one');
  // Whoever bills seconds may bill the one that has begun.
  return { ...statedUsage(call), audioMs: Math.ceil(mostMs / 1000) * 1000 };
}

function rowsOf(price: PriceRow, counted: CallUsage): PriceRow[] {
  return [rowFor(price, counted), rowFor(price, null)];
}

/** Every token at the rate of the dearest kind. */
function dearestTokens(row: PriceRow): PriceRow {
  const most = (...rates: (bigint | null | undefined)[]): bigint => dearest(rates.map((rate) => rate ?? 0n));
  return {
    ...row,
    inputPicos: most(row.inputPicos, row.audioInputPicos, row.imageInputPicos, row.cacheCreationInputPicos),
    outputPicos: most(row.outputPicos, row.audioOutputPicos, row.imageOutputPicos, row.reasoningOutputPicos),
  };
}

function dearest(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n);
}
