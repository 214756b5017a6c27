// Exact answers kept for a time: found after the call was admitted, kept after it was settled. A cache that is away or full is a call to the upstream, never an error.
import type { Call, Ending } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { type Asked, fieldOf } from '#gateway/request.ts';
import { callerKeepsContent } from '#gateway/settle.ts';
import type { CacheConfig } from '#settings/settings.ts';
import type { Values } from '#stores/coordination/port.ts';
import { type CacheWish, cacheKey, scopeKey, wishOf } from './cache-key.ts';
import { type Entry, packEntry, unpackEntry } from './entry.ts';
import { questionIn } from './question.ts';

/** A longer answer is not kept. */
const LONGEST_ANSWER = 1024 * 1024;

const TOOL_CALLS = /"tool_calls"\s*:\s*\[\s*\{/;

/** Where answers are kept: in this process, or where all processes look. */
export interface CachePlaces {
  readonly local: Values;
  readonly shared: Values;
}

/** A call's dealings with the cache. */
export interface Caching {
  readonly key: string;
  readonly wish: CacheWish;
  /** The answer is one to a question that means the same: how much so, up to 1. */
  readonly similarity?: number;
}

/** What a chat asks, as far as the cache looks for answers to similar questions. */
export interface CachedQuestion {
  readonly text: string;
  /** Where the questions are that have everything else in common with it. */
  readonly scope: string;
  readonly wish: CacheWish;
  /** Its direction, once somebody has made it. */
  vector: Int16Array | null;
  /** Key of its answer, once that is kept. */
  keptAs: string | null;
}

export function valuesOf(places: CachePlaces, { type }: CacheConfig): Values {
  return type === 'redis' ? places.shared : places.local;
}

/**
 * Looks for the answer of an admitted call; sets `call.caching` when it may be kept. Null = ask the upstream.
 * @throws AppError 400 for a `cache` that makes no sense.
 */
export async function findCached(call: Call, deps: GatewayDeps): Promise<Entry | null> {
  const config = call.snapshot.config.cache;
  const { asked } = call;
  if (config === null || asked === null || !config.endpoints.some((endpoint) => endpoint === call.endpoint)) return null;
  // Whoever keeps no content keeps none here; what a client itself says is no upstream's answer.
  if (!callerKeepsContent(call) || asked.mockResponse !== null) return null;
  const wish = wishOf(asked, config);
  if (!wish.reads && !wish.writes) return null;
  const key = cacheKey(call, asked, config, wish.namespace);
  if (wish.writes) call.caching = { key, wish };
  const entry = wish.reads ? await readEntry(call, deps, config, { key, wish }) : null;
  if (entry !== null) call.caching = { key, wish };
  else call.question = questionOf(call, asked, config, wish);
  return entry;
}

/** What stands in the body's last place, where the configuration wants it looked at; turns with tools are not questions. */
function questionOf(call: Call, asked: Asked, config: CacheConfig, wish: CacheWish): CachedQuestion | null {
  if (config.semantic === undefined || call.endpoint !== 'chat' || call.inner !== null) return null;
  const question = questionIn(fieldOf(asked, 'messages'));
  if (question === null) return null;
  const scope = scopeKey({ call, asked, config, namespace: wish.namespace }, question.around, config.semantic.model);
  return { text: question.text, scope, wish, vector: null, keptAs: null };
}

/** What is kept under a key; null when there is nothing, or nothing that is welcome. Never rejects. */
export async function readEntry(call: Call, deps: GatewayDeps, config: CacheConfig, { key, wish }: Caching): Promise<Entry | null> {
  try {
    const bytes = await valuesOf(deps.cache, config).get(key);
    const entry = bytes === null ? null : unpackEntry(bytes);
    return entry === null || (wish.maxAgeMs !== null && deps.clock.nowMs() - entry.head.keptAtMs > wish.maxAgeMs) ? null : entry;
  } catch (error) {
    deps.log.warn('the cache could not be read: the upstream is asked', { callId: call.id, error });
    return null;
  }
}

/** Keeps a whole, good answer of the model that was asked. Nobody waits for it. */
export function keepCached(call: Call, deps: GatewayDeps, ending: Ending): void {
  const config = call.snapshot.config.cache;
  const { caching, usage } = call;
  const attempt = call.attempts.at(-1);
  if (config === null || caching === null || attempt === undefined || usage === null) return;
  if (ending.outcome !== 'success' || ending.httpStatus !== 200 || ending.partial === true || call.fallbacks > 0 || ending.answerFormat === 'none') return;
  const answer = Buffer.concat(ending.answer);
  if (answer.length > LONGEST_ANSWER) return;
  const { deploymentId, provider, upstreamModel } = attempt;
  const contentType = ending.answerFormat === 'sse' ? 'text/event-stream; charset=utf-8' : 'application/json';
  const head = { keptAtMs: deps.clock.nowMs(), format: ending.answerFormat, contentType, usage, deploymentId, provider, upstreamModel };
  const kept = valuesOf(deps.cache, config).set(caching.key, packEntry({ head, answer }), caching.wish.ttlMs);
  // A tool that is called for one question does another thing for the next.
  if (call.question !== null && !TOOL_CALLS.test(answer.toString('latin1'))) call.question.keptAs = caching.key;
  if (kept instanceof Promise) kept.catch((error: unknown) => deps.log.warn('an answer could not be cached', { callId: call.id, error }));
}
