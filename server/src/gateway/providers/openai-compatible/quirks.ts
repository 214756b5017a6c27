// The one table of what OpenAI-compatible providers do differently on the wire. Addresses and key variables are settings/providers.ts's: a deployment arrives here with them.
// Sources: the providers' public API references.

export interface Quirk {
  /** False: stream_options is refused; usage comes unasked or is estimated. */
  streamUsage?: false;
  /** Cache marks, thinking and other members beyond OpenAI's are understood. */
  keepsForeign?: true;
  /** Client's field -> the provider's. */
  rename?: Readonly<Record<string, string>>;
  /** Fields that the provider refuses. */
  drop?: readonly string[];
}

/** By LiteLLM's provider prefix; who is not here speaks OpenAI's API as it is. */
export const QUIRKS: Readonly<Record<string, Quirk>> = {
  mistral: {
    streamUsage: false,
    rename: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
    drop: ['stream_options', 'user', 'logprobs', 'top_logprobs'],
  },
  openrouter: { keepsForeign: true },
  litellm_proxy: { keepsForeign: true },
  deepseek: { rename: { max_completion_tokens: 'max_tokens' } },
};
