// Cortex's answer -> an OpenAI chat completion.
import type { ChatAnswer, ChatUsage, FinishReason, ToolCall } from '#gateway/providers/chat.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { countOf, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';

/** @throws Error when the answer has no choices. */
export function chatAnswer(answer: Fields, facts: WireFacts): ChatAnswer {
  const choice = objectsOf(answer.choices)[0];
  if (choice === undefined) throw new Error('the answer has no choices');
  const message = fieldsOf(choice.message);
  const list = objectsOf(message.content_list);
  const calls = list.filter((part) => isFields(part.tool_use)).map((part) => toolCall(fieldsOf(part.tool_use)));
  const listed = list.map((part) => (part.type === 'text' ? textOf(part.text) : '')).join('');
  const text = textOf(message.content) || listed;
  return {
    id: textOf(answer.id) || facts.id,
    object: 'chat.completion',
    created: typeof answer.created === 'number' ? answer.created : facts.nowSeconds,
    model: textOf(answer.model) || facts.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text === '' && calls.length > 0 ? null : text, ...(calls.length === 0 ? {} : { tool_calls: calls }) },
        finish_reason: finishReasonOf(choice.finish_reason, calls.length > 0),
      },
    ],
    ...(isFields(answer.usage) ? { usage: usageOf(answer.usage) } : {}),
  };
}

function toolCall({ tool_use_id, name, input }: Fields): ToolCall {
  return { id: textOf(tool_use_id), type: 'function', function: { name: textOf(name), arguments: JSON.stringify(input ?? {}) } };
}

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  end_turn: 'stop',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool_calls',
  tool_use: 'tool_calls',
  content_filter: 'content_filter',
  guardrail: 'content_filter',
};

/** Older models say no reason: what came tells it. */
export function finishReasonOf(reason: unknown, called: boolean): FinishReason {
  const text = textOf(reason);
  if (Object.hasOwn(REASONS, text)) return called && REASONS[text] === 'stop' ? 'tool_calls' : (REASONS[text] as FinishReason);
  return called ? 'tool_calls' : 'stop';
}

/** Tokens of Cortex Guard are charged as output. */
export function usageOf(usage: Fields): ChatUsage {
  const prompt = countOf(usage.prompt_tokens);
  const completion = countOf(usage.completion_tokens) + countOf(usage.guard_tokens);
  const cached = countOf(fieldsOf(usage.prompt_tokens_details).cached_tokens);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, prompt_tokens_details: { cached_tokens: cached } };
}
