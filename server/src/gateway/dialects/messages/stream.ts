// OpenAI's chunks -> a Messages event stream: one block open at a time, in the order in which thinking, text and tool calls come.
import type { ChunkWriter } from '#gateway/dialects/client-call.ts';
import type { ChatChunk, ChatDelta, ChatUsage, ThinkingBlock, ToolCallPiece } from '#gateway/providers/chat.ts';
import { type Fields, fieldsOf, objectsOf } from '#lib/json.ts';
import { messageId, messagesUsage, stopReasonOf } from './answer.ts';

type Open = 'text' | 'thinking' | 'tool' | 'whole';

export class MessagesWriter implements ChunkWriter {
  #started = false;
  #index = -1;
  #open: Open | null = null;
  #finish: string | null = null;
  #usage: ChatUsage | null = null;
  /** The call whose arguments stream; those of the others wait for the end, because blocks cannot be open side by side. */
  #first: number | null = null;
  readonly #later = new Map<number, { id: string; name: string; text: string }>();

  chunk(chunk: ChatChunk): string {
    let out = '';
    if (!this.#started) {
      this.#started = true;
      out += event('message_start', { message: startOf(chunk) });
    }
    if (chunk.usage) this.#usage = chunk.usage;
    for (const choice of chunk.choices) {
      if (choice.index !== 0) continue;
      out += this.#delta(choice.delta);
      this.#finish = choice.finish_reason ?? this.#finish;
    }
    return out;
  }

  /** The stop reason and the counts come together, as the counts may follow the last choice. */
  end(): string {
    let out = this.#started ? '' : event('message_start', { message: startOf({ id: '', model: '' }) });
    out += this.#close();
    for (const { id, name, text } of this.#later.values()) {
      out += this.#openBlock('tool', { type: 'tool_use', id, name, input: {} });
      if (text !== '') out += this.#deltaEvent({ type: 'input_json_delta', partial_json: text });
      out += this.#close();
    }
    const delta = { stop_reason: stopReasonOf(this.#finish), stop_sequence: null };
    return out + event('message_delta', { delta, usage: messagesUsage(this.#usage) }) + event('message_stop', {});
  }

  #delta(delta: ChatDelta): string {
    let out = '';
    const thinking = delta.thinking_blocks ?? [];
    for (const block of thinking) out += this.#think(block);
    if (thinking.length === 0 && delta.reasoning_content) out += this.#think({ type: 'thinking', thinking: delta.reasoning_content, signature: null });
    const text = delta.content || delta.refusal;
    if (text) out += this.#enter('text', { type: 'text', text: '' }) + this.#deltaEvent({ type: 'text_delta', text });
    const { blocks, citations } = fieldsOf(delta.provider_specific_fields);
    for (const citation of objectsOf(citations)) if (this.#open === 'text') out += this.#deltaEvent({ type: 'citations_delta', citation });
    for (const block of objectsOf(blocks)) out += this.#whole(block);
    for (const piece of delta.tool_calls ?? []) out += this.#toolPiece(piece);
    return out;
  }

  #think(block: ThinkingBlock): string {
    if (block.type === 'redacted_thinking') return this.#whole({ ...block });
    let out = this.#enter('thinking', { type: 'thinking', thinking: '', signature: '' });
    if (block.thinking !== '') out += this.#deltaEvent({ type: 'thinking_delta', thinking: block.thinking });
    // The signature ends its block: what follows is another one.
    if (block.signature) out += this.#deltaEvent({ type: 'signature_delta', signature: block.signature }) + this.#close();
    return out;
  }

  #toolPiece(piece: ToolCallPiece): string {
    const text = piece.function?.arguments ?? '';
    if (this.#first !== null && piece.index !== this.#first) {
      const known = this.#later.get(piece.index);
      const named = known ?? { id: piece.id ?? `toolu_${piece.index}`, name: piece.function?.name ?? '', text: '' };
      this.#later.set(piece.index, { ...named, text: named.text + text });
      return '';
    }
    let out = '';
    if (this.#first === null) {
      this.#first = piece.index;
      const use = { type: 'tool_use', id: piece.id ?? `toolu_${piece.index}`, name: piece.function?.name ?? '', input: {} };
      out = this.#close() + this.#openBlock('tool', use);
    }
    if (text === '') return out;
    if (this.#open !== 'tool') throw new Error('the arguments of a tool call go on after other content');
    return out + this.#deltaEvent({ type: 'input_json_delta', partial_json: text });
  }

  /** Goes on in the open block of a kind, or opens one. */
  #enter(kind: 'text' | 'thinking', block: Fields): string {
    return this.#open === kind ? '' : this.#close() + this.#openBlock(kind, block);
  }

  /** A block that comes in one piece. */
  #whole(block: Fields): string {
    return this.#close() + this.#openBlock('whole', block) + this.#close();
  }

  #openBlock(open: Open, block: Fields): string {
    this.#open = open;
    this.#index += 1;
    return event('content_block_start', { index: this.#index, content_block: block });
  }

  #close(): string {
    if (this.#open === null) return '';
    this.#open = null;
    return event('content_block_stop', { index: this.#index });
  }

  #deltaEvent(delta: Fields): string {
    return event('content_block_delta', { index: this.#index, delta });
  }
}

function startOf({ id, model }: { id: string; model: string }): Fields {
  const head = { id: messageId(id), type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null };
  return { ...head, usage: { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 } };
}

function event(type: string, fields: Fields): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
