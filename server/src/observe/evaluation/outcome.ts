// What becomes of a judgement, whoever judged.
import { AppError } from '#lib/errors.ts';

/** Amounts are decimal texts in the currency of prices. `judgeTraceId` null: no model was asked. */
export type Outcome =
  | { kind: 'done'; scoreId: string; judgeTraceId: string | null; cost: string | null }
  /** The target is not whole yet: looked at again, without counting. */
  | { kind: 'not-yet'; cause: string }
  | { kind: 'skipped'; cause: string }
  | Failure;

/** `retryable` false: the same would happen again. `pause` names a fault that every job of the rule would meet. */
export interface Failure {
  kind: 'failed';
  cause: string;
  retryable: boolean;
  afterSeconds: number | null;
  pause: string | null;
  cost: string | null;
  judgeTraceId: string | null;
}

/** Faults of the configuration: every job of the rule would meet them. */
const PAUSING = new Set([
  ...['no_connection', 'no_gateway', 'no_model', 'adapter_not_served', 'sealed_unreadable', 'upstream_401', 'upstream_403', 'upstream_404'],
  'code_evaluators_off',
]);

export function failureOf(error: unknown, cost: string | null): Failure {
  const known = error instanceof AppError;
  const cause = known ? error.message : `unexpected: ${error instanceof Error ? error.message : String(error)}`;
  return {
    kind: 'failed',
    cause: cause.slice(0, 1_000),
    // What nobody foresaw (records away for a moment, for example) deserves another try.
    retryable: known ? error.retryable || error.status >= 500 : true,
    afterSeconds: known ? (error.retryAfterSeconds ?? null) : null,
    pause: known && PAUSING.has(error.code) ? error.code : null,
    cost,
    judgeTraceId: null,
  };
}
