// Tokens and cost of a span: the counts as they were sent, and the canonical ones in which nothing stands twice.
import type { Attributes, OtelSpan } from './span.ts';
import { isObject, openedJson, parseJson } from './text.ts';
import { amountOf, type Counts, costDetails, countOf, openAiUsage, rawCounts, usageDetails, withTotal } from './usage.ts';

/** Types whose foreign usage attributes repeat what their children report. */
const REPEATS_CHILDREN = new Set(['SPAN', 'EVENT', 'AGENT', 'CHAIN', 'TOOL']);

/** Canonical usage key -> attribute names, first hit wins. */
const USAGE: readonly (readonly [key: string, names: readonly string[]])[] = [
  ['input', ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt']],
  [
    'output',
    ['ai.usage.outputTokens', 'ai.usage.completionTokens', 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion'],
  ],
  ['total', ['ai.usage.totalTokens', 'ai.usage.tokens', 'gen_ai.usage.total_tokens', 'llm.usage.total_tokens', 'llm.token_count.total']],
  [
    'input_cached_tokens',
    [
      'ai.usage.inputTokenDetails.cacheReadTokens',
      'ai.usage.cachedInputTokens',
      'gen_ai.usage.cache_read.input_tokens',
      'gen_ai.usage.cache_read_input_tokens',
      'gen_ai.usage.input_cached_tokens',
      'gen_ai.usage.cached_tokens',
      'gen_ai.usage.details.cache_read_tokens',
      'gen_ai.usage.details.cache_read_input_tokens',
      'gen_ai.usage.details.cached_tokens',
      'llm.token_count.prompt_details.cache_read',
    ],
  ],
  [
    'input_cache_creation',
    [
      'ai.usage.inputTokenDetails.cacheWriteTokens',
      'gen_ai.usage.cache_creation.input_tokens',
      'gen_ai.usage.cache_creation_input_tokens',
      'gen_ai.usage.details.cache_write_tokens',
      'gen_ai.usage.details.cache_creation_input_tokens',
      'llm.token_count.prompt_details.cache_write',
    ],
  ],
  ['input_audio_tokens', ['gen_ai.usage.input_audio_tokens', 'gen_ai.usage.details.input_audio_tokens', 'llm.token_count.prompt_details.audio']],
  [
    'output_reasoning_tokens',
    [
      'ai.usage.outputTokenDetails.reasoningTokens',
      'ai.usage.reasoningTokens',
      'gen_ai.usage.reasoning.output_tokens',
      'gen_ai.usage.output.reasoning_tokens',
      'gen_ai.usage.reasoning_tokens',
      'gen_ai.usage.details.reasoning_tokens',
      'llm.token_count.completion_details.reasoning',
    ],
  ],
  ['output_audio_tokens', ['gen_ai.usage.output_audio_tokens', 'gen_ai.usage.details.output_audio_tokens', 'llm.token_count.completion_details.audio']],
];

/** What a model's provider says to the Vercel SDK beside the SDK's own counts. */
const VERCEL_PROVIDER: readonly (readonly [key: string, provider: string, name: string])[] = [
  ['input_cached_tokens', 'openai', 'cachedPromptTokens'],
  ['output_reasoning_tokens', 'openai', 'reasoningTokens'],
  ['input_cache_creation', 'anthropic', 'cacheCreationInputTokens'],
  ['input_cached_tokens', 'anthropic', 'cacheReadInputTokens'],
];

/** Cost by part, and of the whole. */
const COST_PARTS: readonly (readonly [part: string, name: string])[] = [
  ['input', 'llm.cost.prompt'],
  ['output', 'llm.cost.completion'],
];
const COST = ['gen_ai.usage.cost', 'llm.cost.total'] as const;

/** Attributes that are counted here and not repeated in the metadata. */
export const COUNTED: readonly string[] = [...USAGE.flatMap(([, names]) => names), ...COST_PARTS.map(([, name]) => name), ...COST];

export interface Usage {
  /** As sent, flattened; null when the canonical counts say the same. */
  raw: Counts | null;
  /** Canonical: parts stand beside `input` and `output`, not inside them. */
  counts: Counts;
}

/** Usage of a span; null when it says none, or when it repeats that of the spans below it. */
export function usageOf({ attributes }: OtelSpan, type: string): Usage | null {
  const own = attributes['langfuse.observation.usage_details'];
  const said = typeof own === 'string' ? parseJson(own) : own;
  const counts = usageDetails(said);
  if (counts !== null) return { raw: rawCounts(said, counts), counts };
  if (REPEATS_CHILDREN.has(type)) return null;
  return mlflowUsage(attributes) ?? genkitUsage(attributes) ?? countedUsage(attributes);
}

function mlflowUsage(attributes: Attributes): Usage | null {
  const text = attributes['mlflow.chat.tokenUsage'];
  const tokens = typeof text === 'string' ? parseJson(text) : text;
  if (!isObject(tokens)) return null;
  const known: Record<string, unknown> = { input_tokens: tokens.input_tokens, output_tokens: tokens.output_tokens, total_tokens: tokens.total_tokens };
  known.input_tokens_details = { cached_tokens: tokens.cache_read_input_tokens };
  const counts = openAiUsage(known);
  return counts === null ? null : { raw: rawCounts(tokens, counts), counts };
}

/** Genkit counts inside its output. */
function genkitUsage(attributes: Attributes): Usage | null {
  const text = attributes['genkit:output'];
  if (typeof text !== 'string' || attributes['genkit:metadata:subtype'] !== 'model') return null;
  const output = openedJson(text);
  const usage = isObject(output) ? output.usage : null;
  if (!isObject(usage)) return null;
  // Gemini counts thoughts beside the output, and cached content inside the input.
  const thoughts = countOf(usage.thoughtsTokens);
  const cached = countOf(usage.cachedContentTokens);
  const counts: Record<string, number> = {};
  const input = countOf(usage.inputTokens);
  const out = countOf(usage.outputTokens);
  const total = countOf(usage.totalTokens);
  if (input !== null) counts.input = Math.max(0, input - (cached ?? 0));
  if (out !== null) counts.output = out;
  if (thoughts !== null) counts.output_reasoning_tokens = thoughts;
  if (cached !== null) counts.input_cached_tokens = cached;
  if (total !== null) counts.total = total;
  if (Object.keys(counts).length === 0) return null;
  const canonical = withTotal(counts);
  return { raw: rawCounts(usage, canonical), counts: canonical };
}

function countedUsage(attributes: Attributes): Usage | null {
  const raw: Counts = {};
  const counts: Record<string, number> = {};
  for (const [key, names] of USAGE) {
    for (const name of names) {
      const count = attributes[name] === undefined ? null : countOf(attributes[name]);
      if (count === null) continue;
      raw[name] = String(count);
      counts[key] ??= count;
    }
  }
  const apart = putVercelProvider(attributes, counts, raw);
  // Providers count cached tokens inside the input and reasoning inside the output: parts are taken out, so that nothing is priced twice.
  for (const part of Object.keys(counts)) {
    const whole = part.slice(0, Math.max(0, part.indexOf('_')));
    if (counts[whole] !== undefined && !(apart && whole === 'input')) counts[whole] = Math.max(0, counts[whole] - (counts[part] as number));
  }
  return Object.keys(counts).length === 0 ? null : { raw, counts: withTotal(counts) };
}

/** Adds what Vercel's provider metadata says; true when its input stands apart from its cached tokens already. */
function putVercelProvider(attributes: Attributes, counts: Record<string, number>, raw: Counts): boolean {
  const text = attributes['ai.response.providerMetadata'];
  const metadata = typeof text === 'string' ? openedJson(text) : null;
  if (!isObject(metadata)) return false;
  for (const [key, provider, name] of VERCEL_PROVIDER) {
    const said = metadata[provider];
    const count = isObject(said) ? countOf(said[name]) : null;
    if (count === null || counts[key] !== undefined) continue;
    counts[key] = count;
    raw[`${provider}.${name}`] = String(count);
  }
  return inputStandsApart(metadata.anthropic, counts, attributes);
}

/** Anthropic itself counts cached tokens beside the input; the SDK of version 4 passed that on, version 6 adds them up. */
function inputStandsApart(anthropic: unknown, counts: Record<string, number>, attributes: Attributes): boolean {
  if (!isObject(anthropic)) return false;
  const own = isObject(anthropic.usage) ? countOf(anthropic.usage.input_tokens) : null;
  if (own !== null) return counts.input === own;
  return attributes['ai.usage.inputTokens'] === undefined && attributes['ai.usage.promptTokens'] !== undefined;
}

/** Cost that a span says; null when it says none or repeats that of the spans below it. */
export function costOf({ attributes }: OtelSpan, type: string): Counts | null {
  const own = attributes['langfuse.observation.cost_details'];
  const said = costDetails(typeof own === 'string' ? parseJson(own) : own);
  if (said !== null || REPEATS_CHILDREN.has(type)) return said;
  const cost: Counts = {};
  for (const [part, name] of COST_PARTS) {
    const amount = amountOf(attributes[name]);
    if (amount !== null) cost[part] = amount;
  }
  for (const name of COST) {
    const amount = amountOf(attributes[name]);
    if (amount !== null) cost.total ??= amount;
  }
  return Object.keys(cost).length === 0 ? null : cost;
}
