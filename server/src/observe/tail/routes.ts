// GET /unstable/live-tail: observations as they are stored, as server-sent events; by `filter` as the lists take it. `Last-Event-ID` goes on where a connection broke, or says that there is a gap.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { parseFilter } from '#observe/filter/filter.ts';
import { parameters, projectOf, wordParameter } from '#observe/filter/parameters.ts';
import type { TailEvent, TailHub, TailWatch } from './hub.ts';
import { storedElsewhere } from './stored-elsewhere.ts';
import { tailFilter } from './tail-row.ts';

/** Where the front lets a connection of its own carry the answer. */
export const TAIL_PATH = '/api/public/unstable/live-tail';

const query = z.object({ filter: wordParameter });
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
/** A status after so long without a row: proxies close what is silent, and the reader sees that it is connected. */
const HEARTBEAT_MS = 10_000;

/** The route over the hub of the process that stores; null where another process does. */
export function tailRoutes(hub: TailHub | null): Route[] {
  return [
    {
      surface: 'observe',
      dialect: 'langfuse-unstable',
      access: ['project-key'],
      method: 'GET',
      path: TAIL_PATH,
      summary: 'Observations as they are stored, as server-sent events',
      query,
      handle: (context) => watch(hub, context),
    },
  ];
}

function watch(hub: TailHub | null, { http, principal, signal }: RouteContext): Response {
  const { holds, lastEventId } = tailQuestion({ http });
  const projectId = projectOf(principal);
  if (hub === null) throw storedElsewhere();
  if (http.req.method === 'HEAD') return tailAnswer(null);
  const watched = hub.watch({ projectId, holds, lastEventId });
  signal.addEventListener('abort', () => watched.close(), { once: true });
  return tailAnswer(streamOf(watched));
}

/** What a request asks for. @throws AppError 400 for a filter that does not fit. */
export function tailQuestion({ http }: Pick<RouteContext, 'http'>): { filter: string; holds: ReturnType<typeof tailFilter>; lastEventId: string | null } {
  const { filter = '' } = parameters(http, query);
  return { filter, holds: tailFilter(parseFilter(filter)), lastEventId: http.req.header('last-event-id')?.slice(0, 100) ?? null };
}

export function tailAnswer(frames: ReadableStream<Uint8Array> | null): Response {
  return new Response(frames, { headers: HEADERS });
}

/** Pulled by the reader: what a slow reader does not take stays in its bounded queue. */
function streamOf(watched: TailWatch): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder();
  let begun = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // The first bytes at once: the reader knows that it is connected.
        const events = await watched.next(begun ? HEARTBEAT_MS : 0);
        begun = true;
        if (events === null) return controller.close();
        controller.enqueue(bytes.encode(events.map(frameOf).join('') + statusFrame(watched)));
      },
      cancel: () => watched.close(),
    },
    { highWaterMark: 0 },
  );
}

function frameOf(event: TailEvent): string {
  switch (event.kind) {
    case 'row':
      return `id: ${event.id}\nevent: observation\ndata: ${JSON.stringify(event.row)}\n\n`;
    case 'dropped':
      return `event: dropped\ndata: ${JSON.stringify({ count: event.count })}\n\n`;
    case 'gap':
      return 'event: gap\ndata: {}\n\n';
  }
}

/** How many rows of the project passed, those that were not asked for included: where the rate comes from. */
function statusFrame(watched: TailWatch): string {
  return `id: ${watched.position()}\nevent: status\ndata: ${JSON.stringify({ passed: watched.passed(), at: Date.now() })}\n\n`;
}
