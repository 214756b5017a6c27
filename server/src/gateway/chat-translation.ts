// The way back of a translated call: the upstream's answer as a chat, the chat in the client's language.
import type { ChunkWriter, ClientCall } from './dialects/client-call.ts';
import type { ChatChunk } from './providers/chat.ts';
import type { AnswerTranslation, ChunkReader, StreamTranslation, WireCall } from './providers/wire.ts';

export function chatTranslation(client: ClientCall, wire: WireCall): AnswerTranslation {
  return { whole: (answer) => client.answer(wire.answer(answer)), stream: () => new ChatStream(wire.stream(), client.stream()) };
}

class ChatStream implements StreamTranslation {
  readonly #reader: ChunkReader;
  readonly #writer: ChunkWriter;
  #ended = false;

  constructor(reader: ChunkReader, writer: ChunkWriter) {
    this.#reader = reader;
    this.#writer = writer;
  }

  push(bytes: Buffer): string {
    const out = this.#ended ? '' : this.#written(this.#reader.push(bytes));
    return this.#reader.done ? out + this.#ending() : out;
  }

  end(): string | null {
    const last = this.#ended ? [] : this.#reader.end();
    return last === null ? null : this.#written(last) + this.#ending();
  }

  #written(chunks: readonly ChatChunk[]): string {
    return chunks.map((chunk) => this.#writer.chunk(chunk)).join('');
  }

  #ending(): string {
    if (this.#ended) return '';
    this.#ended = true;
    return this.#writer.end();
  }
}
