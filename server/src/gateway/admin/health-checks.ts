// Real calls to deployments, a few at a time: what they showed is kept in memory for /health and in the records for its history. Also the loop behind background_health_checks.
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import type { DeploymentCheck } from './deps.ts';

const PARALLEL_CHECKS = 4;
/** History is for people who look what was wrong, not for ever. */
const KEEP_DAYS = 30;
const LOOK_EVERY_MS = 5_000;

export interface HealthResult extends DeploymentCheck {
  readonly deployment: Deployment;
}

export interface HealthRow {
  id: string;
  model_name: string;
  model_id: string;
  is_healthy: boolean;
  error: string | null;
  latency_ms: number;
  checked_by: string;
  checked_at: Date;
}

export interface HealthCheckParts {
  records: Records;
  config: () => Pick<GatewayConfig, 'deployments' | 'backgroundHealth'>;
  check: (deployment: Deployment, signal: AbortSignal) => Promise<DeploymentCheck>;
  log: Log;
}

export class HealthChecks {
  readonly #parts: HealthCheckParts;
  #latest = new Map<string, HealthResult>();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #running = false;

  constructor(parts: HealthCheckParts) {
    this.#parts = parts;
  }

  /** Begins to look whether a background round is due; nothing is called while the configuration does not ask for it. */
  start(lookEveryMs = LOOK_EVERY_MS): void {
    this.#timer = setInterval(() => void this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  /** What the last background round showed of each deployment; null while there is none and calls have to be made. */
  cached(): HealthResult[] | null {
    const { deployments, backgroundHealth } = this.#parts.config();
    if (backgroundHealth === null || this.#latest.size === 0) return null;
    return deployments.flatMap(({ id }) => this.#latest.get(id) ?? []);
  }

  /** Calls these deployments and writes down what it showed. Never rejects. */
  async run(deployments: readonly Deployment[], by: string, signal: AbortSignal): Promise<HealthResult[]> {
    const results: HealthResult[] = [];
    const queue = [...deployments];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) {
        const problem = next.problem ?? null;
        const check = problem === null ? await this.#parts.check(next, signal) : { healthy: false, latencyMs: 0, error: problem };
        results.push({ ...check, deployment: next });
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_CHECKS }, work));
    await this.#write(results, by).catch((error: unknown) => this.#parts.log.warn('health checks could not be written down', { error }));
    return results;
  }

  async history(
    filters: { model: string | null; status: string | null },
    page: { limit: number; offset: number },
  ): Promise<{ rows: HealthRow[]; total: number }> {
    const model = filters.model === null ? sql`true` : sql`(model_name = ${filters.model} OR model_id = ${filters.model})`;
    const status = filters.status === null ? sql`true` : sql`is_healthy = ${filters.status === 'healthy'}`;
    const { records } = this.#parts;
    const [count] = await records.query<{ total: string }>(sql`SELECT count(*) AS total FROM health_checks WHERE ${model} AND ${status}`);
    const rows = await records.query<HealthRow>(sql`
      SELECT id, model_name, model_id, is_healthy, error, latency_ms, checked_by, checked_at FROM health_checks WHERE ${model} AND ${status}
      ORDER BY checked_at DESC, id LIMIT ${page.limit} OFFSET ${page.offset}`);
    return { rows, total: Number(count?.total ?? 0) };
  }

  async latest(): Promise<HealthRow[]> {
    return await this.#parts.records.query<HealthRow>(sql`
      SELECT DISTINCT ON (model_id) id, model_name, model_id, is_healthy, error, latency_ms, checked_by, checked_at
      FROM health_checks ORDER BY model_id, checked_at DESC`);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#closing.abort();
    while (this.#running) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async #look(): Promise<void> {
    const { backgroundHealth } = this.#parts.config();
    if (backgroundHealth === null || this.#running) return;
    this.#running = true;
    try {
      if (await this.#isDue(backgroundHealth.intervalMs)) await this.#round();
      else if (this.#latest.size === 0) await this.#takeOver();
    } catch (error) {
      this.#parts.log.warn('a round of background health checks failed; it is repeated', { error });
    } finally {
      this.#running = false;
    }
  }

  /** Of several processes the first that looks makes the round; the others take over what it found. */
  async #isDue(intervalMs: number): Promise<boolean> {
    const [last] = await this.#parts.records.query<{ age_ms: string }>(sql`
      SELECT extract(epoch FROM now() - max(checked_at)) * 1000 AS age_ms FROM health_checks WHERE checked_by = 'background' HAVING max(checked_at) IS NOT NULL`);
    return last === undefined || Number(last.age_ms) >= intervalMs;
  }

  async #round(): Promise<void> {
    const deployments = this.#parts.config().deployments.filter(({ info }) => info.disable_background_health_check !== true);
    const results = await this.run(deployments, 'background', this.#closing.signal);
    this.#latest = new Map(results.map((result) => [result.deployment.id, result]));
    await this.#parts.records.query(sql`DELETE FROM health_checks WHERE checked_at < now() - make_interval(days => ${KEEP_DAYS})`);
  }

  async #takeOver(): Promise<void> {
    const byId = new Map((await this.latest()).map((row) => [row.model_id, row]));
    for (const deployment of this.#parts.config().deployments) {
      const row = byId.get(deployment.id);
      if (row !== undefined) this.#latest.set(deployment.id, { deployment, healthy: row.is_healthy, latencyMs: row.latency_ms, error: row.error });
    }
  }

  async #write(results: readonly HealthResult[], by: string): Promise<void> {
    if (results.length === 0) return;
    const column = <Value>(pick: (result: HealthResult) => Value): Value[] => results.map(pick);
    await this.#parts.records.query(sql`
      INSERT INTO health_checks (model_name, model_id, is_healthy, error, latency_ms, checked_by)
      SELECT model_name, model_id, is_healthy, error, latency_ms, ${by} FROM unnest(
        ${column(({ deployment }) => deployment.modelName)}::text[], ${column(({ deployment }) => deployment.id)}::text[],
        ${column(({ healthy }) => healthy)}::boolean[], ${column(({ error }) => error)}::text[], ${column(({ latencyMs }) => latencyMs)}::int[]
      ) AS result (model_name, model_id, is_healthy, error, latency_ms)`);
  }
}
