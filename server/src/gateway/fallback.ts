// What comes after a failed try: the same model again, the next model, or the error. Pure; run.ts acts on it.

/** What is known when a try has failed. */
export interface Situation {
  status: number;
  errorClass: string;
  /** The upstream's hint, null without one. */
  retryAfterMs: number | null;
  /** Tries that failed on this model so far, this one included. */
  failures: number;
  maxRetries: number;
  /** Tries that a retry policy states for this class of failure: it decides whether and how often; null or absent = the rules below. */
  policyRetries?: number | null;
  /** Another deployment of the group is awake and untried. */
  othersAwake: boolean;
  /** The next fallback model that the key may use, null when none is left. */
  nextModel: string | null;
  /** Until the call's total deadline. */
  remainingMs: number;
}

export type Next = { action: 'retry'; delayMs: number } | { action: 'next-model'; model: string } | { action: 'stop' };

const BASE_MS = 500;
const CAP_MS = 8_000;
/** Longer hints are for the client to wait out. */
const LONGEST_WAIT_MS = 10_000;

/** Decides. Retries wait with full jitter (0 … min(8 s, 0.5 s · 2ⁿ)) and never less than the upstream asks; another deployment is tried at once. */
export function decide(situation: Situation, random: () => number = Math.random): Next {
  const stated = situation.policyRetries ?? null;
  const retriesLeft = situation.failures <= (stated ?? situation.maxRetries);
  const retryable = stated !== null ? stated > 0 : isRetryable(situation.status);
  if (retriesLeft && situation.othersAwake && (retryable || isDeploymentsFault(situation.status))) return { action: 'retry', delayMs: 0 };
  if (retriesLeft && retryable) {
    const jitterMs = random() * Math.min(CAP_MS, BASE_MS * 2 ** (situation.failures - 1));
    const delayMs = Math.ceil(Math.max(jitterMs, situation.retryAfterMs ?? 0));
    if (delayMs <= LONGEST_WAIT_MS && delayMs < situation.remainingMs) return { action: 'retry', delayMs };
  }
  if (situation.nextModel !== null && mayFallBack(situation)) return { action: 'next-model', model: situation.nextModel };
  return { action: 'stop' };
}

/** The same request may succeed later: never authentication or validation errors, nor what is not built or goes in circles. */
export function isRetryable(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || (status >= 500 && status !== 501 && status !== 508);
}

/** The deployment is set up wrongly or cannot do what is asked; another one of the group may be right. */
function isDeploymentsFault(status: number): boolean {
  return status === 401 || status === 403 || status === 404 || status === 501;
}

function mayFallBack(situation: Situation): boolean {
  if (situation.remainingMs <= 0) return false;
  if (situation.errorClass === 'ContextWindowExceededError' || situation.errorClass === 'ContentPolicyViolationError') return true;
  return isRetryable(situation.status) || isDeploymentsFault(situation.status);
}
