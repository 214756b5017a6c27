// Calls that have begun and are not settled, in journal order: they hold the ledger's position back, because only their `started` record knows what they reserved.
import type { CallStarted } from '#call-record.ts';

interface OpenCall {
  /** Journal sequence of the call's first `started` record. */
  readonly sequence: bigint;
  readonly attempts: CallStarted[];
}

export class OpenCalls {
  // Insertion order = journal order, so the first entry is the oldest.
  readonly #calls = new Map<string, OpenCall>();

  begin(sequence: bigint, record: CallStarted): void {
    const call = this.#calls.get(record.callId);
    if (call === undefined) this.#calls.set(record.callId, { sequence, attempts: [record] });
    else call.attempts.push(record);
  }

  /** Closes a call and gives its attempts back; [] when it was not open. */
  end(callId: string): CallStarted[] {
    const call = this.#calls.get(callId);
    if (call === undefined) return [];
    this.#calls.delete(callId);
    return call.attempts;
  }

  /** Takes out every call. */
  drain(): CallStarted[][] {
    const attempts = [...this.#calls.values()].map((call) => call.attempts);
    this.#calls.clear();
    return attempts;
  }

  /** Takes out the calls whose first attempt began before an instant; stops at the first younger one. */
  drainBefore(epochUs: number): CallStarted[][] {
    const old: CallStarted[][] = [];
    for (const [callId, call] of this.#calls) {
      if ((call.attempts[0]?.startedAtUs ?? 0) >= epochUs) break;
      this.#calls.delete(callId);
      old.push(call.attempts);
    }
    return old;
  }

  /** The position may not pass this sequence; null when no call is open. */
  oldestSequence(): bigint | null {
    return this.#calls.values().next().value?.sequence ?? null;
  }

  get size(): number {
    return this.#calls.size;
  }
}
