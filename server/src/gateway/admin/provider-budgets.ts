// GET /provider/budgets: what may be spent on each provider, what was, and when its window ends (LiteLLM's shape, provider_budget_config).
import { spentInWindow } from '#gateway/money/window-spend.ts';
import type { Route } from '#http/route.ts';
import { windowOf } from '#lib/calendar.ts';
import { picosToNumber } from '#lib/money.ts';
import { adminRoute } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';

export function providerBudgetsRoute(deps: AdminDeps): Route {
  return adminRoute({ method: 'GET', path: '/provider/budgets', summary: 'Budgets of providers with their spend', handle: () => budgets(deps) });
}

async function budgets({ config, records, ledger, timezone }: AdminDeps): Promise<Response> {
  await ledger.flush();
  const providers: Record<string, unknown> = {};
  for (const [name, { max, duration }] of Object.entries(config().routing.providerBudgets)) {
    const window = windowOf(duration, timezone, Date.now());
    const spent = await spentInWindow(records, { level: 'provider', id: name, model: null }, window.startMs);
    providers[name] = {
      budget_limit: Number(max),
      time_period: duration,
      spend: picosToNumber(spent),
      budget_reset_at: new Date(window.endMs).toISOString(),
    };
  }
  return Response.json({ providers });
}
