// A chat call as a turn of a conversation: what it went on from, and what a next call would go on from. Pure; the fold joins them (fold/session-ledger.ts).

import { hash } from 'node:crypto';
import { wordOf } from '#lib/json.ts';
import { isObject, parseJson } from './text.ts';

export interface ChatTurn {
  /** Of the messages before the last user turn; null when no answer is among them: nothing was gone on from. */
  before: string | null;
  /** Of all messages and the answer; null when the answer is too short to tell conversations apart. */
  after: string | null;
}

/** Shorter answers ("Yes.") are given to many. */
const SHORTEST_ANSWER = 40;

/** The turn that a request's messages and an answer (JSON text) make; null when they are no chat. */
export function chatTurnOf(messages: unknown, answerText: string | null): ChatTurn | null {
  if (!Array.isArray(messages) || messages.length === 0) return null;
  const said = messages.map(utteranceOf);
  const lastUser = said.findLastIndex(({ role }) => role === 'user');
  const earlier = lastUser < 0 ? [] : said.slice(0, lastUser);
  const before = earlier.at(-1)?.role === 'assistant' ? hashOf(earlier) : null;
  const answer = answerText === null ? null : parseJson(answerText);
  const reply = isObject(answer) ? utteranceOf({ role: 'assistant', content: answer.content }) : null;
  const after = reply === null || reply.text.length < SHORTEST_ANSWER ? null : hashOf([...said, reply]);
  return before === null && after === null ? null : { before, after };
}

interface Utterance {
  role: string;
  text: string;
}

/** Clients send a text as a text or as one part, and trim it or not: only what was said counts. */
function utteranceOf(message: unknown): Utterance {
  if (!isObject(message)) return { role: '', text: JSON.stringify(message ?? null) };
  const role = wordOf(message.role);
  const { content } = message;
  if (typeof content === 'string') return { role, text: content.trim() };
  if (!Array.isArray(content)) return { role, text: JSON.stringify(message.tool_calls ?? content ?? null) };
  return {
    role,
    text: content
      .map((part: unknown) => (isObject(part) && typeof part.text === 'string' ? part.text : JSON.stringify(part)))
      .join('\n')
      .trim(),
  };
}

function hashOf(utterances: readonly Utterance[]): string {
  return hash('sha256', utterances.map(({ role, text }) => `${role.length}:${role}${text.length}:${text}`).join(''), 'base64url').slice(0, 22);
}
