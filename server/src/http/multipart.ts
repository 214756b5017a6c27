// Reads multipart/form-data as it arrives: parts with their headers, contents in pieces, never a whole part in memory (RFC 7578, RFC 2046).
import { AppError } from '#lib/errors.ts';

/** What hears of the parts, in their order. */
export interface PartSink {
  /** A part begins; names of headers are in lower case. */
  part(headers: ReadonlyMap<string, string>): void;
  /** A piece of its content; the bytes may be kept. */
  data(bytes: Buffer): void;
  partEnd(): void;
}

const MOST_PARTS = 100;
const LONGEST_HEADERS = 16 * 1024;
const LONGEST_PADDING = 256;
const LINE_END = Buffer.from('\r\n');
const HEADERS_END = Buffer.from('\r\n\r\n');

type State = 'preamble' | 'after boundary' | 'headers' | 'content' | 'over';

/** Fed with the body piece by piece, wherever it is cut. Holds no more than a delimiter or a part's headers. */
export class MultipartScanner {
  readonly #delimiter: Buffer;
  readonly #sink: PartSink;
  #state: State = 'preamble';
  // The first delimiter stands at the very beginning, without the line end that belongs to every other one.
  #rest: Buffer = LINE_END;
  #parts = 0;

  /** @param boundary as `boundaryOf` reads it. */
  constructor(boundary: string, sink: PartSink) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#sink = sink;
  }

  /** @throws AppError 400 for what is no multipart body. */
  write(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let used = this.#step(bytes); used !== null; used = this.#step(bytes)) bytes = bytes.subarray(used);
    this.#rest = this.#state === 'over' ? NOTHING : this.#keep(bytes);
  }

  /** The body has ended. @throws AppError 400 when its last delimiter is missing. */
  end(): void {
    if (this.#state !== 'over') throw broken('it ends before its last boundary');
  }

  /** How many bytes of the beginning are done with; null = more are needed. */
  #step(bytes: Buffer): number | null {
    switch (this.#state) {
      case 'preamble':
      case 'content':
        return this.#findDelimiter(bytes);
      case 'after boundary':
        return this.#findLineEnd(bytes);
      case 'headers':
        return this.#readHeaders(bytes);
      default:
        return null;
    }
  }

  #findDelimiter(bytes: Buffer): number | null {
    const at = bytes.indexOf(this.#delimiter);
    if (at < 0) return null;
    if (this.#state === 'content') {
      if (at > 0) this.#sink.data(bytes.subarray(0, at));
      this.#sink.partEnd();
    }
    this.#state = 'after boundary';
    return at + this.#delimiter.length;
  }

  #findLineEnd(bytes: Buffer): number | null {
    if (bytes.length < 2) return null;
    if (bytes[0] === 0x2d && bytes[1] === 0x2d) {
      this.#state = 'over';
      return 2;
    }
    const at = bytes.indexOf(LINE_END);
    if (at < 0 && bytes.length <= LONGEST_PADDING) return null;
    if (at < 0 || at > LONGEST_PADDING || !/^[ \t]*$/.test(bytes.toString('latin1', 0, at))) throw broken('a boundary is followed by something else');
    this.#state = 'headers';
    return at + 2;
  }

  #readHeaders(bytes: Buffer): number | null {
    if (bytes.length < 2) return null;
    const none = bytes[0] === 0x0d && bytes[1] === 0x0a;
    const at = none ? 0 : bytes.indexOf(HEADERS_END);
    if ((at < 0 && bytes.length > LONGEST_HEADERS) || at > LONGEST_HEADERS) throw broken('the headers of a part are too long');
    if (at < 0) return null;
    this.#parts += 1;
    if (this.#parts > MOST_PARTS) throw broken(`it has more than ${MOST_PARTS} parts`);
    this.#sink.part(none ? new Map() : headersIn(bytes.toString('utf8', 0, at)));
    this.#state = 'content';
    // Without headers the line end before a delimiter may be the one that ended them.
    return none ? 2 : at + HEADERS_END.length;
  }

  /** Gives on what cannot be the beginning of a delimiter, and keeps the rest. */
  #keep(bytes: Buffer): Buffer {
    if (this.#state !== 'content' && this.#state !== 'preamble') return Buffer.from(bytes);
    const sure = Math.max(0, bytes.length - (this.#delimiter.length - 1));
    if (sure > 0 && this.#state === 'content') this.#sink.data(bytes.subarray(0, sure));
    return Buffer.from(bytes.subarray(sure));
  }
}

const NOTHING = Buffer.alloc(0);

function headersIn(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw broken('a header of a part has no name');
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** The boundary that a content type names; null when it is no multipart/form-data or names none. */
export function boundaryIn(contentType: string): string | null {
  const match = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))/i.exec(contentType.slice(0, 500));
  return match?.[1] ?? match?.[2] ?? null;
}

/** @throws AppError 400 when there is none. */
export function boundaryOf(contentType: string | undefined): string {
  const found = boundaryIn(contentType ?? '');
  if (found === null) throw broken('send it as multipart/form-data with a boundary');
  return found;
}

/** Field and file name of a part; null where they are not named. */
export function namesOf(headers: ReadonlyMap<string, string>): { field: string | null; file: string | null } {
  const disposition = headers.get('content-disposition') ?? '';
  return { field: parameterOf(disposition, 'name'), file: parameterOf(disposition, 'filename') };
}

/** A quoted or plain parameter of a disposition; quotes inside are written %22 (WHATWG) or with a backslash. */
export function parameterOf(disposition: string, name: 'name' | 'filename'): string | null {
  const match = new RegExp(`;\\s*${name}=(?:"((?:\\\\.|[^"\\\\])*)"|([^;\\s"]+))`, 'i').exec(disposition);
  if (match === null) return null;
  return (match[1] ?? match[2] ?? '').replace(/\\(["\\])/g, '$1').replaceAll('%22', '"');
}

function broken(why: string): AppError {
  return new AppError(`The multipart body cannot be read: ${why}.`, { status: 400, code: 'invalid_request_error' });
}
