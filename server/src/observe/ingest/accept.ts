// From checked bytes to the acknowledgement: mask, append as received, wait until durable.
import { AppError } from '#lib/errors.ts';
import type { JournalAppender, JournalKind } from '#stores/journal/port.ts';
import { encodeHeader, type IngestHeader } from './header.ts';

/** A project's masking: acts before anything is written. Returns the body to keep; identity when the project masks nothing. */
export type Mask = (projectId: string, body: Buffer, contentType: string, kind: JournalKind) => Buffer | Promise<Buffer>;

export interface Acceptance {
  kind: JournalKind;
  projectId: string;
  header: IngestHeader;
  body: Buffer;
}

/**
 * Resolves once the record is durable.
 * @throws AppError 503 with Retry-After when the journal is full or could not write: nothing was accepted, the client sends again.
 */
export async function accept(journal: JournalAppender, mask: Mask, acceptance: Acceptance): Promise<void> {
  const { kind, projectId, header } = acceptance;
  const body = await mask(projectId, acceptance.body, header.contentType, kind);
  await new Promise<void>((resolve, reject) => {
    const sequence = journal.append('payload', kind, projectId, [encodeHeader(header), body], (error) =>
      error === null ? resolve() : reject(unavailable(2, error)),
    );
    if (sequence === null) reject(unavailable(5));
  });
}

function unavailable(retryAfterSeconds: number, cause?: Error): AppError {
  const message = cause === undefined ? 'The ingestion journal is full: send again later.' : 'The ingestion journal could not be written: send again later.';
  return new AppError(message, { status: 503, code: 'ServiceUnavailableError', retryAfterSeconds, ...(cause === undefined ? {} : { cause }) });
}
