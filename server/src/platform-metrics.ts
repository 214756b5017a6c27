// The process, its stores and its degraded modes in /metrics (the engine's own gauges: engine-metrics.ts): read when somebody looks, so that an idle platform is idle.
import type { GatewayState } from '#gateway/gateway.ts';
import type { CoordinationState } from '#stores/coordination/port.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { ConsoleHealth } from './contract.ts';
import { type HealthParts, platformHealth } from './platform-health.ts';

interface Watched {
  coordination: { state(): CoordinationState };
  gateway: { state(): GatewayState };
  ledger: { status(): { queued: number; behind: boolean } };
}

/** How the platform is, for the console; and the same for whoever reads the metrics. */
export function openPlatformState(
  of: Pick<HealthParts, 'settings' | 'stores' | 'engine' | 'version'>,
  metrics: Metrics,
  parts: Watched,
): () => Promise<ConsoleHealth> {
  const { settings, stores, engine, version } = of;
  const states = { coordination: () => parts.coordination.state(), gateway: () => parts.gateway.state(), ledger: () => parts.ledger.status() };
  const health = () => platformHealth({ settings, stores, engine, version, ...states });
  watchPlatform(metrics, { version, role: settings.role, health });
  return health;
}

/** Registers the gauges; `health` is asked at each exposition. */
function watchPlatform(metrics: Metrics, about: { version: string; role: string; health: () => Promise<ConsoleHealth> }): void {
  const gauge = (name: string, help: string, labels: readonly string[] = []) => metrics.gauge({ name, help, labels });
  gauge('genai_build_info', 'Version and role of the process; always 1.', ['version', 'role']).set(1, about.version, about.role);
  const storeUp = gauge('genai_store_up', '1 while a store answers; absent for stores that this role does not reach.', ['store']);
  const degraded = gauge('genai_degraded', '1 for every mode in which something does not work as it should.', ['mode']);
  const diskFree = gauge('genai_disk_free_bytes', 'Free space of the file system that the data folder is on.');
  const diskTotal = gauge('genai_disk_total_bytes', 'Size of the file system that the data folder is on.');
  const ready = gauge('genai_deployments_ready', 'Deployments of the configuration that can be called.');
  const resting = gauge('genai_deployments_resting', 'Deployments that rest after failures.');
  watchProcess(metrics);
  const seen = new Set<string>();
  const showModes = (now: readonly string[]): void => {
    for (const mode of now) seen.add(mode);
    for (const mode of seen) degraded.set(now.includes(mode) ? 1 : 0, mode);
  };
  metrics.onRefresh(async () => {
    const { stores, degraded: modes, disk, deployments } = await about.health();
    for (const { store, state } of stores) if (state !== 'elsewhere') storeUp.set(state === 'away' ? 0 : 1, store);
    showModes(modes);
    diskFree.set(disk?.freeBytes ?? 0);
    diskTotal.set(disk?.totalBytes ?? 0);
    ready.set(deployments.ready);
    resting.set(deployments.resting);
  });
}

/** The names that every Prometheus dashboard of a process knows. */
function watchProcess(metrics: Metrics): void {
  const memory = metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Memory of the front process.' });
  const cpu = metrics.counter({ name: 'process_cpu_seconds_total', help: 'CPU of the front process since it started.' });
  const started = metrics.gauge({ name: 'process_start_time_seconds', help: 'When the process started.' });
  const busy = metrics.gauge({ name: 'genai_event_loop_utilization', help: 'Part of the time since the last look in which the event loop was busy, 0 to 1.' });
  started.set(performance.timeOrigin / 1000);
  let counted = 0;
  let looked = performance.eventLoopUtilization();
  metrics.onCollect(() => {
    memory.set(process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6;
    cpu.add(seconds - counted);
    counted = seconds;
    const now = performance.eventLoopUtilization();
    busy.set(performance.eventLoopUtilization(now, looked).utilization);
    looked = now;
  });
}
