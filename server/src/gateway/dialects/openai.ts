// OpenAI's chat, completions and embeddings as client dialect: LiteLLM's error envelope, data frames, [DONE].
import type { CallUsage } from '#call-record.ts';
import { envelope } from '#gateway/errors.ts';
import { MediaScan } from '#gateway/media/media-scan.ts';
import { mediaUsage } from '#gateway/media/media-usage.ts';
import { rerankUsage } from '#gateway/rerank.ts';
import { SseScan } from '#gateway/sse-scan.ts';
import { usageFrom } from '#gateway/usage.ts';
import { dataFrame } from '#http/sse.ts';
import type { Dialect } from './dialect.ts';

export const openAiDialect: Dialect = {
  envelope,
  // An error event and no [DONE]: clients must not take a cut answer for a whole one.
  errorEvent: (failure) => dataFrame(envelope(failure)),
  scan: (cutUsage) => new SseScan(cutUsage),
  usageKey: 'usage',
  usage: usageFrom,
  said,
};

const NOTHING: CallUsage = { input: 0, output: 0, total: 0 };

/** Moderations count nothing and cost nothing. */
export const moderationsDialect: Dialect = { ...openAiDialect, usage: () => NOTHING };

/** Cohere counts in `meta`, servers that speak its language in `usage`. */
export const rerankDialect: Dialect = { ...openAiDialect, usage: rerankUsage, usageKey: 'meta', otherUsageKey: 'usage' };

/** Sound in and out counts tokens, or seconds. */
export const audioDialect: Dialect = { ...openAiDialect, scan: () => new MediaScan(), usage: mediaUsage, otherUsageKey: 'duration' };

/** Pictures count tokens, or are counted themselves. */
export const imageDialect: Dialect = { ...audioDialect, otherUsageKey: 'data' };

interface Said {
  content?: unknown;
  reasoning_content?: unknown;
  tool_calls?: { function?: { name?: unknown; arguments?: unknown } }[];
}

function said(parsed: unknown): unknown[] {
  const choices = (parsed as { choices?: unknown } | null)?.choices;
  if (!Array.isArray(choices)) return [];
  return choices.flatMap((choice: { message?: Said; delta?: Said; text?: unknown } | null) => {
    const part = choice?.message ?? choice?.delta;
    const calls = Array.isArray(part?.tool_calls) ? part.tool_calls : [];
    return [choice?.text, part?.content, part?.reasoning_content, ...calls.flatMap((call) => [call?.function?.name, call?.function?.arguments])];
  });
}
