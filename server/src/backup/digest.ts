// The checksum of many lines in any order: the sum of their hashes, so that two stores that list the same rows differently agree, and a missing, doubled or changed row shows.
import { createHash } from 'node:crypto';

const MASK = (1n << 64n) - 1n;

export class Digest {
  #sum = 0n;
  rows = 0;

  add(line: string): void {
    this.rows += 1;
    this.#sum = (this.#sum + createHash('sha256').update(line).digest().readBigUInt64BE()) & MASK;
  }

  /** 16 hex digits. */
  text(): string {
    return this.#sum.toString(16).padStart(16, '0');
  }
}

/** Reads lines to their end. @returns their number and checksum. */
export async function digestOf(lines: AsyncIterable<string>): Promise<{ rows: number; digest: string }> {
  const digest = new Digest();
  for await (const line of lines) digest.add(line);
  return { rows: digest.rows, digest: digest.text() };
}
