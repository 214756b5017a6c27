// Where values stand inside JSON text that JSON.parse has already accepted: so that input and output are kept as received, digit for digit.
import { parseJson } from './text.ts';

/** [start, end) of a value in the text. */
export type Span = readonly [start: number, end: number];

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

/** Where the string that begins at `from` ends. */
export function endOfString(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slashes = quote - 1;
    while (text.charCodeAt(slashes) === BACKSLASH) slashes -= 1;
    if ((quote - slashes) % 2 === 1) return quote + 1;
    at = quote + 1;
  }
}

/** End of the value that starts at `from` (no space before it). */
export function endOfValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return endOfString(text, from);
  return first === OPEN_OBJECT || first === OPEN_ARRAY ? endOfNested(text, from) : endOfScalar(text, from);
}

function endOfScalar(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_OBJECT || code === CLOSE_ARRAY || code <= 32) break;
  }
  return at;
}

function endOfNested(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth += 1;
    else if ((code === CLOSE_OBJECT || code === CLOSE_ARRAY) && --depth === 0) return at + 1;
  }
  return text.length;
}

/** Spans of the members of the object at `from` whose keys are asked for; of a repeated key the last one, as JSON.parse does. */
export function memberSpans(text: string, from: number, keys: ReadonlySet<string>): Map<string, Span> {
  const found = new Map<string, Span>();
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) !== OPEN_OBJECT) return found;
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charCodeAt(at) === QUOTE) {
    const keyEnd = endOfString(text, at);
    const raw = text.slice(at + 1, keyEnd - 1);
    const key = raw.includes('\\') ? parseJson(text.slice(at, keyEnd)) : raw;
    at = skipSpace(text, keyEnd);
    if (text.charCodeAt(at) !== COLON) return found;
    at = skipSpace(text, at + 1);
    const end = endOfValue(text, at);
    if (typeof key === 'string' && keys.has(key)) found.set(key, [at, end]);
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) return found;
    at = skipSpace(text, at + 1);
  }
  return found;
}

/** Spans of the elements of the array at `from`. */
export function elementSpans(text: string, from: number): Span[] {
  const spans: Span[] = [];
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) !== OPEN_ARRAY) return spans;
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_ARRAY) {
    const end = endOfValue(text, at);
    if (end <= at) return spans;
    spans.push([at, end]);
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) return spans;
    at = skipSpace(text, at + 1);
  }
  return spans;
}

/** The text of one member of an object, as it stands; null when absent or null. */
export function memberText(text: string, key: string, from = 0): string | null {
  const span = memberSpans(text, from, new Set([key])).get(key);
  if (!span) return null;
  const value = text.slice(span[0], span[1]);
  return value === 'null' ? null : value;
}
