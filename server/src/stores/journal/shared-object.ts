// One object of the shared journal: records in the form of record.ts, one after another; a record's own sequence is its place in the object, from 1.

import type { JournalKind, JournalRecord } from './port.ts';
import { bodyIsWhole, headBytes, partsOf, readFrame, recordBytes, writeHead } from './record.ts';

/** Places of an object's records in a sequence: more than an object ever holds. */
const PLACES = 1n << 20n;
export const MOST_RECORDS = Number(PLACES) - 1;

/** The sequence of the record at `place` of the object with this number. */
export function sequenceOf(number: bigint, place: number): bigint {
  return number * PLACES + BigInt(place);
}

export function placeOf(sequence: bigint): { number: bigint; place: number } {
  return { number: sequence / PLACES, place: Number(sequence % PLACES) };
}

/** A record as a list of buffers to be written; its bodies are not copied. @throws RangeError when it cannot be written in this form. */
export function encodeRecord(kind: JournalKind, project: string, parts: readonly Uint8Array[], place: number): { chunks: Uint8Array[]; sizeBytes: number } {
  const projectBytes = Buffer.byteLength(project);
  const sizeBytes = recordBytes(parts, projectBytes);
  const head = Buffer.allocUnsafe(headBytes(parts.length, projectBytes));
  writeHead(head, 0, { kind, project, sequence: BigInt(place), parts }, { record: sizeBytes, project: projectBytes });
  return { chunks: [head, ...parts], sizeBytes };
}

export interface DecodedObject {
  records: (JournalRecord & { sizeBytes: number })[];
  /** Offset of the first byte that is no record; null when all are. */
  damagedAt: number | null;
}

/** Reads an object; never throws. What stands after damage cannot be found and is left out. */
export function decodeObject(bytes: Buffer, number: bigint): DecodedObject {
  const records: DecodedObject['records'] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const answer = readFrame(bytes, offset, bytes.length);
    if (typeof answer === 'string' || 'need' in answer) return { records, damagedAt: offset };
    const { frame } = answer;
    if (offset + frame.sizeBytes > bytes.length || !bodyIsWhole(bytes, offset, frame)) return { records, damagedAt: offset };
    const { kind, project, sizeBytes } = frame;
    const parts = partsOf(bytes, offset, frame, frame.partLengths.length);
    records.push({ sequence: sequenceOf(number, records.length + 1), kind: kind as JournalKind, project, parts, sizeBytes });
    offset += sizeBytes;
  }
  return { records, damagedAt: null };
}
