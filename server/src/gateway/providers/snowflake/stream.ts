// Cortex's event stream -> OpenAI's chunks. It ends with its counts or with the connection; calls of tools come as a name first and their input in pieces.
import { type ChatChunk, type ChatDelta, deltaChunk, type StreamIdentity, usageChunk } from '#gateway/providers/chat.ts';
import { SseEvents } from '#gateway/providers/sse-events.ts';
import { type ChunkReader, UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { type Fields, fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';
import { finishReasonOf, usageOf } from './answer.ts';

export class CompleteReader implements ChunkReader {
  done = false;
  readonly #events = new SseEvents();
  readonly #identity: StreamIdentity;
  #begun = false;
  #calls = 0;
  #reason: unknown;
  #usage: Fields | null = null;

  constructor(facts: WireFacts) {
    this.#identity = { id: facts.id, created: facts.nowSeconds, model: facts.model };
  }

  push(bytes: Buffer): ChatChunk[] {
    return this.#events.push(bytes).flatMap(({ data }) => this.#chunksOf(data));
  }

  end(): ChatChunk[] | null {
    const last = this.#events.end().flatMap(({ data }) => this.#chunksOf(data));
    if (this.done) return last;
    // Neither a reason nor counts: it was cut.
    return this.#reason === undefined && this.#usage === null ? null : [...last, ...this.#finish()];
  }

  #chunksOf(data: string): ChatChunk[] {
    if (this.done) return [];
    if (data.trim() === '[DONE]') return this.#finish();
    const event = parsed(data);
    if (!isFields(event)) throw new Error('the stream contains an event that is not JSON');
    if (isFields(event.error)) throw new UpstreamSaid(data);
    if (event.choices === undefined && event.message !== undefined)
      throw new UpstreamSaid(JSON.stringify({ error: { message: event.message, code: event.code } }));
    if (isFields(event.usage) && Object.keys(event.usage).length > 0) this.#usage = event.usage;
    const choice = objectsOf(event.choices)[0];
    if (choice === undefined) return [];
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') this.#reason = choice.finish_reason;
    const deltas = this.#deltas(fieldsOf(choice.delta));
    if (this.#begun || deltas.length === 0) return deltas.map((delta) => deltaChunk(this.#identity, delta));
    this.#begun = true;
    return [{ role: 'assistant' as const, content: '' }, ...deltas].map((delta) => deltaChunk(this.#identity, delta));
  }

  /** The fields stand in the delta itself, in older answers only in its list. */
  #deltas(delta: Fields): ChatDelta[] {
    const list = objectsOf(delta.content_list);
    if (delta.type === 'tool_use' || list.some((part) => part.type === 'tool_use' || part.tool_use_id !== undefined || part.input !== undefined)) {
      const own = delta.tool_use_id !== undefined || delta.name !== undefined || delta.input !== undefined;
      return (own ? [delta] : list).flatMap((part) => this.#toolPiece(part));
    }
    const text = textOf(delta.content) || textOf(delta.text) || list.map((part) => textOf(part.text)).join('');
    return text === '' ? [] : [{ content: text }];
  }

  #toolPiece({ tool_use_id, name, input }: Fields): ChatDelta[] {
    const text = isFields(input) ? JSON.stringify(input) : textOf(input);
    if (typeof tool_use_id === 'string' && typeof name === 'string' && name !== '') {
      const index = this.#calls++;
      return [{ tool_calls: [{ index, id: tool_use_id, type: 'function', function: { name, arguments: text } }] }];
    }
    return text === '' || this.#calls === 0 ? [] : [{ tool_calls: [{ index: this.#calls - 1, function: { arguments: text } }] }];
  }

  #finish(): ChatChunk[] {
    if (this.done) return [];
    this.done = true;
    const last = deltaChunk(this.#identity, {}, finishReasonOf(this.#reason, this.#calls > 0));
    return this.#usage === null ? [last] : [last, usageChunk(this.#identity, usageOf(this.#usage))];
  }
}
