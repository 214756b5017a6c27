// A chat completion -> a generateContent answer.
import type { ChatAnswer, ChatMessage, ChatUsage, ToolCall } from '#gateway/providers/chat.ts';
import { defined, type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';

export function generateAnswer(answer: ChatAnswer): Fields {
  return {
    candidates: answer.choices.map(({ index, message, finish_reason }) => ({
      content: { role: 'model', parts: partsOf(message) },
      finishReason: finishReasonOf(finish_reason),
      index,
    })),
    ...(answer.usage ? { usageMetadata: usageMetadata(answer.usage) } : {}),
    modelVersion: answer.model,
    responseId: answer.id,
  };
}

/** Google's reason; a call is an ordinary stop. */
export function finishReasonOf(reason: string | null | undefined): string {
  if (reason === 'length') return 'MAX_TOKENS';
  return reason === 'content_filter' ? 'SAFETY' : 'STOP';
}

function partsOf(message: ChatMessage): Fields[] {
  const text = message.content ?? message.refusal ?? '';
  return [
    ...(message.reasoning_content ? [{ text: message.reasoning_content, thought: true }] : []),
    ...(text === '' ? [] : [{ text }]),
    ...(message.images ?? []).flatMap(imagePart),
    ...(message.tool_calls ?? []).map(callPart),
  ];
}

/** A picture of the answer, when it came as data. */
export function imagePart(image: Fields): Fields[] {
  const [, mimeType, data] = /^data:([^;,]*);base64,(.*)$/s.exec(textOf(fieldsOf(image.image_url).url)) ?? [];
  return data === undefined ? [] : [{ inlineData: { mimeType, data } }];
}

export function callPart(call: Pick<ToolCall, 'id' | 'function'>): Fields {
  const args = parsed(call.function.arguments === '' ? '{}' : call.function.arguments);
  return { functionCall: { id: call.id, name: call.function.name, args: isFields(args) ? args : { arguments: call.function.arguments } } };
}

export function usageMetadata(usage: ChatUsage): Fields {
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const thoughts = usage.completion_tokens_details?.reasoning_tokens ?? 0;
  return defined({
    promptTokenCount: usage.prompt_tokens,
    candidatesTokenCount: usage.completion_tokens - thoughts,
    totalTokenCount: usage.total_tokens,
    cachedContentTokenCount: cached === 0 ? undefined : cached,
    thoughtsTokenCount: thoughts === 0 ? undefined : thoughts,
  });
}
