// The one table of what OpenAI-compatible providers do differently: default base, key variable, refused or renamed fields.
// Sources: the providers' public API references; `api_base` in the configuration always wins.

export interface Quirk {
  /** LiteLLM's capitalised name before `Exception` in error texts. */
  label: string;
  base: string | null;
  /** Null: a self-hosted server that needs no key. */
  keyVariable: string | null;
  /** False: stream_options is refused; usage comes unasked or is estimated. */
  streamUsage?: false;
  rename?: Readonly<Record<string, string>>;
  drop?: readonly string[];
}

/** By LiteLLM's provider prefix. */
export const QUIRKS: Readonly<Record<string, Quirk>> = {
  groq: { label: 'Groq', base: 'https://api.groq.com/openai/v1', keyVariable: 'GROQ_API_KEY' },
  mistral: {
    label: 'Mistral',
    base: 'https://api.mistral.ai/v1',
    keyVariable: 'MISTRAL_API_KEY',
    streamUsage: false,
    rename: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
    drop: ['stream_options', 'user', 'logprobs', 'top_logprobs'],
  },
  deepseek: { label: 'Deepseek', base: 'https://api.deepseek.com/v1', keyVariable: 'DEEPSEEK_API_KEY', rename: { max_completion_tokens: 'max_tokens' } },
  openrouter: { label: 'Openrouter', base: 'https://openrouter.ai/api/v1', keyVariable: 'OPENROUTER_API_KEY' },
  together_ai: { label: 'Together_ai', base: 'https://api.together.xyz/v1', keyVariable: 'TOGETHERAI_API_KEY' },
  fireworks_ai: { label: 'Fireworks_ai', base: 'https://api.fireworks.ai/inference/v1', keyVariable: 'FIREWORKS_API_KEY' },
  xai: { label: 'Xai', base: 'https://api.x.ai/v1', keyVariable: 'XAI_API_KEY' },
  perplexity: { label: 'Perplexity', base: 'https://api.perplexity.ai', keyVariable: 'PERPLEXITYAI_API_KEY' },
  ollama: { label: 'Ollama', base: 'http://127.0.0.1:11434/v1', keyVariable: null },
  ollama_chat: { label: 'Ollama', base: 'http://127.0.0.1:11434/v1', keyVariable: null },
  hosted_vllm: { label: 'Hosted_vllm', base: null, keyVariable: null },
  lm_studio: { label: 'Lm_studio', base: 'http://127.0.0.1:1234/v1', keyVariable: null },
  litellm_proxy: { label: 'Litellm_proxy', base: null, keyVariable: null },
};
