// A call journal before which a project's masking acts: content, metadata and error texts are replaced before anything is written, wherever that is.
import type { CallSettled } from '#call-record.ts';
import type { CallJournal } from '#gateway/ports.ts';

/** How a project's content is masked. */
export interface ContentMask {
  text(text: string): string;
  body(bytes: Uint8Array, format: CallSettled['answerFormat']): Uint8Array;
}

/** The same journal, with masked content for projects that mask. */
export function maskedCallJournal(journal: CallJournal, maskOf: (projectId: string) => ContentMask | null): CallJournal {
  return {
    started: (record) => journal.started(record),
    settled(record, request, answer, done) {
      const mask = maskOf(record.path.projectId);
      const masked = maskedCall(mask, record, request);
      const hides = mask !== null && record.content === 'full';
      journal.settled(masked.record, masked.request, hides ? [mask.body(Buffer.concat(answer), record.answerFormat)] : answer, done);
    },
    masked: (record, request) => maskedCall(maskOf(record.path.projectId), record, request),
  };
}

function maskedCall(mask: ContentMask | null, record: CallSettled, request: Uint8Array | null): { record: CallSettled; request: Uint8Array | null } {
  if (mask === null) return { record, request };
  const hides = record.content === 'full' && request !== null;
  return { record: maskedRecord(record, mask), request: hides ? mask.body(request, 'json') : request };
}

/** Errors of upstreams repeat what was sent, metadata is the client's. */
function maskedRecord(record: CallSettled, { text, body }: ContentMask): CallSettled {
  const errorMessage = record.errorMessage === null ? null : text(record.errorMessage);
  const attempts = record.attempts.map((attempt) => (attempt.errorMessage === null ? attempt : { ...attempt, errorMessage: text(attempt.errorMessage) }));
  const metadata = record.metadata === null ? null : Buffer.from(body(Buffer.from(record.metadata), 'json')).toString('utf8');
  return { ...record, errorMessage, attempts, metadata };
}
