// A Messages event stream -> OpenAI's chunks. Blocks are known by index; a forced JSON tool's input is the text.
import { type ChatChunk, type ChatDelta, deltaChunk, type FinishReason, type StreamIdentity, usageChunk } from '#gateway/providers/chat.ts';
import { SseEvents } from '#gateway/providers/sse-events.ts';
import { type ChunkReader, UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { type Fields, fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';
import { annotationOf, chatUsage, finishReasonOf, thinkingOf } from './answer.ts';
import { JSON_TOOL } from './request.ts';

/** What an open block is, for the deltas that follow. */
type OpenBlock = { kind: 'text' | 'json' | 'other' } | { kind: 'tool'; call: number };

export class MessagesReader implements ChunkReader {
  done = false;
  readonly #events = new SseEvents();
  readonly #jsonTool: boolean;
  readonly #blocks = new Map<unknown, OpenBlock>();
  #identity: StreamIdentity;
  #usage: Fields = {};
  #calls = 0;
  #finish: FinishReason | null = null;

  constructor(facts: WireFacts, jsonTool: boolean) {
    this.#jsonTool = jsonTool;
    this.#identity = { id: facts.id, created: facts.nowSeconds, model: facts.model };
  }

  push(bytes: Buffer): ChatChunk[] {
    const chunks: ChatChunk[] = [];
    for (const { data } of this.#events.push(bytes)) if (!this.done) this.#take(data, chunks);
    return chunks;
  }

  end(): ChatChunk[] | null {
    if (this.done) return [];
    const chunks: ChatChunk[] = [];
    for (const { data } of this.#events.end()) this.#take(data, chunks);
    if (!this.done && this.#finish !== null) chunks.push(...this.#stop());
    return this.done ? chunks : null;
  }

  #take(data: string, chunks: ChatChunk[]): void {
    const event = parsed(data);
    if (!isFields(event)) throw new Error('the stream contains an event that is not JSON');
    switch (event.type) {
      case 'message_start':
        chunks.push(this.#start(fieldsOf(event.message)));
        return;
      case 'content_block_start':
        this.#emit(this.#open(event.index, fieldsOf(event.content_block)), chunks);
        return;
      case 'content_block_delta':
        this.#emit(this.#delta(this.#blocks.get(event.index) ?? OTHER, fieldsOf(event.delta)), chunks);
        return;
      case 'message_delta':
        this.#finishWith(event, chunks);
        return;
      case 'message_stop':
        chunks.push(...this.#stop());
        return;
      case 'error':
        throw new UpstreamSaid(data);
      default:
    }
  }

  #emit(delta: ChatDelta | null, chunks: ChatChunk[]): void {
    if (delta !== null) chunks.push(deltaChunk(this.#identity, delta));
  }

  #start(message: Fields): ChatChunk {
    this.#usage = fieldsOf(message.usage);
    this.#identity = { ...this.#identity, id: textOf(message.id) || this.#identity.id, model: textOf(message.model) || this.#identity.model };
    return deltaChunk(this.#identity, { role: 'assistant', content: '' });
  }

  #open(index: unknown, block: Fields): ChatDelta | null {
    const opened = this.#kindOf(block);
    this.#blocks.set(index, opened);
    if (opened.kind === 'tool') {
      const name = textOf(block.name);
      return { tool_calls: [{ index: opened.call, id: textOf(block.id), type: 'function', function: { name, arguments: '' } }] };
    }
    if (block.type === 'redacted_thinking') return { thinking_blocks: [thinkingOf(block)] };
    if (block.type === 'text' && textOf(block.text) !== '') return { content: textOf(block.text) };
    return opened === OTHER ? { provider_specific_fields: { blocks: [block] } } : null;
  }

  #kindOf(block: Fields): OpenBlock {
    if (block.type === 'tool_use') return this.#jsonTool && block.name === JSON_TOOL ? { kind: 'json' } : { kind: 'tool', call: this.#calls++ };
    return block.type === 'text' || block.type === 'thinking' || block.type === 'redacted_thinking' ? { kind: 'text' } : OTHER;
  }

  #delta(block: OpenBlock, delta: Fields): ChatDelta | null {
    switch (delta.type) {
      case 'text_delta':
        return { content: textOf(delta.text) };
      case 'thinking_delta':
        return { reasoning_content: textOf(delta.thinking), thinking_blocks: [{ type: 'thinking', thinking: textOf(delta.thinking), signature: null }] };
      case 'signature_delta':
        return { thinking_blocks: [{ type: 'thinking', thinking: '', signature: textOf(delta.signature) }] };
      case 'input_json_delta':
        if (block.kind === 'json') return { content: textOf(delta.partial_json) };
        return block.kind === 'tool' ? { tool_calls: [{ index: block.call, function: { arguments: textOf(delta.partial_json) } }] } : null;
      case 'citations_delta':
        return citationDelta(fieldsOf(delta.citation));
      default:
        return null;
    }
  }

  /** The stop reason, and counts that replace those of the start. */
  #finishWith(event: Fields, chunks: ChatChunk[]): void {
    for (const [key, value] of Object.entries(fieldsOf(event.usage))) if (value !== null) this.#usage[key] = value;
    const reason = fieldsOf(event.delta).stop_reason;
    if (typeof reason !== 'string' || this.#finish !== null) return;
    this.#finish = finishReasonOf(reason, this.#jsonTool && this.#calls === 0);
    chunks.push(deltaChunk(this.#identity, {}, this.#finish));
  }

  #stop(): ChatChunk[] {
    this.done = true;
    const finish = this.#finish === null ? [deltaChunk(this.#identity, {}, 'stop')] : [];
    return [...finish, usageChunk(this.#identity, chatUsage(this.#usage))];
  }
}

const OTHER: OpenBlock = { kind: 'other' };

function citationDelta(citation: Fields): ChatDelta {
  const annotations = objectsOf(annotationOf(citation));
  return { ...(annotations.length === 0 ? {} : { annotations }), provider_specific_fields: { citations: [citation] } };
}
