// One fold: the states that a run of events touches, on top of the cache, until the rows made of them are stored.
import type { EntityEvent, EntityKind } from '#observe/ingest/events.ts';
import { formatInstant } from '#observe/ingest/instants.ts';
import { type FoldedRows, nothingFolded, type ObservationRow } from '#observe/rows.ts';
import { type EntityState, join, joinInto, type Stamped, stateOf } from './join.ts';
import { type Loaded, loadEntities, type Wanted } from './load-entities.ts';
import { carriedTraceState, observationRow } from './observation-row.ts';
import { entityKey, type OpenEntities, type OpenEntity, type StoredKey } from './open-entities.ts';
import type { FoldLookup } from './port.ts';
import type { RowContext } from './row-context.ts';
import { carriesContent, rowsOf } from './rows-of.ts';

type ObservationEvent = EntityEvent<'observation'>;

/** An entity in this run; `state` is this run's own copy once `touched`. */
interface Working extends OpenEntity {
  touched: boolean;
  /** Its row has to be written. */
  changed: boolean;
  /** A wrapper trace whose observation turned out to belong elsewhere. */
  retracted: boolean;
}

interface Dependencies extends RowContext {
  open: OpenEntities;
  /** Milliseconds since 1970. */
  now: () => number;
  lookup: FoldLookup;
}

export class FoldRun {
  private readonly dependencies: Dependencies;
  private readonly working = new Map<string, Working>();
  /** Whole observations that nothing else in this run or in the cache is about, by project and id (an id may stand in several traces). */
  private readonly alone = new Map<string, EntityState[]>();
  /** Gateway calls that may carry their trace, by trace key: this run's and stored ones. */
  private readonly carriers = new Map<string, { state: EntityState | null; row: ObservationRow | null }>();

  constructor(dependencies: Dependencies) {
    this.dependencies = dependencies;
  }

  /** Joins the events and makes the rows. @throws what a look-up throws; the cache is untouched then. */
  async apply(events: readonly EntityEvent[]): Promise<FoldedRows> {
    await this.load(wantedBy(events, this));
    for (const event of events) this.joinEvent(event);
    await this.wrapTraceless();
    this.joinCarried();
    await this.dependencies.tokens?.prepare(this.modelsWithoutUsage());
    return this.rows();
  }

  /** Moves this run's states into the cache. */
  commit(): void {
    const { open } = this.dependencies;
    for (const [key, entity] of this.working) {
      if (entity.retracted) open.delete(key);
      else if (entity.touched) open.set(key, { state: entity.state, stored: entity.stored });
    }
  }

  /** Whether the cache or this run knows the entity. */
  find(kind: EntityKind, projectId: string, id: string): Working | undefined {
    const key = entityKey(kind, projectId, id);
    const known = this.working.get(key);
    if (known !== undefined) return known;
    const open = this.dependencies.open.get(key);
    if (open === undefined) return undefined;
    const entity: Working = { ...open, touched: false, changed: false, retracted: false };
    this.working.set(key, entity);
    return entity;
  }

  get completeSinceUs(): number {
    return this.dependencies.open.completeSinceUs;
  }

  private async load(wanted: Wanted): Promise<void> {
    const loaded: Loaded = await loadEntities(wanted, this.dependencies.lookup);
    for (const { state, stored } of loaded.entities) {
      const key = entityKey(state.kind, state.projectId, state.id);
      if (!this.working.has(key)) this.working.set(key, { state, stored, touched: false, changed: false, retracted: false });
    }
    for (const row of loaded.carriers) this.carriers.set(entityKey('trace', row.project_id, row.trace_id), { state: null, row });
  }

  private joinEvent(event: EntityEvent): void {
    if (event.kind === 'observation' && event.whole) this.joinWhole(event as ObservationEvent);
    else this.joinState(stateOf(event));
  }

  private joinState(state: EntityState): Working {
    let entity = this.find(state.kind, state.projectId, state.id);
    if (entity === undefined && state.kind === 'observation') entity = this.adoptAlone(state);
    if (entity === undefined) {
      entity = { state, stored: null, touched: true, changed: true, retracted: false };
      this.working.set(entityKey(state.kind, state.projectId, state.id), entity);
      return entity;
    }
    this.own(entity);
    if (joinInto(entity.state, state)) entity.changed = true;
    return entity;
  }

