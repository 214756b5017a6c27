// Seams of the fold: what it needs from the store (look-ups of rows it does not hold) and what it gives to the consumer.
import type { EntityEvent, EntityKind } from '#observe/ingest/events.ts';
import type { FoldedRows, ObservationRow, ScoreRow, TraceRow } from '#observe/rows.ts';
import type { JournalRecord } from '#stores/journal/port.ts';

export interface EntityKey {
  projectId: string;
  id: string;
}

/** An observation by the ids that its caller's headers carry. */
export interface SpanKey {
  traceId: string;
  spanId: string;
}

/** Newest live stored rows by identity; one batched read each. */
export interface FoldLookup {
  traces(keys: readonly EntityKey[]): Promise<TraceRow[]>;
  /** Observations by (project, id); an id may exist in several traces. */
  observations(keys: readonly EntityKey[]): Promise<ObservationRow[]>;
  /** Gateway roots (is_trace = 1) by (project, trace id). */
  traceCarriers(keys: readonly EntityKey[]): Promise<ObservationRow[]>;
  scores(keys: readonly EntityKey[]): Promise<ScoreRow[]>;
  /** Stored observations with these ids in whatever project, gateway calls left out. */
  callers?(keys: readonly SpanKey[]): Promise<(SpanKey & { projectId: string })[]>;
  /** Spans under which gateway calls were made since an instant, with the project of the call; the newest last. */
  callsUnderSpans?(sinceMs: number, limit: number): Promise<(SpanKey & { projectId: string })[]>;
}

/** Prices usage that came without a cost; null when the price is unknown. */
export type PriceUsage = (
  model: string,
  usage: Readonly<Record<string, number>>,
  at: Date,
  projectId: string,
) => { costDetails: Record<string, string>; totalCost: string; currency: string; priceId: string; modelId: string } | null;

export interface Folder {
  /** Does of the next fold what depends on nothing that was folded or stored before: reading the records. The fold of the same array then has it. May run while rows are on their way. */
  prepare(records: readonly JournalRecord[]): void;
  /** Folds a run of journal records into rows to write. The caller writes them durably and then calls `committed`; on failure it calls `abandoned` and folds again. */
  fold(records: readonly JournalRecord[]): Promise<FoldedRows>;
  committed(): void;
  abandoned(): void;
  /** The entity was deleted from the store: what is remembered of it is no longer true. Only between folds. */
  forget(kind: EntityKind, projectId: string, id: string): void;
}

/** Media that stand in contents as base64. */
export interface MediaKeeper {
  /**
   * Keeps them and puts references in their place. `traceOf` = the trace of an observation whose event does not name it.
   * @throws AppError 503 while it cannot; events are as they were then, or partly replaced, and may be given again.
   */
  replaceIn(events: readonly EntityEvent[], traceOf: (projectId: string, observationId: string) => Promise<string | null>): Promise<void>;
}
