// The gateway's admin routes and the console's reads over the ledger, as one list for the route table.
import type { Route } from '#http/route.ts';
import { consoleModelsRoute } from './console-models.ts';
import { consoleRequestsRoute } from './console-requests.ts';
import type { AdminDeps } from './deps.ts';
import { healthRoutes } from './health.ts';
import { keyRoutes } from './keys.ts';
import { modelRoutes } from './models.ts';
import { spendRoutes } from './spend.ts';

/** Every route of this room; mounted by http/app.ts. */
export function createAdminRoutes(deps: AdminDeps): Route[] {
  return [...keyRoutes(deps), ...spendRoutes(deps), ...modelRoutes(deps), ...healthRoutes(deps), consoleRequestsRoute(deps), consoleModelsRoute(deps)];
}
