// A chat completion -> a Messages answer.
import type { ChatAnswer, ChatMessage, ChatUsage, FinishReason } from '#gateway/providers/chat.ts';
import { type Fields, fieldsOf, isFields, objectsOf, parsed } from '#lib/json.ts';

const STOP_REASONS: Readonly<Record<FinishReason, string>> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' };

/** Anthropic's reason for OpenAI's. */
export function stopReasonOf(reason: string | null | undefined): string {
  return Object.hasOwn(STOP_REASONS, String(reason)) ? STOP_REASONS[reason as FinishReason] : reason === 'function_call' ? 'tool_use' : 'end_turn';
}

/** An id of Anthropic's form. */
export function messageId(id: string): string {
  return id.startsWith('msg_') ? id : `msg_${id.replace(/^chatcmpl-/, '')}`;
}

/** The whole answer; of several choices the first. */
export function messagesAnswer(answer: ChatAnswer): Fields {
  const choice = answer.choices[0];
  return {
    id: messageId(answer.id),
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content: choice === undefined ? [] : contentOf(choice.message),
    stop_reason: stopReasonOf(choice?.finish_reason),
    stop_sequence: null,
    usage: messagesUsage(answer.usage),
  };
}

function contentOf(message: ChatMessage): Fields[] {
  const text = message.content ?? message.refusal ?? '';
  return [
    ...thinkingOf(message),
    ...(text === '' ? [] : [{ type: 'text', text, ...citationsOf(message) }]),
    ...objectsOf(fieldsOf(message.provider_specific_fields).blocks),
    ...(message.tool_calls ?? []).map((call) => ({ type: 'tool_use', id: call.id, name: call.function.name, input: inputOf(call.function.arguments) })),
  ];
}

function thinkingOf(message: ChatMessage): Fields[] {
  const blocks = message.thinking_blocks ?? [];
  if (blocks.length > 0) return blocks.map((block) => (block.type === 'thinking' ? { ...block, signature: block.signature ?? '' } : { ...block }));
  return message.reasoning_content ? [{ type: 'thinking', thinking: message.reasoning_content, signature: '' }] : [];
}

function citationsOf(message: ChatMessage): Fields {
  const citations = objectsOf(fieldsOf(message.provider_specific_fields).citations);
  return citations.length === 0 ? {} : { citations };
}

/** Arguments that are no JSON object stay readable. */
function inputOf(text: string): Fields {
  const value = parsed(text === '' ? '{}' : text);
  return isFields(value) ? value : { arguments: text };
}

/** OpenAI counts cached tokens inside the prompt, Anthropic beside the input. */
export function messagesUsage(usage: ChatUsage | null | undefined): Fields {
  const read = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  const written = usage?.prompt_tokens_details?.cache_creation_tokens ?? 0;
  const thinking = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.prompt_tokens ?? 0) - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: usage?.completion_tokens ?? 0,
    ...(thinking === 0 ? {} : { output_tokens_details: { thinking_tokens: thinking } }),
  };
}
