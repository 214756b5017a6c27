// A gateway call under a span of another project: the call counts, so the span that reports the same does not, whichever of the two comes first.
import type { EntityEvent, ObservationFields } from '#observe/ingest/events.ts';
import type { FoldLookup } from './port.ts';

export interface LinkDependencies {
  lookup: Pick<FoldLookup, 'callers' | 'callsUnderSpans'>;
  /** The organisation of a project; null when there is none any longer. */
  organizationOf: (projectId: string) => Promise<string | null>;
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface ProjectLinks {
  /** Marks spans of this round whose call counts in another project, and returns events that mark earlier ones. @throws what the look-ups throw; then nothing was kept. */
  mark(events: readonly EntityEvent[]): Promise<EntityEvent[]>;
  commit(): void;
  abandon(): void;
}

type ObservationEvent = EntityEvent<'observation'>;

const MOST_CALLS = 50_000;
/** How long before a start calls are remembered from the store: a span ends, and is sent, after what it called. */
const REMEMBERED_MS = 86_400_000;
const MOST_ORGANIZATIONS = 10_000;

const keyOf = (traceId: string, spanId: string): string => `${traceId}\u0001${spanId}`;

/** The ledger of one consumer. Bounded: of more calls than 50,000 the oldest are forgotten. */
export function createProjectLinks({ lookup, organizationOf, now }: LinkDependencies): ProjectLinks {
  /** Project of the call under a span, by trace and span. */
  const calls = new Map<string, string>();
  let pending = new Map<string, string>();
  let isLoaded = false;
  const organizations = new Map<string, string | null>();

  const organization = async (projectId: string): Promise<string | null> => {
    const known = organizations.get(projectId);
    if (known !== undefined) return known;
    const found = await organizationOf(projectId);
    if (organizations.size >= MOST_ORGANIZATIONS) organizations.clear();
    organizations.set(projectId, found);
    return found;
  };
  /** Nobody's calls may take another organisation's costs away. */
  const areRelated = async (one: string, other: string): Promise<boolean> => {
    if (one === other) return false;
    const owner = await organization(one);
    return owner !== null && owner === (await organization(other));
  };
  const load = async (): Promise<void> => {
    const found = (await lookup.callsUnderSpans?.(now() - REMEMBERED_MS, MOST_CALLS)) ?? [];
    for (const { projectId, traceId, spanId } of found) calls.set(keyOf(traceId, spanId), projectId);
    isLoaded = true;
  };

  /** The project whose call counts what this observation reports; null when none does. */
  const countedIn = async ({ fields, id, projectId }: ObservationEvent): Promise<string | null> => {
    if (fields.call_id !== undefined || fields.cost_elsewhere !== undefined || fields.trace_id === undefined) return null;
    const key = keyOf(fields.trace_id, id);
    const project = pending.get(key) ?? calls.get(key);
    return project !== undefined && (await areRelated(project, projectId)) ? project : null;
  };

  return {
    async mark(events) {
      pending = new Map();
      if (!isLoaded) await load();
      const called = events.filter(isCallUnderSpan);
      for (const { projectId, fields } of called) pending.set(keyOf(fields.trace_id as string, fields.parent_observation_id as string), projectId);
      if (calls.size + pending.size === 0) return [];
      for (const event of events.filter(isObservation)) if ((await countedIn(event)) !== null) event.fields.cost_elsewhere = '1';
      return await marksOfStored(called);
    },
    commit() {
      for (const [key, project] of pending) {
        calls.delete(key);
        calls.set(key, project);
      }
      for (const oldest of calls.keys()) {
        if (calls.size <= MOST_CALLS) break;
        calls.delete(oldest);
      }
      pending = new Map();
    },
    abandon() {
      pending = new Map();
    },
  };

  /** Spans that were stored before their call was. */
  async function marksOfStored(called: readonly ObservationEvent[]): Promise<EntityEvent[]> {
    if (called.length === 0 || lookup.callers === undefined) return [];
    const callOf = new Map(called.map((call) => [keyOf(call.fields.trace_id as string, call.fields.parent_observation_id as string), call]));
    const stored = await lookup.callers(called.map(({ fields }) => ({ traceId: fields.trace_id as string, spanId: fields.parent_observation_id as string })));
    const marks: EntityEvent[] = [];
    for (const { projectId, traceId, spanId } of stored) {
      const call = callOf.get(keyOf(traceId, spanId));
      if (call !== undefined && (await areRelated(call.projectId, projectId))) marks.push(markOf(call, { projectId, traceId, spanId }));
    }
    return marks;
  }
}

const isObservation = (event: EntityEvent): event is ObservationEvent => event.kind === 'observation';

function isCallUnderSpan(event: EntityEvent): event is ObservationEvent {
  const fields = event.fields as Partial<ObservationFields>;
  return isObservation(event) && fields.call_id !== undefined && fields.parent_observation_id !== undefined && fields.trace_id !== undefined;
}

function markOf({ sequence, receivedAtUs, stamp }: ObservationEvent, caller: { projectId: string; traceId: string; spanId: string }): ObservationEvent {
  const fields = { trace_id: caller.traceId, cost_elsewhere: '1' };
  return { projectId: caller.projectId, sequence, receivedAtUs, stamp, kind: 'observation', id: caller.spanId, whole: false, fields, metadata: {}, tags: [] };
}
