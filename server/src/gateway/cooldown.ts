// How a deployment has been doing, and when it should rest. Resting only moves calls to others: a group whose members all rest is called all the same (pick.ts).
// Rules: LiteLLM's cooldown (litellm.md §3.8) without its self-made outages; client aborts and other 4xx never count. After a rest one call tries the deployment;
// the others follow when it has answered.

const WINDOW_MS = 60_000;
const REST_MS = 5_000;
const MAX_REST_MS = 60_000;
const MIN_CALLS = 5;
/** A probe that takes longer keeps nobody else from trying: an answer may be minutes away and good. */
const PROBE_MS = 10_000;

/** What the configuration says about rests; absent values are LiteLLM's. */
export interface RestRules {
  readonly restMs: number | null;
  readonly allowedFails: number | null;
  readonly restsDisabled: boolean;
}

const USUAL: RestRules = { restMs: null, allowedFails: null, restsDisabled: false };

/** Counters of the current minute and the end of a rest. */
export class Health {
  readonly #rules: RestRules;
  #windowStartMs = 0;
  #calls = 0;
  #failures = 0;
  #restsUntilMs = 0;
  /** The status that made it rest; 0 when another process said so. */
  #restStatus = 0;
  /** It has rested and nothing has shown since that it answers again. */
  #unproven = false;
  /** Until then the call that tries it is the only one. */
  #probedUntilMs = 0;
  /** Probes in a row that failed: each doubles the rest where the configuration states none. */
  #failedProbes = 0;

  constructor(rules: RestRules = USUAL) {
    this.#rules = rules;
  }

  isResting(nowMs: number): boolean {
    return nowMs < this.#restsUntilMs;
  }

  restsUntilMs(): number {
    return this.#restsUntilMs;
  }

  /** The status that the rest follows from, where it was seen here. */
  restsBecause(): { status?: number } {
    return this.#restStatus === 0 ? {} : { status: this.#restStatus };
  }

  /** Whether a call may go there while others can answer: it does not rest, and no other call is finding out whether its rest has helped. */
  takesCalls(nowMs: number): boolean {
    return nowMs >= this.#restsUntilMs && (!this.#unproven || nowMs >= this.#probedUntilMs);
  }

  /** A call goes there; the first one after a rest is the probe. */
  began(nowMs: number): void {
    if (this.#unproven && nowMs >= this.#restsUntilMs) this.#probedUntilMs = nowMs + PROBE_MS;
  }

  /** The client left before there was an answer: nothing is known, the next call may try. */
  left(): void {
    this.#probedUntilMs = 0;
  }

  succeeded(nowMs: number): void {
    this.#roll(nowMs);
    this.#calls++;
    this.#proven();
  }

  /**
   * Counts a failed try. 429 rests at once (as long as the upstream asks, at most a minute), 401/403/404 rest at once because another try cannot help,
   * others rest when more than half of at least five calls of the minute failed. A failed probe rests at once, twice as long as before (at most a minute).
   * @returns whether the rest is longer now than before.
   */
  failed(status: number, retryAfterMs: number | null, nowMs: number): boolean {
    if (this.#rules.restsDisabled) return false;
    if (!countsAsFailure(status)) {
      // It answered, if only to say that the request is wrong.
      this.#proven();
      return false;
    }
    this.#roll(nowMs);
    this.#calls++;
    this.#failures++;
    const before = this.#restsUntilMs;
    const restMs = this.#restAfter(status, retryAfterMs, this.#unproven && nowMs >= before);
    if (restMs > 0) {
      this.#restStatus = status;
      this.#rest(restMs, nowMs);
    }
    return this.#restsUntilMs > before;
  }

  /** How long to rest after a failure; 0 = not yet. */
  #restAfter(status: number, retryAfterMs: number | null, probed: boolean): number {
    const { allowedFails } = this.#rules;
    if (probed) this.#failedProbes++;
    const restMs = this.#rules.restMs ?? Math.min(REST_MS * 2 ** this.#failedProbes, MAX_REST_MS);
    if (probed) return Math.max(restMs, Math.min(retryAfterMs ?? 0, MAX_REST_MS));
    if (allowedFails !== null) return this.#failures > allowedFails ? Math.max(restMs, Math.min(retryAfterMs ?? 0, MAX_REST_MS)) : 0;
    if (status === 429) return Math.min(retryAfterMs ?? restMs, Math.max(MAX_REST_MS, restMs));
    const isHopeless = status === 401 || status === 403 || status === 404;
    return isHopeless || (this.#calls >= MIN_CALLS && this.#failures * 2 > this.#calls) ? restMs : 0;
  }

  /** Another process says that the deployment should rest; never longer than it could have said itself. */
  restUntil(untilMs: number, nowMs: number): void {
    const until = Math.min(untilMs, nowMs + MAX_REST_MS);
    if (until <= this.#restsUntilMs) return;
    this.#restsUntilMs = until;
    this.#restStatus = 0;
    this.#unproven = true;
  }

  #proven(): void {
    this.#unproven = false;
    this.#failedProbes = 0;
  }

  #rest(forMs: number, nowMs: number): void {
    this.#restsUntilMs = Math.max(this.#restsUntilMs, nowMs + forMs);
    this.#unproven = true;
  }

  #roll(nowMs: number): void {
    if (nowMs - this.#windowStartMs < WINDOW_MS) return;
    this.#windowStartMs = nowMs;
    this.#calls = 0;
    this.#failures = 0;
  }
}

function countsAsFailure(status: number): boolean {
  return status >= 500 || status === 429 || status === 408 || status === 401 || status === 403 || status === 404;
}
