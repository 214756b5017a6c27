// Spans that repeat the usage of the model call right below them (an instrumented framework over an instrumented client): only equal counts are the same call. In whatever order they come.
import type { EntityEvent, ObservationFields } from '#observe/ingest/events.ts';

const MAX_SPANS = 50_000;
/** The call below was seen: whoever repeats it does not count. */
const COUNTED = '';

/** Best effort by design, like the claims: bounded, and forgotten by a restart. */
export class RepeatsLedger {
  /** Span and counts -> COUNTED, or the trace id of the span itself, which was seen before any call below it. */
  private readonly spans = new Map<string, string>();
  private pending = new Map<string, string>();

  /** Marks the event when it repeats a call below; returns the event that marks a span above which came before. */
  register(event: EntityEvent): EntityEvent | null {
    const { trace_id: traceId = '', usage } = event.fields as Partial<ObservationFields>;
    if (usage === undefined || event.below === undefined) return null;
    const counts = `${event.projectId}\u0001${usage.input}:${usage.output}:${usage.total}:`;
    const own = counts + event.id;
    if (this.known(own) === COUNTED) (event as EntityEvent<'observation'>).fields.cost_elsewhere = '1';
    else this.pending.set(own, traceId);
    if (event.below === '') return null;
    const above = this.known(counts + event.below);
    this.pending.set(counts + event.below, COUNTED);
    return above === traceId ? markOf(event, event.below, traceId) : null;
  }

  private known(key: string): string | undefined {
    return this.pending.get(key) ?? this.spans.get(key);
  }

  /** Keeps what was registered since the last commit. */
  commit(): void {
    for (const [key, value] of this.pending) this.spans.set(key, value);
    for (const oldest of this.spans.keys()) {
      if (this.spans.size <= MAX_SPANS) break;
      this.spans.delete(oldest);
    }
    this.pending = new Map();
  }

  /** Forgets what was registered since the last commit. */
  abandon(): void {
    this.pending = new Map();
  }
}

function markOf({ projectId, sequence, receivedAtUs, stamp }: EntityEvent, id: string, traceId: string): EntityEvent<'observation'> {
  return {
    projectId,
    sequence,
    receivedAtUs,
    stamp,
    kind: 'observation',
    id,
    whole: false,
    fields: { cost_elsewhere: '1', trace_id: traceId },
    metadata: {},
    tags: [],
  };
}
