// Usage and cost as clients report them -> canonical counts and exact decimal amounts; what is no count or no amount is dropped.
import { formatPicos, parsePicos } from '#lib/money.ts';
import { cleanText, isObject } from './text.ts';

export type Counts = Record<string, string>;

/** Largest amount kept: beyond it a column of Decimal(38, 12) is not the problem, the report is. */
const MAX_AMOUNT = 1e15;
const MAX_KEYS = 64;

/** A whole number >= 0 from a number or numeric string; null for -1, 1.5, NaN and everything else. */
export function countOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** A decimal string of an amount >= 0, exact to 12 decimals; null for everything else. */
export function amountOf(value: unknown): string | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const number = Number(value);
  if (value === '' || !Number.isFinite(number) || number < 0 || number > MAX_AMOUNT) return null;
  try {
    return formatPicos(parsePicos(value));
  } catch {
    return null;
  }
}

function first(source: Record<string, unknown>, ...names: string[]): number | null {
  for (const name of names) {
    const count = countOf(source[name]);
    if (count !== null) return count;
  }
  return null;
}

/** Adds `total` when it is missing and there is something to add up. */
export function withTotal(counts: Record<string, number>): Counts {
  const texts: Counts = {};
  let sum = 0;
  let keys = 0;
  for (const [name, count] of Object.entries(counts)) {
    if (keys === MAX_KEYS) break;
    keys += 1;
    sum += count;
    texts[name] = String(count);
  }
  if (keys > 0 && counts.total === undefined) texts.total = String(sum);
  return texts;
}

/** `usage` of a generation: {input,output,total} or {promptTokens,...} or {prompt_tokens,...}; null when nothing in it counts. */
export function legacyUsage(usage: unknown): Counts | null {
  if (!isObject(usage)) return null;
  if (isOpenAiShape(usage)) return openAiUsage(usage);
  const counts: Record<string, number> = {};
  const input = first(usage, 'input', 'promptTokens', 'prompt_tokens', 'input_tokens');
  const output = first(usage, 'output', 'completionTokens', 'completion_tokens', 'output_tokens');
  const total = first(usage, 'total', 'totalTokens', 'total_tokens');
  if (input !== null) counts.input = input;
  if (output !== null) counts.output = output;
  if (total !== null) counts.total = total;
  return Object.keys(counts).length === 0 ? null : withTotal(counts);
}

/** Amounts inside a legacy `usage` ({inputCost,outputCost,totalCost}); null when there are none. */
export function legacyCost(usage: unknown): Counts | null {
  if (!isObject(usage)) return null;
  const cost: Counts = {};
  for (const [name, field] of [
    ['input', 'inputCost'],
    ['output', 'outputCost'],
    ['total', 'totalCost'],
  ] as const) {
    const amount = amountOf(usage[field]);
    if (amount !== null) cost[name] = amount;
  }
  return Object.keys(cost).length === 0 ? null : cost;
}

const OPENAI_KEYS = new Set(['prompt_tokens', 'completion_tokens', 'total_tokens', 'prompt_tokens_details', 'completion_tokens_details']);
const RESPONSES_KEYS = new Set(['input_tokens', 'output_tokens', 'total_tokens', 'input_tokens_details', 'output_tokens_details']);

function isOpenAiShape(usage: Record<string, unknown>): boolean {
  const keys = Object.keys(usage);
  return (
    ('prompt_tokens' in usage && 'completion_tokens' in usage && keys.every((key) => OPENAI_KEYS.has(key))) ||
    ('input_tokens' in usage && 'output_tokens' in usage && 'total_tokens' in usage && keys.every((key) => RESPONSES_KEYS.has(key)))
  );
}

/** OpenAI's completion or response usage: details become `input_<k>` / `output_<k>` and leave input / output. */
export function openAiUsage(usage: Record<string, unknown>): Counts | null {
  const counts: Record<string, number> = {};
  for (const [side, total, details] of [
    ['input', first(usage, 'prompt_tokens', 'input_tokens'), usage.prompt_tokens_details ?? usage.input_tokens_details],
    ['output', first(usage, 'completion_tokens', 'output_tokens'), usage.completion_tokens_details ?? usage.output_tokens_details],
  ] as const) {
    if (total === null) continue;
    let rest = total;
    for (const [name, value] of isObject(details) ? Object.entries(details) : []) {
      const count = countOf(value);
      if (count === null) continue;
      counts[cleanText(`${side}_${name}`)] = count;
      rest = Math.max(0, rest - count);
    }
    counts[side] = rest;
  }
  const total = first(usage, 'total_tokens');
  if (total !== null) counts.total = total;
  return Object.keys(counts).length === 0 ? null : withTotal(counts);
}

/** Every count of a usage report as it was sent, members of objects as `object.member`; null when the canonical counts say the same in the same words. */
export function rawCounts(usage: unknown, canonical: Readonly<Counts>): Counts | null {
  if (!isObject(usage)) return null;
  for (const name in usage) {
    const value = usage[name];
    const isSaid = typeof value === 'number' || typeof value === 'string' ? canonical[name] === String(value) : value === null || value === undefined;
    if (isSaid || name.endsWith('Cost') || name === 'unit') continue;
    const counts: Counts = {};
    putCounts(counts, usage, '', 3);
    return counts;
  }
  return null;
}

function putCounts(counts: Counts, usage: Record<string, unknown>, prefix: string, depth: number): void {
  for (const [name, value] of Object.entries(usage)) {
    if (name.endsWith('Cost') || Object.keys(counts).length >= MAX_KEYS) continue;
    const count = countOf(value);
    if (count !== null) counts[cleanText(prefix + name)] = String(count);
    else if (depth > 0 && isObject(value)) putCounts(counts, value, `${prefix}${name}.`, depth - 1);
  }
}

/** `usageDetails`: a raw map of counts, or OpenAI's strict shapes; null when nothing in it counts. */
export function usageDetails(usage: unknown): Counts | null {
  if (!isObject(usage)) return null;
  if (isOpenAiShape(usage)) return openAiUsage(usage);
  const counts: Record<string, number> = {};
  for (const [name, value] of Object.entries(usage)) {
    const count = countOf(value);
    if (count !== null) counts[cleanText(name)] = count;
  }
  return Object.keys(counts).length === 0 ? null : withTotal(counts);
}

/** `costDetails`: a map of amounts; null when there are none. */
export function costDetails(cost: unknown): Counts | null {
  if (!isObject(cost)) return null;
  const amounts: Counts = {};
  for (const [name, value] of Object.entries(cost).slice(0, MAX_KEYS)) {
    const amount = amountOf(value);
    if (amount !== null) amounts[cleanText(name)] = amount;
  }
  return Object.keys(amounts).length === 0 ? null : amounts;
}

/** The total of cost details: `total` when given, else the sum; null when empty. */
export function totalCost(cost: Counts): string | null {
  if (cost.total !== undefined) return cost.total;
  const amounts = Object.values(cost);
  return amounts.length === 0 ? null : formatPicos(amounts.reduce((sum, amount) => sum + parsePicos(amount), 0n));
}
