// What both directions of a session share.
import type { Call } from '#gateway/call.ts';
import type { Failure } from '#gateway/errors.ts';
import type { Plane } from '#gateway/run.ts';
import type { Answers } from './answers.ts';
import type { SessionState } from './session-state.ts';

export interface Room {
  /** The session's own call. */
  readonly call: Call;
  readonly plane: Plane;
  readonly state: SessionState;
  readonly answers: Answers;
  /** Asked for no more answers: the process is about to end. */
  readonly isDraining: boolean;
  /** Nobody hears an answer any more: one that begins is cancelled. */
  readonly hasClientLeft: boolean;
  toClient(text: string | Buffer): void;
  toUpstream(text: string): void;
  /** An error event for the client; `causedBy` is the id of the client's event. */
  tell(failure: Pick<Failure, 'status' | 'type' | 'message' | 'param'>, causedBy: unknown): void;
  /** Ends the session, on both sides. */
  close(code: number, reason: string): void;
  /** An answer has ended: whoever waits for the end of all may look. */
  settled(): void;
}
