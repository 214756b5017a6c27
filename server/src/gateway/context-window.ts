// Whether a call's input fits a deployment's context window, before it is sent (router_settings.enable_pre_call_checks). By an estimate: it moves calls, it refuses none.
import type { ModelLimits } from '#prices/port.ts';
import type { Call } from './call.ts';
import { estimateTokens } from './usage.ts';

/** Estimated tokens of the request; its JSON counts a little, as roles and separators do. */
export function inputTokensOf(call: Call): number {
  return estimateTokens(call.body.toString('utf8'));
}

/** An unknown window fits everything. */
export function fitsContext(inputTokens: number, { maxInputTokens }: ModelLimits): boolean {
  return maxInputTokens === null || inputTokens <= maxInputTokens;
}
