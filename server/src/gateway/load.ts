// What a deployment is doing and how fast it was: calls in flight, requests and tokens of this minute, the last times to an answer. A few numbers a call.

const MINUTE_MS = 60_000;
/** LiteLLM keeps the last ten times, for an hour. */
const KEPT_TIMES = 10;
const TIMES_FOR_MS = 3_600_000;

export class Load {
  inFlight = 0;
  #minuteStart = 0;
  #requests = 0;
  #tokens = 0;
  readonly #times: number[] = [];
  #lastTimeAtMs = 0;

  /** A call is sent. */
  began(nowMs: number): void {
    this.inFlight++;
    this.#roll(nowMs);
    this.#requests++;
  }

  /** An answer begins (a stream) or is there (a whole one). */
  answered(afterMs: number, nowMs: number): void {
    this.#lastTimeAtMs = nowMs;
    this.#times.push(afterMs);
    if (this.#times.length > KEPT_TIMES) this.#times.shift();
  }

  /** The call is over, with the tokens that it used. */
  ended(tokens: number, nowMs: number): void {
    this.inFlight--;
    this.#roll(nowMs);
    this.#tokens += tokens;
  }

  /** Requests and tokens of the minute that `nowMs` lies in. */
  minute(nowMs: number): { requests: number; tokens: number } {
    this.#roll(nowMs);
    return { requests: this.#requests, tokens: this.#tokens };
  }

  /** Mean of the last times to an answer; null when none is known or all are old. */
  latencyMs(nowMs: number): number | null {
    if (this.#times.length === 0 || nowMs - this.#lastTimeAtMs > TIMES_FOR_MS) return null;
    return this.#times.reduce((sum, time) => sum + time, 0) / this.#times.length;
  }

  #roll(nowMs: number): void {
    const start = Math.floor(nowMs / MINUTE_MS);
    if (start === this.#minuteStart) return;
    this.#minuteStart = start;
    this.#requests = 0;
    this.#tokens = 0;
  }
}
