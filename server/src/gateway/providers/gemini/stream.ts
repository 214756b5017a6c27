// A streamGenerateContent stream -> OpenAI's chunks. It has no end of its own: a finish reason and the end of the connection are the end.
import { type ChatChunk, type ChatDelta, deltaChunk, type StreamIdentity, usageChunk } from '#gateway/providers/chat.ts';
import { SseEvents } from '#gateway/providers/sse-events.ts';
import { type ChunkReader, UpstreamSaid, type WireFacts } from '#gateway/providers/wire.ts';
import { type Fields, fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';
import { blockReason, chatUsage, finishReasonOf, membersOf, saidIn } from './answer.ts';

interface Candidate {
  calls: number;
  finish: unknown;
}

export class GenerateReader implements ChunkReader {
  readonly done = false;
  readonly #events = new SseEvents();
  readonly #candidates = new Map<number, Candidate>();
  #identity: StreamIdentity;
  #usage: Fields | null = null;

  constructor(facts: WireFacts) {
    this.#identity = { id: facts.id, created: facts.nowSeconds, model: facts.model };
  }

  push(bytes: Buffer): ChatChunk[] {
    return this.#events.push(bytes).flatMap(({ data }) => this.#chunksOf(data));
  }

  end(): ChatChunk[] | null {
    const last = this.#events.end().flatMap(({ data }) => this.#chunksOf(data));
    const finished = [...this.#candidates].filter(([, { finish }]) => typeof finish === 'string');
    if (finished.length === 0) return null;
    const endings = finished.map(([index, { finish, calls }]) => deltaChunk(this.#identity, {}, finishReasonOf(finish, calls > 0), index));
    return [...last, ...endings, ...(this.#usage === null ? [] : [usageChunk(this.#identity, chatUsage(this.#usage))])];
  }

  #chunksOf(data: string): ChatChunk[] {
    const answer = parsed(data);
    if (!isFields(answer)) throw new Error('the stream contains an event that is not JSON');
    if (isFields(answer.error)) throw new UpstreamSaid(data);
    if (isFields(answer.usageMetadata)) this.#usage = answer.usageMetadata;
    const { id, created, model } = this.#identity;
    this.#identity = { id: textOf(answer.responseId) || id, created, model: textOf(answer.modelVersion) || model };
    if (blockReason(answer) !== null && objectsOf(answer.candidates).length === 0) this.#candidates.set(0, { calls: 0, finish: 'SAFETY' });
    return objectsOf(answer.candidates).map((candidate, place) => this.#chunkOf(candidate, place));
  }

  #chunkOf(candidate: Fields, place: number): ChatChunk {
    const index = typeof candidate.index === 'number' ? candidate.index : place;
    const known = this.#candidates.get(index);
    const state = known ?? { calls: 0, finish: null };
    const said = saidIn(objectsOf(fieldsOf(candidate.content).parts), this.#identity.id, state.calls);
    const delta: ChatDelta = {
      ...(known === undefined ? { role: 'assistant' as const } : {}),
      ...(said.text === '' && known !== undefined ? {} : { content: said.text }),
      ...membersOf(said, candidate),
      ...(said.calls.length === 0 ? {} : { tool_calls: said.calls.map((call, offset) => ({ index: state.calls + offset, ...call })) }),
    };
    this.#candidates.set(index, { calls: state.calls + said.calls.length, finish: candidate.finishReason ?? state.finish });
    return deltaChunk(this.#identity, delta, null, index);
  }
}