  /** A copy that this run may change. */
  private own(entity: Working): void {
    if (entity.touched) return;
    const { state } = entity;
    entity.state = { ...state, fields: { ...state.fields }, metadata: { ...state.metadata } };
    entity.touched = true;
  }

  /** A partial event about a whole observation of the same run. */
  private adoptAlone(state: EntityState): Working | undefined {
    const key = entityKey('observation', state.projectId, state.id);
    const traceId = state.fields.trace_id?.value;
    const candidates = this.alone.get(key) ?? [];
    const whole = candidates.find(({ fields }) => traceId === undefined || fields.trace_id?.value === traceId);
    if (whole === undefined) return undefined;
    this.alone.set(
      key,
      candidates.filter((candidate) => candidate !== whole),
    );
    const entity: Working = { state: whole, stored: null, touched: true, changed: true, retracted: false };
    this.working.set(key, entity);
    return entity;
  }

  private joinWhole(event: ObservationEvent): void {
    const state = stateOf(event);
    const traceId = event.fields.trace_id as string;
    if (event.carriesTrace === true) {
      const key = entityKey('trace', event.projectId, traceId);
      this.carriers.set(key, { state, row: null });
    }
    const known = this.find('observation', event.projectId, event.id);
    if (known !== undefined && (known.state.fields.trace_id === undefined || known.state.fields.trace_id.value === traceId)) {
      this.joinState(state);
      return;
    }
    const key = entityKey('observation', event.projectId, event.id);
    const twins = this.alone.get(key);
    if (twins === undefined) this.alone.set(key, [state]);
    else {
      const twin = twins.findIndex(({ fields }) => fields.trace_id?.value === traceId);
      if (twin < 0) twins.push(state);
      else twins[twin] = join(twins[twin] as EntityState, state);
    }
  }

  /** An observation without a trace gets a trace of its own id; one whose trace became known later loses it. */
  private async wrapTraceless(): Promise<void> {
    const traceless: Working[] = [];
    const found: Working[] = [];
    for (const entity of this.working.values()) {
      if (entity.state.kind !== 'observation' || !entity.changed || !carriesContent(entity.state)) continue;
      const traceId = entity.state.fields.trace_id?.value;
      if (traceId === undefined) traceless.push(entity);
      else if (entity.stored?.traceId === entity.state.id && traceId !== entity.state.id) found.push(entity);
    }
    const needed = [...traceless, ...found].map(({ state }) => ({ projectId: state.projectId, id: state.id }));
    if (needed.length === 0) return;
    const missing = needed.filter(({ projectId, id }) => this.find('trace', projectId, id) === undefined);
    await this.load({ traces: missing, carriers: [], observations: [], scores: [] });
    for (const { state } of traceless) this.joinState(wrapperOf(state));
    for (const { state } of found) {
      const wrapper = this.find('trace', state.projectId, state.id);
      if (wrapper === undefined || wrapper.state.fields.real !== undefined) continue;
      this.own(wrapper);
      wrapper.state.version = state.version;
      wrapper.retracted = true;
      wrapper.changed = true;
    }
  }

  /** A trace that has a row of its own takes over what its gateway call carried. */
  private joinCarried(): void {
    for (const [key, carrier] of this.carriers) {
      const [, projectId, id] = key.split('\u0001') as [string, string, string];
      const trace = this.find('trace', projectId, id);
      if (trace === undefined) continue;
      const row = carrier.row ?? observationRow(carrier.state as EntityState, true, this.dependencies);
      this.joinState(carriedTraceState(row));
    }
  }

  /** Models of observations that will be written without a usage that somebody said. */
  private *modelsWithoutUsage(): Generator<string> {
    for (const states of this.alone.values())
      for (const { fields } of states) if (fields.usage === undefined) yield String(fields.provided_model_name?.value ?? '');
    for (const { state, changed } of this.working.values()) {
      if (changed && state.kind === 'observation' && state.fields.usage === undefined) yield String(state.fields.provided_model_name?.value ?? '');
    }
  }

