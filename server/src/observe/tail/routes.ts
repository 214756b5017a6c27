// GET /unstable/live-tail: observations as they are stored, as server-sent events; by `filter` as the lists take it. `Last-Event-ID` goes on where a connection broke, or says that there is a gap.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { parseFilter } from '#observe/filter/filter.ts';
import { parameters, projectOf, wordParameter } from '#observe/filter/parameters.ts';
import type { TailEvent, TailHub, TailWatch } from './hub.ts';
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
  const asked = parameters(http, query);
  const holds = tailFilter(parseFilter(asked.filter));
  const projectId = projectOf(principal);
  if (hub === null)
    throw new AppError(
      'The live tail is served by the process that stores events; in roles apart that is a worker, which serves no pages. Use the lists of traces.',
      {
        status: 422,
        code: 'LiveTailElsewhere',
      },
    );
  if (http.req.method === 'HEAD') return new Response(null, { headers: HEADERS });
  const watched = hub.watch({ projectId, holds, lastEventId: http.req.header('last-event-id')?.slice(0, 100) ?? null });
  signal.addEventListener('abort', () => watched.close(), { once: true });
  return new Response(streamOf(watched), { headers: HEADERS });
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
