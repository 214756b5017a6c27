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
      if (mask === null) return journal.settled(record, request, answer, done);
      const masked = maskedRecord(record, mask);
      if (record.content !== 'full') return journal.settled(masked, request, answer, done);
      journal.settled(masked, request === null ? null : mask.body(request, 'json'), [mask.body(Buffer.concat(answer), record.answerFormat)], done);
    },
  };
}

/** Errors of upstreams repeat what was sent, metadata is the client's. */
function maskedRecord(record: CallSettled, { text, body }: ContentMask): CallSettled {
  const errorMessage = record.errorMessage === null ? null : text(record.errorMessage);
  const attempts = record.attempts.map((attempt) => (attempt.errorMessage === null ? attempt : { ...attempt, errorMessage: text(attempt.errorMessage) }));
  const metadata = record.metadata === null ? null : Buffer.from(body(Buffer.from(record.metadata), 'json')).toString('utf8');
  return { ...record, errorMessage, attempts, metadata };
}
