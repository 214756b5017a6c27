// Media that stand in recorded content as base64 -> references in Langfuse's form and the media they stand for. Every other byte of the content stays as it was.
import { createHash } from 'node:crypto';
import { CONTENT_TYPES } from './content-types.ts';
import { inlinePartsOf } from './inline-parts.ts';
import { MAX_MEDIA_BYTES, mediaIdOf } from './media-id.ts';

export interface FoundMedium {
  id: string;
  contentType: string;
  sha256Base64: string;
  bytes: Buffer;
}

export interface Extracted {
  text: string;
  /** Each once. */
  media: FoundMedium[];
}

/** Content types that are kept as media; texts stay where they stand: masking reads texts, and reads them there. */
const KEPT: ReadonlySet<string> = new Set(CONTENT_TYPES.filter((type) => !/^text\/|\/(?:json|xml|x-ndjson|javascript|x-yaml)$/.test(type)));
const ALIASES: Readonly<Record<string, string>> = { 'audio/x-wav': 'audio/wav', 'audio/wave': 'audio/wav', 'audio/x-m4a': 'audio/mp4' };
/** Media of one text that are taken out; the next ones stay. */
const MOST_MEDIA = 100;

const HEAD = /data:([a-z]{1,40}\\*\/[\w.+-]{1,100})((?:;[\w-]{1,40}=[^;,"\\\s]{0,200}){0,5});base64,/gi;

interface Edit {
  start: number;
  end: number;
  medium: FoundMedium;
}

/** The text with references; the same text when nothing was found. `isJson` = providers' inline parts are looked for too. */
export function extractMedia(text: string, isJson: boolean): Extracted {
  const edits = text.includes(';base64,') ? dataUris(text) : [];
  if (isJson) edits.push(...inlineParts(text));
  if (edits.length === 0) return { text, media: [] };
  edits.sort((one, other) => one.start - other.start);
  const media = new Map<string, FoundMedium>();
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end, medium } of edits) {
    if (start < from) continue;
    if (!media.has(medium.id) && media.size >= MOST_MEDIA) break;
    if (!media.has(medium.id)) media.set(medium.id, medium);
    pieces.push(text.slice(from, start), referenceOf(medium));
    from = end;
  }
  return { text: pieces.join('') + text.slice(from), media: [...media.values()] };
}

/** Langfuse's token; it needs no escapes inside of JSON, however deep. */
function referenceOf({ id, contentType }: FoundMedium): string {
  return `@@@langfuseMedia:type=${contentType}|id=${id}|source=base64_data_uri@@@`;
}

function dataUris(text: string): Edit[] {
  const edits: Edit[] = [];
  for (const match of text.matchAll(HEAD)) {
    const bodyStart = match.index + match[0].length;
    const end = endOfBase64(text, bodyStart);
    // Somebody cut it: what is left is no medium.
    if (text.startsWith('...', end) || text[end] === '…') continue;
    const medium = mediumOf(text.slice(bodyStart, end), (match[1] as string).replaceAll('\\', ''));
    if (medium !== null) edits.push({ start: match.index, end, medium });
  }
  return edits;
}

/** A loop and no pattern: a pattern with alternatives keeps a place for every character of a medium. */
function endOfBase64(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const isDigit = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (isDigit || code === 43 || code === 47 || code === 45 || code === 95) continue;
    // An escaped slash, once or more.
    let slash = at;
    while (text.charCodeAt(slash) === 92) slash += 1;
    if (slash === at || text.charCodeAt(slash) !== 47) break;
    at = slash;
  }
  for (let padding = 0; padding < 2 && text.charCodeAt(at) === 61; padding += 1) at += 1;
  return at;
}

function inlineParts(text: string): Edit[] {
  return inlinePartsOf(text).flatMap(({ span: [start, end], contentType }) => {
    const medium = mediumOf(text.slice(start + 1, end - 1), contentType);
    return medium === null ? [] : [{ start: start + 1, end: end - 1, medium }];
  });
}

/** The medium of base64 text; null when it is none, of no type that is kept, or too large. */
function mediumOf(encoded: string, said: string | null): FoundMedium | null {
  const base64 = encoded.includes('\\') ? encoded.replaceAll('\\', '') : encoded;
  const digits = base64.replace(/={1,2}$/, '');
  if (digits.length === 0 || digits.length % 4 === 1 || endOfBase64(digits, 0) !== digits.length) return null;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0 || bytes.length > MAX_MEDIA_BYTES) return null;
  const contentType = said === null ? sniffed(bytes) : plainType(said);
  if (contentType === null || !KEPT.has(contentType)) return null;
  const sha256Base64 = createHash('sha256').update(bytes).digest('base64');
  return { id: mediaIdOf(sha256Base64), contentType, sha256Base64, bytes };
}

function plainType(said: string): string {
  const type = (said.split(';')[0] as string).trim().toLowerCase();
  return ALIASES[type] ?? type;
}

const SIGNS: readonly (readonly [sign: string, at: number, contentType: string])[] = [
  ['\x89PNG', 0, 'image/png'],
  ['\xff\xd8\xff', 0, 'image/jpeg'],
  ['GIF8', 0, 'image/gif'],
  ['WEBP', 8, 'image/webp'],
  ['WAVE', 8, 'audio/wav'],
  ['ID3', 0, 'audio/mpeg'],
  ['\xff\xfb', 0, 'audio/mpeg'],
  ['\xff\xf3', 0, 'audio/mpeg'],
  ['OggS', 0, 'audio/ogg'],
  ['fLaC', 0, 'audio/flac'],
];

/** The type by the first bytes; null when they are nobody's (raw PCM has none). */
function sniffed(bytes: Buffer): string | null {
  return SIGNS.find(([sign, at]) => bytes.toString('latin1', at, at + sign.length) === sign)?.[2] ?? null;
}
