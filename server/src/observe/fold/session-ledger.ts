// Which conversations are under way: a chat call whose messages are exactly an earlier call's messages and its answer joins that call's session.
import type { EntityEvent, ObservationFields } from '#observe/ingest/events.ts';

interface Earlier {
  id: string;
  traceId: string | undefined;
  timeUs: number;
  sessionId: string | null;
  event: Pick<EntityEvent, 'projectId' | 'sequence' | 'receivedAtUs' | 'stamp'>;
}

const MAX_TURNS = 20_000;
const DAY_US = 86_400_000_000;

/** Best effort by design: bounded, within a day, and forgotten by a restart. Two earlier calls that fit make none. */
export class SessionLedger {
  private readonly turns = new Map<string, readonly Earlier[]>();
  private pending = new Map<string, readonly Earlier[]>();

  /** Gives the call the session of the one that it goes on from; returns the event that tells the earlier call of it when it was the first. */
  register(event: EntityEvent): EntityEvent[] {
    const { turn } = event;
    if (turn === undefined) return [];
    const { fields } = event as EntityEvent<'observation'>;
    const marks: EntityEvent[] = [];
    const from = turn.before === null || fields.session_id !== undefined ? null : this.only(event, turn.before);
    if (from !== null) {
      const { earlier, key } = from;
      const sessionId = earlier.sessionId ?? `inferred-${earlier.id}`;
      fields.session_id = sessionId;
      event.metadata.session = INFERRED;
      if (earlier.sessionId === null) {
        marks.push(markOf(earlier, sessionId));
        this.pending.set(key, [{ ...earlier, sessionId }]);
      }
    }
    if (turn.after !== null) this.remember(event, turn.after);
    return marks;
  }

  private only(event: EntityEvent, hash: string): { earlier: Earlier; key: string } | null {
    const key = keyOf(event, hash);
    const found = (this.pending.get(key) ?? this.turns.get(key) ?? []).filter(({ timeUs }) => Math.abs(event.stamp.timeUs - timeUs) <= DAY_US);
    return found.length === 1 ? { earlier: found[0] as Earlier, key } : null;
  }

  private remember(event: EntityEvent, hash: string): void {
    const key = keyOf(event, hash);
    const known = this.pending.get(key) ?? this.turns.get(key) ?? [];
    // A stretch of the journal that is folded again is not a second call; of many alike two are enough to say "not one".
    if (known.length > 1 || known.some(({ id }) => id === event.id)) return;
    const { projectId, sequence, receivedAtUs, stamp } = event;
    const { trace_id: traceId, session_id: sessionId = null } = event.fields as Partial<ObservationFields>;
    this.pending.set(key, [...known, { id: event.id, traceId, timeUs: stamp.timeUs, sessionId, event: { projectId, sequence, receivedAtUs, stamp } }]);
  }

  /** Keeps what was registered since the last commit. */
  commit(): void {
    for (const [key, turns] of this.pending) {
      this.turns.delete(key);
      this.turns.set(key, turns);
    }
    for (const oldest of this.turns.keys()) {
      if (this.turns.size <= MAX_TURNS) break;
      this.turns.delete(oldest);
    }
    this.pending = new Map();
  }

  /** Forgets what was registered since the last commit. */
  abandon(): void {
    this.pending = new Map();
  }
}

const INFERRED = 'inferred';

/** One key's and one end user's conversations only. */
function keyOf(event: EntityEvent, hash: string): string {
  const { key_id: keyId = '', user_id: userId = '' } = event.fields as Partial<ObservationFields>;
  return [event.projectId, keyId, userId, hash].join('\u0001');
}

function markOf({ id, traceId, event }: Earlier, sessionId: string): EntityEvent<'observation'> {
  const fields = { session_id: sessionId, ...(traceId === undefined ? {} : { trace_id: traceId }) };
  return { ...event, kind: 'observation', id, whole: false, fields, metadata: { session: INFERRED }, tags: [] };
}
