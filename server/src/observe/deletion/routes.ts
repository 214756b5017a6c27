// DELETE /api/public/traces, /traces/{id} and /scores/{id} (langfuse.md §1.4, §1.6). Answered by the engine, which alone writes stored rows.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf } from '#observe/api/body.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import type { Deletions } from './port.ts';

const traceIdsBody = z.strictObject({ traceIds: z.array(z.string().min(1).max(800)).min(1, 'At least 1 traceId is required.').max(1_000) });

/** The front says in this header how far the journal was durable when the request came. */
export const ACCEPTED_HEADER = 'x-genai-durable-sequence';

export function deletionRoutes(deletions: Deletions): Route[] {
  const common = { method: 'DELETE', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    {
      ...common,
      path: '/api/public/traces',
      summary: 'Delete traces with their observations and scores',
      body: traceIdsBody,
      handle: (context) => many(deletions, context),
    },
    {
      ...common,
      path: '/api/public/traces/:traceId',
      summary: 'Delete a trace with its observations and scores',
      handle: (context) => one(deletions, context),
    },
    { ...common, path: '/api/public/scores/:scoreId', summary: 'Delete a score', handle: (context) => score(deletions, context) },
  ];
}

async function many(deletions: Deletions, { http, principal }: RouteContext): Promise<Response> {
  const { traceIds } = await bodyOf(http, traceIdsBody);
  await deletions.traces(projectOf(principal), [...new Set(traceIds)]);
  return http.json({ message: 'Traces deleted successfully' });
}

async function one(deletions: Deletions, { http, principal }: RouteContext): Promise<Response> {
  await deletions.traces(projectOf(principal), [http.req.param('traceId') ?? '']);
  return http.json({ message: 'Trace deleted successfully' });
}

async function score(deletions: Deletions, { http, principal }: RouteContext): Promise<Response> {
  const accepted = http.req.header(ACCEPTED_HEADER) ?? '';
  await deletions.score(projectOf(principal), http.req.param('scoreId') ?? '', /^\d{1,20}$/.test(accepted) ? BigInt(accepted) : 0n);
  return http.json({ message: 'Score deletion queued successfully' }, 202);
}
