// The contract of a client dialect: what the corridor must know of a language to relay, count and refuse in it. Bodies pass as they are; only translations (exchange.ts) rewrite them.
import type { CallUsage } from '#call-record.ts';
import type { Failure } from '#gateway/errors.ts';

/** Watches a stream in the client's language: passes whole frames on at once and holds back what may leave only after the settlement. */
export interface StreamScan {
  /** The stream's own usage object as far as it is final; null until then. */
  readonly usage: unknown;
  /** The usage object so far, for answers that never come to their end; null without one. */
  readonly begun: unknown;
  /** The model that the stream says has answered. */
  readonly model: string | null;
  /** The end has arrived; nothing after it is passed on. */
  readonly done: boolean;
  /** Enough has arrived for the answer to be whole, should the stream simply end now. */
  readonly finished: boolean;
  /** A frame that is not what the language allows has been seen; it was not passed on. */
  readonly malformed: boolean;
  /** JSON text of an error that the upstream sent in the stream; it was not passed on. */
  readonly failed: string | null;
  /** Bytes were passed on after the last complete frame: an error event needs a blank line first. */
  readonly midFrame: boolean;
  /** The bytes that end a whole answer. */
  readonly ending: Buffer | null;
  /** Takes what arrived; answers what may leave now, null for nothing yet. */
  push(chunk: Buffer): Buffer | null;
}

export interface Dialect {
  /** A failure as the body of an answer. */
  envelope(failure: Failure): string;
  /** A failure as the last event of a stream. */
  errorEvent(failure: Failure): Buffer;
  /** @param cutUsage take the usage out of the stream, because it was the gateway that asked for it. */
  scan(cutUsage: boolean): StreamScan;
  /** Member of a whole answer that holds the usage. */
  readonly usageKey: string;
  /** A member that is looked at where that one counts nothing. */
  readonly otherUsageKey?: string;
  /** Canonical usage of an answer's usage object; null when it is absent or makes no sense. */
  usage(raw: unknown): CallUsage | null;
  /** The texts that a parsed answer or stream event brings, for estimates. */
  said(parsed: unknown): readonly unknown[];
}
