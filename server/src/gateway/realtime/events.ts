// Events of a realtime session as far as the gateway reads them: their kind, what they count, the sound in them. Pure, and nothing that a peer sends makes it fault.
// Source: OpenAI's reference of realtime client and server events, in the beta's names and the GA's.
import type { CallUsage } from '#call-record.ts';
import { countOf, type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';

export interface RealtimeEvent {
  readonly type: string;
  readonly fields: Fields;
}

/** An event, or null for what is none: broken JSON, no object, no `type`. */
export function readEvent(text: string): RealtimeEvent | null {
  const fields = parsed(text);
  return isFields(fields) && typeof fields.type === 'string' ? { type: fields.type, fields } : null;
}

/** `usage` of a response that is done; null when it says none. Cached sound is part of the cached input, every other sound of the input. */
export function responseUsage(raw: unknown): CallUsage | null {
  if (!isFields(raw) || !isCount(raw.input_tokens) || !isCount(raw.output_tokens)) return null;
  const details = fieldsOf(raw.input_token_details);
  const cachedDetails = fieldsOf(details.cached_tokens_details);
  const [all, output] = [countOf(raw.input_tokens), countOf(raw.output_tokens)];
  const cached = Math.min(countOf(details.cached_tokens), all);
  const cachedAudio = Math.min(countOf(cachedDetails.audio_tokens), cached);
  const fresh = (name: string): number => Math.min(all - cached, Math.max(0, countOf(details[name]) - countOf(cachedDetails[name])));
  return {
    input: all - cached,
    output,
    total: all + output,
    ...positive('cachedInput', cached),
    ...positive('cachedAudioInput', cachedAudio),
    ...positive('audioInput', fresh('audio_tokens')),
    ...positive('imageInput', fresh('image_tokens')),
    ...positive('audioOutput', Math.min(output, countOf(fieldsOf(raw.output_token_details).audio_tokens))),
  };
}

/** `usage` of a transcription: tokens, or seconds; null when it says none. */
export function transcriptionUsage(raw: unknown): CallUsage | null {
  if (!isFields(raw)) return null;
  if (typeof raw.seconds === 'number' && raw.seconds >= 0 && raw.seconds < 1e6)
    return { input: 0, output: 0, total: 0, audioMs: Math.round(raw.seconds * 1000) };
  const usage = responseUsage(raw);
  return usage;
}

const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function positive(key: string, value: number): Record<string, number> {
  return value > 0 ? { [key]: value } : {};
}

/** Bytes that a base64 text stands for. */
export function soundBytes(base64: unknown): number {
  return Math.floor((textOf(base64).length * 3) / 4);
}

/** What the gateway itself has to say, in the shape of the API's own errors. */
export function errorEvent(error: { type: string; code: string | null; message: string; param?: string | null }, causedBy: unknown, id: string): string {
  return JSON.stringify({
    type: 'error',
    event_id: `event_${id}`,
    error: { type: error.type, code: error.code, message: error.message, param: error.param ?? null, event_id: typeof causedBy === 'string' ? causedBy : null },
  });
}
