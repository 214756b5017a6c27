// Tokens of calls whose client said no usage, counted offline with OpenAI's own encodings. Other families' tokenizers are not public: nothing is guessed for them.
import type { ObservationFields } from '#observe/ingest/events.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';

type Count = (text: string) => number;
type Encoding = 'o200k_base' | 'cl100k_base';

/** Newest first: a name belongs to the first family whose pattern it has. */
const FAMILIES: readonly (readonly [pattern: RegExp, encoding: Encoding])[] = [
  [/(?:^|[/.:])(?:gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|chatgpt-4o|o[134](?:-|$))/i, 'o200k_base'],
  [/(?:^|[/.:])(?:gpt-4|gpt-3\.5|gpt-35|text-embedding-3|text-embedding-ada)/i, 'cl100k_base'],
];
/** Longer texts stay uncounted: a count is an estimate, and this one would hold up the others. */
const MAX_CHARACTERS = 200_000;
/** What a chat's framing costs, as OpenAI's cookbook has it. */
const TOKENS_A_MESSAGE = 3;
const TOKENS_A_REPLY = 3;

/** The encoding of a model; null when its tokenizer is not known. */
export function encodingOf(model: string): Encoding | null {
  return FAMILIES.find(([pattern]) => pattern.test(model))?.[1] ?? null;
}

/** Counts once its encodings are loaded; a few tens of megabytes each, so only those that are met. */
export class TokenCounter {
  private readonly counts = new Map<Encoding, Count>();

  /** Loads what calls of these models will need. */
  async prepare(models: Iterable<string>): Promise<void> {
    const wanted = new Set<Encoding>();
    for (const model of models) {
      const encoding = encodingOf(model);
      if (encoding !== null && !this.counts.has(encoding)) wanted.add(encoding);
    }
    for (const encoding of wanted) this.counts.set(encoding, await load(encoding));
  }

  /** Usage of a call that said none; null when it said one, failed, is counted elsewhere, or cannot be counted. */
  usageOf(values: Partial<ObservationFields>): Record<string, string> | null {
    if (values.cost !== undefined || values.cost_elsewhere !== undefined || values.level === 'ERROR') return null;
    const encoding = wantedBy(values);
    const count = encoding === null ? undefined : this.counts.get(encoding);
    if (count === undefined || (values.type !== 'GENERATION' && values.type !== 'EMBEDDING')) return null;
    const input = values.input === undefined ? 0 : inputTokens(values.input, count);
    const output = values.output === undefined || values.type === 'EMBEDDING' ? 0 : outputTokens(values.output, count);
    if (input + output === 0) return null;
    const usage: Record<string, string> = { input: String(input), total: String(input + output) };
    if (values.type === 'GENERATION') usage.output = String(output);
    return usage;
  }
}

function wantedBy({ provided_model_name: model, usage, call_id: callId }: Partial<ObservationFields>): Encoding | null {
  return model === undefined || usage !== undefined || callId !== undefined ? null : encodingOf(model);
}

async function load(encoding: Encoding): Promise<Count> {
  const { countTokens } = encoding === 'o200k_base' ? await import('gpt-tokenizer/encoding/o200k_base') : await import('gpt-tokenizer/encoding/cl100k_base');
  // What stands in a text like a special token is text: somebody wrote it.
  return (text) => countTokens(text, { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() });
}

/** A chat's messages (alone or in {messages}) with their framing, a list of texts, or one text. */
function inputTokens(text: string, count: Count): number {
  if (text.length > MAX_CHARACTERS) return 0;
  const value = parseJson(text);
  const list = isObject(value) && Array.isArray(value.messages) ? value.messages : value;
  if (!Array.isArray(list)) return count(textOf(list ?? text));
  if (!list.some(isObject)) return list.reduce((sum: number, member) => sum + count(textOf(member)), 0);
  return list.reduce((sum: number, message) => sum + TOKENS_A_MESSAGE + messageTokens(message, count), TOKENS_A_REPLY);
}

function outputTokens(text: string, count: Count): number {
  if (text.length > MAX_CHARACTERS) return 0;
  const value = parseJson(text);
  return Array.isArray(value) ? value.reduce((sum: number, member) => sum + messageTokens(member, count), 0) : messageTokens(value ?? text, count);
}

function messageTokens(message: unknown, count: Count): number {
  if (!isObject(message)) return count(textOf(message));
  const said = message.content === undefined ? message : message.content;
  const calls = message.tool_calls === undefined || message.tool_calls === null ? 0 : count(JSON.stringify(message.tool_calls));
  return count(partsText(said)) + (typeof message.role === 'string' ? count(message.role) : 0) * (message.content === undefined ? 0 : 1) + calls;
}

function partsText(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  // Pictures and sounds have no text to count.
  return content.map((part: unknown) => (isObject(part) ? (typeof part.text === 'string' ? part.text : '') : textOf(part))).join('');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
}
