// The one table of what OpenAI-compatible providers do differently on the wire. Addresses and key variables are settings/providers.ts's: a deployment arrives here with them.
// Sources: the providers' public API references.

import type { Endpoint } from '#gateway/providers/provider.ts';

export interface Quirk {
  /** False: stream_options is refused; usage comes unasked or is estimated. */
  streamUsage?: false;
  /** There are no text completions. */
  chatOnly?: true;
  /** It makes embeddings and reranks only. */
  noChat?: true;
  /** It keeps files and runs batches in OpenAI's form. */
  batches?: true;
  /** It reranks: behind its base, or in an API of its own beside it. */
  rerank?: 'base' | 'beside';
  /** What it makes of pictures and sound; absent = it is asked, and answers for itself. */
  media?: readonly Endpoint[];
  /** Cache marks, thinking and other members beyond OpenAI's are understood. */
  keepsForeign?: true;
  /** Client's field -> the provider's. */
  rename?: Readonly<Record<string, string>>;
  /** Fields that the provider refuses. */
  drop?: readonly string[];
}

const COHERE: Quirk = {
  chatOnly: true,
  media: [],
  // docs.cohere.com/reference/rerank: v2 of its own API, which gives no documents back and takes no wish for them.
  rerank: 'beside',
  rename: { max_completion_tokens: 'max_tokens' },
  drop: ['store', 'metadata', 'logit_bias', 'top_logprobs', 'service_tier', 'parallel_tool_calls', 'user', 'prediction', 'return_documents'],
};

/** By LiteLLM's provider prefix; who is not here speaks OpenAI's API as it is. */
export const QUIRKS: Readonly<Record<string, Quirk>> = {
  mistral: {
    chatOnly: true,
    // docs.mistral.ai/capabilities/audio: transcriptions in OpenAI's form.
    media: ['transcriptions'],
    streamUsage: false,
    rename: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
    drop: ['stream_options', 'user', 'logprobs', 'top_logprobs'],
  },
  openrouter: { keepsForeign: true, media: [] },
  litellm_proxy: { keepsForeign: true, rerank: 'base', batches: true },
  // docs.together.ai/reference/rerank, docs.vllm.ai (score and rerank APIs): Cohere's language behind the base.
  together_ai: { rerank: 'base', media: ['speech', 'transcriptions', 'translations', 'image-generations'] },
  hosted_vllm: { rerank: 'base' },
  // jina.ai/reranker: Cohere's language; it has no chat.
  jina_ai: { noChat: true, rerank: 'base', media: [] },
  // docs.cohere.com/docs/compatibility-api: these are refused or have no effect.
  cohere: COHERE,
  cohere_chat: COHERE,
  // console.groq.com/docs/openai: a 400 when supplied. docs/batch: OpenAI's files and batches.
  groq: { chatOnly: true, batches: true, media: ['speech', 'transcriptions', 'translations'], drop: ['logit_bias', 'logprobs', 'top_logprobs'] },
  perplexity: { chatOnly: true, media: [] },
  ollama: { media: [], rename: { max_completion_tokens: 'max_tokens' } },
  ollama_chat: { media: [], rename: { max_completion_tokens: 'max_tokens' } },
  deepseek: { media: [], chatOnly: true, rename: { max_completion_tokens: 'max_tokens' } },
};
