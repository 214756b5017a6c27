// Who reported which call: the gateway's own record and an SDK's report find each other by the answer's id or the call id, in whatever order they come.
import type { EntityEvent } from '#observe/ingest/events.ts';

interface Claim {
  /** Something that counts it was seen. */
  isCounted: boolean;
  /** Observations that reported it. */
  reporters: readonly { id: string; traceId: string | undefined }[];
}

const MAX_CLAIMS = 50_000;
const MAX_REPORTERS = 8;

/** Best effort by design: bounded, and forgotten by a restart. A caller's span (traceparent) is recognised without it. */
export class ClaimsLedger {
  private readonly claims = new Map<string, Claim>();
  private pending = new Map<string, Claim>();

  /** Marks the event when something else counts what it reports; returns events that mark earlier reports of what it counts itself. */
  register(event: EntityEvent): EntityEvent[] {
    const marks: EntityEvent[] = [];
    for (const name of event.counts ?? []) {
      const known = this.known(event, name);
      marks.push(...known.reporters.map((reporter) => markOf(event, reporter)));
      this.pending.set(keyOf(event, name), { ...known, isCounted: true });
    }
    for (const name of event.claims ?? []) {
      const known = this.known(event, name);
      const fields = (event as EntityEvent<'observation'>).fields;
      if (known.isCounted) fields.cost_elsewhere = '1';
      if (known.reporters.length < MAX_REPORTERS && !known.reporters.some(({ id }) => id === event.id)) {
        this.pending.set(keyOf(event, name), { ...known, reporters: [...known.reporters, { id: event.id, traceId: fields.trace_id }] });
      }
    }
    return marks;
  }

  private known(event: EntityEvent, name: string): Claim {
    const key = keyOf(event, name);
    return this.pending.get(key) ?? this.claims.get(key) ?? { isCounted: false, reporters: [] };
  }

  /** Keeps what was registered since the last commit. */
  commit(): void {
    for (const [key, claim] of this.pending) {
      this.claims.delete(key);
      this.claims.set(key, claim);
    }
    for (const oldest of this.claims.keys()) {
      if (this.claims.size <= MAX_CLAIMS) break;
      this.claims.delete(oldest);
    }
    this.pending = new Map();
  }

  /** Forgets what was registered since the last commit. */
  abandon(): void {
    this.pending = new Map();
  }
}

function keyOf({ projectId }: EntityEvent, name: string): string {
  return `${projectId}\u0001${name}`;
}

function markOf(counter: EntityEvent, reporter: { id: string; traceId: string | undefined }): EntityEvent<'observation'> {
  const { projectId, sequence, receivedAtUs, stamp } = counter;
  const fields = { cost_elsewhere: '1', ...(reporter.traceId === undefined ? {} : { trace_id: reporter.traceId }) };
  return { projectId, sequence, receivedAtUs, stamp, kind: 'observation', id: reporter.id, whole: false, fields, metadata: {}, tags: [] };
}
