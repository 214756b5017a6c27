// An event stream on its way through guards. While they can decide piece by piece, what may be part of a finding is held back and the rest goes on; else all is held until the end.
import { parsed } from '#lib/json.ts';
import type { CallGuards } from './call-guards.ts';
import { refusedBy } from './call-guards.ts';
import { answerTexts, placeAt, type TextPlace } from './content-texts.ts';
import { masked, ordered } from './finding.ts';
import type { Guard } from './guard.ts';
import { endsOf, piecesOf, type StreamPiece } from './stream-texts.ts';

/** A finding is rarely longer, and a token (a key, an address) is held whole up to its own bound. */
const HELD_CHARACTERS = 64;
const LONGEST_TOKEN = 4_096;
const TOKEN = /[A-Za-z0-9+/=_.@%~-]/;

interface Frame {
  /** Lines before and after the data, as they came. */
  readonly head: string;
  event: unknown;
}

/** Splits bytes into events; an event may come in several pieces. */
class Frames {
  #rest = '';
  readonly #decoder = new TextDecoder();

  push(bytes: Buffer): string[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const frames = this.#rest.split(/(?<=\r?\n\r?\n)/);
    const last = frames.at(-1) ?? '';
    this.#rest = /\r?\n\r?\n$/.test(last) ? '' : (frames.pop() ?? '');
    return frames;
  }

  rest(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }
}

function readFrame(text: string): Frame | null {
  const match = /^((?:(?!data:)[^\n]*\n)*)data: ?([^\n]*)\n/.exec(text);
  const event = match === null ? undefined : parsed(match[2] ?? '');
  return typeof event === 'object' && event !== null ? { head: match?.[1] ?? '', event } : null;
}

const writeFrame = ({ head, event }: Frame): string => `${head}data: ${JSON.stringify(event)}\n\n`;

/** Masks and blocks piece by piece. */
export class MaskingStream {
  readonly #guards: readonly Guard[];
  readonly #report: CallGuards;
  readonly #frames = new Frames();
  readonly #held = new Map<string, { text: string; frame: string; place: number }>();

  constructor(guards: readonly Guard[], report: CallGuards) {
    this.#guards = guards;
    this.#report = report;
    for (const guard of guards) report.streamed(guard, 'passed');
  }

  /** What may go on of these bytes. @throws AppError 400 when a guard ends the stream. */
  push(bytes: Buffer): Buffer | null {
    let out = '';
    for (const text of this.#frames.push(bytes)) out += this.#frame(text);
    return out === '' ? null : Buffer.from(out);
  }

  /** What is still held, for the end of the stream. */
  end(): Buffer | null {
    const out = this.#flush(['*']) + this.#frames.rest();
    return out === '' ? null : Buffer.from(out);
  }

  #frame(text: string): string {
    const frame = readFrame(text);
    // `[DONE]`, comments: nothing to look at, but what is held belongs before the end.
    if (frame === null) return /^data: ?\[DONE\]/m.test(text) ? this.#flush(['*']) + text : text;
    const pieces = piecesOf(frame.event);
    const ends = endsOf(frame.event);
    const original = writeFrame(frame);
    const own = new Set(pieces.map(({ key }) => key));
    for (const [place, piece] of pieces.entries()) this.#hold(piece, { frame: original, place, isLast: isEnded(piece.key, ends) });
    // Texts that an event repeats whole (`….done`).
    if (pieces.length === 0) this.#maskWhole(frame.event);
    return this.#flush(ends, own) + writeFrame(frame);
  }

  #hold(piece: StreamPiece, { frame, place, isLast }: { frame: string; place: number; isLast: boolean }): void {
    const text = (this.#held.get(piece.key)?.text ?? '') + piece.text;
    const { passed, held } = this.#cut(text, isLast);
    piece.set(passed);
    if (held === '') this.#held.delete(piece.key);
    else this.#held.set(piece.key, { text: held, frame, place });
  }

