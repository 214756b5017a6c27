// What a deployment is for: as its entry states it (LiteLLM's `mode`), else as the names of some models tell.
import type { Deployment } from './settings.ts';

const MODES: Readonly<Record<string, Deployment['mode']>> = {
  chat: 'chat',
  completion: 'chat',
  embedding: 'embedding',
  moderation: 'moderation',
  rerank: 'rerank',
  image_generation: 'image_generation',
  image_edit: 'image_generation',
  batch: 'batch',
  audio_speech: 'audio_speech',
  audio_transcription: 'audio_transcription',
  realtime: 'realtime',
};

/** Whole names or their beginnings: a model that only sounds like one of these is left alone. */
const TOLD: readonly (readonly [RegExp, Deployment['mode']])[] = [
  // OpenAI's moderation models, whatever the entry calls them; they cost nothing.
  [/^(omni|text)-moderation-/, 'moderation'],
  // Rerankers carry it in their names.
  [/(?:^|[/._-])rerank/i, 'rerank'],
  [/^semantic-ranker-/, 'rerank'],
  [/^(?:imagen-|imagegeneration@)/, 'image_generation'],
  [/^(?:dall-e-[23]|gpt-image-\d[\w.-]*|chatgpt-image-latest)$/, 'image_generation'],
  [/^(?:tts-1(?:-hd)?(?:-\d+)?|gpt-4o(?:-mini)?-tts(?:-[\d-]+)?)$/, 'audio_speech'],
  [/^gpt-(?:4o-(?:mini-)?)?realtime(?:-|$)/, 'realtime'],
  [/^(?:whisper-1|gpt-4o(?:-mini)?-transcribe(?:-(?:diarize|[\d-]+))?)$/, 'audio_transcription'],
];

export function isKnownMode(mode: string): boolean {
  return Object.hasOwn(MODES, mode);
}

/** Null = nothing tells. */
export function modeOf(mode: string | null, model: string): Deployment['mode'] {
  if (mode !== null) return (isKnownMode(mode) ? MODES[mode] : undefined) ?? null;
  return TOLD.find(([name]) => name.test(model))?.[1] ?? null;
}
