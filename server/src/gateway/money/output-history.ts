// How many tokens a key's answers from a model usually have: the rolling p95 that a reservation assumes when a request names no max_tokens.
import type { OutputHistory } from '#gateway/ports.ts';

const SAMPLES = 64;
const MAX_SERIES = 5_000;
/** Assumed for a model nobody has called yet. */
const DEFAULT_TOKENS = 1_000;
const QUANTILE = 0.95;

/** The newest samples of one key and model (or of one model), and their p95 while it is fresh. */
interface Series {
  readonly values: Uint32Array;
  count: number;
  next: number;
  p95: number | null;
}

/** In memory, bounded: at most 5,000 series of 64 answers; the least recently written leaves. A key new to a model starts from what the model gives others. */
export function createOutputHistory(): OutputHistory {
  const series = new Map<string, Series>();

  function add(name: string, outputTokens: number): void {
    const known = series.get(name);
    const entry = known ?? { values: new Uint32Array(SAMPLES), count: 0, next: 0, p95: null };
    // Re-inserted, so that the map's order is that of the last write.
    if (known !== undefined) series.delete(name);
    else if (series.size >= MAX_SERIES) series.delete(series.keys().next().value as string);
    series.set(name, entry);
    entry.values[entry.next] = outputTokens;
    entry.next = (entry.next + 1) % SAMPLES;
    entry.count = Math.min(entry.count + 1, SAMPLES);
    entry.p95 = null;
  }

  return {
    expectedOutputTokens(keyId, model) {
      const entry = series.get(seriesName(keyId, model)) ?? series.get(seriesName('', model));
      return entry === undefined ? DEFAULT_TOKENS : quantile(entry);
    },
    record(keyId, model, outputTokens) {
      if (!Number.isFinite(outputTokens) || outputTokens < 0) return;
      add(seriesName('', model), outputTokens);
      if (keyId !== '') add(seriesName(keyId, model), outputTokens);
    },
  };
}

const seriesName = (keyId: string, model: string): string => `${keyId} ${model}`;

function quantile(entry: Series): number {
  if (entry.p95 === null) {
    const sorted = entry.values.slice(0, entry.count).sort();
    entry.p95 = sorted[Math.ceil(sorted.length * QUANTILE) - 1] as number;
  }
  return entry.p95;
}
