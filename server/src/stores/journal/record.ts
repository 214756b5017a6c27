// The form of one journal record on disk: a fixed head, part lengths, project, then the parts; two checksums, so that the JSON header can be trusted without reading the bodies.
//
// All integers little-endian:
//   0 u32 length of the whole record          12 u8 format version (1)     24 u16 number of parts
//   4 u32 checksum of bytes 8 .. end of part 0 13 u8 kind                   26 u16 zero
//   8 u32 checksum of parts 1 .. n             14 u16 length of the project 28 u32 x n part lengths, project (UTF-8), parts
//                                              16 u64 sequence
// The checksum is CRC-32 (IEEE): Node has it natively; see docs/adr/0001-journal.md.
import { crc32 } from 'node:zlib';

export const RECORD_FORMAT = 1;
export const FIXED_BYTES = 28;
/** Longest record that is written or believed; a longer length field is damage. */
export const LONGEST_RECORD_BYTES = 1024 * 1024 * 1024;
const MOST_PARTS = 64;

export interface RecordFields {
  readonly kind: number;
  readonly project: string;
  readonly sequence: bigint;
  readonly parts: readonly Uint8Array[];
}

/** Bytes of a record's head (everything before part 0), given the project's length in UTF-8 bytes. */
export function headBytes(partCount: number, projectBytes: number): number {
  return FIXED_BYTES + 4 * partCount + projectBytes;
}

/** Bytes of the whole record. @throws RangeError when it cannot be written in this format. */
export function recordBytes(parts: readonly Uint8Array[], projectBytes: number): number {
  if (parts.length < 1 || parts.length > MOST_PARTS) throw new RangeError(`a journal record has 1 to ${MOST_PARTS} parts, not ${parts.length}`);
  if (projectBytes > 0xffff) throw new RangeError('a project id is at most 65,535 bytes long');
  let total = headBytes(parts.length, projectBytes);
  for (const part of parts) total += part.byteLength;
  if (total > LONGEST_RECORD_BYTES) throw new RangeError(`a journal record is at most ${LONGEST_RECORD_BYTES} bytes long, not ${total}`);
  return total;
}

/** Writes the head of a record into `target` at `offset` (room for `headBytes`), checksums included. */
export function writeHead(target: Buffer, offset: number, fields: RecordFields, size: { record: number; project: number }): void {
  const { parts } = fields;
  target.writeUInt32LE(size.record, offset);
  let bodyChecksum = 0;
  for (let index = 1; index < parts.length; index++) bodyChecksum = crc32(parts[index] as Uint8Array, bodyChecksum);
  target.writeUInt32LE(bodyChecksum, offset + 8);
  target[offset + 12] = RECORD_FORMAT;
  target[offset + 13] = fields.kind;
  target.writeUInt16LE(size.project, offset + 14);
  target.writeBigUInt64LE(fields.sequence, offset + 16);
  target.writeUInt16LE(parts.length, offset + 24);
  target.writeUInt16LE(0, offset + 26);
  let at = offset + FIXED_BYTES;
  for (const part of parts) at = target.writeUInt32LE(part.byteLength, at);
  if (size.project > 0) at += target.write(fields.project, at, 'utf8');
  const checksum = crc32(target.subarray(offset + 8, at));
  target.writeUInt32LE(crc32(parts[0] as Uint8Array, checksum), offset + 4);
}

/** A record whose head (part 0 included) has been checked; the bodies may lie outside of the bytes at hand. */
export interface Frame {
  readonly kind: number;
  readonly project: string;
  readonly sequence: bigint;
  readonly sizeBytes: number;
  readonly partLengths: readonly number[];
  /** Offset of part 0 from the record's start. */
  readonly partsStart: number;
  readonly bodyChecksum: number;
}

/** `need` = that many bytes from the record's start must be at hand; `blank` = never written; `damaged` = not a record. */
export type FrameAnswer = { readonly frame: Frame } | { readonly need: number } | 'blank' | 'damaged';

/** Reads the head of the record at `offset`; looks at no byte beyond `end`. Never throws. */
export function readFrame(bytes: Buffer, offset: number, end: number): FrameAnswer {
  if (end - offset < FIXED_BYTES) return end - offset >= 4 && bytes.readUInt32LE(offset) === 0 ? 'blank' : { need: FIXED_BYTES };
  const sizeBytes = bytes.readUInt32LE(offset);
  if (sizeBytes === 0) return 'blank';
  const partCount = bytes.readUInt16LE(offset + 24);
  const projectBytes = bytes.readUInt16LE(offset + 14);
  const partsStart = headBytes(partCount, projectBytes);
  if (bytes[offset + 12] !== RECORD_FORMAT || partCount < 1 || partCount > MOST_PARTS || sizeBytes > LONGEST_RECORD_BYTES || partsStart > sizeBytes)
    return 'damaged';
  if (end - offset < partsStart) return { need: partsStart };
  const partLengths: number[] = [];
  let total = partsStart;
  for (let index = 0; index < partCount; index++) {
    const length = bytes.readUInt32LE(offset + FIXED_BYTES + 4 * index);
    partLengths.push(length);
    total += length;
  }
  if (total !== sizeBytes) return 'damaged';
  const headEnd = partsStart + (partLengths[0] as number);
  if (end - offset < headEnd) return { need: headEnd };
  if (crc32(bytes.subarray(offset + 8, offset + headEnd)) !== bytes.readUInt32LE(offset + 4)) return 'damaged';
  return {
    frame: {
      kind: bytes[offset + 13] as number,
      project: projectBytes === 0 ? '' : bytes.toString('utf8', offset + partsStart - projectBytes, offset + partsStart),
      sequence: bytes.readBigUInt64LE(offset + 16),
      sizeBytes,
      partLengths,
      partsStart,
      bodyChecksum: bytes.readUInt32LE(offset + 8),
    },
  };
}

/** Whether the bodies (parts 1 .. n), all at hand, are what was written. */
export function bodyIsWhole(bytes: Buffer, offset: number, frame: Frame): boolean {
  const bodyStart = frame.partsStart + (frame.partLengths[0] as number);
  if (bodyStart === frame.sizeBytes) return frame.bodyChecksum === 0;
  return crc32(bytes.subarray(offset + bodyStart, offset + frame.sizeBytes)) === frame.bodyChecksum;
}

/** Views on the first `count` parts of a record whose bytes are at hand. */
export function partsOf(bytes: Buffer, offset: number, frame: Frame, count: number): Buffer[] {
  const parts: Buffer[] = [];
  let at = offset + frame.partsStart;
  for (const length of frame.partLengths.slice(0, count)) {
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}