  private rows(): FoldedRows {
    const rows = nothingFolded();
    for (const states of this.alone.values()) {
      for (const state of states)
        this.guarded(state, rows, () => rows.observations.push(observationRow(state, this.isCarrier(state, null), this.dependencies)));
    }
    for (const [key, { row }] of this.carriers) {
      const trace = this.working.get(key);
      if (row !== null && trace !== undefined) this.uncarry(row, trace.state.version, rows);
    }
    for (const entity of this.working.values()) {
      if (!entity.changed) continue;
      const before = entity.stored;
      this.guarded(entity.state, rows, () => {
        entity.stored = rowsOf(entity, before, { context: this.dependencies, isTrace: this.isCarrier(entity.state, before), rows });
      });
    }
    return rows;
  }

  /** An entity of which no row can be made becomes a dead letter; the others of the run are stored. */
  private guarded(state: EntityState, rows: FoldedRows, make: () => void): void {
    try {
      make();
    } catch (error) {
      rows.deadLetters.push({
        project_id: state.projectId,
        received_at: formatInstant(this.dependencies.now() * 1000),
        sequence: state.version.toString(),
        place: 'fold',
        reason: (error as Error).message.slice(0, 500),
        content: JSON.stringify({ kind: state.kind, id: state.id }),
      });
    }
  }

  /** Rewrites a stored gateway call whose trace has got a row of its own. */
  private uncarry(row: ObservationRow, version: bigint, rows: FoldedRows): void {
    const known = this.find('observation', row.project_id, row.id);
    if (known === undefined || known.state.fields.trace_id?.value !== row.trace_id) {
      rows.observations.push({ ...row, is_trace: 0, row_version: version.toString() });
      return;
    }
    this.own(known);
    known.changed = true;
    if (version > known.state.version) known.state.version = version;
  }

  /** Whether the observation stands for its trace: a gateway call without a parent whose trace has no row. */
  private isCarrier({ kind, projectId, fields }: EntityState, before: StoredKey | null): boolean {
    if (kind !== 'observation' || fields.call_id === undefined || fields.parent_observation_id !== undefined) return false;
    if (before !== null && !before.isTrace) return false;
    return this.find('trace', projectId, String(fields.trace_id?.value)) === undefined;
  }
}

/** What has to be read before the events can be joined. */
function wantedBy(events: readonly EntityEvent[], run: FoldRun): Wanted {
  const wanted: Wanted = { traces: [], carriers: [], observations: [], scores: [] };
  const seen = new Set<string>();
  const want = (
    list: { projectId: string; id: string; traceId?: string }[],
    kind: EntityKind,
    { projectId, id }: { projectId: string; id: string },
    traceId?: string,
  ) => {
    const key = entityKey(kind, projectId, id);
    if (seen.has(key) || run.find(kind, projectId, id) !== undefined) return;
    seen.add(key);
    list.push(traceId === undefined ? { projectId, id } : { projectId, id, traceId });
  };
  for (const event of events) {
    if (event.kind === 'trace') want(wanted.traces, 'trace', event);
    else if (event.kind === 'score') want(wanted.scores, 'score', event);
    else if (!event.whole) want(wanted.observations, 'observation', event, (event as ObservationEvent).fields.trace_id);
    else if (event.carriesTrace === true && event.stamp.timeUs <= run.completeSinceUs) {
      want(wanted.traces, 'trace', { projectId: event.projectId, id: (event as ObservationEvent).fields.trace_id as string });
    }
  }
  wanted.carriers = wanted.traces.filter(({ id }) => CALL_TRACE.test(id));
  return wanted;
}

/** Only a gateway call's trace id is a UUIDv7. */
const CALL_TRACE = /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/;

/** The trace of an observation that came without one. */
function wrapperOf({ kind: _, ...observation }: EntityState): EntityState {
  const { start_time, name, input, output, environment } = observation.fields;
  const fields: Record<string, Stamped> = {};
  const said = { wrapped_timestamp: start_time, root_name: name, root_input: input, root_output: output, hint_environment: environment };
  for (const [field, stamped] of Object.entries(said)) if (stamped !== undefined) fields[field] = stamped;
  return { ...observation, kind: 'trace', fields, metadata: {}, tags: [], whole: false };
}
