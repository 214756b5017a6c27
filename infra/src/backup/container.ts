// The form of a backup: entries in encrypted chunks. A changed, cut, reordered or foreign chunk is noticed and nothing of it is used.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

/** First bytes of every backup, with the version of the form. */
const MAGIC = Buffer.from('GENAIBK1');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX_BYTES = 8;
export const KEY_BYTES = 32;
/** More than a dump of keys, teams, settings and prompts ever needs; a bound against a damaged length. */
const MAX_CHUNK_BYTES = 256 * 1024 * 1024;

export interface Entry {
  name: string;
  body: Buffer;
}

/** The backup is not one, is damaged, or was made with another key. */
export class BackupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BackupError';
  }
}

/** @param key 32 bytes */
export function sealEntries(entries: readonly Entry[], key: Buffer): Buffer {
  const prefix = randomBytes(PREFIX_BYTES);
  const chunks: Buffer[] = [MAGIC, prefix];
  for (const [index, entry] of entries.entries()) {
    const name = Buffer.from(entry.name);
    const plain = Buffer.concat([Buffer.from([name.length]), name, gzipSync(entry.body)]);
    chunks.push(sealChunk(plain, { key, prefix, index, isLast: index === entries.length - 1 }));
  }
  return Buffer.concat(chunks);
}

interface Place {
  key: Buffer;
  /** Random, the same for all chunks of a backup: chunks of another one do not fit. */
  prefix: Buffer;
  index: number;
  isLast: boolean;
}

/** Position and end are authenticated, so that chunks cannot be moved and the last one cannot be cut off. */
const associated = ({ prefix, index, isLast }: Omit<Place, 'key'>): Buffer => Buffer.from(`${prefix.toString('hex')} ${index} ${isLast}`);

function sealChunk(plain: Buffer, place: Place): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', place.key, nonce);
  cipher.setAAD(associated(place));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt8(place.isLast ? 1 : 0, 4);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), body]);
}

/** @throws BackupError */
export function openEntries(backup: Buffer, key: Buffer): Entry[] {
  if (!backup.subarray(0, MAGIC.length).equals(MAGIC)) throw new BackupError('this file is not a backup of this platform');
  const prefix = backup.subarray(MAGIC.length, MAGIC.length + PREFIX_BYTES);
  const entries: Entry[] = [];
  let at = MAGIC.length + PREFIX_BYTES;
  for (let isLast = false; !isLast; ) {
    const headEnd = at + 5 + NONCE_BYTES + TAG_BYTES;
    if (headEnd > backup.length) throw new BackupError('the backup is cut off');
    const length = backup.readUInt32BE(at);
    const flag = backup.readUInt8(at + 4);
    isLast = flag === 1;
    if (flag > 1) throw new BackupError('the backup is damaged');
    if (length > MAX_CHUNK_BYTES || headEnd + length > backup.length) throw new BackupError('the backup is cut off');
    const plain = openChunk(backup.subarray(at + 5, headEnd + length), { key, prefix, index: entries.length, isLast });
    const nameEnd = 1 + (plain[0] ?? 0);
    entries.push({ name: plain.subarray(1, nameEnd).toString(), body: gunzipSync(plain.subarray(nameEnd)) });
    at = headEnd + length;
  }
  if (at !== backup.length) throw new BackupError('the backup has something behind its end');
  return entries;
}

function openChunk(chunk: Buffer, place: Place): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', place.key, chunk.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(place));
  decipher.setAuthTag(chunk.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(chunk.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw new BackupError('the backup is damaged, or was made with another key');
  }
}
