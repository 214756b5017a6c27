// Token counts: from an upstream's `usage` object into the platform's canonical keys, or estimated from text when there is none.
import type { CallUsage } from '#call-record.ts';
import { dataOf } from '#http/sse.ts';

/**
 * Canonical usage of an OpenAI `usage` object; null when it is absent or its counts are not whole numbers >= 0. An explicit zero is zero.
 * `input` leaves cached input out, `output` keeps reasoning in.
 */
export function usageFrom(raw: unknown): CallUsage | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const usage = raw as Record<string, unknown>;
  const prompt = count(usage.prompt_tokens ?? usage.input_tokens);
  const completion = count(usage.completion_tokens ?? usage.output_tokens ?? 0);
  if (prompt === null || completion === null) return null;
  const input = (usage.prompt_tokens_details ?? {}) as Record<string, unknown>;
  const output = (usage.completion_tokens_details ?? {}) as Record<string, unknown>;
  const cached = Math.min(count(input.cached_tokens) ?? 0, prompt);
  // LiteLLM's name for tokens that were written to the cache; a part of the prompt too.
  const creation = Math.min(count(input.cache_creation_tokens) ?? 0, prompt - cached);
  return {
    input: prompt - cached - creation,
    output: completion,
    total: prompt + completion,
    ...positive('cachedInput', cached),
    ...positive('cacheCreationInput', creation),
    ...positive('reasoningOutput', count(output.reasoning_tokens)),
    ...positive('audioInput', count(input.audio_tokens)),
    ...positive('audioOutput', count(output.audio_tokens)),
    ...positive('imageInput', count(input.image_tokens)),
    ...positive('imageOutput', count(output.image_tokens)),
  };
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function positive(key: string, value: number | null): Record<string, number> {
  return value === null || value === 0 ? {} : { [key]: value };
}

/** About four Latin characters or one other character (Japanese, emoji) a token. */
export function estimateTokens(text: string): number {
  let quarters = 0;
  for (let index = 0; index < text.length; index++) quarters += text.charCodeAt(index) < 0x250 ? 1 : 4;
  return Math.ceil(quarters / 4);
}

/** What an answer that named no usage probably used: the request's text in, the delivered text out (at least one token a streamed frame). */
export function estimateUsage(request: Buffer, answer: readonly Buffer[], format: 'json' | 'sse' | 'none', said: Said): CallUsage {
  const input = estimateTokens(request.toString('utf8'));
  const text = Buffer.concat(answer as Buffer[]).toString('utf8');
  const output = format === 'sse' ? streamedTokens(text, said) : format === 'json' ? textTokens(said(parse(text))) : 0;
  return { input, output, total: input + output };
}

/** The texts of a parsed answer or stream event: the dialect knows where they stand. */
type Said = (parsed: unknown) => readonly unknown[];

function streamedTokens(stream: string, said: Said): number {
  let tokens = 0;
  for (const frame of stream.split(/\r?\n\r?\n/)) {
    const data = dataOf(frame);
    if (data !== null && data !== '[DONE]') tokens += textTokens(said(parse(data)));
  }
  return tokens;
}

function textTokens(texts: readonly unknown[]): number {
  let tokens = 0;
  for (const text of texts) if (typeof text === 'string' && text !== '') tokens += Math.max(1, estimateTokens(text));
  return tokens;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
