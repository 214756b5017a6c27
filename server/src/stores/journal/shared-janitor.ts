// Tidies the shared journal: gives a number to objects whose writer died before it could, and packs objects that everybody has read into an archive.
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import { decodeObject, placeOf } from './shared-object.ts';
import { forgetObjects, OBJECT_PREFIX, objectsFrom, type RegisteredObject, registerObject, unregisteredAmong } from './shared-registry.ts';

export interface SharedJanitorOptions {
  blobs: Blobs;
  records: Pick<Records, 'query'>;
  /** Younger objects may still be registered by their writer. */
  strayAfterMs?: number;
  /** Where the archive lies. */
  archivePrefix?: string;
}

const STRAY_AFTER_MS = 10_000;
const LIST_LIMIT = 10_000;
const OBJECTS_A_PACK = 500;
const PACK_BYTES = 32 * 1024 * 1024;
export const SHARED_ARCHIVE = 'archive/shared/';

/** Registers what its writer could not. @returns how many. */
export async function registerStrays({ blobs, records, strayAfterMs = STRAY_AFTER_MS }: SharedJanitorOptions, nowMs: number): Promise<number> {
  const listed = await blobs.list(OBJECT_PREFIX, { limit: LIST_LIMIT });
  const settled = listed.filter(({ modifiedAt }) => nowMs - modifiedAt.getTime() > strayAfterMs);
  const strays = await unregisteredAmong(
    records,
    settled.map(({ key }) => key),
  );
  for (const key of strays) {
    const bytes = await blobs.get(key);
    if (bytes === null) continue;
    const decoded = decodeObject(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0n);
    await registerObject(records, { key, sizeBytes: bytes.byteLength, records: Math.max(1, decoded.records.length) });
  }
  return strays.length;
}

/** Packs and removes the objects that lie wholly at or before a sequence. @returns how many left. */
export async function releaseObjects({ blobs, records, archivePrefix = SHARED_ARCHIVE }: SharedJanitorOptions, consumedSequence: bigint): Promise<number> {
  const consumed = placeOf(consumedSequence);
  let left = 0;
  for (;;) {
    const oldest = await objectsFrom(records, 0n, OBJECTS_A_PACK);
    const pack = packOf(oldest.filter(({ number, records: count }) => number < consumed.number || (number === consumed.number && count <= consumed.place)));
    const [first, last] = [pack[0], pack.at(-1)];
    if (first === undefined || last === undefined) return left;
    const bodies: Uint8Array[] = [];
    for (const { key } of pack) {
      const body = await blobs.get(key);
      if (body !== null) bodies.push(body);
    }
    // Written again when this is cut short; then objects first, so that a number never stands for nothing that was not read.
    await blobs.put(`${archivePrefix}${padded(first.number)}-${padded(last.number)}`, Buffer.concat(bodies));
    for (const { key } of pack) await blobs.remove(key);
    await forgetObjects(
      records,
      pack.map(({ number }) => number),
    );
    left += pack.length;
  }
}

function packOf(objects: readonly RegisteredObject[]): RegisteredObject[] {
  const pack: RegisteredObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    if (pack.length > 0 && bytes + object.sizeBytes > PACK_BYTES) break;
    pack.push(object);
    bytes += object.sizeBytes;
  }
  return pack;
}

const padded = (number: bigint): string => number.toString().padStart(16, '0');
