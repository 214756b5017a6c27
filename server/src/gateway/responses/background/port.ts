// Port: responses that run in the background of their upstream, until they have ended and are counted.
import type { CallSettled } from '#call-record.ts';
import type { Job, JobQueue } from '#gateway/jobs/runner.ts';

/** What of the call is known when it begins, kept for when it ends. */
export interface BackgroundCall {
  /** The record as it will be written, but for its end. */
  readonly record: CallSettled;
  /** Tokens that the request probably is: for an upstream that says nothing of its usage. */
  readonly inputTokens: number;
}

/** `id` is the call's. */
export interface BackgroundResponse extends Job {
  readonly deploymentId: string;
  /** Null while it is not known whether the upstream has it. */
  readonly responseId: string | null;
  readonly call: BackgroundCall;
  /** The request, where its content may be kept. */
  readonly request: Uint8Array | null;
  /** Picos; null = the price is unknown. */
  readonly reservedPicos: bigint | null;
  readonly accounts: readonly string[];
}

export type NewBackgroundResponse = Omit<BackgroundResponse, 'responseId' | 'failures' | 'createdAtMs'> & {
  /** When it is given up, should nobody have said what the upstream calls it. */
  readonly nextAtMs: number;
};

/** Every method fails with AppError 503 when the records are away. */
export interface BackgroundStore extends JobQueue<BackgroundResponse> {
  /** Keeps it before the upstream hears of it and, as one, what it holds: a ledger row that counts at every level until the end is known. */
  begin(response: NewBackgroundResponse): Promise<void>;
  /** It does not run: nothing of it is left. */
  withdraw(id: string): Promise<void>;
  /** Keeps how it was found; whoever claimed it is done with it. */
  note(id: string, seen: { readonly responseId: string; readonly status: string; readonly nextAtMs: number }): Promise<void>;
  /** The id of the open one by what its upstream calls it; null = it is over, or never was in the background. */
  openIdOf(responseId: string, deploymentId: string): Promise<string | null>;
  /** Takes one for `lockMs`, as `claim` does; null = it is over or somebody has it. */
  take(id: string, lockMs: number): Promise<BackgroundResponse | null>;
  /** It is looked at as soon as somebody can. */
  hurry(id: string): Promise<void>;
  /** Whether the ledger still counts it at its reservation. */
  isOpen(id: string): Promise<boolean>;
}
