// OpenAI's chunks -> the events of a streamed response: items open and close in order, every event numbered, the whole response at the end.
import type { ChunkWriter } from '#gateway/dialects/client-call.ts';
import type { ChatChunk, ChatDelta, ChatUsage, ThinkingBlock, ToolCallPiece } from '#gateway/providers/chat.ts';
import type { Fields } from '#lib/json.ts';
import { annotationsOf, callItem, endingOf, responseHead, responsesUsage, textPart } from './answer.ts';
import { joinThinking, reasoningItem } from './reasoning.ts';

type Open =
  | { kind: 'reasoning'; item: string; text: string; blocks: ThinkingBlock[] }
  | { kind: 'message'; item: string; text: string; annotations: Fields[] }
  | { kind: 'call'; item: string; call: number; id: string; name: string; text: string };

export class ResponseWriter implements ChunkWriter {
  readonly #asked: Fields;
  readonly #id: string;
  #head: Fields | null = null;
  #key = '';
  #sequence = 0;
  readonly #output: Fields[] = [];
  #open: Open | null = null;
  /** Calls beside the one whose arguments stream: they follow at the end. */
  readonly #later = new Map<number, { id: string; name: string; text: string }>();
  #firstCall: number | null = null;
  #finish: string | null = null;
  #usage: ChatUsage | null = null;

  constructor(asked: Fields, id: string) {
    this.#asked = asked;
    this.#id = id;
  }

  chunk(chunk: ChatChunk): string {
    let out = this.#head === null ? this.#start(chunk) : '';
    if (chunk.usage) this.#usage = chunk.usage;
    for (const choice of chunk.choices) {
      if (choice.index !== 0) continue;
      out += this.#delta(choice.delta);
      this.#finish = choice.finish_reason ?? this.#finish;
    }
    return out;
  }

  end(): string {
    let out = this.#head === null ? this.#start({ created: 0, model: '' }) : '';
    out += this.#close();
    for (const [call, { id, name, text }] of this.#later) {
      out += this.#enterCall(call, id, name) + this.#argumentsDelta(text) + this.#close();
    }
    const ending = endingOf(this.#finish);
    const response = { ...this.#head, ...ending, output: this.#output, usage: responsesUsage(this.#usage) };
    return out + this.#event(ending.status === 'completed' ? 'response.completed' : 'response.incomplete', { response });
  }

  #start({ created, model }: { created: number; model: string }): string {
    this.#key = this.#id.slice(5);
    this.#head = responseHead({ id: this.#id, created, model }, this.#asked);
    return this.#event('response.created', { response: this.#head }) + this.#event('response.in_progress', { response: this.#head });
  }

  #delta(delta: ChatDelta): string {
    let out = '';
    const thinking = delta.thinking_blocks ?? [];
    if (thinking.length > 0 || delta.reasoning_content) out += this.#think(delta.reasoning_content ?? '', thinking);
    const text = delta.content || delta.refusal;
    if (text) out += this.#say(text);
    if (delta.annotations && this.#open?.kind === 'message') this.#open.annotations.push(...annotationsOf(delta.annotations));
    for (const piece of delta.tool_calls ?? []) out += this.#toolPiece(piece);
    return out;
  }

  #think(text: string, pieces: readonly ThinkingBlock[]): string {
    let out = '';
    if (this.#open?.kind !== 'reasoning') {
      const item = `rs_${this.#key}_${this.#output.length}`;
      out += this.#close() + this.#added({ kind: 'reasoning', item, text: '', blocks: [] }, { id: item, type: 'reasoning', summary: [] });
      out += this.#event('response.reasoning_summary_part.added', { ...this.#at(), summary_index: 0, part: { type: 'summary_text', text: '' } });
    }
    const open = this.#open as Extract<Open, { kind: 'reasoning' }>;
    for (const piece of pieces) joinThinking(open.blocks, piece);
    open.text += text;
    return text === '' ? out : out + this.#event('response.reasoning_summary_text.delta', { ...this.#at(), summary_index: 0, delta: text });
  }

