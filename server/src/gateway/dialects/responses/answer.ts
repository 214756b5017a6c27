// A chat completion -> a response object with its output items.
import type { ChatAnswer, ChatMessage, ChatUsage, ToolCall } from '#gateway/providers/chat.ts';
import { type Fields, fieldsOf, objectsOf } from '#lib/json.ts';
import { reasoningItem } from './reasoning.ts';

/** The whole answer; of several choices the first. */
export function responseOf(answer: ChatAnswer, asked: Fields): Fields {
  const { id } = answer;
  const choice = answer.choices[0];
  const output = choice === undefined ? [] : outputOf(choice.message, id);
  const head = responseHead({ id, created: answer.created, model: answer.model }, asked);
  return { ...head, ...endingOf(choice?.finish_reason), output, usage: responsesUsage(answer.usage) };
}

/** What a response says of its request, in every state. */
export function responseHead({ id, created, model }: { id: string; created: number; model: string }, asked: Fields): Fields {
  return {
    id,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: asked.instructions ?? null,
    max_output_tokens: asked.max_output_tokens ?? null,
    model,
    output: [],
    parallel_tool_calls: asked.parallel_tool_calls ?? true,
    previous_response_id: asked.previous_response_id ?? null,
    reasoning: { effort: null, summary: null, ...fieldsOf(asked.reasoning) },
    store: asked.store === true,
    temperature: asked.temperature ?? null,
    text: { format: { type: 'text' }, ...fieldsOf(asked.text) },
    tool_choice: asked.tool_choice ?? 'auto',
    tools: objectsOf(asked.tools),
    top_p: asked.top_p ?? null,
    truncation: asked.truncation ?? 'disabled',
    usage: null,
    user: asked.user ?? null,
    metadata: fieldsOf(asked.metadata),
  };
}

/** Status and details by the reason for the end. */
export function endingOf(reason: string | null | undefined): { status: string; incomplete_details: Fields | null } {
  if (reason === 'length') return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (reason === 'content_filter') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed', incomplete_details: null };
}

function outputOf(message: ChatMessage, id: string): Fields[] {
  const key = id.slice(5);
  const reasoning = reasoningItem(`rs_${key}`, message.thinking_blocks ?? [], message.reasoning_content ?? '');
  const text = message.content ?? '';
  const refusal = message.refusal ?? '';
  const parts = [...(text === '' ? [] : [textPart(text, annotationsOf(message.annotations))]), ...(refusal === '' ? [] : [{ type: 'refusal', refusal }])];
  return [
    ...(reasoning === null ? [] : [reasoning]),
    ...(parts.length === 0 ? [] : [{ id: `msg_${key}`, type: 'message', status: 'completed', role: 'assistant', content: parts }]),
    ...(message.tool_calls ?? []).map((call, index) => callItem(call, `fc_${key}_${index}`)),
  ];
}

export function textPart(text: string, annotations: Fields[]): Fields {
  return { type: 'output_text', text, annotations, logprobs: [] };
}

/** A chat's annotations, flattened as Responses has them. */
export function annotationsOf(annotations: readonly Fields[] | undefined): Fields[] {
  return (annotations ?? []).map((annotation) => ({ type: annotation.type, ...fieldsOf(annotation.url_citation) }));
}

export function callItem(call: Pick<ToolCall, 'id' | 'function'>, id: string, status = 'completed'): Fields {
  return { id, type: 'function_call', status, call_id: call.id, name: call.function.name, arguments: call.function.arguments };
}

export function responsesUsage(usage: ChatUsage | null | undefined): Fields | null {
  if (!usage) return null;
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: { cached_tokens: usage.prompt_tokens_details?.cached_tokens ?? 0, ...creation(usage) },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: usage.completion_tokens_details?.reasoning_tokens ?? 0 },
    total_tokens: usage.total_tokens,
  };
}

function creation(usage: ChatUsage): Fields {
  const written = usage.prompt_tokens_details?.cache_creation_tokens ?? 0;
  return written === 0 ? {} : { cache_creation_tokens: written };
}
