// How a deployment has been doing, and when it should rest. Resting only moves calls to others: a group whose members all rest is called all the same (pick.ts).
// Rules: LiteLLM's cooldown (litellm.md §3.8) without its self-made outages; client aborts and other 4xx never count.

const WINDOW_MS = 60_000;
const REST_MS = 5_000;
const MAX_REST_MS = 60_000;
const MIN_CALLS = 5;

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

  constructor(rules: RestRules = USUAL) {
    this.#rules = rules;
  }

  isResting(nowMs: number): boolean {
    return nowMs < this.#restsUntilMs;
  }

  restsUntilMs(): number {
    return this.#restsUntilMs;
  }

  succeeded(nowMs: number): void {
    this.#roll(nowMs);
    this.#calls++;
  }

  /**
   * Counts a failed try. 429 rests at once (as long as the upstream asks, at most a minute), 401/403/404 rest at once because another try cannot help,
   * others rest when more than half of at least five calls of the minute failed.
   * @returns whether the rest is longer now than before.
   */
  failed(status: number, retryAfterMs: number | null, nowMs: number): boolean {
    if (this.#rules.restsDisabled || !countsAsFailure(status)) return false;
    this.#roll(nowMs);
    this.#calls++;
    this.#failures++;
    const before = this.#restsUntilMs;
    const restMs = this.#rules.restMs ?? REST_MS;
    if (this.#rules.allowedFails !== null) {
      if (this.#failures > this.#rules.allowedFails) this.#rest(Math.max(restMs, Math.min(retryAfterMs ?? 0, MAX_REST_MS)), nowMs);
    } else if (status === 429) this.#rest(Math.min(retryAfterMs ?? restMs, Math.max(MAX_REST_MS, restMs)), nowMs);
    else if (status === 401 || status === 403 || status === 404) this.#rest(restMs, nowMs);
    else if (this.#calls >= MIN_CALLS && this.#failures * 2 > this.#calls) this.#rest(restMs, nowMs);
    return this.#restsUntilMs > before;
  }

  /** Another process says that the deployment should rest; never longer than it could have said itself. */
  restUntil(untilMs: number, nowMs: number): void {
    this.#restsUntilMs = Math.max(this.#restsUntilMs, Math.min(untilMs, nowMs + MAX_REST_MS));
  }

  #rest(forMs: number, nowMs: number): void {
    this.#restsUntilMs = Math.max(this.#restsUntilMs, nowMs + forMs);
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
