// Lines and bytes as compressed pieces of bounded size in a blob store (a folder, or S3), each with its checksum, and back.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { AppError } from '#lib/errors.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import { Digest } from './digest.ts';
import type { Lines, Piece } from './manifest.ts';

/** Raw bytes of a piece; a longer line makes a longer piece. */
const PIECE_BYTES = 8 * 1024 * 1024;
const LEVEL = { level: 1 };
const compress = promisify<Uint8Array, { level: number }, Buffer>(gzip);
const decompress = promisify<Uint8Array, Buffer>(gunzip);

/** Where a backup lies. */
export interface Place {
  readonly blobs: Blobs;
  /** Before every name; '' or ends with '/'. */
  readonly prefix: string;
  /** As a person names it. */
  readonly label: string;
}

/** Stores lines under `<name>/00001.gz` …; holds one piece in memory. */
export async function packLines(place: Place, name: string, lines: AsyncIterable<string> | Iterable<string>): Promise<Lines> {
  const digest = new Digest();
  const pieces: Piece[] = [];
  let waiting: string[] = [];
  let size = 0;
  const store = async (): Promise<void> => {
    pieces.push(await putPiece(place, numbered(name, pieces.length), Buffer.from(`${waiting.join('\n')}\n`)));
    waiting = [];
    size = 0;
  };
  for await (const line of lines) {
    digest.add(line);
    waiting.push(line);
    size += line.length;
    if (size >= PIECE_BYTES) await store();
  }
  if (waiting.length > 0) await store();
  return { rows: digest.rows, digest: digest.text(), pieces };
}

/** Stores bytes under `<name>/00001.gz` …. */
export async function packBytes(place: Place, name: string, chunks: AsyncIterable<Uint8Array>): Promise<{ sizeBytes: number; pieces: Piece[] }> {
  const pieces: Piece[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.byteLength;
    pieces.push(await putPiece(place, numbered(name, pieces.length), chunk));
  }
  return { sizeBytes, pieces };
}

/** The lines of a piece. @throws AppError 422 when it is missing or was changed. */
export async function linesOf(place: Place, piece: Piece): Promise<string[]> {
  const text = (await bytesOf(place, piece)).toString('utf8');
  return text.slice(0, -1).split('\n');
}

/** The raw bytes of a piece. @throws AppError 422 when it is missing or was changed. */
export async function bytesOf(place: Place, piece: Piece): Promise<Buffer> {
  const stored = await place.blobs.get(`${place.prefix}${piece.name}`);
  if (stored === null) throw damaged(place, piece.name, 'is missing');
  if (sha256(stored) !== piece.sha256) throw damaged(place, piece.name, 'was changed since the backup');
  return await decompress(stored);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function damaged(place: Place, name: string, what: string): AppError {
  return new AppError(`The backup cannot be used: ${place.label}/${name} ${what}. Restore another backup.`, { status: 422, code: 'backup_damaged' });
}

async function putPiece(place: Place, name: string, raw: Uint8Array): Promise<Piece> {
  const stored = await compress(raw, LEVEL);
  await place.blobs.put(`${place.prefix}${name}`, stored);
  return { name, sizeBytes: stored.byteLength, sha256: sha256(stored) };
}

function numbered(name: string, index: number): string {
  return `${name}/${String(index + 1).padStart(5, '0')}.gz`;
}
