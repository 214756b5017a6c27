// A form as a call carries it: what it says as one JSON object, which guards, rules, log and trace read, and its own bytes, which go on with only the changed fields replaced.

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import { isFields, parsed } from '#lib/json.ts';
import { type FormPart, type ScannedForm, scanForm } from './multipart.ts';

/** What is said of an uploaded file; the file itself is never written down. */
export interface FileFacts {
  readonly filename: string;
  readonly content_type: string | null;
  readonly bytes: number;
  readonly sha256: string;
}

/** A field whose text is replaced on the way. */
interface Field {
  readonly part: FormPart;
  readonly text: string;
  /** Which of the fields of its name it is. */
  readonly place: number;
}

export interface Form {
  readonly scanned: ScannedForm;
  readonly fields: readonly Field[];
  readonly files: readonly { readonly part: FormPart; readonly facts: FileFacts }[];
}

/** A longer part is a file, whatever the client calls it. */
const LONGEST_FIELD = 256 * 1024;
/** Hashing so many bytes at a time leaves the other calls their turn. */
const HASHED_AT_ONCE = 2 * 1024 * 1024;

/**
 * Reads the form of a body.
 * @throws AppError 400.
 */
export async function readForm(bytes: Buffer, contentType: string | undefined): Promise<Form> {
  const scanned = scanForm(bytes, contentType ?? '');
  const fields: Field[] = [];
  const files: { part: FormPart; facts: FileFacts }[] = [];
  const places = new Map<string, number>();
  for (const part of scanned.parts) {
    const value = bytes.subarray(part.valueStart, part.valueEnd);
    if (part.filename !== null || value.length > LONGEST_FIELD || !isUtf8(value)) {
      const facts = { filename: (part.filename ?? '').slice(0, 255), content_type: part.type, bytes: value.length, sha256: await sha256Of(value) };
      files.push({ part, facts });
      continue;
    }
    const place = places.get(part.name) ?? 0;
    if (place > 0 && !part.name.endsWith('[]')) throw badField(part.name, 'appears twice');
    places.set(part.name, place + 1);
    fields.push({ part, text: value.toString('utf8'), place });
  }
  for (const { part } of files) if (places.has(part.name)) throw badField(part.name, 'is a field and a file');
  return { scanned, fields, files };
}

async function sha256Of(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    hash.update(bytes.subarray(at, at + HASHED_AT_ONCE));
  }
  return hash.digest('hex');
}

const NUMBERS = new Set(['n', 'temperature', 'num_retries', 'timeout', 'max_retries', 'partial_images', 'output_compression']);
const OBJECTS = new Set(['metadata', 'litellm_metadata']);

/** What the form says as a JSON object: fields as what they mean, lists of one name together, files as facts. `about`: what is known of the files beside that. */
export function formJson({ fields, files }: Form, about: Readonly<Record<string, unknown>> = {}): Buffer {
  const members = new Map<string, unknown>();
  const put = (name: string, value: unknown): void => {
    const earlier = members.get(name);
    if (earlier === undefined) members.set(name, name.endsWith('[]') ? [value] : value);
    else members.set(name, Array.isArray(earlier) ? [...earlier, value] : [earlier, value]);
  };
  for (const { part, text } of fields) put(part.name, meaningOf(part.name, text));
  for (const { part, facts } of files) put(part.name, { ...facts, ...about });
  return Buffer.from(JSON.stringify(Object.fromEntries(members)));
}

function meaningOf(name: string, text: string): unknown {
  if (name === 'stream') return text === 'true' || text === 'True' || text === '1';
  if (NUMBERS.has(name) && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (!OBJECTS.has(name)) return text;
  const object = parsed(text);
  return isFields(object) ? object : text;
}

/** What differs on the way to an upstream. */
export interface FormEdits {
  /** Fields that the upstream gets in the place of the client's, or beside them. */
  readonly set: ReadonlyMap<string, string>;
  /** Fields that are left out. */
  readonly drop: ReadonlySet<string>;
  /** What the call says now of a field: guards may have changed it. Undefined: it no longer says anything. */
  now(name: string): unknown;
}

/** The pieces to send, in order: slices of the client's bytes wherever nothing changed, so that a file is never copied. */
export function formPieces({ scanned, fields, files }: Form, { set, drop, now }: FormEdits): Buffer[] {
  const { bytes, boundary } = scanned;
  const texts = new Map(fields.map((field) => [field.part, field]));
  const pieces: Buffer[] = [];
  const present = new Set([...fields, ...files].map(({ part }) => part.name));
  for (const [name, text] of set) if (!present.has(name)) pieces.push(fieldBytes(boundary, name, text));
  let kept: { start: number; end: number } | null = null;
  const flush = (): void => {
    if (kept !== null) pieces.push(bytes.subarray(kept.start, kept.end));
    kept = null;
  };
  for (const part of scanned.parts) {
    const field = texts.get(part);
    const text = field === undefined ? null : (set.get(part.name) ?? changedText(field, now(part.name)));
    if (!drop.has(part.name) && text === null) {
      kept = { start: (kept as { start: number } | null)?.start ?? part.start, end: part.end };
      continue;
    }
    flush();
    if (text !== null && !drop.has(part.name)) pieces.push(fieldBytes(boundary, part.name, text));
  }
  flush();
  pieces.push(Buffer.from(`--${boundary}--\r\n`, 'latin1'));
  return pieces;
}

/** The text that a guard put in a field's place; null = it stands as it came. */
function changedText({ part, text, place }: Field, now: unknown): string | null {
  const said = Array.isArray(now) && part.name.endsWith('[]') ? now[place] : now;
  return typeof said !== 'string' || said === text ? null : said;
}

function fieldBytes(boundary: string, name: string, text: string): Buffer {
  const safeName = name.replace(/[\r\n"]/g, (found) => `%${(found.codePointAt(0) as number).toString(16).toUpperCase().padStart(2, '0')}`);
  const head = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="`, 'latin1');
  return Buffer.concat([head, Buffer.from(`${safeName}"\r\n\r\n${text}\r\n`)]);
}

function badField(name: string, why: string): AppError {
  return new AppError(`Invalid request body: the form's field ${JSON.stringify(name.slice(0, 64))} ${why}.`, { status: 400, code: 'bad_request_error' });
}
