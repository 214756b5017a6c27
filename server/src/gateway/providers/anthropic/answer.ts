// A Messages answer -> OpenAI's chat completion: text, thinking with its signatures, tool calls, citations, usage with cache counts.
import type { ChatAnswer, ChatMessage, ChatUsage, FinishReason, ThinkingBlock, ToolCall } from '#gateway/providers/chat.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { countOf, type Fields, fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import { JSON_TOOL } from './request.ts';

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  compaction: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** OpenAI's reason for Anthropic's; an unknown one is an ordinary stop. */
export function finishReasonOf(reason: unknown, jsonTool: boolean): FinishReason {
  const known = Object.hasOwn(FINISH_REASONS, textOf(reason)) ? (FINISH_REASONS[textOf(reason)] as FinishReason) : 'stop';
  return jsonTool && known === 'tool_calls' ? 'stop' : known;
}

/** The whole answer. @throws Error when it has no content. */
export function chatAnswer(answer: Fields, facts: WireFacts, jsonTool: boolean): ChatAnswer {
  if (!Array.isArray(answer.content)) throw new Error('the answer has no content');
  const message = messageOf(objectsOf(answer.content), jsonTool);
  const calledOthers = jsonTool && message.tool_calls !== undefined;
  return {
    id: textOf(answer.id) || facts.id,
    object: 'chat.completion',
    created: facts.nowSeconds,
    model: textOf(answer.model) || facts.model,
    choices: [{ index: 0, message, finish_reason: finishReasonOf(answer.stop_reason, jsonTool && !calledOthers) }],
    usage: chatUsage(fieldsOf(answer.usage)),
  };
}

function messageOf(blocks: readonly Fields[], jsonTool: boolean): ChatMessage {
  const texts: string[] = [];
  const thinking: ThinkingBlock[] = [];
  const calls: ToolCall[] = [];
  const others: Fields[] = [];
  const citations: Fields[] = [];
  for (const block of blocks) {
    if (block.type === 'text') {
      texts.push(textOf(block.text));
      citations.push(...objectsOf(block.citations));
    } else if (block.type === 'thinking' || block.type === 'redacted_thinking') thinking.push(thinkingOf(block));
    else if (isJsonAnswer(block, jsonTool)) texts.push(JSON.stringify(fieldsOf(block.input)));
    else if (block.type === 'tool_use') calls.push(callOf(block));
    else others.push(block);
  }
  const reasoning = thinking.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
  return {
    role: 'assistant',
    content: texts.length === 0 ? null : texts.join(''),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(thinking.length === 0 ? {} : { thinking_blocks: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...specifics(others, citations),
  };
}

function isJsonAnswer(block: Fields, jsonTool: boolean): boolean {
  return jsonTool && block.type === 'tool_use' && block.name === JSON_TOOL;
}

function specifics(blocks: Fields[], citations: Fields[]): Pick<ChatMessage, 'annotations' | 'provider_specific_fields'> {
  const annotations = citations.flatMap(annotationOf);
  const fields = { ...(blocks.length === 0 ? {} : { blocks }), ...(citations.length === 0 ? {} : { citations }) };
  return {
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(Object.keys(fields).length === 0 ? {} : { provider_specific_fields: fields }),
  };
}

/** A web citation as OpenAI shows it. */
export function annotationOf(citation: Fields): Fields[] {
  const url = textOf(citation.url);
  return url === '' ? [] : [{ type: 'url_citation', url_citation: { url, title: textOf(citation.title), start_index: 0, end_index: 0 } }];
}

/** A block of thinking as it must come back. */
export function thinkingOf(block: Fields): ThinkingBlock {
  if (block.type === 'redacted_thinking') return { type: 'redacted_thinking', data: textOf(block.data) };
  return { type: 'thinking', thinking: textOf(block.thinking), signature: textOf(block.signature) || null };
}

function callOf(block: Fields): ToolCall {
  return { id: textOf(block.id), type: 'function', function: { name: textOf(block.name), arguments: JSON.stringify(fieldsOf(block.input)) } };
}

/** Anthropic counts cached tokens beside the input, OpenAI inside the prompt. */
export function chatUsage(usage: Fields): ChatUsage {
  const read = countOf(usage.cache_read_input_tokens);
  const written = countOf(usage.cache_creation_input_tokens);
  const prompt = countOf(usage.input_tokens) + read + written;
  const completion = countOf(usage.output_tokens);
  const thinking = countOf(fieldsOf(usage.output_tokens_details).thinking_tokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: read, cache_creation_tokens: written },
    ...(thinking === 0 ? {} : { completion_tokens_details: { reasoning_tokens: thinking } }),
  };
}
