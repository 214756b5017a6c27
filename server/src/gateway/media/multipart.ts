// Where the parts of a multipart/form-data body stand. Nothing is decoded or copied: a file of any length is passed over by one search for the boundary.
import { boundaryIn, parameterOf } from '#http/multipart.ts';
import { AppError } from '#lib/errors.ts';

/** One part; positions are bytes of the scanned body, ends exclusive. */
export interface FormPart {
  readonly name: string;
  /** Null: a plain field. */
  readonly filename: string | null;
  /** Content type as the client wrote it. */
  readonly type: string | null;
  /** Of the delimiter before it. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Of the delimiter behind it. */
  readonly end: number;
}

export interface ScannedForm {
  readonly bytes: Buffer;
  readonly boundary: string;
  readonly parts: readonly FormPart[];
}

const MAX_PARTS = 128;
const LONGEST_HEAD = 8 * 1024;
const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Scans a body (RFC 7578).
 * @throws AppError 400 for anything that is not a whole form.
 */
export function scanForm(bytes: Buffer, contentType: string): ScannedForm {
  const boundary = boundaryOf(contentType);
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const separator = Buffer.concat([CRLF, delimiter]);
  const parts: FormPart[] = [];
  // The first delimiter may follow an empty line.
  let at = bytes.indexOf(CRLF) === 0 ? CRLF.length : 0;
  if (!startsWith(bytes, at, delimiter)) throw malformed('it does not begin with its boundary');
  for (;;) {
    const afterDelimiter = at + delimiter.length;
    if (startsWith(bytes, afterDelimiter, DASHES)) return { bytes, boundary, parts };
    const headStart = lineEnd(bytes, afterDelimiter);
    if (headStart < 0) throw malformed('a boundary is not followed by a line break');
    if (parts.length === MAX_PARTS) throw malformed(`it has more than ${MAX_PARTS} parts`);
    const { valueStart, ...head } = readHead(bytes, headStart);
    const valueEnd = nextSeparator(bytes, valueStart, separator);
    if (valueEnd < 0) throw malformed('its last part does not end with the boundary');
    parts.push({ ...head, start: at, valueStart, valueEnd, end: valueEnd + CRLF.length });
    at = valueEnd + CRLF.length;
  }
}

const DASHES = Buffer.from('--');

function boundaryOf(contentType: string): string {
  const boundary = boundaryIn(contentType);
  if (boundary === null) throw new AppError('Send multipart/form-data with its boundary in content-type, as the clients of OpenAI do.', BAD);
  return boundary;
}

/** The next separator that is one: the boundary may be the beginning of another text. */
function nextSeparator(bytes: Buffer, from: number, separator: Buffer): number {
  for (let at = bytes.indexOf(separator, from); at >= 0; at = bytes.indexOf(separator, at + 1)) {
    const after = at + separator.length;
    if (startsWith(bytes, after, DASHES) || lineEnd(bytes, after) >= 0) return at;
  }
  return -1;
}

/** Position after a line that has nothing but white space on it; -1 when it has. */
function lineEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  return startsWith(bytes, at, CRLF) ? at + CRLF.length : -1;
}

function startsWith(bytes: Buffer, at: number, what: Buffer): boolean {
  return at + what.length <= bytes.length && bytes.compare(what, 0, what.length, at, at + what.length) === 0;
}

function readHead(bytes: Buffer, start: number): Pick<FormPart, 'name' | 'filename' | 'type' | 'valueStart'> {
  const end = bytes.subarray(start, start + LONGEST_HEAD).indexOf(HEAD_END);
  if (end < 0) throw malformed('the head of a part does not end');
  let disposition = '';
  let type: string | null = null;
  for (const line of bytes.toString('utf8', start, start + end).split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-disposition') disposition = value;
    else if (name === 'content-type') type = value.slice(0, 200);
    else if (name === 'content-transfer-encoding' && !/^(binary|8bit|7bit)$/i.test(value)) throw malformed('a part is encoded: send its bytes as they are');
  }
  const name = parameterOf(disposition, 'name');
  if (!/^form-data\b/i.test(disposition) || name === null || name === '') throw malformed('a part has no name');
  return { name, filename: parameterOf(disposition, 'filename'), type, valueStart: start + end + HEAD_END.length };
}

const BAD = { status: 400, code: 'bad_request_error' } as const;

function malformed(why: string): AppError {
  return new AppError(`Invalid request body: the multipart form cannot be read, ${why}.`, BAD);
}
