// Folds journal records into rows: decode -> recognise doubles -> look up what is not open -> join -> rows and tombstones. Nothing is kept before the caller has stored the rows.
import { decodeRecord } from '#observe/ingest/decode.ts';
import type { EntityEvent } from '#observe/ingest/events.ts';
import { formatInstant } from '#observe/ingest/instants.ts';
import type { DeadLetterRow, FoldedRows, OtelLogRow, OtelMetricRow } from '#observe/rows.ts';
import type { JournalRecord } from '#stores/journal/port.ts';
import { ClaimsLedger } from './claims-ledger.ts';
import { FoldRun } from './fold-run.ts';
import { entityKey, OpenEntities } from './open-entities.ts';
import type { Folder, FoldLookup, MediaKeeper, PriceUsage } from './port.ts';
import type { ProjectLinks } from './project-links.ts';
import { RepeatsLedger } from './repeats-ledger.ts';
import type { RetentionClass } from './row-context.ts';
import { SessionLedger } from './session-ledger.ts';
import { logRows, metricRows } from './signal-rows.ts';
import type { TokenCounter } from './token-count.ts';

const DEFAULT_CACHE_BYTES = 64 << 20;

export interface FolderDependencies {
  lookup: FoldLookup;
  /** null = usage without a cost stays without one. */
  price: PriceUsage | null;
  retentionClass: RetentionClass;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Counts tokens of calls that came without usage; absent = they stay without. */
  tokens?: TokenCounter;
  /** Whether chats without a declared session are joined by what was said; default true. */
  inferSessions?: boolean;
  /** Recognises calls under spans of other projects; absent = only those of one project. */
  links?: ProjectLinks;
  /** Takes media out of contents; absent = they stay where they stand. */
  media?: MediaKeeper;
  /** Bound of the cache of open entities; default 64 MiB. */
  cacheBytes?: number;
}

/**
 * The fold of one consumer. `fold` rejects only when a look-up does (then nothing was kept: call it again); bad data becomes dead letters.
 * Exactly one of `committed` and `abandoned` must follow each fold; `abandoned` is implied by the next fold.
 */
export function createFolder(dependencies: FolderDependencies): Folder {
  const open = new OpenEntities(dependencies.cacheBytes ?? DEFAULT_CACHE_BYTES, dependencies.now() * 1000);
  const claims = new ClaimsLedger();
  const repeats = new RepeatsLedger();
  const sessions = new SessionLedger();
  const abandon = (): void => {
    claims.abandon();
    repeats.abandon();
    dependencies.links?.abandon();
    sessions.abandon();
  };
  let run: FoldRun | null = null;
  let prepared: { records: readonly JournalRecord[]; decoded: DecodedRows } | null = null;
  /** Given once: a fold may change events, and one that is repeated begins with the records. */
  const decodedOf = (records: readonly JournalRecord[]): DecodedRows => {
    const ready = prepared?.records === records ? prepared.decoded : null;
    prepared = null;
    return ready ?? decodeAll(records, dependencies);
  };

  return {
    prepare(records) {
      prepared = { records, decoded: decodeAll(records, dependencies) };
    },
    async fold(records) {
      abandon();
      run = null;
      const current = new FoldRun({ open, ...dependencies });
      const { events, deadLetters, otelLogs, otelMetrics } = decodedOf(records);
      await dependencies.media?.replaceIn(events, traceFinder(events, dependencies.lookup));
      const joined = dependencies.inferSessions === false ? events : inferSessions(events, sessions);
      const marks = (await dependencies.links?.mark(joined)) ?? [];
      const rows = await current.apply(recogniseDoubles([...joined, ...marks], claims, repeats));
      run = current;
      return { ...rows, otelLogs, otelMetrics, deadLetters: [...deadLetters, ...rows.deadLetters] } satisfies FoldedRows;
    },
    committed() {
      run?.commit();
      claims.commit();
      repeats.commit();
      dependencies.links?.commit();
      sessions.commit();
      run = null;
    },
    abandoned() {
      abandon();
      run = null;
    },
    forget(kind, projectId, id) {
      open.delete(entityKey(kind, projectId, id));
    },
  };
}

/** Finds the trace of an observation among the events of a round, else among what is stored. */
function traceFinder(events: readonly EntityEvent[], lookup: FoldLookup): (projectId: string, id: string) => Promise<string | null> {
  return async (projectId, id) => {
    const said = events.find((event) => event.kind === 'observation' && event.id === id && event.projectId === projectId && 'trace_id' in event.fields);
    if (said !== undefined) return (said as EntityEvent<'observation'>).fields.trace_id ?? null;
    return (await lookup.observations([{ projectId, id }]))[0]?.trace_id ?? null;
  };
}

type DecodedRows = Pick<FoldedRows, 'otelLogs' | 'otelMetrics' | 'deadLetters'> & { events: EntityEvent[] };

function decodeAll(records: readonly JournalRecord[], { now, retentionClass }: Pick<FolderDependencies, 'now' | 'retentionClass'>): DecodedRows {
  const events: EntityEvent[] = [];
  const deadLetters: DeadLetterRow[] = [];
  const otelLogs: OtelLogRow[] = [];
  const otelMetrics: OtelMetricRow[] = [];
  for (const record of records) {
    const decoded = decodeRecord(record);
    for (const event of decoded.events) events.push(event);
    const origin = { projectId: record.project, sequence: record.sequence, receivedAtUs: decoded.receivedAtUs, retentionClass };
    for (const row of logRows(decoded.logs, origin)) otelLogs.push(row);
    for (const row of metricRows(decoded.points, origin)) otelMetrics.push(row);
    for (const { place, reason, content } of decoded.undecodable) {
      const receivedAt = formatInstant(decoded.events[0]?.receivedAtUs ?? (decoded.receivedAtUs || now() * 1000));
      deadLetters.push({ project_id: record.project, received_at: receivedAt, sequence: record.sequence.toString(), place, reason, content });
    }
  }
  return { events, deadLetters, otelLogs, otelMetrics };
}

/** Gives chats the session of the call that they go on from, and appends what the first call of a session has to be told. */
function inferSessions(events: EntityEvent[], sessions: SessionLedger): EntityEvent[] {
  const marks = events.flatMap((event) => (event.turn === undefined ? [] : sessions.register(event)));
  return marks.length === 0 ? events : [...events, ...marks];
}

/** Appends the marks that the observation which counts sets on earlier reports of the same. */
function recogniseDoubles(events: EntityEvent[], claims: ClaimsLedger, repeats: RepeatsLedger): EntityEvent[] {
  const marks: EntityEvent[] = [];
  for (const event of events) {
    if (event.claims !== undefined || event.counts !== undefined) marks.push(...claims.register(event));
    const mark = event.below === undefined ? null : repeats.register(event);
    if (mark !== null) marks.push(mark);
  }
  return marks.length === 0 ? events : [...events, ...marks];
}
