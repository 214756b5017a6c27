// The form in the middle to a server that speaks OpenAI's chat itself: only what such servers refuse is taken out.
import type { ChatAnswer, ChatChunk, ChatRequest } from '#gateway/providers/chat.ts';
import { SseEvents } from '#gateway/providers/sse-events.ts';
import { type ChunkReader, UpstreamSaid, type Wire, type WireFacts } from '#gateway/providers/wire.ts';
import { defined, type Fields, fieldsOf, isFields, numberOf, objectsOf, parsed, textOf } from '#lib/json.ts';

/** Members of other languages that OpenAI's servers refuse. */
const FOREIGN: ReadonlySet<string> = new Set('thinking top_k mcp_servers container context_management cache_control output_format output_config'.split(' '));
/** Only OpenAI's reasoning models take an effort. */
const REASONING_MODEL = /^(o\d|gpt-5(?!.*chat))/;

/** Chat for a server of OpenAI's kind. `strict` servers refuse members that they do not know. */
export function openAiWire(strict: boolean): Wire {
  return (chat, facts) => ({
    body: bodyFor(chat, facts, strict),
    answer: (answer) => wholeAnswer(answer, facts),
    stream: () => new ChatReader(),
  });
}

function bodyFor(chat: ChatRequest, facts: WireFacts, strict: boolean): Fields {
  const effort = chat.reasoning_effort ?? effortOf(fieldsOf(chat.thinking));
  const takesEffort = !strict || REASONING_MODEL.test(facts.deployment.baseModel?.replace(/^.*\//, '') ?? facts.model.replace(/^.*\//, ''));
  const kept = strict ? Object.fromEntries(Object.entries(chat).filter(([key]) => !FOREIGN.has(key))) : chat;
  return defined({
    ...kept,
    model: facts.model,
    messages: strict ? chat.messages.flatMap(plainMessage) : chat.messages,
    tools: strict && chat.tools !== undefined ? toolsOf(chat.tools) : chat.tools,
    reasoning_effort: takesEffort ? effort : undefined,
    stream: facts.stream ? true : undefined,
  });
}

/** LiteLLM's steps from a budget of thinking to an effort. */
function effortOf(thinking: Fields): string | undefined {
  if (thinking.type !== 'enabled') return undefined;
  const budget = numberOf(thinking.budget_tokens);
  if (budget >= 10_000) return 'high';
  if (budget >= 5_000) return 'medium';
  return budget >= 2_000 ? 'low' : 'minimal';
}

/** A message without what only other languages know. */
function plainMessage(message: Fields): Fields[] {
  const { cache_control: _, thinking_blocks: __, reasoning_content: ___, provider_specific_fields: ____, is_error: _____, ...rest } = message;
  if (!Array.isArray(rest.content)) return [rest];
  const parts = objectsOf(rest.content);
  if (message.role !== 'tool') return [{ ...rest, content: parts.map(plainPart) }];
  return toolMessages(rest, parts);
}

/** A tool answers in text only: pictures follow as what the user shows. */
function toolMessages(message: Fields, parts: readonly Fields[]): Fields[] {
  const texts = parts.filter((part) => part.type === 'text').map((part) => textOf(part.text));
  const shown = parts.filter((part) => part.type === 'image_url' || part.type === 'file').map(plainPart);
  const answer = { ...message, content: texts.join('\n') };
  return shown.length === 0 ? [answer] : [answer, { role: 'user', content: shown }];
}

function plainPart(part: Fields): Fields {
  const { cache_control: _, ...rest } = part;
  return rest;
}

function toolsOf(tools: unknown): Fields[] {
  return objectsOf(tools).map(plainPart);
}

function wholeAnswer(answer: Fields, facts: WireFacts): ChatAnswer {
  if (!Array.isArray(answer.choices)) throw new Error('the answer has no choices');
  const head = { id: facts.id, object: 'chat.completion' as const, created: facts.nowSeconds, model: facts.model };
  return { ...head, ...answer, choices: objectsOf(answer.choices).map(wholeChoice) };
}

function wholeChoice(choice: Fields): ChatAnswer['choices'][number] {
  return { index: 0, finish_reason: null, ...choice, message: { role: 'assistant', content: null, ...fieldsOf(choice.message) } };
}

/** Chunks are taken as they are; [DONE] ends them. */
class ChatReader implements ChunkReader {
  done = false;
  readonly #events = new SseEvents();
  #finished = false;

  push(bytes: Buffer): ChatChunk[] {
    return this.#events.push(bytes).flatMap(({ data }) => this.#chunkOf(data));
  }

  end(): ChatChunk[] | null {
    const last = this.#events.end().flatMap(({ data }) => this.#chunkOf(data));
    return this.done || this.#finished ? last : null;
  }

  #chunkOf(data: string): ChatChunk[] {
    if (this.done) return [];
    if (data.trim() === '[DONE]') {
      this.done = true;
      return [];
    }
    const chunk = parsed(data);
    if (!isFields(chunk)) throw new Error('the stream contains an event that is not JSON');
    if (chunk.error !== undefined && chunk.error !== null) throw new UpstreamSaid(data);
    const choices = objectsOf(chunk.choices).map((choice) => ({ index: 0, finish_reason: null, ...choice, delta: fieldsOf(choice.delta) }));
    this.#finished ||= choices.some((choice) => typeof choice.finish_reason === 'string');
    return [{ id: '', created: 0, model: '', ...chunk, object: 'chat.completion.chunk', choices }];
  }
}
