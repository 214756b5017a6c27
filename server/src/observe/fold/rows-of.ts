// The rows of one joined entity: its new row, and a tombstone where its old one lay under another key.
import type { FoldedRows, ObservationRow, ScoreRow, TraceRow } from '#observe/rows.ts';
import type { EntityState } from './join.ts';
import { observationRow } from './observation-row.ts';
import type { StoredKey } from './open-entities.ts';
import type { RowContext } from './row-context.ts';
import { scoreRow } from './score-row.ts';
import { traceRow } from './trace-row.ts';

type AnyRow = ObservationRow | TraceRow | ScoreRow;

/** Minute of an instant as the sort keys see it. */
const minuteOf = (instant: string): string => instant.slice(0, 16).replace(' ', 'T');

/** Under which key a row lies. */
export function storedKeyOf(row: AnyRow): StoredKey {
  if (!('start_time' in row)) return { time: row.timestamp, traceId: '', retentionClass: row.retention_class, isTrace: false };
  return { time: row.start_time, traceId: row.trace_id, retentionClass: row.retention_class, isTrace: row.is_trace === 1 };
}

function sameKey(a: StoredKey, b: StoredKey): boolean {
  return minuteOf(a.time) === minuteOf(b.time) && a.traceId === b.traceId && a.retentionClass === b.retentionClass;
}

/** False for an observation of which nothing is known yet but that its cost is counted elsewhere. */
export function carriesContent({ kind, fields, metadata }: EntityState): boolean {
  if (kind !== 'observation') return true;
  for (const name in fields) if (name !== 'trace_id' && name !== 'cost_elsewhere') return true;
  for (const _ in metadata) return true;
  return false;
}

/** A row that says the entity lies here no longer; it is told apart by its key and version only. */
function tombstone<Row extends AnyRow>(row: Row, key: StoredKey): Row {
  const dead = { ...row, is_deleted: 1 as const, retention_class: key.retentionClass, stamps: '', metadata: {} };
  if ('start_time' in dead) return { ...dead, start_time: key.time, trace_id: key.traceId, input: null, output: null };
  if ('input' in dead) return { ...dead, timestamp: key.time, input: null, output: null };
  return { ...dead, timestamp: key.time };
}

/** Adds the entity's rows and returns where its live row lies afterwards. */
export function rowsOf(
  { state, retracted }: { state: EntityState; retracted: boolean },
  before: StoredKey | null,
  target: { context: RowContext; isTrace: boolean; rows: Omit<FoldedRows, 'deadLetters'> },
): StoredKey | null {
  if (!carriesContent(state)) return before;
  const { context, rows } = target;
  switch (state.kind) {
    case 'observation':
      return addRows(observationRow(state, target.isTrace, context), before, rows.observations);
    case 'trace':
      return retracted ? bury(traceRow(state, context), before, rows.traces) : addRows(traceRow(state, context), before, rows.traces);
    case 'score':
      return addRows(scoreRow(state, context), before, rows.scores);
  }
}

function addRows<Row extends AnyRow>(row: Row, before: StoredKey | null, rows: Row[]): StoredKey {
  const key = storedKeyOf(row);
  if (before !== null && !sameKey(before, key)) rows.push(tombstone(row, before));
  rows.push(row);
  return key;
}

function bury<Row extends AnyRow>(row: Row, before: StoredKey | null, rows: Row[]): null {
  if (before !== null) rows.push(tombstone(row, before));
  return null;
}