  #say(text: string): string {
    let out = '';
    if (this.#open?.kind !== 'message') {
      const item = `msg_${this.#key}_${this.#output.length}`;
      const empty = { id: item, type: 'message', status: 'in_progress', role: 'assistant', content: [] };
      out += this.#close() + this.#added({ kind: 'message', item, text: '', annotations: [] }, empty);
      out += this.#event('response.content_part.added', { ...this.#at(), content_index: 0, part: textPart('', []) });
    }
    (this.#open as Extract<Open, { kind: 'message' }>).text += text;
    return out + this.#event('response.output_text.delta', { ...this.#at(), content_index: 0, delta: text, logprobs: [] });
  }

  #toolPiece(piece: ToolCallPiece): string {
    const text = piece.function?.arguments ?? '';
    const named = { id: piece.id ?? `call_${piece.index}`, name: piece.function?.name ?? '' };
    if (this.#firstCall === null) {
      this.#firstCall = piece.index;
      return this.#close() + this.#enterCall(piece.index, named.id, named.name) + this.#argumentsDelta(text);
    }
    if (piece.index !== this.#firstCall) {
      const known = this.#later.get(piece.index) ?? { ...named, text: '' };
      this.#later.set(piece.index, { ...known, text: known.text + text });
      return '';
    }
    if (text !== '' && this.#open?.kind !== 'call') throw new Error('the arguments of a tool call go on after other content');
    return this.#argumentsDelta(text);
  }

  #enterCall(call: number, id: string, name: string): string {
    const item = `fc_${this.#key}_${this.#output.length}`;
    return this.#added({ kind: 'call', item, call, id, name, text: '' }, callItem({ id, function: { name, arguments: '' } }, item, 'in_progress'));
  }

  #argumentsDelta(text: string): string {
    if (text === '' || this.#open?.kind !== 'call') return '';
    this.#open.text += text;
    return this.#event('response.function_call_arguments.delta', { ...this.#at(), delta: text });
  }

  #added(open: Open, item: Fields): string {
    this.#open = open;
    return this.#event('response.output_item.added', { output_index: this.#output.length, item });
  }

  /** Ends the open item: its parts, then itself. */
  #close(): string {
    const open = this.#open;
    if (open === null) return '';
    const done = this.#doneEvents(open);
    const item = finished(open);
    const out = done + this.#event('response.output_item.done', { output_index: this.#output.length, item });
    this.#output.push(item);
    this.#open = null;
    return out;
  }

  #doneEvents(open: Open): string {
    if (open.kind === 'call') return this.#event('response.function_call_arguments.done', { ...this.#at(), name: open.name, arguments: open.text });
    if (open.kind === 'reasoning') {
      const at = { ...this.#at(), summary_index: 0 };
      const part = { type: 'summary_text', text: open.text };
      return (
        this.#event('response.reasoning_summary_text.done', { ...at, text: open.text }) + this.#event('response.reasoning_summary_part.done', { ...at, part })
      );
    }
    const at = { ...this.#at(), content_index: 0 };
    const part = textPart(open.text, open.annotations);
    return this.#event('response.output_text.done', { ...at, text: open.text, logprobs: [] }) + this.#event('response.content_part.done', { ...at, part });
  }

  #at(): Fields {
    return { item_id: this.#open?.item, output_index: this.#output.length };
  }

  #event(type: string, fields: Fields): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence++, ...fields })}\n\n`;
  }
}

function finished(open: Open): Fields {
  if (open.kind === 'call') return callItem({ id: open.id, function: { name: open.name, arguments: open.text } }, open.item);
  if (open.kind === 'reasoning') return reasoningItem(open.item, open.blocks, open.text) ?? { id: open.item, type: 'reasoning', summary: [] };
  return { id: open.item, type: 'message', status: 'completed', role: 'assistant', content: [textPart(open.text, open.annotations)] };
}
