// Every read that the engine answers, as one list: the engine mounts it over its store, the front mounts the same list with a handler that forwards.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Records } from '#stores/records/port.ts';
import { consoleReadRoutes } from './console/routes.ts';
import { deadLetterRoutes } from './dead-letters/routes.ts';
import type { Deletions } from './deletion/port.ts';
import { deletionRoutes, receiptRoutes } from './deletion/routes.ts';
import { experimentRoutes } from './experiments/experiment-routes.ts';
import { linkRoutes } from './links/routes.ts';
import { metricsRoutes } from './metrics/routes.ts';
import { observationRoutes } from './observations/routes.ts';
import { otelReadRoutes } from './otel/routes.ts';
import { promptLinks } from './prompts/links.ts';
import { reconciliationRoutes } from './reconciliation/routes.ts';
import { scoreTypes } from './score-configs/check.ts';
import { scoreRoutes } from './scores/routes.ts';
import { sessionRoutes } from './sessions/routes.ts';
import type { TailHub } from './tail/hub.ts';
import { tailRoutes } from './tail/routes.ts';
import { traceRoutes } from './traces/routes.ts';

/** What the engine holds. */
export interface EngineParts {
  analytics: Analytics;
  records: Pick<Records, 'query'>;
  deletions: Deletions;
  /** Who watches rows as they are stored; null where another process stores. */
  tail: TailHub | null;
  /** The names of teams by id; a team that is gone has none. */
  teamNames: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** Reads of the public API and of the console, and the deletion of what is read. */
export function readRoutes({ analytics, records, deletions, tail, teamNames }: EngineParts): Route[] {
  const link = promptLinks(records);
  const types = scoreTypes(records);
  return [
    ...otelReadRoutes(analytics, records),
    ...deadLetterRoutes(analytics),
    ...linkRoutes(analytics, records),
    ...traceRoutes(analytics, { link, types }),
    ...observationRoutes(analytics, link),
    ...scoreRoutes(analytics, types),
    ...sessionRoutes(analytics),
    ...experimentRoutes({ analytics, records, types }),
    ...metricsRoutes(analytics),
    ...deletionRoutes(deletions),
    ...receiptRoutes(records),
    ...reconciliationRoutes(analytics, records),
    ...tailRoutes(tail),
    ...consoleReadRoutes(analytics, teamNames),
  ];
}

/** The same routes for a process without the store: paths, roles and schemas are equal, `forward` answers. */
export function forwardedReadRoutes(forward: (context: RouteContext) => Promise<Response>): Route[] {
  return readRoutes({ analytics: noStore, records: { query: refuse }, deletions: { traces: refuse, score: refuse }, tail: null, teamNames: refuse }).map(
    (route) => ({
      ...route,
      handle: forward,
    }),
  );
}

async function refuse(): Promise<never> {
  throw new AppError('This process holds no analytics store: the read must be forwarded to the engine.', {
    status: 503,
    code: 'analytics_away',
    retryAfterSeconds: 2,
  });
}

const noStore: Analytics = {
  query: refuse,
  // biome-ignore lint/correctness/useYield: it only ever refuses.
  stream: async function* () {
    await refuse();
  },
  writeFile: refuse,
  insert: refuse,
  command: refuse,
  close: async () => {},
};
