// The texts in realtime events that a person or a model wrote, as guards read and may change them; and whether there is sound, which they cannot hear.
import { placeAt, type TextPlace } from '#gateway/guards/content-texts.ts';
import { type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import type { RealtimeEvent } from './events.ts';

/** Texts of an event that a client sends. */
export function clientTexts({ type, fields }: RealtimeEvent): TextPlace[] {
  if (type === 'conversation.item.create') return itemTexts(fields.item);
  if (type === 'session.update') return sessionTexts(fields.session);
  if (type !== 'response.create' || !isFields(fields.response)) return [];
  return [...sessionTexts(fields.response), ...objectsOf(fields.response.input).flatMap(itemTexts)];
}

/** Texts of a session's configuration: instructions, variables of a prompt, hints for the listening model. */
export function sessionTexts(session: unknown): TextPlace[] {
  if (!isFields(session)) return [];
  const listening = [session.input_audio_transcription, fieldsOf(fieldsOf(session.audio).input).transcription];
  return [...textAt(session, 'instructions'), ...listening.flatMap((one) => textAt(one, 'prompt')), ...variables(fieldsOf(session.prompt).variables)];
}

function variables(value: unknown): TextPlace[] {
  if (!isFields(value)) return [];
  return Object.keys(value).flatMap((name) => [...textAt(value, name), ...textAt(value[name], 'text')]);
}

/** Texts of an item of the conversation: what was said or written, a tool's input and output. */
export function itemTexts(item: unknown): TextPlace[] {
  if (!isFields(item)) return [];
  const parts = objectsOf(item.content).flatMap(partTexts);
  return [...parts, ...textAt(item, 'arguments'), ...textAt(item, 'output')];
}

export function partTexts(part: unknown): TextPlace[] {
  return [...textAt(part, 'text'), ...textAt(part, 'transcript')];
}

function textAt(holder: unknown, key: string): TextPlace[] {
  if (!isFields(holder)) return [];
  const text = textOf(holder[key]);
  return text === '' ? [] : [placeAt(holder, key, text)];
}

/** Whether an event of a client carries sound. */
export function hasSound({ type, fields }: RealtimeEvent): boolean {
  if (type === 'input_audio_buffer.append') return true;
  const items = type === 'conversation.item.create' ? [fieldsOf(fields.item)] : type === 'response.create' ? objectsOf(fieldsOf(fields.response).input) : [];
  return items.some((item) => objectsOf(item.content).some(({ audio }) => textOf(audio) !== ''));
}

/** An item as it may be kept: sound and pictures as their sizes. */
export function withoutMedia(item: Fields): Fields {
  if (!Array.isArray(item.content)) return item;
  return { ...item, content: objectsOf(item.content).map(smallPart) };
}

function smallPart(part: Fields): Fields {
  const small = { ...part };
  if (typeof part.audio === 'string') small.audio = `[${part.audio.length} characters of sound]`;
  if (typeof part.image_url === 'string' && part.image_url.startsWith('data:')) small.image_url = `[${part.image_url.length} characters of a picture]`;
  return small;
}
