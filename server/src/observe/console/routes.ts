// The console's reads of analytics: overview, traces, trace detail, sessions. Shapes are contract.ts; errors are the console's envelope.
import type { Route } from '#http/route.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { overview, overviewParameters, type TeamNames } from './overview.ts';
import { listSessions, sessionsParameters } from './sessions.ts';
import { getTrace, listTraces, traceParameters, tracesParameters } from './traces.ts';

/** The routes over an analytics store. */
export function consoleReadRoutes(analytics: Analytics, teamNames: TeamNames = async () => new Map()): Route[] {
  const common = { method: 'GET', surface: 'console', dialect: 'console', access: ['user-viewer', 'user-member', 'user-admin'] } as const;
  return [
    {
      ...common,
      path: '/api/console/overview',
      summary: 'Figures of a range',
      query: overviewParameters,
      handle: (context) => overview({ analytics, teamNames }, context),
    },
    {
      ...common,
      path: '/api/console/traces',
      summary: 'Traces of a range, newest first',
      query: tracesParameters,
      handle: (context) => listTraces(analytics, context),
    },
    {
      ...common,
      path: '/api/console/sessions',
      summary: 'Sessions of a range, the latest active first',
      query: sessionsParameters,
      handle: (context) => listSessions(analytics, context),
    },
    {
      ...common,
      path: '/api/console/traces/:traceId',
      summary: 'A trace with its observations and scores',
      query: traceParameters,
      handle: (context) => getTrace(analytics, context),
    },
  ];
}
