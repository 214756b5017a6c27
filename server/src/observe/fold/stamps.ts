// Stamps order what several events say about one field: event time, then create before update, then a hash of the event id.

/** `timeUs` in microseconds; `rank` 0 = create, 1 = update; `hash` of the event's id. */
export interface Stamp {
  readonly timeUs: number;
  readonly rank: 0 | 1;
  readonly hash: number;
}

/** Negative when a is older than b, 0 when they cannot be told apart. */
export function compareStamps(a: Stamp, b: Stamp): number {
  if (a === b) return 0;
  return a.timeUs - b.timeUs || a.rank - b.rank || a.hash - b.hash;
}

/** FNV-1a over the text's UTF-16 units, 32 bits: only orders events of the same microsecond. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The stamp of an event. */
export function stampOf(timeUs: number, rank: 0 | 1, eventId: string): Stamp {
  return { timeUs, rank, hash: hashOf(eventId) };
}
