// How sure a mean or a difference is: Wilson's interval for shares, percentile bootstrap for everything else. Seeded, so that the same data gives the same answer.

export interface Interval {
  mean: number;
  /** 95 % interval. */
  low: number;
  high: number;
  n: number;
}

const RESAMPLES = 2_000;
const Z = 1.959964;

/** Wilson's score interval of a share: `values` are 0 and 1. */
export function wilson(values: readonly number[]): Interval | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const centre = (mean + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((mean * (1 - mean)) / n + Z ** 2 / (4 * n ** 2));
  return { mean, low: Math.max(0, centre - half), high: Math.min(1, centre + half), n };
}

/** Percentile bootstrap of the mean. For differences of pairs, `values` are the differences item by item: items are drawn, so pairs stay together. */
export function bootstrapMean(values: readonly number[]): Interval | null {
  const n = values.length;
  if (n === 0) return null;
  const random = mulberry32(n);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += values[Math.floor(random() * n)] as number;
    means[resample] = sum / n;
  }
  means.sort();
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return { mean, low: means[Math.floor(RESAMPLES * 0.025)] as number, high: means[Math.ceil(RESAMPLES * 0.975) - 1] as number, n };
}

/** A small seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
