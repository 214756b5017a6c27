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

/** Seals entry after entry as they come. Entries of one name that follow each other are pieces of one long text. */
export class Sealer {
  private readonly prefix = randomBytes(PREFIX_BYTES);
  private readonly write: (bytes: Buffer) => void;
  private readonly key: Buffer;
  private index = 0;
  /** Held back until it is known whether it is the last one. */
  private waiting: Buffer | null = null;

  /** @param key 32 bytes */
  constructor(write: (bytes: Buffer) => void, key: Buffer) {
    this.write = write;
    this.key = key;
    write(Buffer.concat([MAGIC, this.prefix]));
  }

  /** @throws BackupError when it is too long to be opened again */
  add(entry: Entry): void {
    const name = Buffer.from(entry.name);
    const plain = Buffer.concat([Buffer.from([name.length]), name, gzipSync(entry.body)]);
    if (plain.length > MAX_CHUNK_BYTES) throw new BackupError(`${entry.name} is too large for a backup (${plain.length} bytes compressed)`);
    this.flush(false);
    this.waiting = plain;
  }

  end(): void {
    this.flush(true);
  }

  private flush(isLast: boolean): void {
    if (this.waiting === null) return;
    this.write(sealChunk(this.waiting, { key: this.key, prefix: this.prefix, index: this.index, isLast }));
    this.index += 1;
    this.waiting = null;
  }
}

/** @param key 32 bytes */
export function sealEntries(entries: readonly Entry[], key: Buffer): Buffer {
  const chunks: Buffer[] = [];
  const sealer = new Sealer((bytes) => chunks.push(bytes), key);
  for (const entry of entries) sealer.add(entry);
  sealer.end();
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

/** Where the bytes of a backup lie. `read` answers fewer bytes at the end. */
export interface ByteSource {
  size: number;
  read(at: number, length: number): Buffer;
}

/** @throws BackupError */
export const openEntries = (backup: Buffer, key: Buffer): Entry[] => [
  ...entriesOf({ size: backup.length, read: (at, length) => backup.subarray(at, at + length) }, key),
];

/** One entry at a time. Only after the last one is it certain that the backup is whole. @throws BackupError */
export function* entriesOf(source: ByteSource, key: Buffer): Generator<Entry> {
  const start = source.read(0, MAGIC.length + PREFIX_BYTES);
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw new BackupError('this file is not a backup of this platform');
  const prefix = start.subarray(MAGIC.length);
  let at = start.length;
  for (let index = 0, isLast = false; !isLast; index += 1) {
    const head = source.read(at, 5);
    const bodyAt = at + 5 + NONCE_BYTES + TAG_BYTES;
    if (bodyAt > source.size) throw new BackupError('the backup is cut off');
    const length = head.readUInt32BE(0);
    const flag = head.readUInt8(4);
    isLast = flag === 1;
    if (flag > 1) throw new BackupError('the backup is damaged');
    if (length > MAX_CHUNK_BYTES || bodyAt + length > source.size) throw new BackupError('the backup is cut off');
    const plain = openChunk(source.read(at + 5, NONCE_BYTES + TAG_BYTES + length), { key, prefix, index, isLast });
    const nameEnd = 1 + (plain[0] ?? 0);
    at = bodyAt + length;
    if (isLast && at !== source.size) throw new BackupError('the backup has something behind its end');
    yield { name: plain.subarray(1, nameEnd).toString(), body: gunzipSync(plain.subarray(nameEnd)) };
  }
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
