// A prompt's content as text: for the editor, for reading, and for the comparison of two versions.
import type { ChatEntry } from './use-prompts.ts';

/** What is wrong with what was typed; null when nothing is. */
export type ContentFault = 'not-json' | 'not-messages';

/** Content as it is edited: a text as it is, messages as indented JSON. */
export function editedText(prompt: string | ChatEntry[]): string {
  return typeof prompt === 'string' ? prompt : JSON.stringify(prompt, null, 2);
}

/** What the editor holds, as content. */
export function readContent(type: 'text' | 'chat', text: string): { prompt: string | ChatEntry[] } | { fault: ContentFault } {
  if (type === 'text') return { prompt: text };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { fault: 'not-json' };
  }
  return Array.isArray(parsed) && parsed.every(isEntry) ? { prompt: parsed } : { fault: 'not-messages' };
}

function isEntry(value: unknown): value is ChatEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  if (entry.type === 'placeholder') return typeof entry.name === 'string';
  return typeof entry.role === 'string' && typeof entry.content === 'string';
}

/** A version as lines, configuration included: what two versions are compared by. */
export function comparedText({ prompt, config }: { prompt: string | ChatEntry[]; config: unknown }): string {
  const content = typeof prompt === 'string' ? prompt : prompt.map(entryText).join('\n\n');
  const settings = typeof config === 'object' && config !== null && Object.keys(config).length === 0 ? '' : `\n\nconfig: ${JSON.stringify(config, null, 2)}`;
  return `${content}${settings}\n`;
}

function entryText(entry: ChatEntry): string {
  return 'role' in entry ? `[${entry.role}]\n${entry.content}` : `[${entry.name}] …`;
}

/** The names that an application fills in: {{name}}, each once, in order. */
export function variablesOf(prompt: string | ChatEntry[]): string[] {
  const text = typeof prompt === 'string' ? prompt : prompt.map((entry) => ('role' in entry ? entry.content : '')).join('\n');
  return [...new Set([...text.matchAll(/\{\{\s*([\p{L}_][\p{L}\p{N}_]*)\s*\}\}/gu)].map((match) => match[1] as string))];
}
