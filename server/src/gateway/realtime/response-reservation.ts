// What the next answer of a session may cost: a fair guess from what was said so far, or in strict mode the model's own bounds at its dearest rates.
import type { CallUsage } from '#call-record.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { BYTES_PER_TOKEN, excess, unbounded } from '#gateway/reservation.ts';
import type { Target } from '#gateway/target.ts';
import type { SessionState } from './session-state.ts';

/** A speaker's token is 100 ms, the model's own 50 ms (OpenAI's guide to the costs of realtime sessions). */
const HEARD_MS_PER_TOKEN = 100;
export const SPOKEN_MS_PER_TOKEN = 50;
/** Of sound that is only about to come: half a minute. */
const COMING_TOKENS = 300;

/** The output that an answer may have: as stated by it, by the session, else what this key's answers usually are. */
export function expectedUsage(state: SessionState, stated: number | null, usual: number): CallUsage {
  const fresh = Math.ceil(state.newTextBytes / BYTES_PER_TOKEN);
  const heard = state.newAudioMs > 0 || state.respondsAlone ? Math.max(COMING_TOKENS, Math.ceil(state.newAudioMs / HEARD_MS_PER_TOKEN)) : 0;
  const output = stated ?? state.maxOutputTokens ?? usual;
  const input = state.contextTokens + fresh + heard;
  return { input, output, total: input + output, audioInput: heard, ...(state.textOnly ? {} : { audioOutput: output }) };
}

/**
 * Picos to hold for the next answer.
 * @throws AppError 400 in strict mode when price, context or output has no known bound.
 */
export function answerReservation(deps: GatewayDeps, target: Target, usage: CallUsage, { strict, stated }: { strict: boolean; stated: number | null }): bigint {
  const price = target.price(deps.prices, deps.clock.nowMs());
  if (price === null) {
    if (strict) throw unbounded('the price of the model is unknown: state input_cost_per_token and output_cost_per_token');
    return 0n;
  }
  if (!strict) return deps.prices.cost(price, usage);
  const limits = deps.prices.limitsOf(target.deployment);
  const [input, output] = [limits.maxInputTokens, stated ?? limits.maxOutputTokens];
  if (input === null || output === null)
    throw unbounded('the context window or the longest answer of the model is unknown: state model_info.max_input_tokens and max_output_tokens');
  const dearest = (base: bigint, ...others: (bigint | null | undefined)[]): bigint => base + excess(base, ...others);
  const perInput = dearest(
    price.inputPicos,
    price.cachedInputPicos,
    price.cacheCreationInputPicos,
    price.audioInputPicos,
    price.cachedAudioInputPicos,
    price.imageInputPicos,
  );
  const perOutput = dearest(price.outputPicos, price.reasoningOutputPicos, price.audioOutputPicos);
  return perInput * BigInt(input) + perOutput * BigInt(output);
}
