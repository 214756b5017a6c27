// What pictures and sound cost: counted by what the upstream says, else by what the request asks for and what the file is.
import type { CallUsage } from '#call-record.ts';
import type { Call } from '#gateway/call.ts';
import { fieldOf } from '#gateway/request.ts';
import { estimateTokens, usageFrom } from '#gateway/usage.ts';
import { isFields } from '#lib/json.ts';
import type { PriceRow } from '#prices/port.ts';
import { isHeard, isPicture } from './media-call.ts';
import { likelyPictures } from './pictures.ts';

/** Rough counts where nobody says any: characters that are spoken in a second, and tokens that a second of sound is. */
const CHARACTERS_A_SECOND = { latin: 15, other: 6 };
const SPOKEN_TOKENS_A_SECOND = 20;
const HEARD_TOKENS_A_SECOND = 10;
const WRITTEN_TOKENS_A_SECOND = 4;
/** Bytes a second of an upload whose length cannot be read: 32 kbit/s, low for speech, so that it is not held for too little. */
const BYTES_A_SECOND = 4_000;

/** An upstream's `usage`, `duration` or pictures: tokens, seconds of sound, or how many; null when it counts none of them. */
export function mediaUsage(raw: unknown): CallUsage | null {
  // verbose_json states the length of the sound.
  if (typeof raw === 'number') return secondsUsage(raw);
  // The pictures of an answer that counts no tokens.
  if (Array.isArray(raw)) return { input: 0, output: 0, total: 0, images: raw.length };
  if (!isFields(raw)) return null;
  if (raw.type === 'duration') return secondsUsage(raw.seconds);
  const images = typeof raw.images === 'number' && Number.isSafeInteger(raw.images) && raw.images >= 0 ? { images: raw.images } : {};
  const tokens = usageFrom(raw) ?? (images.images === undefined ? null : { input: 0, output: 0, total: 0 });
  if (tokens === null) return null;
  const details = isFields(raw.input_token_details) ? raw.input_token_details : isFields(raw.input_tokens_details) ? raw.input_tokens_details : {};
  const outputDetails = isFields(raw.output_tokens_details) ? raw.output_tokens_details : {};
  return {
    ...tokens,
    ...images,
    ...part('audioInput', details.audio_tokens),
    ...part('imageInput', details.image_tokens),
    // None of them, if that is said, are pictures.
    ...(outputDetails.image_tokens === 0 ? { imageOutput: 0 } : part('imageOutput', outputDetails.image_tokens)),
  };
}

function secondsUsage(seconds: unknown): CallUsage | null {
  if (typeof seconds !== 'number' || !(seconds >= 0) || seconds > 1e7) return null;
  return { input: 0, output: 0, total: 0, audioMs: Math.round(seconds * 1000) };
}

function part(name: 'audioInput' | 'imageInput' | 'imageOutput', value: unknown): Partial<CallUsage> {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? { [name]: value } : {};
}

/** @param model the upstream's name of it. What the call will probably use, before it is sent, and what it is billed for where the upstream says nothing. */
export function likelyUsage(call: Call, model: string): CallUsage {
  if (isPicture(call.endpoint)) return likelyPictures(call, model);
  return isHeard(call.endpoint) ? heard(call) : spoken(call);
}

/** What was said of the call for certain whatever the upstream counts. */
export function statedUsage(call: Call): Partial<CallUsage> {
  return call.endpoint === 'speech' ? { characters: charactersOf(text(call, 'input')) } : {};
}

function spoken(call: Call): CallUsage {
  const input = text(call, 'input');
  const tokens = estimateTokens(input) + estimateTokens(text(call, 'instructions'));
  let latin = 0;
  for (const character of input) if ((character.codePointAt(0) as number) < 0x250) latin += 1;
  const characters = charactersOf(input);
  const seconds = latin / CHARACTERS_A_SECOND.latin + (characters - latin) / CHARACTERS_A_SECOND.other;
  const output = Math.ceil(seconds * SPOKEN_TOKENS_A_SECOND);
  return { input: tokens, output, total: tokens + output, audioOutput: output, characters, audioMs: Math.ceil(seconds * 1000) };
}

/** Code points, as LiteLLM counts. */
function charactersOf(input: string): number {
  let characters = 0;
  for (const _ of input) characters += 1;
  return characters;
}

function heard(call: Call): CallUsage {
  const uploaded = call.form?.files[0]?.facts.bytes ?? 0;
  const audioMs = call.sound?.ms ?? Math.ceil((uploaded / BYTES_A_SECOND) * 1000);
  const audioInput = Math.ceil((audioMs / 1000) * HEARD_TOKENS_A_SECOND);
  const input = audioInput + estimateTokens(text(call, 'prompt'));
  const output = Math.ceil((audioMs / 1000) * WRITTEN_TOKENS_A_SECOND);
  return { input, output, total: input + output, audioInput, audioMs };
}

function text(call: Call, name: string): string {
  const value = call.asked === null ? null : fieldOf(call.asked, name);
  return typeof value === 'string' ? value : '';
}

/** How the upstream counts: by its tokens where it tells them and they have a price, by units else. Never by both. */
export function rowFor(price: PriceRow, known: CallUsage | null): PriceRow {
  const { imagePicos: _, megapixelPicos: __, characterPicos: ___, secondPicos: ____, imageVariants: _____, ...tokens } = price;
  const hasTokens = price.inputPicos > 0n || price.outputPicos > 0n || price.audioOutputPicos !== undefined || price.imageOutputPicos !== undefined;
  const hasUnits = [price.imagePicos, price.megapixelPicos, price.characterPicos, price.secondPicos].some((rate) => rate !== undefined);
  if (!hasUnits || (known !== null && known.total > 0 && hasTokens)) return tokens;
  return { ...price, ...NO_TOKENS };
}

const NO_TOKENS = {
  inputPicos: 0n,
  outputPicos: 0n,
  cachedInputPicos: null,
  cacheCreationInputPicos: null,
  audioInputPicos: 0n,
  audioOutputPicos: 0n,
  imageInputPicos: 0n,
  imageOutputPicos: 0n,
} as const;
