// The texts of a request or an answer that a person or a model wrote: the places in parsed JSON that guards read and may change. Ids, names, addresses and binary data are left alone.
import { isFields } from '#lib/json.ts';

export interface TextPlace {
  readonly text: string;
  /** Puts another text there. */
  set(text: string): void;
}

/** Members of a request's body that hold what was said, in every dialect. */
const SAID = ['messages', 'system', 'input', 'instructions', 'prompt', 'contents', 'systemInstruction', 'system_instruction', 'query', 'documents'];
/** A tool's input: whatever it holds was said by a model or a person, under names that the tool chose. */
const TOOL_INPUT = 'arguments';
/** Members of an answer. */
const ANSWERED = ['choices', 'content', 'output', 'output_text', 'candidates', 'results', 'text', 'segments', 'words'];
/** The same of a tool's answer, beside its `content`. */
const TOOL_OUTPUT = 'structuredContent';

/** Their values are machinery. */
const SKIPPED = new Set(
  `id type role name model index object tool_call_id tool_use_id call_id url uri fileUri file_id file_uri image_url media_type mimeType mime_type data b64_json
  signature thought_signature thoughtSignature encrypted_content finish_reason finishReason stop_reason status detail cache_control logprobs citations`.split(
    /\s+/,
  ),
);
const MAX_DEPTH = 64;

export function requestTexts(body: unknown): TextPlace[] {
  return [...textsOf(body, SAID), ...textsOf(body, [TOOL_INPUT], NOTHING)];
}

export function answerTexts(body: unknown): TextPlace[] {
  return [...textsOf(body, ANSWERED), ...textsOf(body, [TOOL_OUTPUT], NOTHING)];
}

/** Every text of a body whose form nobody here knows: machinery is left alone all the same. Only objects and lists can be changed. */
export function allTexts(body: unknown): TextPlace[] {
  const places: TextPlace[] = [];
  if (typeof body === 'object' && body !== null) walk([{ body }, 'body'], places, SKIPPED, 0);
  return places;
}

const NOTHING: ReadonlySet<string> = new Set();

function textsOf(body: unknown, members: readonly string[], skipped: ReadonlySet<string> = SKIPPED): TextPlace[] {
  const places: TextPlace[] = [];
  if (!isFields(body)) return places;
  for (const member of members) if (Object.hasOwn(body, member)) walk([body, member], places, skipped, 0);
  return places;
}

type Holder = Record<string | number, unknown>;

/** A text where it stands. */
export function placeAt(holder: Holder, key: string | number, text: string): TextPlace {
  const set = (next: string): void => {
    holder[key] = next;
  };
  return { text, set };
}

function walk([holder, key]: readonly [Holder, string | number], places: TextPlace[], skipped: ReadonlySet<string>, depth: number): void {
  const value = holder[key];
  if (typeof value === 'string') {
    if (value !== '') places.push(placeAt(holder, key, value));
    return;
  }
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) for (let index = 0; index < value.length; index += 1) walk([value as unknown as Holder, index], places, skipped, depth + 1);
  else for (const name of Object.keys(value)) if (!skipped.has(name)) walk([value as Holder, name], places, skipped, depth + 1);
}
