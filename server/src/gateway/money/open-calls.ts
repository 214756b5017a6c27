// Calls that have begun and are not settled, in journal order: they hold the ledger's position back, because only their `started` record knows what they reserved.
import type { CallStarted } from '#call-record.ts';

export interface OpenCall {
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

  /** Closes a call and gives it back; null when it was not open. */
  end(callId: string): OpenCall | null {
    const call = this.#calls.get(callId) ?? null;
    if (call !== null) this.#calls.delete(callId);
    return call;
  }

  /** Takes out every call. */
  drain(): OpenCall[] {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    return calls;
  }

  /** Takes out the calls whose first attempt began before an instant; stops at the first younger one. */
  drainBefore(epochUs: number): OpenCall[] {
    const old: OpenCall[] = [];
    for (const [callId, call] of this.#calls) {
      if ((call.attempts[0]?.startedAtUs ?? 0) >= epochUs) break;
      this.#calls.delete(callId);
      old.push(call);
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
