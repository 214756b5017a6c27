// Rates of a call: requests and tokens of the minute and parallel places, at every level that limits them. Taken together or not at all, given back at the end.
import type { Limiter } from '#identity/governing.ts';
import { UNIT_SEPARATOR } from '#identity/governing.ts';
import { AppError } from '#lib/errors.ts';
import type { WindowLimit } from '#stores/coordination/port.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';

const MINUTE_MS = 60_000;

/** Takes one request from rpm, one token from tpm (the rest is added at the end) and one parallel place of every limiter. @throws AppError 429. */
export function takeLimits(call: Call, deps: GatewayDeps): void | Promise<void> {
  const { limiters } = call;
  if (limiters.length === 0) return;
  const nowMs = deps.clock.nowMs();
  const limits: WindowLimit[] = [];
  const sources: { limiter: Limiter; type: 'requests' | 'tokens' }[] = [];
  for (const limiter of limiters) {
    if (limiter.rpm !== null) {
      limits.push({ key: `rpm:{${limiter.account}}`, windowMs: MINUTE_MS, max: limiter.rpm, cost: 1 });
      sources.push({ limiter, type: 'requests' });
    }
    if (limiter.tpm !== null) {
      limits.push({ key: tokenWindow(limiter), windowMs: MINUTE_MS, max: limiter.tpm, cost: 1 });
      sources.push({ limiter, type: 'tokens' });
    }
  }
  return after(limits.length === 0 ? null : deps.coordination.take(limits, nowMs), (taken) => {
    if (taken?.allowed !== false) return enterPlaces(call, deps, 0, nowMs);
    const index = taken.refusedBy ?? 0;
    const { limiter, type } = sources[index] as (typeof sources)[number];
    throw limitReached(limiter, type, limits[index]?.max ?? 0, { resetAtMs: taken.resetAtMs, nowMs });
  });
}

/** Gives the parallel places back and adds the tokens that the call really used. */
export function leaveLimits(call: Call, deps: GatewayDeps): void {
  const usage = call.usage;
  // Cached input is not what a provider's token limit counts.
  const tokens = usage === null ? 0 : usage.total - (usage.cachedInput ?? 0);
  for (const limiter of call.limiters) {
    if (limiter.tpm !== null && tokens > 1) forget(deps.coordination.add(tokenWindow(limiter), MINUTE_MS, tokens - 1, deps.clock.nowMs()), deps);
  }
  leavePlaces(call, deps);
}

const tokenWindow = (limiter: Limiter): string => `tpm:{${limiter.account}}`;
const places = (limiter: Limiter): string => `parallel:{${limiter.account}}`;

/** Enters the places one after the other; one that is refused gives back those before it. */
function enterPlaces(call: Call, deps: GatewayDeps, from: number, nowMs: number): void | Promise<void> {
  for (let index = from; index < call.limiters.length; index++) {
    const limiter = call.limiters[index] as Limiter;
    const max = limiter.parallel;
    if (max === null) continue;
    const leaseMs = call.snapshot.config.requestTimeoutMs + MINUTE_MS;
    const entered = deps.coordination.enter(places(limiter), max, call.id, leaseMs, nowMs);
    if (entered instanceof Promise) {
      return entered.then((allowed) => {
        settlePlace(call, deps, limiter, allowed, nowMs);
        return enterPlaces(call, deps, index + 1, nowMs);
      });
    }
    settlePlace(call, deps, limiter, entered, nowMs);
  }
}

// biome-ignore lint/complexity/useMaxParams: one private step of the loop above, synchronous and remote alike
function settlePlace(call: Call, deps: GatewayDeps, limiter: Limiter, entered: boolean, nowMs: number): void {
  if (entered) {
    call.placesHeld++;
    return;
  }
  leavePlaces(call, deps);
  throw limitReached(limiter, 'max_parallel_requests', limiter.parallel ?? 0, { resetAtMs: nowMs + 1000, nowMs });
}

function leavePlaces(call: Call, deps: GatewayDeps): void {
  for (const limiter of call.limiters) {
    if (call.placesHeld === 0) return;
    if (limiter.parallel === null) continue;
    call.placesHeld--;
    forget(deps.coordination.leave(places(limiter), call.id), deps);
  }
}

/** Renews the leases of the places that a long call holds. */
export function keepPlaces(call: Call, deps: GatewayDeps): void {
  const leaseMs = call.snapshot.config.requestTimeoutMs + MINUTE_MS;
  for (const limiter of call.limiters) {
    if (limiter.parallel === null) continue;
    const entered = deps.coordination.enter(places(limiter), limiter.parallel, call.id, leaseMs, deps.clock.nowMs());
    if (entered instanceof Promise) entered.catch((error: unknown) => deps.log.warn('a place could not be kept', { error }));
  }
}

function forget(pending: void | Promise<void>, deps: GatewayDeps): void {
  if (pending instanceof Promise) pending.catch((error: unknown) => deps.log.warn('a limit could not be given back', { error }));
}

/** Continues at once for a value, later for a promise: the in-memory adapters cost no promise. */
function after<Value, Result>(value: Value | Promise<Value>, next: (value: Value) => Result | Promise<Result>): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** LiteLLM's names of the levels in its limiter's messages. */
const DESCRIPTORS = { key: 'api_key', team: 'team', user: 'user', member: 'team_member', organization: 'organization', end_user: 'end_user', tag: 'tag' };

function limitReached(limiter: Limiter, type: string, limit: number, window: { resetAtMs: number; nowMs: number }): AppError {
  const resetAt = `${new Date(window.resetAtMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const descriptor = limiter.model === null ? DESCRIPTORS[limiter.level] : `model_per_${limiter.level}`;
  const id = limiter.id.replace(UNIT_SEPARATOR, ':');
  const value = limiter.model === null ? id : `${id}:${limiter.model}`;
  const message = `Rate limit exceeded for ${descriptor}: ${value}. Limit type: ${type}. Current limit: ${limit}, Remaining: 0. Limit resets at: ${resetAt}`;
  return new AppError(message, {
    status: 429,
    code: 'rate_limit_error',
    retryAfterSeconds: Math.max(1, Math.ceil((window.resetAtMs - window.nowMs) / 1000)),
    details: { headers: ['rate_limit_type', type, 'reset_at', resetAt] },
  });
}
