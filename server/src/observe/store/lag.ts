// How far behind the consumer is: sequences told by wake-ups that it has not reached, and since when.

/** Sequences of one start of the journal differ by one; a new start begins far higher (stores/journal/segment.ts). */
const START_BITS = 40;
const MAX_MARKS = 1_024;

export interface Lag {
  /** A durable sequence became known at an instant. */
  told(sequence: bigint, atMs: number): void;
  /** Everything up to the sequence is stored. */
  reached(sequence: bigint): void;
  /** Records not yet stored (an estimate across restarts of the journal) and the age of the oldest known one in milliseconds. */
  now(atMs: number): { lagRecords: number; lagMs: number };
}

/** A meter that starts at a stored position. */
export function createLag(start: bigint): Lag {
  let position = start;
  let marks: { sequence: bigint; atMs: number }[] = [];
  return {
    told: (sequence, atMs) => {
      const newest = marks.at(-1)?.sequence ?? position;
      if (sequence <= newest || sequence <= position) return;
      // When the list is full the newest mark moves and keeps its age: the lag is never understated.
      const last = marks.at(-1);
      if (marks.length >= MAX_MARKS && last) last.sequence = sequence;
      else marks.push({ sequence, atMs });
    },
    reached: (sequence) => {
      if (sequence > position) position = sequence;
      marks = marks.filter((mark) => mark.sequence > position);
    },
    now: (atMs) => {
      const newest = marks.at(-1);
      if (!newest) return { lagRecords: 0, lagMs: 0 };
      const sameStart = newest.sequence >> BigInt(START_BITS) === position >> BigInt(START_BITS);
      const records = sameStart ? newest.sequence - position : BigInt.asUintN(START_BITS, newest.sequence);
      return { lagRecords: Number(records), lagMs: Math.max(0, atMs - (marks[0]?.atMs ?? atMs)) };
    },
  };
}
