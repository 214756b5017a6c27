// The answer of a gateway call as one message: out of a JSON body, or put together from the chunks of an event stream.
import { numberOf } from '#lib/json.ts';
import { memberText } from './json-spans.ts';
import { isObject, parseJson } from './text.ts';

export interface Answer {
  /** JSON text of the message (or of all of them when there are several choices); null when there is none. */
  output: string | null;
  /** The upstream's id of the answer. */
  id: string | null;
  /** Model that the upstream says has answered. */
  model: string | null;
}

const nothing: Answer = { output: null, id: null, model: null };

/** A JSON answer of chat or embeddings, or an error body. */
export function answerOfJson(text: string): Answer {
  const body = parseJson(text);
  if (!isObject(body)) return { ...nothing, output: text === '' ? null : JSON.stringify(text) };
  const named = { id: textOrNull(body.id), model: textOrNull(body.model) };
  if (Array.isArray(body.choices)) {
    const messages = body.choices.filter(isObject).map((choice) => choice.message ?? choice.text ?? null);
    return { ...named, output: JSON.stringify(messages.length === 1 ? messages[0] : messages) };
  }
  // Vectors are large and nobody reads them: how many and how long says what there is to say.
  if (Array.isArray(body.data)) return { ...named, output: JSON.stringify({ embeddings: body.data.length, dimensions: dimensionsOf(body.data[0]) }) };
  return { ...named, output: memberText(text, 'error') ?? text };
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function dimensionsOf(first: unknown): number | null {
  const vector = isObject(first) ? first.embedding : null;
  if (Array.isArray(vector)) return vector.length;
  return typeof vector === 'string' ? Math.floor(Buffer.byteLength(vector, 'base64') / 4) : null;
}

type Message = Record<string, unknown>;

/** An event stream of chat chunks: text, refusal and reasoning are joined, tool calls put together by index; several choices become a list. */
export function answerOfStream(text: string): Answer {
  const choices = new Map<number, Message>();
  let { id, model }: Answer = nothing;
  let error: unknown;
  for (const data of streamData(text)) {
    const chunk = parseJson(data);
    if (!isObject(chunk)) continue;
    id ??= textOrNull(chunk.id);
    model ??= textOrNull(chunk.model);
    error ??= chunk.error;
    addChoices(choices, chunk.choices);
  }
  return { id, model, output: outputOfStream(choices, error) };
}

function outputOfStream(choices: Map<number, Message>, error: unknown): string | null {
  const messages = [...choices.entries()].sort(([a], [b]) => a - b).map(([, message]) => finished(message));
  if (messages.length === 0) return error === undefined ? null : JSON.stringify({ error });
  return JSON.stringify(messages.length === 1 ? messages[0] : messages);
}

function addChoices(choices: Map<number, Message>, value: unknown): void {
  for (const choice of Array.isArray(value) ? value : []) if (isObject(choice)) addChoice(choices, choice);
}

/** The `data:` of every event. */
export function* streamData(text: string): Generator<string> {
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith('data:', at)) {
      const data = text.slice(at + 5, end).trim();
      if (data !== '' && data !== '[DONE]') yield data;
    }
    at = end + 1;
  }
}

function addChoice(choices: Map<number, Message>, choice: Record<string, unknown>): void {
  const index = typeof choice.index === 'number' ? choice.index : 0;
  const message = choices.get(index) ?? { role: 'assistant' };
  choices.set(index, message);
  const delta = isObject(choice.delta) ? choice.delta : typeof choice.text === 'string' ? { content: choice.text } : {};
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'tool_calls') addToolCalls(message, value);
    else if (name === 'role' && value) message.role = value;
    else if (value !== null && value !== undefined) message[name] = appended(message[name], value);
  }
}

/** Texts and lists grow, objects are joined, anything else is replaced. */
function appended(known: unknown, piece: unknown): unknown {
  if (typeof piece === 'string' && (typeof known === 'string' || known === undefined)) return `${known ?? ''}${piece}`;
  if (isObject(piece) && isObject(known)) return joined(known, piece);
  if (Array.isArray(piece) && Array.isArray(known)) return [...known, ...piece];
  return piece;
}

/** Objects that arrive in pieces (function_call, audio): texts are appended, the rest replaced. */
function joined(known: Record<string, unknown>, piece: Record<string, unknown>): Record<string, unknown> {
  const result = { ...known };
  for (const [name, value] of Object.entries(piece)) result[name] = typeof value === 'string' && typeof known[name] === 'string' ? known[name] + value : value;
  return result;
}

function addToolCalls(message: Message, value: unknown): void {
  if (!Array.isArray(value)) return;
  message.tool_calls ??= [];
  const calls = message.tool_calls as Record<string, unknown>[];
  for (const piece of value.filter(isObject)) {
    const index = typeof piece.index === 'number' && piece.index >= 0 && piece.index < 10_000 ? piece.index : calls.length;
    const known = calls.find((call) => call.index === index);
    if (!known) calls.push({ ...piece, index });
    else addToolCall(known, piece);
  }
}

function addToolCall(known: Record<string, unknown>, piece: Record<string, unknown>): void {
  if (isObject(piece.function)) {
    const part = isObject(known.function) ? known.function : {};
    const pieceArguments = piece.function.arguments;
    known.function = {
      ...part,
      ...(typeof piece.function.name === 'string' && part.name === undefined ? { name: piece.function.name } : {}),
      ...(typeof pieceArguments === 'string' ? { arguments: `${typeof part.arguments === 'string' ? part.arguments : ''}${pieceArguments}` } : {}),
    };
  }
  if (typeof piece.id === 'string' && known.id === undefined) known.id = piece.id;
  if (typeof piece.type === 'string' && known.type === undefined) known.type = piece.type;
}

function finished(message: Message): Message {
  const calls = message.tool_calls;
  if (!Array.isArray(calls)) return { content: null, ...message };
  const ordered = (calls as Record<string, unknown>[]).sort((a, b) => numberOf(a.index) - numberOf(b.index));
  return { content: null, ...message, tool_calls: ordered.map(({ index: _, ...call }) => call) };
}
