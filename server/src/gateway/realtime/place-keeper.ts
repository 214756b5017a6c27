// Keeps the parallel places of a session that is longer than their lease: a process that dies gives them back by not asking again.
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { keepPlaces } from '#gateway/limits.ts';

const EVERY_MS = 30_000;

export class PlaceKeeper {
  readonly #call: Call;
  readonly #deps: GatewayDeps;
  #timer: NodeJS.Timeout | null = null;

  constructor(call: Call, deps: GatewayDeps) {
    this.#call = call;
    this.#deps = deps;
  }

  start(): void {
    if (this.#call.placesHeld > 0) this.#timer = setInterval(() => keepPlaces(this.#call, this.#deps), EVERY_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}
