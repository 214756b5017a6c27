// OpenAI's conversation -> Gemini's contents: roles `user` and `model`, parts, calls and results by the function's name, thought signatures brought back.
import { unsupportedContent } from '#gateway/providers/parameters.ts';
import { type Fields, fieldsOf, isFields, objectsOf, parsed, textOf } from '#lib/json.ts';
import { ownSignature, splitCallId } from './signatures.ts';

const PROVIDER = 'gemini';
const DATA_URL = /^data:([^;,]*)(?:;[^,]*)?,(.*)$/s;
/** Google's word for a call whose signature is not known: without it Gemini 3 refuses the turn. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

export interface Contents {
  systemInstruction?: { parts: Fields[] };
  contents: { role: 'user' | 'model'; parts: Fields[] }[];
}

/** Translates the messages of a chat. */
export function contentsOf(messages: readonly Fields[], model: string): Contents {
  const system: Fields[] = [];
  const contents: Contents['contents'] = [];
  const names = new Map<string, string>();
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') system.push(...partsOf(message.content));
    else if (message.role === 'assistant') append(contents, 'model', modelParts(message, names, model));
    else if (message.role === 'tool' || message.role === 'function') append(contents, 'user', resultParts(message, names));
    else append(contents, 'user', partsOf(message.content));
  }
  return { ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }), contents };
}

function append(contents: Contents['contents'], role: 'user' | 'model', parts: Fields[]): void {
  if (parts.length === 0) return;
  const last = contents.at(-1);
  if (last?.role === role) last.parts.push(...parts);
  else contents.push({ role, parts });
}

function partsOf(content: unknown): Fields[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  return objectsOf(content).flatMap(partOf);
}

function partOf(part: Fields): Fields[] {
  switch (part.type) {
    case 'text':
      return textOf(part.text) === '' ? [] : [{ text: part.text }];
    case 'refusal':
      return [{ text: textOf(part.refusal) }];
    case 'image_url':
      return [mediaPart(typeof part.image_url === 'string' ? part.image_url : textOf(fieldsOf(part.image_url).url), textOf(fieldsOf(part.image_url).format))];
    case 'input_audio':
      return [{ inlineData: { mimeType: `audio/${textOf(fieldsOf(part.input_audio).format) || 'wav'}`, data: textOf(fieldsOf(part.input_audio).data) } }];
    case 'file': {
      const file = fieldsOf(part.file);
      return [mediaPart(textOf(file.file_data) || textOf(file.file_id), textOf(file.format))];
    }
    default:
      if (typeof part.type === 'string') throw unsupportedContent(`a part of type ${part.type.slice(0, 100)}`, PROVIDER);
      // A part of Gemini's own.
      return [part];
  }
}

function mediaPart(url: string, declared: string): Fields {
  const data = DATA_URL.exec(url);
  if (data !== null) return { inlineData: { mimeType: declared || data[1] || 'application/octet-stream', data: data[2] } };
  if (url === '') throw unsupportedContent('a picture or file without data or address', PROVIDER);
  return { fileData: { fileUri: url, mimeType: declared || mimeOf(url) } };
}

const MIMES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  pdf: 'application/pdf',
  mp4: 'video/mp4',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  txt: 'text/plain',
};

/** Google wants a type for every address; the ending tells it. */
function mimeOf(url: string): string {
  const ending = /\.([a-z0-9]+)(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(MIMES, ending) ? (MIMES[ending] as string) : 'image/jpeg';
}

function modelParts(message: Fields, names: Map<string, string>, model: string): Fields[] {
  const signature = ownSignature(objectsOf(message.thinking_blocks).at(-1)?.signature);
  const texts = partsOf(message.content);
  const calls = objectsOf(message.tool_calls).map((call) => callPart(call, names));
  const [first] = texts;
  if (first !== undefined && signature !== null) first.thoughtSignature = signature;
  const [call] = calls;
  if (call !== undefined) call.thoughtSignature ??= signature ?? (/gemini-3/.test(model) ? NO_SIGNATURE : undefined);
  return [...texts, ...calls.map((part) => (part.thoughtSignature === undefined ? { functionCall: part.functionCall } : part))];
}

function callPart(call: Fields, names: Map<string, string>): Fields {
  const { name, arguments: text } = fieldsOf(call.function);
  const args = parsed(textOf(text));
  names.set(textOf(call.id), textOf(name));
  const given = textOf(fieldsOf(call.provider_specific_fields).thought_signature) || undefined;
  return {
    functionCall: { name: textOf(name), args: isFields(args) ? args : {} },
    thoughtSignature: given ?? splitCallId(textOf(call.id)).signature ?? undefined,
  };
}

function resultParts(message: Fields, names: ReadonlyMap<string, string>): Fields[] {
  const id = textOf(message.tool_call_id);
  const parts = partsOf(message.content);
  const text = parts.map((part) => textOf(part.text)).join('');
  const value = parsed(text);
  const response = message.is_error === true ? { error: text } : isFields(value) ? value : { output: text };
  const media = parts.filter((part) => part.text === undefined);
  return [{ functionResponse: { name: names.get(id) ?? (textOf(message.name) || id), response } }, ...media];
}
