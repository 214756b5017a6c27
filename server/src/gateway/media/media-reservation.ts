// What a call for pictures or sound may cost before it is made.
import type { CallUsage } from '#call-record.ts';
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import type { Target } from '#gateway/target.ts';
import type { PriceRow } from '#prices/port.ts';
import { isHeard } from './media-call.ts';
import { likelyUsage, rowFor, statedUsage } from './media-usage.ts';

/** The dearer of both ways in which the upstream may count. */
export function likelyMediaCost(call: Call, deps: GatewayDeps, price: PriceRow): bigint {
  const usage = likelyUsage(call);
  return dearest(rowsOf(price, usage).map((row) => deps.prices.cost(row, usage)));
}

/**
 * An amount that the bill cannot pass.
 * @param refuse makes the refusal of a call without one.
 * @throws what `refuse` makes.
 */
export function mostMediaCost(call: Call, deps: GatewayDeps, { target, price }: { target: Target; price: PriceRow }, refuse: (why: string) => Error): bigint {
  const tokens = mostTokens(deps, target);
  const rows = rowsOf(price, { input: 1, output: 0, total: 1 });
  return dearest(
    rows.map((row) => {
      const byTokens = row.characterPicos === undefined && row.secondPicos === undefined;
      if (byTokens && tokens === null && row.inputPicos + row.outputPicos > 0n)
        throw refuse('the model counts tokens of sound, and its most are unknown: state model_info.max_input_tokens and max_output_tokens');
      if (byTokens) return tokens === null ? 0n : deps.prices.cost(dearestTokens(row), tokens);
      return deps.prices.cost(row, { input: 0, output: 0, total: 0, ...mostUnits(call, row, refuse) });
    }),
  );
}

function mostUnits(call: Call, row: PriceRow, refuse: (why: string) => Error): Partial<CallUsage> {
  if (row.secondPicos === undefined) return statedUsage(call);
  const mostMs = isHeard(call.endpoint) ? (call.sound?.mostMs ?? null) : null;
  if (mostMs === null) throw refuse('how long the sound plays is certain for WAV files of PCM alone: send one');
  // Whoever bills seconds may bill the one that has begun.
  return { ...statedUsage(call), audioMs: Math.ceil(mostMs / 1000) * 1000 };
}

function rowsOf(price: PriceRow, counted: CallUsage): PriceRow[] {
  return [rowFor(price, counted), rowFor(price, null)];
}

/** The model's own limits; null where one of them is unknown. */
function mostTokens(deps: GatewayDeps, target: Target): CallUsage | null {
  const { maxInputTokens: input, maxOutputTokens: output } = deps.prices.limitsOf(target.deployment);
  return input === null || output === null ? null : { input, output, total: input + output };
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
