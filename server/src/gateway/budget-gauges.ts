// Budgets as LiteLLM's gauges: what keys, teams and users may still spend, read from the records now and then while the callback `prometheus` is configured.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import type { Gauge, Metrics } from '#telemetry/metrics.ts';

const EVERY_MS = 60_000;
/** As many series as a metric holds. */
const MOST = 1_000;

interface Row {
  kind: 'api_key' | 'team' | 'user';
  id: string;
  alias: string | null;
  spend: string;
  max: string;
  reset_at: Date | null;
}

interface Gauges {
  remaining: Gauge;
  max: Gauge;
  hours: Gauge;
}

const LABELS: Readonly<Record<Row['kind'], readonly string[]>> = {
  api_key: ['hashed_api_key', 'api_key_alias'],
  team: ['team', 'team_alias'],
  user: ['user'],
};

/** Starts reading; @returns how to stop. The budgets with the least left are told first when there are more than a metric holds. */
export function watchBudgets(metrics: Metrics, { records, isOn, log }: { records: Records; isOn: () => boolean; log: Log }): () => void {
  const gauges = { api_key: gaugesOf(metrics, 'api_key'), team: gaugesOf(metrics, 'team'), user: gaugesOf(metrics, 'user') };
  const read = async (): Promise<void> => {
    if (!isOn()) return;
    const nowMs = Date.now();
    for (const row of await budgets(records)) {
      const { remaining, max, hours } = gauges[row.kind];
      const labels = row.kind === 'user' ? [row.id] : [row.id, row.alias ?? 'None'];
      remaining.set(Number(row.max) - Number(row.spend), ...labels);
      max.set(Number(row.max), ...labels);
      if (row.reset_at !== null) hours.set(Math.max(0, row.reset_at.getTime() - nowMs) / 3_600_000, ...labels);
    }
  };
  const look = (): void => void read().catch((error: unknown) => log.warn('budgets could not be read for /metrics', { error }));
  look();
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function gaugesOf(metrics: Metrics, kind: Row['kind']): Gauges {
  const labels = LABELS[kind];
  const gauge = (name: string, help: string): Gauge => metrics.gauge({ name, help, labels });
  return {
    remaining: gauge(`litellm_remaining_${kind}_budget_metric`, 'Dollars that are left of the budget.'),
    max: gauge(`litellm_${kind}_max_budget_metric`, 'The budget in dollars.'),
    hours: gauge(`litellm_${kind}_budget_remaining_hours_metric`, 'Hours until the budget begins anew.'),
  };
}

async function budgets(records: Records): Promise<Row[]> {
  return await records.query<Row>(sql`
    SELECT * FROM (
      SELECT 'api_key' AS kind, id, alias, spend, max_budget AS max, budget_reset_at AS reset_at FROM virtual_keys WHERE max_budget IS NOT NULL
      UNION ALL
      SELECT l.kind, l.subject, t.alias, l.spend, l.max_budget, l.budget_reset_at FROM spend_limits l LEFT JOIN teams t ON l.kind = 'team' AND t.id = l.subject
      WHERE l.kind IN ('team', 'user') AND l.max_budget IS NOT NULL
    ) AS budgets ORDER BY max - spend LIMIT ${MOST}`);
}
