// What a call's journal records become in the table `ledger`: one entry an attempt. Cheap on purpose: this runs for every call, beside the data plane.
import type { AttemptOutcome, AttemptRecord, CallSettled, CallStarted } from '#call-record.ts';

/** The call's side of a row; what an unsettled call never learned is null. */
export interface LedgerCall
  extends Pick<
    CallSettled,
    'callId' | 'stream' | 'model' | 'clientAddress' | 'endUser' | 'sessionId' | 'traceName' | 'environment' | 'tags' | 'startedAtUs' | 'path'
  > {
  traceId: string | null;
  spanId: string | null;
  endpoint: string | null;
  endedAtUs: number | null;
  firstTokenAtUs: number | null;
  outcome: AttemptOutcome;
  httpStatus: number | null;
}

/** The attempt's side of a row. */
export interface LedgerAttempt extends Omit<AttemptRecord, 'endedAtUs'> {
  endedAtUs: number | null;
}

export interface LedgerEntry {
  readonly call: LedgerCall;
  readonly attempt: LedgerAttempt;
  /** The last attempt of its call. */
  readonly final: boolean;
}

/** The entries of a call that has ended. A call refused before any attempt keeps one, so that it stands in the request log. */
export function entriesOfSettled(call: CallSettled): LedgerEntry[] {
  const { attempts } = call;
  if (attempts.length === 0) return [{ call, attempt: withoutAttempt(call), final: true }];
  const last = attempts.length - 1;
  return attempts.map((attempt, index) => ({ call, attempt, final: index === last }));
}

/**
 * The entries of a call that began and was never settled: the last attempt is billed at its reservation. Earlier attempts had failed
 * before it began (that is why it began) and what they cost, if anything, is unknown; but for the one that it was sent beside (hedging), which is billed as well.
 */
export function entriesOfUnknown(attempts: readonly CallStarted[]): LedgerEntry[] {
  const ordered = [...attempts].sort((a, b) => a.attempt - b.attempt);
  const [first] = ordered;
  if (first === undefined) return [];
  const call = unknownCall(first);
  return ordered.map((started, index) => {
    const final = index === ordered.length - 1;
    const isBilled = final || (index === ordered.length - 2 && ordered[index + 1]?.beside === true);
    return { call, attempt: unknownAttempt(started, isBilled), final };
  });
}

function unknownCall(first: CallStarted): LedgerCall {
  return {
    callId: first.callId,
    traceId: first.callId,
    spanId: null,
    endpoint: null,
    stream: false,
    model: first.model,
    endUser: null,
    sessionId: null,
    traceName: null,
    environment: null,
    tags: [],
    startedAtUs: first.startedAtUs,
    endedAtUs: null,
    firstTokenAtUs: null,
    outcome: 'unknown',
    httpStatus: null,
    path: first.path,
  };
}

function unknownAttempt(started: CallStarted, final: boolean): LedgerAttempt {
  return {
    index: started.attempt,
    deploymentId: started.deploymentId,
    provider: started.provider,
    upstreamModel: started.upstreamModel,
    apiBase: null,
    startedAtUs: started.startedAtUs,
    endedAtUs: null,
    outcome: 'unknown',
    httpStatus: null,
    errorClass: null,
    errorMessage: final ? 'The process ended before the call was settled: billed at its reservation.' : null,
    usage: null,
    usageEstimated: false,
    cost: final ? started.reserved : null,
    currency: started.currency,
    priceId: started.priceId,
  };
}

function withoutAttempt(call: CallSettled): LedgerAttempt {
  return {
    index: 0,
    deploymentId: '',
    provider: '',
    upstreamModel: '',
    apiBase: null,
    startedAtUs: call.startedAtUs,
    endedAtUs: call.endedAtUs,
    outcome: call.outcome,
    httpStatus: call.httpStatus,
    errorClass: call.errorClass,
    errorMessage: call.errorMessage,
    usage: call.usage,
    usageEstimated: call.usageEstimated,
    cost: call.cost,
    currency: call.currency,
    priceId: null,
  };
}
