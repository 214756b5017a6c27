// What makes two calls the same, and what a call says about its cache. Pure.
import { createHash } from 'node:crypto';
import type { Call } from '#gateway/call.ts';
import { type Asked, fieldOf, GATEWAY_FIELDS } from '#gateway/request.ts';
import { ownerOf } from '#gateway/responses/turn.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf } from '#lib/json.ts';
import type { CacheConfig } from '#settings/settings.ts';

/** `cache` of the body, LiteLLM's form. */
export interface CacheWish {
  /** A kept answer may be given. */
  readonly reads: boolean;
  /** The answer may be kept. */
  readonly writes: boolean;
  readonly ttlMs: number;
  /** Oldest answer that is welcome; null = any. */
  readonly maxAgeMs: number | null;
  readonly namespace: string;
}

/** @throws AppError 400 for times that are none. */
export function wishOf(asked: Asked, config: CacheConfig): CacheWish {
  const given = fieldsOf(fieldOf(asked, 'cache'));
  const wanted = config.byDefault || given['use-cache'] === true || given.use_cache === true;
  const ttl = seconds(given.ttl, 'ttl');
  const maxAge = seconds(given['s-maxage'] ?? given['s-max-age'], 's-maxage');
  return {
    reads: wanted && given['no-cache'] !== true && fieldOf(asked, 'caching') !== false,
    writes: wanted && given['no-store'] !== true && fieldOf(asked, 'caching') !== false,
    ttlMs: ttl === null ? config.ttlMs : ttl * 1000,
    maxAgeMs: maxAge === null ? null : maxAge * 1000,
    namespace: typeof given.namespace === 'string' ? given.namespace.slice(0, 200) : config.namespace,
  };
}

function seconds(value: unknown, name: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new AppError(`"cache.${name}" must be a number of seconds.`, { status: 400, code: 'bad_request_error', param: 'cache' });
}

/** Version of the entries: a change of what is hashed or kept must not find old ones. */
const VERSION = '1';

/**
 * The key of a call: whose it is, its model, and every member of its body that reaches the upstream, in any order, byte for byte. A stream and a whole answer
 * are two things.
 */
export function cacheKey(call: Call, asked: Asked, config: CacheConfig, namespace: string): string {
  return keyOf({ call, asked, config, namespace }, null);
}

/** The key of what calls have in common whose last question is another: everything as above, with `around` in the place of the messages. */
export function scopeKey(calling: Keyed, around: string, embeddingModel: string): string {
  return keyOf(calling, { around, embeddingModel });
}

export interface Keyed {
  readonly call: Call;
  readonly asked: Asked;
  readonly config: CacheConfig;
  readonly namespace: string;
}

function keyOf({ call, asked, config, namespace }: Keyed, scope: { around: string; embeddingModel: string } | null): string {
  const hash = createHash('sha256');
  const part = (text: string | Buffer): void => {
    hash.update(`${Buffer.byteLength(text)}:`);
    hash.update(text);
  };
  part(VERSION);
  part(config.shared ? 'all' : ownerOf(call));
  part(namespace);
  part(call.endpoint);
  part(call.model);
  part(String(asked.stream));
  // Features that an upstream is asked for by a header.
  part(String(call.request.headers['anthropic-beta'] ?? ''));
  if (scope !== null) for (const text of ['questions', scope.embeddingModel, scope.around]) part(text);
  const members = asked.scanned.members.filter(({ key }) => key !== 'model' && !GATEWAY_FIELDS.has(key) && !(scope !== null && key === 'messages'));
  for (const { key, valueStart, valueEnd } of members.sort((a, b) => (a.key < b.key ? -1 : 1))) {
    part(key);
    part(asked.scanned.bytes.subarray(valueStart, valueEnd));
  }
  return hash.digest('hex');
}
