// Parameters of OpenAI's chat that a language cannot say: at their neutral value they are left out, otherwise refused in LiteLLM's words or, with drop_params, dropped.
import { AppError } from '#lib/errors.ts';
import type { Fields } from '#lib/json.ts';

/** Values that change nothing: SDKs send them unasked. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  n: [1],
  frequency_penalty: [0],
  presence_penalty: [0],
  logprobs: [false],
  top_logprobs: [0],
  store: [false],
  modalities: ['["text"]'],
  logit_bias: ['{}'],
};

/** Parameters that say how to answer and not what: leaving them out is no loss of meaning. */
const HINTS: ReadonlySet<string> = new Set([
  'stream_options',
  'store',
  'prompt_cache_key',
  'prompt_cache_retention',
  'safety_identifier',
  'verbosity',
  'service_tier',
  'user',
  'prediction',
  'parallel_tool_calls',
]);

/**
 * The request without what the language cannot say.
 * @throws AppError 400 naming the parameter.
 */
export function withoutUnsupported(chat: Fields, unsupported: ReadonlySet<string>, provider: string, dropParams: boolean): Fields {
  const kept: Fields = {};
  for (const [key, value] of Object.entries(chat)) {
    if (value === null || value === undefined) continue;
    if (!unsupported.has(key)) kept[key] = value;
    else if (!dropParams && !HINTS.has(key) && !isNeutral(key, value)) throw unsupportedParameter(key, provider);
  }
  return kept;
}

function isNeutral(key: string, value: unknown): boolean {
  const comparable = typeof value === 'object' ? JSON.stringify(value) : value;
  return Object.hasOwn(NEUTRAL, key) && (NEUTRAL[key] as readonly unknown[]).includes(comparable);
}

/** LiteLLM's words. */
export function unsupportedParameter(parameter: string, provider: string): AppError {
  const message = `litellm.UnsupportedParamsError: ${provider} does not support parameters: ['${parameter}']. Leave it out, or set drop_params: true in litellm_settings.`;
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: parameter });
}

/** A part of the content that a language cannot carry. */
export function unsupportedContent(what: string, provider: string): AppError {
  return new AppError(`litellm.BadRequestError: ${provider} cannot take ${what}.`, { status: 400, code: 'invalid_request_error', param: 'messages' });
}
