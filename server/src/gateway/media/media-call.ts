// What sets calls for pictures and sound apart in the corridor: how they are asked, how they are answered, which deployments are meant for them.
import type { Call } from '#gateway/call.ts';
import type { Endpoint } from '#gateway/providers/provider.ts';
import { fieldOf } from '#gateway/request.ts';
import type { Deployment } from '#settings/settings.ts';
import { formJson, readForm } from './form.ts';
import { soundLength } from './sound-length.ts';

/** How a whole answer that is no event stream is to be read. */
export type AnswerForm = 'json' | 'text' | 'bytes';

const FORMS: ReadonlySet<Endpoint> = new Set<Endpoint>(['transcriptions', 'translations', 'image-edits', 'image-variations']);
const HEARS: ReadonlySet<Endpoint> = new Set<Endpoint>(['transcriptions', 'translations']);
const MODES: Readonly<Partial<Record<Endpoint, Deployment['mode']>>> = {
  speech: 'audio_speech',
  transcriptions: 'audio_transcription',
  translations: 'audio_transcription',
  'image-generations': 'image_generation',
  'image-edits': 'image_generation',
  'image-variations': 'image_generation',
};
const MEDIA_MODES: ReadonlySet<Deployment['mode']> = new Set(Object.values(MODES));

/** Whether the call is made of pictures or sound. */
export function isMediaCall(endpoint: Endpoint): boolean {
  return MODES[endpoint] !== undefined;
}

export function isPicture(endpoint: Endpoint): boolean {
  return MODES[endpoint] === 'image_generation';
}

export function isHeard(endpoint: Endpoint): boolean {
  return HEARS.has(endpoint);
}

/** A deployment with a stated purpose takes no calls for another; one without takes all. Gemini's models that draw talk too. */
export function isMeantFor({ mode, provider, upstreamModel }: Pick<Deployment, 'mode' | 'provider' | 'upstreamModel'>, endpoint: Endpoint): boolean {
  if (endpoint === 'realtime-session') return mode === null || mode === 'realtime';
  const wanted = MODES[endpoint];
  if (wanted !== undefined) return mode === null || mode === wanted;
  const talks = mode === 'image_generation' && (provider === 'gemini' || provider === 'vertex') && /gemini-/.test(upstreamModel);
  return talks || (!MEDIA_MODES.has(mode) && mode !== 'realtime') || endpoint === 'pass-through';
}

/**
 * Reads the form of a call that comes as one: from here on the body is what the form says, and the form itself is kept for the upstream.
 * @throws AppError 400.
 */
export async function openForm(call: Call): Promise<void> {
  const contentType = call.request.headers['content-type'];
  // Edits may also name their pictures in JSON, by address or id.
  if (!FORMS.has(call.endpoint) || (call.endpoint === 'image-edits' && /^application\/json\b/i.test(contentType ?? ''))) return;
  const form = await readForm(call.body, contentType);
  const [file] = form.files;
  if (isHeard(call.endpoint) && file !== undefined) {
    const { valueStart, valueEnd } = file.part;
    call.sound = await soundLength(form.scanned.bytes.subarray(valueStart, valueEnd), file.part.type);
  }
  call.form = form;
  call.body = formJson(form, call.sound === null || call.sound.ms === null ? {} : { seconds: call.sound.ms / 1000 });
}

/** How an answer of this type will have to be read. */
export function answerForm(call: Pick<Call, 'endpoint' | 'asked'>, contentType: string): AnswerForm {
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
  if (call.endpoint === 'speech') return isJson ? 'json' : 'bytes';
  if (!isHeard(call.endpoint)) return 'json';
  const wanted = call.asked === null ? null : fieldOf(call.asked, 'response_format');
  return !isJson || wanted === 'text' || wanted === 'srt' || wanted === 'vtt' ? 'text' : 'json';
}
