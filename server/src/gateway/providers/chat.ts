// The form in the middle: OpenAI's chat completion with LiteLLM's additions (reasoning_content, thinking_blocks, cache_control, provider_specific_fields).
// A client's dialect translates into it, an upstream's language out of it; what neither names passes through by its own key.
import type { Fields } from '#lib/json.ts';

/** A request. Unknown members are the provider's own and survive. */
export interface ChatRequest extends Fields {
  messages: Fields[];
}

/** Thinking that a later turn must bring back untouched. */
export type ThinkingBlock = { type: 'thinking'; thinking: string; signature: string | null } | { type: 'redacted_thinking'; data: string };

export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** `prompt_tokens` includes what was read from and written to a cache. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: { cached_tokens?: number; cache_creation_tokens?: number; audio_tokens?: number; image_tokens?: number };
  completion_tokens_details?: { reasoning_tokens?: number; audio_tokens?: number; image_tokens?: number };
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface ChatMessage {
  role: 'assistant';
  content: string | null;
  reasoning_content?: string;
  thinking_blocks?: ThinkingBlock[];
  tool_calls?: ToolCall[];
  annotations?: Fields[];
  images?: Fields[];
  refusal?: string | null;
  provider_specific_fields?: Fields;
}

export interface ChatChoice {
  index: number;
  message: ChatMessage;
  finish_reason: FinishReason | null;
}

export interface ChatAnswer {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: ChatChoice[];
  usage?: ChatUsage;
  [more: string]: unknown;
}

/** A piece of a tool call: `id` and `name` come first, `arguments` in pieces. */
export interface ToolCallPiece {
  index: number;
  id?: string;
  type?: 'function';
  function?: { name?: string; arguments?: string };
}

export interface ChatDelta {
  role?: 'assistant';
  content?: string | null;
  reasoning_content?: string;
  thinking_blocks?: ThinkingBlock[];
  tool_calls?: ToolCallPiece[];
  annotations?: Fields[];
  images?: Fields[];
  refusal?: string | null;
  provider_specific_fields?: Fields;
}

export interface ChunkChoice {
  index: number;
  delta: ChatDelta;
  finish_reason: FinishReason | null;
}

export interface ChatChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: ChunkChoice[];
  usage?: ChatUsage | null;
  [more: string]: unknown;
}

/** What all chunks of one stream share. */
export interface StreamIdentity {
  id: string;
  created: number;
  model: string;
}

/** A chunk with one choice. */
export function deltaChunk(identity: StreamIdentity, delta: ChatDelta, finishReason: FinishReason | null = null, index = 0): ChatChunk {
  return { ...chunkHead(identity), choices: [{ index, delta, finish_reason: finishReason }] };
}

/** The chunk that tells the usage: it has no choices. */
export function usageChunk(identity: StreamIdentity, usage: ChatUsage): ChatChunk {
  return { ...chunkHead(identity), choices: [], usage };
}

function chunkHead({ id, created, model }: StreamIdentity): Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'> {
  return { id, object: 'chat.completion.chunk', created, model };
}
