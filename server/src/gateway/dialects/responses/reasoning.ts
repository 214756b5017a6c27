// Thinking of other providers inside a reasoning item: its blocks with their signatures travel as encrypted_content, which clients bring back untouched.
import type { ThinkingBlock } from '#gateway/providers/chat.ts';
import { type Fields, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';

/** Tells our own contents from OpenAI's. */
const MARK = 'thinking.1.';

/** A reasoning item; null when nothing was thought. */
export function reasoningItem(id: string, blocks: readonly ThinkingBlock[], text: string): Fields | null {
  if (blocks.length === 0 && text === '') return null;
  const summary = text === '' ? [] : [{ type: 'summary_text', text }];
  const encrypted = blocks.length === 0 ? {} : { encrypted_content: MARK + Buffer.from(JSON.stringify(blocks)).toString('base64url') };
  return { id, type: 'reasoning', summary, ...encrypted };
}

/** The blocks that an item brings back; none when its content is another's. */
export function thinkingIn(encrypted: unknown): Fields[] {
  const text = textOf(encrypted);
  return text.startsWith(MARK) ? objectsOf(parsed(Buffer.from(text.slice(MARK.length), 'base64url').toString('utf8'))) : [];
}

/** An input without the thinking of other providers, which only they can read; null when there is none in it. */
export function withoutThinking(input: unknown): unknown[] | null {
  if (!Array.isArray(input)) return null;
  const kept = input.filter((item) => !(isFields(item) && item.type === 'reasoning' && textOf(item.encrypted_content).startsWith(MARK)));
  return kept.length === input.length ? null : kept;
}

/** Pieces of thinking as whole blocks: texts joined until a signature closes them. */
export function joinThinking(blocks: ThinkingBlock[], piece: ThinkingBlock): void {
  const last = blocks.at(-1);
  if (piece.type === 'thinking' && last?.type === 'thinking' && last.signature === null)
    blocks[blocks.length - 1] = { type: 'thinking', thinking: last.thinking + piece.thinking, signature: piece.signature };
  else blocks.push(piece);
}
