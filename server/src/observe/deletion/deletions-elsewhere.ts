// Deletion asked for in a process that only reads: the request is written down, the storing process does it, and the answer waits for that.
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import type { Deletions } from './port.ts';
import { type DeletionRequest, deletionById, requestDeletion } from './receipts.ts';

const WAIT_MS = 10_000;
const POLL_MS = 50;

/** `waitMs`: how long the answer waits. @throws AppError 503 when nobody did it in that time; it is done as soon as somebody stores. */
export function deletionsElsewhere(records: Pick<Records, 'query'>, waitMs: number = WAIT_MS): Deletions {
  const request = async (asked: DeletionRequest): Promise<string> => {
    const id = await requestDeletion(records, asked);
    for (const deadline = Date.now() + waitMs; Date.now() < deadline; ) {
      if ((await deletionById(records, id))?.hidden_at) return id;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new AppError('The deletion is noted; the worker that stores events does it when it is back.', {
      status: 503,
      code: 'ServiceUnavailableError',
      retryAfterSeconds: 10,
    });
  };
  return {
    traces: (projectId, traceIds) => request({ projectId, kind: 'traces', subjects: traceIds }),
    // What this process accepted has no place in the worker's order: the worker waits for the journal's end.
    score: (projectId, scoreId) => request({ projectId, kind: 'score', subjects: [scoreId] }),
  };
}
