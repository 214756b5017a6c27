// One readable line for the traces table out of the first characters of an input or output, which are often cut-off JSON.
import { readConversation } from './chat.ts';

/** The names under which SDKs and applications put the text itself, most telling first. */
const TEXT_FIELD = /"(?:content|text|input|prompt|question|query|answer|output)"\s*:\s*"((?:[^"\\]|\\.)*)/g;

/**
 * The last text in whole JSON, the last text that has begun in cut-off JSON, else the characters as they are.
 * @param raw at most the first 200 characters of what was recorded.
 */
export function previewText(raw: string | null): string | null {
  if (raw === null) return null;
  const whole = readConversation(raw, 'input');
  const texts = whole?.messages.flatMap((message) =>
    message.parts.map((part) => ('text' in part ? part.text : part.kind === 'tool-call' ? `${part.name}(${part.arguments})` : '')),
  );
  const found = texts?.findLast((text) => text.trim() !== '');
  if (found !== undefined && !/^\s*[[{]/.test(found)) return oneLine(found);
  if (!/^\s*[[{]/.test(raw)) return oneLine(raw);
  const last = [...raw.matchAll(TEXT_FIELD)].findLast((match) => (match[1] ?? '') !== '')?.[1];
  return last === undefined ? oneLine(raw) : oneLine(unescapeJson(last));
}

/** Undoes JSON's escapes; an escape that was cut off at the end is dropped. */
function unescapeJson(text: string): string {
  const whole = text.replace(/\\u[0-9a-fA-F]{0,3}$|\\$/, '');
  try {
    return JSON.parse(`"${whole}"`) as string;
  } catch {
    return whole;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
