// What a chat asks, apart from everything around it: the last user text, which may be like another, and the rest, which has to be the same. Pure.
import { type Fields, isFields, textOf } from '#lib/json.ts';

export interface Question {
  readonly text: string;
  /** The messages without it, and the numbers in it: "order 12" is never "order 13". */
  readonly around: string;
}

/** A longer text is no question, and more than embedding models take. */
const LONGEST = 8_000;

/** Null for a conversation that does not end with one text of its user. */
export function questionIn(messages: unknown): Question | null {
  if (!Array.isArray(messages)) return null;
  const last: unknown = messages.at(-1);
  if (!isFields(last) || last.role !== 'user') return null;
  const part = partOf(last.content);
  if (part === null || part.text.trim() === '' || part.text.length > LONGEST) return null;
  return { text: part.text, around: JSON.stringify([messages.slice(0, -1), { ...last, content: part.rest }, numbersIn(part.text)]) };
}

function partOf(content: unknown): { text: string; rest: unknown } | null {
  if (typeof content === 'string') return { text: content, rest: null };
  if (!Array.isArray(content) || content.length !== 1) return null;
  const only: unknown = content[0];
  if (!isFields(only) || only.type !== 'text' || typeof only.text !== 'string') return null;
  const { text, ...rest } = only as Fields;
  return { text: textOf(text), rest };
}

/** Digits of every script, in their order. */
function numbersIn(text: string): readonly string[] {
  return text.normalize('NFKC').match(/\p{Nd}+/gu) ?? [];
}
