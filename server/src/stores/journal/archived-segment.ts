// The records of an archived segment or pack, each with the bytes it lies in: to be read again, or written again without some of them.
import type { JournalKind, JournalRecord } from './port.ts';
import { bodyIsWhole, partsOf, readFrame } from './record.ts';

export interface ArchivedRecord {
  record: JournalRecord;
  /** The record's own bytes, head included: a segment is such bytes one after another. */
  bytes: Buffer;
}

/** Every whole record; what stands after damage cannot be found and is left out. Never throws. */
export function* recordsOfArchive(archive: Uint8Array): Generator<ArchivedRecord> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  for (let offset = 0; offset < bytes.length; ) {
    const answer = readFrame(bytes, offset, bytes.length);
    if (typeof answer === 'string' || 'need' in answer) return;
    const { frame } = answer;
    if (offset + frame.sizeBytes > bytes.length || !bodyIsWhole(bytes, offset, frame)) return;
    const parts = partsOf(bytes, offset, frame, frame.partLengths.length);
    yield {
      record: { sequence: frame.sequence, kind: frame.kind as JournalKind, project: frame.project, parts },
      bytes: bytes.subarray(offset, offset + frame.sizeBytes),
    };
    offset += frame.sizeBytes;
  }
}
