// One readable line for the traces table out of the first characters of an input or output, which are often cut-off JSON.
import { type ChatPart, readConversation } from './chat.ts';

/** The names under which SDKs and applications put the text itself; the role that stands before it, where one does. */
const TEXT_FIELD = /(?:"role"\s*:\s*"(\w+)"\s*,\s*)?"(?:content|text|input|prompt|question|query|answer|output)"\s*:\s*"((?:[^"\\]|\\.)*)/g;

/** A text that was cut off after less than this says nothing, so an earlier one is shown. */
const TELLING_CHARACTERS = 8;

/**
 * What the user said last (input) or what was answered last (output), as far as it has arrived; else the characters as they are.
 * @param raw at most the first 200 characters of what was recorded.
 */
export function previewText(raw: string | null, side: 'input' | 'output'): string | null {
  if (raw === null) return null;
  const found = pick(wholeTexts(raw, side) ?? cutTexts(raw), side);
  return oneLine(found ?? raw);
}

interface Spoken {
  role: string;
  text: string;
}

/** null when the JSON is cut off or holds no messages. */
function wholeTexts(raw: string, side: 'input' | 'output'): Spoken[] | null {
  const texts = readConversation(raw, side)?.messages.flatMap(({ role, parts }) => parts.map((part) => ({ role, text: textOf(part) })));
  // A cut-off document is read as one plain text; its first character gives it away.
  return texts === undefined || (texts.length === 1 && texts[0]?.text === raw && /^\s*[[{]/.test(raw)) ? null : texts;
}

function cutTexts(raw: string): Spoken[] {
  return [...raw.matchAll(TEXT_FIELD)].map((match) => ({ role: match[1] ?? '', text: unescapeJson(match[2] ?? '') }));
}

function textOf(part: ChatPart): string {
  if ('text' in part) return part.text;
  return part.kind === 'tool-call' ? `${part.name}(${part.arguments})` : '';
}

function pick(spoken: readonly Spoken[], side: 'input' | 'output'): string | undefined {
  const filled = spoken.filter(({ text }) => text.trim() !== '');
  const byUser = side === 'input' ? filled.filter(({ role }) => role === 'user') : [];
  const candidates = byUser.length > 0 ? byUser : filled;
  return (candidates.findLast(({ text }) => text.length >= TELLING_CHARACTERS) ?? candidates[0])?.text;
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
