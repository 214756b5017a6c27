// A Converse answer -> OpenAI's chat completion.
import type { ChatAnswer, ChatMessage, ChatUsage, FinishReason, ThinkingBlock, ToolCall } from '#gateway/providers/chat.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { countOf, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { JSON_TOOL } from './request.ts';

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
};

/** OpenAI's reason for Converse's; an unknown one is an ordinary stop. */
export function finishReasonOf(reason: unknown, onlyJson: boolean): FinishReason {
  const known = Object.hasOwn(FINISH_REASONS, textOf(reason)) ? (FINISH_REASONS[textOf(reason)] as FinishReason) : 'stop';
  return onlyJson && known === 'tool_calls' ? 'stop' : known;
}

interface SaidBlocks {
  texts: string[];
  thinking: ThinkingBlock[];
  calls: ToolCall[];
  others: Fields[];
}

function addBlock(said: SaidBlocks, block: Fields, jsonTool: boolean): void {
  if (typeof block.text === 'string') said.texts.push(block.text);
  else if (isFields(block.reasoningContent)) said.thinking.push(thinkingOf(block.reasoningContent));
  else if (!isFields(block.toolUse)) said.others.push(block);
  else if (jsonTool && block.toolUse.name === JSON_TOOL) said.texts.push(JSON.stringify(fieldsOf(block.toolUse.input)));
  else said.calls.push(callOf(block.toolUse));
}

/** The optional members of a message. */
function membersOf(
  { thinking, calls, others }: SaidBlocks,
  trace: unknown,
): Pick<ChatMessage, 'reasoning_content' | 'thinking_blocks' | 'tool_calls' | 'provider_specific_fields'> {
  const reasoning = thinking.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
  const specifics = { ...(others.length === 0 ? {} : { parts: others }), ...(trace === undefined ? {} : { trace }) };
  return {
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(thinking.length === 0 ? {} : { thinking_blocks: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(Object.keys(specifics).length === 0 ? {} : { provider_specific_fields: specifics }),
  };
}

/** The whole answer. @throws Error when it has no message. */
export function chatAnswer(answer: Fields, facts: WireFacts, jsonTool: boolean): ChatAnswer {
  const { message } = fieldsOf(answer.output);
  if (!isFields(message)) throw new Error('the answer has no message');
  const said: SaidBlocks = { texts: [], thinking: [], calls: [], others: [] };
  for (const block of objectsOf(message.content)) addBlock(said, block, jsonTool);
  const content = said.texts.length === 0 ? null : said.texts.join('');
  return {
    id: facts.id,
    object: 'chat.completion',
    created: facts.nowSeconds,
    model: facts.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, ...membersOf(said, answer.trace) },
        finish_reason: finishReasonOf(answer.stopReason, jsonTool && said.calls.length === 0),
      },
    ],
    usage: chatUsage(fieldsOf(answer.usage)),
  };
}

function thinkingOf(reasoning: Fields): ThinkingBlock {
  if (reasoning.redactedContent !== undefined) return { type: 'redacted_thinking', data: textOf(reasoning.redactedContent) };
  const { text, signature } = fieldsOf(reasoning.reasoningText);
  return { type: 'thinking', thinking: textOf(text), signature: textOf(signature) || null };
}

function callOf(use: Fields): ToolCall {
  return { id: textOf(use.toolUseId), type: 'function', function: { name: textOf(use.name), arguments: JSON.stringify(fieldsOf(use.input)) } };
}

/** Converse counts cached tokens beside the input. */
export function chatUsage(usage: Fields): ChatUsage {
  const read = countOf(usage.cacheReadInputTokens);
  const written = countOf(usage.cacheWriteInputTokens);
  const prompt = countOf(usage.inputTokens) + read + written;
  const completion = countOf(usage.outputTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: read, cache_creation_tokens: written },
  };
}
