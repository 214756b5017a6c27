// A file as it comes in: multipart/form-data of any order, its content on the disk, its fields in memory within a bound.
import type { IncomingMessage } from 'node:http';
import { boundaryOf, MultipartScanner, namesOf } from '#http/multipart.ts';
import { AppError } from '#lib/errors.ts';
import { Spool } from './spool.ts';

/** OpenAI's bound. */
export const LARGEST_FILE = 512 * 1024 * 1024;
const LONGEST_FIELDS = 64 * 1024;
/** What a client may go on sending after a refusal before its connection is closed. */
const MOST_AFTER_REFUSAL = 64 * 1024 * 1024;

export interface Upload {
  /** Belongs to the caller: to be closed. */
  readonly content: Spool;
  readonly filename: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** @throws AppError 400 for what is no upload of one file, 413 when it is too large; the signal's reason when the client left. */
export async function receiveUpload(request: IncomingMessage, folder: string, signal: AbortSignal): Promise<Upload> {
  try {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') throw refused('Send the file uncompressed: content-encoding is not supported.', 415);
    if (Number(request.headers['content-length'] ?? 0) > LARGEST_FILE + LONGEST_FIELDS) throw tooLarge();
    const boundary = boundaryOf(request.headers['content-type']);
    const content = await Spool.open(folder);
    try {
      const parts = new Parts();
      const scanner = new MultipartScanner(boundary, parts);
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        scanner.write(chunk as Buffer);
        for (const piece of parts.takePieces()) await content.write(piece);
        if (content.size > LARGEST_FILE) throw tooLarge();
      }
      scanner.end();
      if (parts.filename === null) throw refused('The upload has no file: send it as the part "file".', 400, 'file');
      return { content, filename: parts.filename, fields: parts.fields };
    } catch (error) {
      await content.close();
      throw error;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    letPass(request);
    throw error;
  }
}

/** After a refusal the rest flows by, so that the client can read the answer; much more of it loses its connection. */
function letPass(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_AFTER_REFUSAL) request.destroy();
  });
  request.on('error', () => {});
}

class Parts {
  filename: string | null = null;
  readonly #fields = new Map<string, Buffer[]>();
  #pieces: Buffer[] = [];
  /** The field that is being read; null = the file. */
  #field: string | null = null;
  #fieldBytes = 0;

  get fields(): ReadonlyMap<string, string> {
    return new Map([...this.#fields].map(([name, pieces]) => [name, Buffer.concat(pieces).toString('utf8')]));
  }

  part(headers: ReadonlyMap<string, string>): void {
    const { field, file } = namesOf(headers);
    if (field === null) throw refused('A part of the upload has no name.', 400);
    this.#field = field === 'file' ? null : field;
    if (field !== 'file') this.#fields.set(field, []);
    else if (this.filename === null) this.filename = file ?? 'file';
    else throw refused('The upload has two files: send one.', 400, 'file');
  }

  data(bytes: Buffer): void {
    if (this.#field === null) {
      this.#pieces.push(bytes);
      return;
    }
    this.#fieldBytes += bytes.length;
    if (this.#fieldBytes > LONGEST_FIELDS) throw refused(`The fields beside the file are more than ${LONGEST_FIELDS} bytes.`, 413);
    this.#fields.get(this.#field)?.push(Buffer.from(bytes));
  }

  partEnd(): void {}

  /** What has come of the file since the last time. */
  takePieces(): Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

function tooLarge(): AppError {
  return refused(`The file is larger than the ${LARGEST_FILE} bytes that a file may have.`, 413, 'file');
}

function refused(message: string, status: number, param?: string): AppError {
  return new AppError(message, { status, code: 'invalid_request_error', ...(param === undefined ? {} : { param }) });
}
