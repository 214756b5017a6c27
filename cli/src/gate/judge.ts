// What a pipeline demands of a run, and whether a comparison meets it.

interface Interval {
  mean: number;
  low: number;
  high: number;
  n: number;
}

export interface Comparison {
  name: string;
  run: Interval;
  baseline: Interval | null;
  difference: Interval | null;
}

/** `min` and `max` bound the mean; `no-worse` fails when the run lies below its baseline beyond chance (the whole interval of the difference is below -value). */
export interface Demand {
  kind: 'min' | 'max' | 'no-worse';
  name: string;
  value: number;
}

/** `score=0.7`; for no-worse also `score` alone, or `score=0.02` for a drop that is tolerated. Null when it is none of these. */
export function parseDemand(kind: Demand['kind'], text: string): Demand | null {
  const at = text.lastIndexOf('=');
  if (at < 0) return kind === 'no-worse' && text.trim() !== '' ? { kind, name: text.trim(), value: 0 } : null;
  const [name, number] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  const value = Number(number);
  return name === '' || number === '' || !Number.isFinite(value) ? null : { kind, name, value };
}

export interface Verdict {
  demand: Demand;
  passed: boolean;
  /** Null when the run has no such score: that fails every demand. */
  metric: Comparison | null;
}

export function judgeRun(demand: Demand, metrics: readonly Comparison[]): Verdict {
  const metric = metrics.find(({ name }) => name === demand.name) ?? null;
  if (metric === null) return { demand, passed: false, metric };
  switch (demand.kind) {
    case 'min':
      return { demand, passed: metric.run.mean >= demand.value, metric };
    case 'max':
      return { demand, passed: metric.run.mean <= demand.value, metric };
    case 'no-worse':
      return { demand, passed: metric.difference !== null && metric.difference.high >= -demand.value, metric };
  }
}
