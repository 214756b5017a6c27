// The gateway's admin routes and the console's reads over the ledger, as one list for the route table.
import type { Route } from '#http/route.ts';
import { accessGroupRoutes } from './access-groups.ts';
import { activityRoutes } from './activity.ts';
import { allowedIpRoutes } from './allowed-ips.ts';
import { budgetRoutes } from './budgets.ts';
import { cacheRoutes } from './cache.ts';
import { callbackRoutes } from './callbacks.ts';
import { configRoutes } from './config.ts';
import { consoleModelsRoute } from './console-models.ts';
import { consoleRequestsRoute } from './console-requests.ts';
import { customerRoutes } from './customers.ts';
import type { AdminDeps } from './deps.ts';
import { globalSpendRoutes } from './global-spend.ts';
import { guardrailRoutes } from './guardrails.ts';
import { healthRoutes } from './health.ts';
import { keyLifecycleRoutes } from './key-lifecycle.ts';
import { keyRoutes } from './keys.ts';
import { mcpServerRoutes } from './mcp-servers.ts';
import { modelHubRoutes } from './model-hub.ts';
import { modelWriteRoutes } from './model-writes.ts';
import { modelRoutes } from './models.ts';
import { modelPagesRoute } from './models-v2.ts';
import { organizationRoutes } from './organizations.ts';
import { providerBudgetsRoute } from './provider-budgets.ts';
import { spendRoutes } from './spend.ts';
import { tagRoutes } from './tags.ts';
import { memberRoutes } from './team-members.ts';
import { teamPermissionRoutes } from './team-permission-routes.ts';
import { teamRoutes } from './teams.ts';
import { userRoutes } from './users.ts';

/** Every route of this room; mounted by http/app.ts. */
export function createAdminRoutes(deps: AdminDeps): Route[] {
  return [
    ...keyRoutes(deps),
    ...keyLifecycleRoutes(deps),
    ...teamRoutes(deps),
    ...memberRoutes(deps),
    ...teamPermissionRoutes(deps),
    ...callbackRoutes(deps),
    ...configRoutes(deps),
    ...guardrailRoutes(deps),
    ...userRoutes(deps),
    ...organizationRoutes(deps),
    ...customerRoutes(deps),
    ...tagRoutes(deps),
    ...budgetRoutes(deps),
    providerBudgetsRoute(deps),
    ...spendRoutes(deps),
    ...activityRoutes(deps),
    ...globalSpendRoutes(deps),
    ...modelRoutes(deps),
    ...modelWriteRoutes(deps),
    modelPagesRoute(deps),
    ...modelHubRoutes(deps),
    ...accessGroupRoutes(deps),
    ...allowedIpRoutes(deps),
    ...mcpServerRoutes(deps),
    ...healthRoutes(deps),
    ...cacheRoutes(deps),
    consoleRequestsRoute(deps),
    consoleModelsRoute(deps),
  ];
}
