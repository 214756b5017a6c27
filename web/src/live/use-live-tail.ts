// The connection of the live tail: opened again with growing pauses where it broke, from the last event on; while paused, what comes is held back.
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '#api/client.ts';
import { readEvents, type StreamEvent } from '#api/event-stream.ts';
import { EMPTY_TAIL, holdBack, type Tail, tailAfter } from './lines.ts';

const PATH = '/api/public/unstable/live-tail';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** How often what came is drawn: a page that draws every row of a busy project does nothing else. */
const DRAW_EVERY_MS = 200;

export type Connection = 'connecting' | 'live' | 'broken';

export interface LiveTail {
  tail: Tail;
  connection: Connection;
  error: Error | null;
  /** Rows that came while paused. */
  held: number;
  clear: () => void;
}

/** Watches a project. `filter` is the API's parameter; another one begins anew. */
export function useLiveTail(projectId: string, filter: string, paused: boolean): LiveTail {
  const [tail, setTail] = useState<Tail>(EMPTY_TAIL);
  const [connection, setConnection] = useState<Connection>('connecting');
  const [error, setError] = useState<Error | null>(null);
  const [held, setHeld] = useState(0);
  const waiting = useRef<StreamEvent[]>([]);
  const isPaused = useRef(paused);
  isPaused.current = paused;

  useEffect(() => {
    waiting.current = [];
    setTail(EMPTY_TAIL);
    setHeld(0);
    const leaving = new AbortController();
    const timer = setInterval(() => {
      setHeld(isPaused.current ? waiting.current.filter(({ event }) => event === 'observation').length : 0);
      if (isPaused.current || waiting.current.length === 0) return;
      const events = waiting.current;
      waiting.current = [];
      setTail((before) => tailAfter(before, events, Date.now()));
    }, DRAW_EVERY_MS);
    void keepWatching({ projectId, filter, signal: leaving.signal, waiting, setConnection, setError });
    return () => {
      leaving.abort();
      clearInterval(timer);
    };
  }, [projectId, filter]);

  return { tail, connection, error, held, clear: () => setTail((before) => ({ ...before, lines: [], left: 0, dropped: 0 })) };
}

interface Watching {
  projectId: string;
  filter: string;
  signal: AbortSignal;
  waiting: { current: StreamEvent[] };
  setConnection: (connection: Connection) => void;
  setError: (error: Error | null) => void;
}

async function keepWatching({ projectId, filter, signal, waiting, setConnection, setError }: Watching): Promise<void> {
  let lastEventId: string | null = null;
  const onEvent = (event: StreamEvent) => {
    setConnection('live');
    if (event.id !== null) lastEventId = event.id;
    holdBack(waiting.current, event);
  };
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const startedAt = Date.now();
    const refusal = await readEvents(PATH, { projectId, query: filter === '' ? {} : { filter }, lastEventId, signal, onEvent }).catch(refusalOf);
    if (signal.aborted) return;
    setError(refusal ?? null);
    setConnection('broken');
    // A refusal stays one, however often it is asked again; too many watchers and a store that starts again do not.
    if (refusal && refusal.status < 429) return;
    if (Date.now() - startedAt > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    setConnection('connecting');
  }
}

/** What the server said; a connection that broke off says nothing. */
function refusalOf(error: unknown): ApiError | null {
  return error instanceof ApiError && error.status >= 400 ? error : null;
}
