// What a copy carries along: the two sides, what is asked, what was counted and found.
import type { LangfuseApi } from './api.ts';

export const KINDS = ['score-config', 'model', 'prompt', 'dataset', 'trace', 'run', 'score'] as const;
export type Kind = (typeof KINDS)[number];

export interface KindCounts {
  kind: Kind | 'dataset-item' | 'observation';
  read: number;
  new: number;
  /** There already, the same. */
  unchanged: number;
  refused: number;
}

export interface CopyFinding {
  kind: KindCounts['kind'];
  name: string;
  reason: string;
}

export interface CopyRange {
  /** Traces and scores from here (included) to there (not included). */
  from: string | null;
  to: string;
}

export interface CopyRun {
  readonly source: LangfuseApi;
  readonly target: LangfuseApi;
  readonly apply: boolean;
  readonly range: CopyRange;
  /** Where an interrupted copy of traces goes on. */
  readonly state: { tracesUntil: string | null; save(tracesUntil: string): void };
  readonly onProgress: (kind: KindCounts['kind'], done: number, total: number) => void;
  /** Ids of score configs there -> here. */
  readonly configIds: Map<string, string>;
  readonly counts: Map<KindCounts['kind'], KindCounts>;
  readonly findings: CopyFinding[];
}

export interface CopyReport {
  applied: boolean;
  counts: KindCounts[];
  findings: CopyFinding[];
}

/** The counter of a kind, made when it is first asked for. */
export function countOf(run: CopyRun, kind: KindCounts['kind']): KindCounts {
  const known = run.counts.get(kind) ?? { kind, read: 0, new: 0, unchanged: 0, refused: 0 };
  run.counts.set(kind, known);
  return known;
}

/** Refuses one thing and goes on with the others. */
export function refuse(run: CopyRun, kind: KindCounts['kind'], name: string, reason: string): void {
  countOf(run, kind).refused += 1;
  run.findings.push({ kind, name, reason });
}
