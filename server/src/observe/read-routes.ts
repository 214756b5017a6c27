// Every read that the engine answers, as one list: the engine mounts it over its store, the front mounts the same list with a handler that forwards.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Records } from '#stores/records/port.ts';
import { consoleReadRoutes } from './console/routes.ts';
import { observationRoutes } from './observations/routes.ts';
import { promptLinks } from './prompts/links.ts';
import { scoreRoutes } from './scores/routes.ts';
import { traceRoutes } from './traces/routes.ts';

/** What the engine holds. */
export interface ReadStores {
  analytics: Analytics;
  records: Pick<Records, 'query'>;
}

/** Reads of the public API and of the console. */
export function readRoutes({ analytics, records }: ReadStores): Route[] {
  const link = promptLinks(records);
  return [...traceRoutes(analytics, link), ...observationRoutes(analytics, link), ...scoreRoutes(analytics), ...consoleReadRoutes(analytics)];
}

/** The same routes for a process without the store: paths, roles and schemas are equal, `forward` answers. */
export function forwardedReadRoutes(forward: (context: RouteContext) => Promise<Response>): Route[] {
  return readRoutes({ analytics: noStore, records: { query: refuse } }).map((route) => ({ ...route, handle: forward }));
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
  insert: refuse,
  command: refuse,
  close: async () => {},
};
