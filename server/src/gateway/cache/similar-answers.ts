// Answers to questions that mean the same: a second look of the cache, by an embedding of the last user text. What cannot be looked at in time is a call to the upstream, never an error.
import { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { contextIn, innerHeaders, requestWith } from '#gateway/inner-call.ts';
import { InnerResponse } from '#gateway/inner-response.ts';
import { fieldsOf, objectsOf, parsed } from '#lib/json.ts';
import type { CacheConfig, SemanticCacheConfig } from '#settings/settings.ts';
import type { Entry } from './entry.ts';
import { type CachedQuestion, readEntry, valuesOf } from './response-cache.ts';
import { directionOf, packShelf, type Shelved, shelvedWith, similarOnes, unpackShelf } from './vector-shelf.ts';

/** So long an embedding model is not asked that did not answer in time: it slows one call, not all. */
const REST_MS = 30_000;
/** Answers that are looked for before the upstream is asked: the most similar may be gone. */
const MOST_TRIED = 3;

/** Walks the corridor with a call of the gateway's own. */
export type RunCall = (call: Call) => Promise<void>;

export class SimilarAnswers {
  readonly #deps: GatewayDeps;
  /** By embedding model: until when it rests. The configuration names one at a time. */
  readonly #restsUntilMs = new Map<string, number>();

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
  }

  /** The answer to a question that means the same; null = ask the upstream. Sets `call.caching` to where it was found. Never rejects. */
  async find(call: Call, run: RunCall): Promise<Entry | null> {
    const [config, question] = [call.snapshot.config.cache, call.question];
    if (config?.semantic === undefined || question === null || !question.wish.reads) return null;
    const shelf = await this.#shelf(config, question);
    // Where nothing is, nothing is like it: the vector is made when the answer is there.
    if (shelf.length === 0) return null;
    question.vector = await this.#embedded(call, config.semantic, run);
    if (question.vector === null) return null;
    const similar = similarOnes(shelf, question.vector, { threshold: config.semantic.threshold, nowMs: this.#deps.clock.nowMs() });
    for (const { key, similarity } of similar.slice(0, MOST_TRIED)) {
      const entry = await readEntry(call, this.#deps, config, { key, wish: question.wish });
      if (entry === null) continue;
      call.caching = { key, wish: question.wish, similarity };
      return entry;
    }
    return null;
  }

  /** Remembers the question of an answer that was kept; the client has its answer. Never rejects. */
  async learn(call: Call, run: RunCall): Promise<void> {
    const [config, question] = [call.snapshot.config.cache, call.question];
    if (config?.semantic === undefined || question === null || question.keptAs === null) return;
    const vector = question.vector ?? (await this.#embedded(call, config.semantic, run));
    if (vector === null) return;
    const nowMs = this.#deps.clock.nowMs();
    const added = { endsAtMs: nowMs + question.wish.ttlMs, key: question.keptAs, vector };
    // Of two processes that add at once one may lose its question: it is learned again with the next answer.
    const shelf = shelvedWith(await this.#shelf(config, question), added, nowMs);
    const lastsMs = Math.max(...shelf.map(({ endsAtMs }) => endsAtMs)) - nowMs;
    try {
      await valuesOf(this.#deps.cache, config).set(question.scope, packShelf(shelf), lastsMs);
    } catch (error) {
      this.#deps.log.warn('a question could not be kept', { callId: call.id, error });
    }
  }

  async #shelf(config: CacheConfig, { scope }: CachedQuestion): Promise<readonly Shelved[]> {
    try {
      return unpackShelf(await valuesOf(this.#deps.cache, config).get(scope));
    } catch (error) {
      this.#deps.log.warn('the cache could not be read: the upstream is asked', { error });
      return [];
    }
  }

  /** The direction of the call's question, by a call of its own; null when the model rests, is away, refuses, or takes too long. */
  async #embedded(call: Call, semantic: SemanticCacheConfig, run: RunCall): Promise<Int16Array | null> {
    const { clock } = this.#deps;
    const { model, timeoutMs } = semantic;
    if ((this.#restsUntilMs.get(model) ?? 0) > clock.nowMs()) return null;
    if (call.snapshot.resolve(model) === null) {
      this.#rest(model, 'the semantic cache has no embedding model: the configuration has none of that name');
      return null;
    }
    const inner = this.#callOf(call, semantic);
    const response = inner.response as InnerResponse;
    const late = setTimeout(() => inner.leave(), timeoutMs);
    call.waiting = { interrupt: () => inner.leave() };
    await run(inner);
    clearTimeout(late);
    call.waiting = null;
    const data = objectsOf(fieldsOf(parsed(response.body)).data);
    const vector = response.statusCode === 200 && !inner.gone ? directionOf(data[0]?.embedding) : null;
    // A budget that is used up, or a client that left, says nothing about the model.
    if (vector === null && !call.gone && response.statusCode !== 400 && response.statusCode !== 429) {
      this.#rest(model, 'the embedding model of the semantic cache did not answer');
    }
    return vector;
  }

  #rest(model: string, why: string): void {
    this.#restsUntilMs.set(model, this.#deps.clock.nowMs() + REST_MS);
    this.#deps.log.warn(`${why}: not asked again for half a minute`, { model });
  }

  #callOf(call: Call, { model, timeoutMs }: SemanticCacheConfig): Call {
    const body = { ...contextIn(fieldsOf(parsed(call.body.toString('utf8')))), model, input: call.question?.text, num_retries: 0 };
    const request = requestWith(call.request, innerHeaders(call, 'embedding'));
    const inner = new Call(this.#deps, call.snapshot, { endpoint: 'embeddings', route: '/embeddings', pathModel: null }, [
      request,
      new InnerResponse(null, null),
    ]);
    inner.clientAddress = call.clientAddress;
    const deadlineMs = this.#deps.clock.nowMs() + timeoutMs;
    inner.inner = { body: Buffer.from(JSON.stringify(body)), deadlineMs, pinnedTo: null, isOurs: true };
    return inner;
  }
}
