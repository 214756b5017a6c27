// Test double of the stored tables: keeps every row as ReplacingMergeTree would after its merges (per sort key the newest version), and answers look-ups as the reads do.
import type { FoldedRows, ObservationRow, ScoreRow, TraceRow } from '#observe/rows.ts';
import type { EntityKey, FoldLookup } from './port.ts';

type AnyRow = ObservationRow | TraceRow | ScoreRow;

export class StoredRows implements FoldLookup {
  private readonly tables: { [Name in 'observations' | 'traces' | 'scores']: Map<string, AnyRow> } = {
    observations: new Map(),
    traces: new Map(),
    scores: new Map(),
  };
  lookups = 0;

  /** Stores rows through JSON, as the store would. */
  write(rows: FoldedRows): void {
    for (const name of ['observations', 'traces', 'scores'] as const) {
      for (const row of rows[name]) {
        const stored = JSON.parse(JSON.stringify(row)) as AnyRow;
        const time = ('start_time' in stored ? stored.start_time : stored.timestamp).slice(0, 16);
        const key = JSON.stringify([stored.project_id, stored.retention_class, time, 'start_time' in stored ? stored.trace_id : '', stored.id]);
        const known = this.tables[name].get(key);
        if (known === undefined || BigInt(stored.row_version) >= BigInt(known.row_version)) this.tables[name].set(key, stored);
      }
    }
  }

  private live<Row extends AnyRow>(name: 'observations' | 'traces' | 'scores'): Row[] {
    return [...this.tables[name].values()].filter((row) => row.is_deleted === 0) as Row[];
  }

  get observationRows(): ObservationRow[] {
    return this.live<ObservationRow>('observations').sort((a, b) => (`${a.trace_id}/${a.id}` < `${b.trace_id}/${b.id}` ? -1 : 1));
  }
  get traceRows(): TraceRow[] {
    return this.live<TraceRow>('traces').sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  get scoreRows(): ScoreRow[] {
    return this.live<ScoreRow>('scores').sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private async find<Row extends AnyRow>(rows: Row[], keys: readonly EntityKey[], idOf: (row: Row) => string): Promise<Row[]> {
    this.lookups += 1;
    return rows.filter((row) => keys.some(({ projectId, id }) => row.project_id === projectId && idOf(row) === id));
  }
  traces(keys: readonly EntityKey[]): Promise<TraceRow[]> {
    return this.find(this.traceRows, keys, (row) => row.id);
  }
  observations(keys: readonly EntityKey[]): Promise<ObservationRow[]> {
    return this.find(this.observationRows, keys, (row) => row.id);
  }
  traceCarriers(keys: readonly EntityKey[]): Promise<ObservationRow[]> {
    return this.find(
      this.observationRows.filter((row) => row.is_trace === 1),
      keys,
      (row) => row.trace_id,
    );
  }
  scores(keys: readonly EntityKey[]): Promise<ScoreRow[]> {
    return this.find(this.scoreRows, keys, (row) => row.id);
  }
}
