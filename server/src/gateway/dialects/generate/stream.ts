// OpenAI's chunks -> generateContent frames: texts at once, calls whole, the reason and the counts in the last frame.
import type { ChunkWriter } from '#gateway/dialects/client-call.ts';
import type { ChatChunk, ChatDelta, ChatUsage, ToolCallPiece } from '#gateway/providers/chat.ts';
import type { Fields } from '#lib/json.ts';
import { callPart, finishReasonOf, imagePart, usageMetadata } from './answer.ts';

interface Candidate {
  calls: Map<number, { id: string; name: string; text: string }>;
  finish: string | null;
}

export class GenerateWriter implements ChunkWriter {
  readonly #candidates = new Map<number, Candidate>();
  #head: Fields = {};
  #usage: ChatUsage | null = null;

  chunk(chunk: ChatChunk): string {
    this.#head = { modelVersion: chunk.model, responseId: chunk.id };
    if (chunk.usage) this.#usage = chunk.usage;
    return chunk.choices.map(({ index, delta, finish_reason }) => this.#choice(index, delta, finish_reason)).join('');
  }

  end(): string {
    if (this.#candidates.size === 0) this.#candidates.set(0, { calls: new Map(), finish: null });
    const candidates = [...this.#candidates].map(([index, { calls, finish }]) => ({
      content: { role: 'model', parts: [...calls.values()].map(({ id, name, text }) => callPart({ id, function: { name, arguments: text } })) },
      finishReason: finishReasonOf(finish),
      index,
    }));
    return frame({ candidates, ...(this.#usage === null ? {} : { usageMetadata: usageMetadata(this.#usage) }), ...this.#head });
  }

  #choice(index: number, delta: ChatDelta, finish: string | null): string {
    const candidate = this.#candidates.get(index) ?? { calls: new Map(), finish: null };
    candidate.finish = finish ?? candidate.finish;
    this.#candidates.set(index, candidate);
    for (const piece of delta.tool_calls ?? []) addPiece(candidate, piece);
    const parts = [
      ...(delta.reasoning_content ? [{ text: delta.reasoning_content, thought: true }] : []),
      ...(delta.content ? [{ text: delta.content }] : []),
      ...(delta.refusal ? [{ text: delta.refusal }] : []),
      ...(delta.images ?? []).flatMap(imagePart),
    ];
    return parts.length === 0 ? '' : frame({ candidates: [{ content: { role: 'model', parts }, index }], ...this.#head });
  }
}

function addPiece(candidate: Candidate, piece: ToolCallPiece): void {
  const known = candidate.calls.get(piece.index) ?? { id: piece.id ?? `call_${piece.index}`, name: piece.function?.name ?? '', text: '' };
  candidate.calls.set(piece.index, { ...known, text: known.text + (piece.function?.arguments ?? '') });
}

function frame(fields: Fields): string {
  return `data: ${JSON.stringify(fields)}\n\n`;
}
