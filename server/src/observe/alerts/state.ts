// The states of an alert: ok -> pending -> firing -> resolved -> ok. Pure; what a notification is sent for is decided here alone.

export type State = 'ok' | 'pending' | 'firing' | 'resolved';

export interface Standing {
  state: State;
  since: Date;
}

export interface Step extends Standing {
  /** What receivers are told; null = nothing. */
  event: 'firing' | 'resolved' | null;
  /** Of a firing: since when its condition has held. */
  beganAt: Date;
}

/** How long "resolved" is shown before it is "ok" again. */
const SHOWN_RESOLVED_MS = 3_600_000;

/**
 * The state after a measurement. `breach` is whether the condition held; null = nobody knows, and nothing changes.
 * A condition that has held for `forMs` fires; one that did not hold once begins anew.
 */
export function nextStanding(now: Standing, breach: boolean | null, at: Date, forMs: number): Step {
  const stay: Step = { ...now, event: null, beganAt: now.since };
  if (breach === null) return stay;
  switch (now.state) {
    case 'firing':
      return breach ? stay : { state: 'resolved', since: at, event: 'resolved', beganAt: now.since };
    case 'pending':
      return breach ? fired(stay, at, forMs) : calm(at);
    default:
      if (breach) return fired({ state: 'pending', since: at, event: null, beganAt: at }, at, forMs);
      return now.state === 'resolved' && at.getTime() - now.since.getTime() >= SHOWN_RESOLVED_MS ? calm(at) : stay;
  }
}

function calm(at: Date): Step {
  return { state: 'ok', since: at, event: null, beganAt: at };
}

/** A pending state that has held for long enough fires. */
function fired(pending: Step, at: Date, forMs: number): Step {
  return at.getTime() - pending.since.getTime() >= forMs ? { state: 'firing', since: at, event: 'firing', beganAt: pending.since } : pending;
}
