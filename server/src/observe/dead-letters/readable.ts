// What a person may see of a letter's content: text without secrets, cut to what a page shows; bytes only as their number.
import { isObject, parseJson } from '#observe/ingest/text.ts';
import { isSecretName, redactText } from '#telemetry/redact.ts';

const SHOWN_CHARACTERS = 256 * 1024;
const MAX_DEPTH = 60;
/** A medium in base64: its beginning says what it is. */
const LONG_BASE64 = /[A-Za-z0-9+/]{400,}={0,2}/g;
const REDACTED = '[redacted]';

export interface Readable {
  content: string;
  /** json: laid out; text: as it is; binary: only its beginning in base64. */
  form: 'json' | 'text' | 'binary';
  truncated: boolean;
}

/** The content as it may be shown. Never throws. */
export function readable(content: string): Readable {
  const parsed = /^\s*[[{]/.test(content) ? parseJson(content) : undefined;
  if (parsed !== undefined) return cut(JSON.stringify(redacted(parsed, 0), null, 2), 'json');
  const isBinary = content.length > 32 && /^[A-Za-z0-9+/]+={0,2}$/.test(content);
  if (isBinary) return { content: content.slice(0, 200), form: 'binary', truncated: content.length > 200 };
  return cut(redactedText(content), 'text');
}

function redacted(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactedText(value);
  if (depth > MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.map((member) => redacted(member, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, isSecretName(name) ? REDACTED : redacted(member, depth + 1)]));
}

const redactedText = (text: string): string => redactText(text).replace(LONG_BASE64, (run) => `${run.slice(0, 40)}… [${run.length} characters of base64]`);

function cut(text: string, form: 'json' | 'text'): Readable {
  return { content: text.slice(0, SHOWN_CHARACTERS), form, truncated: text.length > SHOWN_CHARACTERS };
}
