// Cuts bytes that arrive in pieces into lines, with their numbers; no more than one line is held, and a line has a longest length.
import { AppError } from '#lib/errors.ts';

/** A line as it came, without its line end. */
export interface Line {
  /** Counted from 1; empty lines count and are not given. */
  readonly number: number;
  readonly bytes: Buffer;
}

const NEW_LINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LineSplitter {
  readonly #longest: number;
  #pieces: Buffer[] = [];
  #held = 0;
  #number = 0;

  constructor(longestBytes: number) {
    this.#longest = longestBytes;
  }

  /** The lines that end in this piece. @throws AppError 400 for a line that is too long. */
  write(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEW_LINE); at >= 0; at = chunk.indexOf(NEW_LINE, from)) {
      this.#hold(chunk.subarray(from, at));
      this.#close(lines);
      from = at + 1;
    }
    this.#hold(chunk.subarray(from));
    return lines;
  }

  /** The last line, when it has no end of its own. */
  end(): Line[] {
    const lines: Line[] = [];
    if (this.#held > 0) this.#close(lines);
    return lines;
  }

  #hold(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#held += piece.length;
    if (this.#held > this.#longest) {
      this.#pieces = [];
      throw new AppError(`Line ${this.#number + 1} is longer than the ${this.#longest} bytes that a line may have.`, {
        status: 400,
        code: 'invalid_request_error',
        param: 'file',
      });
    }
    this.#pieces.push(piece);
  }

  #close(lines: Line[]): void {
    this.#number += 1;
    let bytes = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    if (bytes.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1);
    if (bytes.some((byte) => byte !== 0x20 && byte !== 0x09)) lines.push({ number: this.#number, bytes });
    this.#pieces = [];
    this.#held = 0;
  }
}
