// GET /api/public/sessions and /sessions/{id} (langfuse.md §1.12).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import {
  bounded,
  instantParameter,
  limitParameter,
  notFound,
  pageMeta,
  pageParameter,
  parameters,
  projectOf,
  rangeOf,
  wordsParameter,
} from '#observe/filter/parameters.ts';
import { isoMs } from '#observe/filter/values.ts';
import { traceOf } from '#observe/traces/shape.ts';
import type { TraceView } from '#observe/traces/sql.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { countSessions, listSessions, type SessionView, tracesOfSession } from './sql.ts';

const listParameters = z.object({
  page: pageParameter,
  limit: limitParameter(100),
  fromTimestamp: instantParameter,
  toTimestamp: instantParameter,
  environment: wordsParameter,
});

/** A session is answered whole, so it has a bound; longer ones are paged by GET /api/public/traces?sessionId=. */
const MAX_TRACES = 2_000;

/** The routes over an analytics store. */
export function sessionRoutes(analytics: Analytics): Route[] {
  const common = { method: 'GET', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    { ...common, path: '/api/public/sessions', summary: 'List sessions', query: listParameters, handle: (context) => bounded(() => list(analytics, context)) },
    {
      ...common,
      path: '/api/public/sessions/:sessionId',
      summary: 'Get a session with its traces',
      handle: (context) => bounded(() => detail(analytics, context)),
    },
  ];
}

async function list(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, listParameters);
  const projectId = projectOf(principal);
  const query = { projectId, environments: asked.environment, range: rangeOf(asked.fromTimestamp, asked.toTimestamp) };
  const [rows, [total]] = await Promise.all([
    analytics.query<SessionView>(listSessions(query, { limit: asked.limit, skip: (asked.page - 1) * asked.limit })),
    analytics.query<{ total: string }>(countSessions(query)),
  ]);
  return http.json({ data: rows.map((row) => sessionOf(projectId, row)), meta: pageMeta(asked.page, asked.limit, Number(total?.total ?? 0)) });
}

function sessionOf(projectId: string, row: SessionView): { id: string; createdAt: string; projectId: string; environment: string } {
  return { id: row.id, createdAt: isoMs(row.created_at), projectId, environment: row.environment };
}

async function detail(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const sessionId = http.req.param('sessionId') ?? '';
  const rows = sessionId === '' ? [] : await analytics.query<TraceView>(tracesOfSession(projectId, sessionId, rangeOf(undefined, undefined), MAX_TRACES + 1));
  const [first] = rows;
  if (!first) throw notFound('Session not found within authorized project');
  if (rows.length > MAX_TRACES)
    throw new AppError(`The session has more than ${MAX_TRACES} traces: page through GET /api/public/traces?sessionId= instead.`, {
      status: 422,
      code: 'InvalidRequestError',
    });
  const session = sessionOf(projectId, { id: sessionId, created_at: first.timestamp, environment: first.environment });
  return http.json({ ...session, traces: rows.map((row) => traceOf(projectId, row, true)) });
}