  #cut(text: string, isLast: boolean): { passed: string; held: string } {
    const findings = this.#look(text);
    let cut = isLast ? text.length : safeCut(text);
    if (!isLast) for (const { start, end } of findings) if (start < cut && (end > cut || end === text.length)) cut = start;
    return {
      passed: masked(
        text.slice(0, cut),
        findings.filter(({ end }) => end <= cut),
      ),
      held: text.slice(cut),
    };
  }

  #look(text: string): ReturnType<typeof ordered> {
    const findings = [];
    for (const guard of this.#guards) {
      const { masks, blocks } = guard.stream as NonNullable<Guard['stream']>;
      const refusing = blocks(text);
      if (refusing[0] !== undefined) {
        this.#report.streamed(guard, 'blocked');
        throw refusedBy({ guard, reason: `found ${[...new Set(refusing.map(({ entity }) => entity))].join(', ')}` });
      }
      const masking = masks(text);
      if (masking.length > 0) this.#report.streamed(guard, 'masked');
      findings.push(...masking);
    }
    return ordered(findings);
  }

  #maskWhole(event: unknown): void {
    for (const { text, set } of repeatedPlaces(event)) {
      const after = masked(text, this.#look(text));
      if (after !== text) set(after);
    }
  }

  /** Events with what is held of these keys: copies of the last event that added to each. */
  #flush(ends: readonly string[], own: ReadonlySet<string> = new Set()): string {
    let out = '';
    for (const [key, { text, frame, place }] of [...this.#held]) {
      if (!isEnded(key, ends) || own.has(key)) continue;
      this.#held.delete(key);
      const copy = readFrame(frame) as Frame;
      for (const [index, piece] of piecesOf(copy.event).entries()) piece.set(index === place ? masked(text, this.#look(text)) : '');
      out += writeFrame(copy);
    }
    return out;
  }
}

/** Texts that an event says whole once more, after their pieces (`….done`, the whole response). */
function repeatedPlaces(event: unknown): TextPlace[] {
  const holder = (event as { response?: unknown; item?: unknown; part?: unknown }).response ?? event;
  const places = answerTexts(holder);
  const item = event as Record<string, unknown>;
  for (const name of ['text', 'arguments']) {
    const text = item[name];
    if (typeof text === 'string') places.push(placeAt(item, name, text));
  }
  for (const name of ['item', 'part']) if (typeof item[name] === 'object') places.push(...answerTexts({ content: [item[name]] }));
  return places;
}

function isEnded(key: string, ends: readonly string[]): boolean {
  return ends.some((end) => end === '*' || key.startsWith(`${end} `));
}

/** Up to here nothing can be part of a finding that goes on: a distance from the end, and never inside a token. */
function safeCut(text: string): number {
  let cut = Math.max(0, text.length - HELD_CHARACTERS);
  while (cut > 0 && text.length - cut < LONGEST_TOKEN && TOKEN.test(text[cut - 1] as string)) cut -= 1;
  return cut;
}

/** Holds every event until the guards have seen the whole answer. */
export class HoldingStream {
  readonly #guards: CallGuards;
  readonly #frames = new Frames();
  readonly #held: string[] = [];

  constructor(guards: CallGuards) {
    this.#guards = guards;
  }

  push(bytes: Buffer): null {
    this.#held.push(...this.#frames.push(bytes));
    return null;
  }

  /** All events, with the texts that the guards made. @throws AppError 400 when one refuses. */
  async end(): Promise<Buffer> {
    const rest = this.#frames.rest();
    const frames = [...this.#held, ...(rest === '' ? [] : [rest])].map((text) => ({ text, frame: readFrame(text) }));
    const whole = new Map<string, string>();
    for (const { frame } of frames) for (const { key, text } of piecesOf(frame?.event)) whole.set(key, (whole.get(key) ?? '') + text);
    const keys = [...whole.keys()].filter((key) => whole.get(key) !== '');
    const { texts, refusal } = await this.#guards.texts(keys.map((key) => whole.get(key) as string));
    if (refusal !== null) throw refusal;
    const changed = new Map(keys.flatMap((key, index) => (texts[index] === whole.get(key) ? [] : [[key, texts[index] as string]])));
    if (changed.size === 0) return Buffer.from(frames.map(({ text }) => text).join(''));
    const repeated = new Map([...changed].map(([key, text]) => [whole.get(key) as string, text]));
    return Buffer.from(frames.map(({ text, frame }) => (frame === null ? text : rewritten(frame, changed, repeated))).join(''));
  }
}

/** The first piece of a changed text gets all of it, the others nothing; an event that repeats the whole text repeats what it has become. */
function rewritten(frame: Frame, changed: Map<string, string>, repeated: ReadonlyMap<string, string>): string {
  const pieces = piecesOf(frame.event);
  if (pieces.length === 0) for (const { text, set } of repeatedPlaces(frame.event)) set(repeated.get(text) ?? text);
  for (const piece of pieces) {
    const text = changed.get(piece.key);
    if (text === undefined || piece.text === '') continue;
    piece.set(text);
    changed.set(piece.key, '');
  }
  return writeFrame(frame);
}
