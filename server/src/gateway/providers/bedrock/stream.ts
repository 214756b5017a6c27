// A ConverseStream -> OpenAI's chunks. The counts come after the stop, and end the stream.
import { type ChatChunk, type ChatDelta, deltaChunk, type FinishReason, type StreamIdentity, usageChunk } from '#gateway/providers/chat.ts';
import type { ChunkReader, WireFacts } from '#gateway/providers/wire.ts';
import { type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';
import { chatUsage, finishReasonOf } from './answer.ts';
import { EventStream, type StreamMessage } from './event-stream.ts';
import { exceptionOf } from './exceptions.ts';
import { JSON_TOOL } from './request.ts';

export class ConverseReader implements ChunkReader {
  done = false;
  readonly #stream = new EventStream();
  readonly #identity: StreamIdentity;
  readonly #jsonTool: boolean;
  /** Tool calls by the index of their block; -1 for the one that stands for the text. */
  readonly #calls = new Map<unknown, number>();
  #count = 0;
  #finish: FinishReason | null = null;

  constructor(facts: WireFacts, jsonTool: boolean) {
    this.#identity = { id: facts.id, created: facts.nowSeconds, model: facts.model };
    this.#jsonTool = jsonTool;
  }

  push(bytes: Buffer): ChatChunk[] {
    return this.#stream.push(bytes).flatMap((message) => (this.done ? [] : this.#chunksOf(message)));
  }

  /** Without the counts the answer is whole all the same once it has stopped. */
  end(): ChatChunk[] | null {
    return this.done || (this.#finish !== null && this.#stream.isWhole) ? [] : null;
  }

  #chunksOf({ headers, payload }: StreamMessage): ChatChunk[] {
    const event = parsed(payload === '' ? '{}' : payload);
    if (headers.get(':message-type') !== 'event') throw exceptionOf(headers, fieldsOf(event));
    if (!isFields(event)) throw new Error('the stream contains an event that is not JSON');
    if (headers.get(':event-type') === 'metadata') {
      this.done = true;
      return [usageChunk(this.#identity, chatUsage(fieldsOf(event.usage)))];
    }
    if (headers.get(':event-type') === 'messageStop') {
      this.#finish = finishReasonOf(event.stopReason, this.#jsonTool && this.#count === 0);
      return [deltaChunk(this.#identity, {}, this.#finish)];
    }
    const delta = this.#deltaOf(headers.get(':event-type'), event);
    return delta === null ? [] : [deltaChunk(this.#identity, delta)];
  }

  #deltaOf(type: string | undefined, event: Fields): ChatDelta | null {
    if (type === 'messageStart') return { role: 'assistant', content: '' };
    if (type === 'contentBlockStart') return this.#start(event.contentBlockIndex, fieldsOf(fieldsOf(event.start).toolUse));
    return type === 'contentBlockDelta' ? this.#piece(event.contentBlockIndex, fieldsOf(event.delta)) : null;
  }

  #start(block: unknown, { toolUseId, name }: Fields): ChatDelta | null {
    if (toolUseId === undefined) return null;
    if (this.#jsonTool && name === JSON_TOOL) {
      this.#calls.set(block, -1);
      return null;
    }
    const index = this.#count++;
    this.#calls.set(block, index);
    return { tool_calls: [{ index, id: textOf(toolUseId), type: 'function', function: { name: textOf(name), arguments: '' } }] };
  }

  #piece(block: unknown, delta: Fields): ChatDelta | null {
    if (typeof delta.text === 'string') return { content: delta.text };
    if (isFields(delta.reasoningContent)) return reasoningPiece(delta.reasoningContent);
    const index = this.#calls.get(block);
    if (!isFields(delta.toolUse) || index === undefined) return null;
    const text = textOf(delta.toolUse.input);
    return index < 0 ? { content: text } : { tool_calls: [{ index, function: { arguments: text } }] };
  }
}

function reasoningPiece({ text, signature, redactedContent }: Fields): ChatDelta {
  if (redactedContent !== undefined) return { thinking_blocks: [{ type: 'redacted_thinking', data: textOf(redactedContent) }] };
  if (signature !== undefined) return { thinking_blocks: [{ type: 'thinking', thinking: '', signature: textOf(signature) }] };
  return { reasoning_content: textOf(text), thinking_blocks: [{ type: 'thinking', thinking: textOf(text), signature: null }] };
}
