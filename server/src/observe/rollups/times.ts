// The times that roll-ups go by, in milliseconds (docs/adr/0010 says why each holds).

/** What a row of a roll-up adds up. */
export const BUCKET_MS = 900_000;
/** What is settled at once. */
export const UNIT_MS = 6 * 3_600_000;
/** How far from its own time a gateway call may change what another observation counts: it is looked for so far around. */
export const REACH_MS = 86_400_000;
/** Rows that begin later than this ago are written without a mark: nothing is settled there. */
export const LIVE_MS = 26 * 3_600_000;
/** Only what ended longer ago than this is settled: an hour more than LIVE_MS, for writes on their way. */
export const SETTLED_AFTER_MS = 27 * 3_600_000;
/** A mark counts as the newer one for so long after it was made: its rows may still be on their way. */
export const ON_THE_WAY_MS = 600_000;

export interface Span {
  beginMs: number;
  endMs: number;
}

/** Everything that can be stored. */
export const ALWAYS: Span = { beginMs: 0, endMs: Date.UTC(2200, 0, 1) };

export const floorTo = (ms: number, stepMs: number): number => Math.floor(ms / stepMs) * stepMs;
export const ceilTo = (ms: number, stepMs: number): number => Math.ceil(ms / stepMs) * stepMs;
