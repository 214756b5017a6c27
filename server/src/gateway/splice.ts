// Builds the upstream's body from the client's bytes: members are dropped, renamed, replaced or appended; every other byte travels on as received.
import type { Member, ScannedObject } from './scan.ts';

/** What has to differ between the client's object and the upstream's. */
export interface Edits {
  /** key -> new value as JSON bytes; a key that the object lacks is appended. */
  readonly replace: ReadonlyMap<string, Buffer>;
  readonly drop: ReadonlySet<string>;
  /** key -> new key; when the object has the new key already, the old member is dropped. */
  readonly rename: ReadonlyMap<string, string>;
}

/** The edited object; the very same buffer when nothing has to change. */
export function splice(scanned: ScannedObject, edits: Edits): Buffer {
  const pieces = new Pieces(scanned.bytes);
  let changed = false;
  for (const member of scanned.members) {
    const unchanged = isUnchanged(scanned, member, edits);
    if (unchanged) pieces.keep(member.keyStart, member.valueEnd);
    else editMember(scanned, member, edits, pieces);
    changed ||= !unchanged;
  }
  for (const [key, value] of edits.replace) {
    if (edits.drop.has(key) || hasKey(scanned, key)) continue;
    pieces.add(`${JSON.stringify(key)}:`, value);
    changed = true;
  }
  return changed ? pieces.finish() : scanned.bytes;
}

function isUnchanged(scanned: ScannedObject, member: Member, edits: Edits): boolean {
  if (edits.drop.has(member.key) || edits.rename.has(member.key)) return false;
  const value = edits.replace.get(member.key);
  if (value === undefined) return true;
  const { valueStart, valueEnd } = member;
  return valueEnd - valueStart === value.length && scanned.bytes.compare(value, 0, value.length, valueStart, valueEnd) === 0;
}

function editMember(scanned: ScannedObject, member: Member, edits: Edits, pieces: Pieces): void {
  const newKey = edits.rename.get(member.key);
  const value = edits.replace.get(member.key) ?? scanned.bytes.subarray(member.valueStart, member.valueEnd);
  if (edits.drop.has(member.key) || (newKey !== undefined && hasKey(scanned, newKey))) pieces.breakRun();
  else if (newKey !== undefined) pieces.add(`${JSON.stringify(newKey)}:`, value);
  else {
    pieces.keep(member.keyStart, member.valueStart);
    pieces.append(value);
  }
}

function hasKey(scanned: ScannedObject, key: string): boolean {
  for (const member of scanned.members) if (member.key === key) return true;
  return false;
}

const COMMA = Buffer.from(',');
const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');

/** The output: runs of untouched source bytes with new pieces between them. */
class Pieces {
  readonly #source: Buffer;
  readonly #pieces: Buffer[] = [];
  #runStart = -1;
  #runEnd = -1;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** Extends the current run, commas and spaces between its members included. */
  keep(start: number, end: number): void {
    if (this.#runStart < 0) this.#runStart = start;
    this.#runEnd = end;
  }

  /** Ends the run: what follows in the source is left out. */
  breakRun(): void {
    if (this.#runStart < 0) return;
    this.#pieces.push(this.#pieces.length === 0 ? OPEN : COMMA, this.#source.subarray(this.#runStart, this.#runEnd));
    this.#runStart = -1;
  }

  /** Ends the run and puts a value right behind it. */
  append(value: Buffer): void {
    this.breakRun();
    this.#pieces.push(value);
  }

  /** A new member. */
  add(keyAndColon: string, value: Buffer): void {
    this.breakRun();
    this.#pieces.push(this.#pieces.length === 0 ? OPEN : COMMA, Buffer.from(keyAndColon), value);
  }

  finish(): Buffer {
    this.breakRun();
    if (this.#pieces.length === 0) this.#pieces.push(OPEN);
    this.#pieces.push(CLOSE);
    return Buffer.concat(this.#pieces);
  }
}
