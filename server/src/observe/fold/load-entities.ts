// Reads what a fold needs and does not hold: one batched look-up a kind.
import type { ObservationRow } from '#observe/rows.ts';
import type { EntityState } from './join.ts';
import { observationState } from './observation-row.ts';
import type { OpenEntity, StoredKey } from './open-entities.ts';
import type { EntityKey, FoldLookup } from './port.ts';
import { storedKeyOf } from './rows-of.ts';
import { scoreState } from './score-row.ts';
import { traceState } from './trace-row.ts';

export interface Wanted {
  traces: EntityKey[];
  /** Trace ids that a stored gateway call may stand for. */
  carriers: EntityKey[];
  /** `traceId` as the first event names it. */
  observations: (EntityKey & { traceId?: string })[];
  scores: EntityKey[];
}

export interface Loaded {
  entities: OpenEntity[];
  carriers: ObservationRow[];
}

/** The stored states of what is wanted. */
export async function loadEntities(wanted: Wanted, lookup: FoldLookup): Promise<Loaded> {
  const [traces, carriers, observations, scores] = await Promise.all([
    wanted.traces.length === 0 ? [] : lookup.traces(wanted.traces),
    wanted.carriers.length === 0 ? [] : lookup.traceCarriers(wanted.carriers),
    wanted.observations.length === 0 ? [] : lookup.observations(wanted.observations),
    wanted.scores.length === 0 ? [] : lookup.scores(wanted.scores),
  ]);
  const entity = (state: EntityState, stored: StoredKey): OpenEntity => ({ state, stored });
  return {
    entities: [
      ...traces.map((row) => entity(traceState(row), storedKeyOf(row))),
      ...scores.map((row) => entity(scoreState(row), storedKeyOf(row))),
      ...chosen(wanted.observations, observations).map((row) => entity(observationState(row), storedKeyOf(row))),
    ],
    carriers,
  };
}

/** An id may stand in several traces: the row of the named trace, else the one that came in events, else the oldest. */
function chosen(wanted: Wanted['observations'], rows: ObservationRow[]): ObservationRow[] {
  const byId = new Map<string, ObservationRow[]>();
  for (const row of rows) {
    const key = `${row.project_id}\u0001${row.id}`;
    const known = byId.get(key);
    if (known === undefined) byId.set(key, [row]);
    else known.push(row);
  }
  const result: ObservationRow[] = [];
  for (const { projectId, id, traceId } of wanted) {
    const found = byId.get(`${projectId}\u0001${id}`) ?? [];
    const oldestFirst = [...found].sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.trace_id < b.trace_id ? -1 : 1));
    const row =
      oldestFirst.find((candidate) => candidate.trace_id === traceId) ??
      oldestFirst.find((candidate) => candidate.stamps !== '') ??
      (traceId === undefined ? oldestFirst[0] : undefined);
    if (row !== undefined) result.push(row);
  }
  return result;
}
