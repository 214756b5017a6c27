// How the platform does, for the console's health page and for /metrics: stores, lag, journal, disk, and the degraded modes that follow from them.
import { statfs } from 'node:fs/promises';
import type { DeploymentState, GatewayState } from '#gateway/gateway.ts';
import type { Settings } from '#settings/settings.ts';
import type { CoordinationState } from '#stores/coordination/port.ts';
import type { ConsoleHealth } from './contract.ts';
import type { EngineLink } from './engine-link.ts';
import type { Stores } from './open-stores.ts';

export interface HealthParts {
  settings: Settings;
  stores: Stores;
  engine: EngineLink | null;
  coordination: () => CoordinationState;
  gateway: () => GatewayState;
  ledger: () => { queued: number; behind: boolean };
  version: string;
}

const PING_TIMEOUT_MS = 2_000;
/** Accepted events are usually readable within half a second. */
const LAG_SECONDS = 60;
const LOW_DISK_SHARE = 0.1;
const LOW_DISK_BYTES = 2 * 1024 ** 3;

/** Asks every store now; never rejects. */
export async function platformHealth(parts: HealthParts): Promise<ConsoleHealth> {
  const { settings, stores, engine } = parts;
  const [recordsOk, analytics, blobsOk, disk] = await Promise.all([
    stores.records.ping(PING_TIMEOUT_MS),
    engine?.status() ?? null,
    within(stores.blobs.list('health-probe/', { limit: 1 })),
    diskOf(settings.dataDir),
  ]);
  const { backlogBytes, payloadLimitBytes, level } = stores.journal.state();
  const coordination = parts.coordination();
  const facts: Omit<ConsoleHealth, 'degraded'> = {
    version: parts.version,
    runtime: `Node ${process.versions.node}`,
    role: settings.role,
    startedAt: new Date(performance.timeOrigin).toISOString(),
    stores: [
      { store: 'records', kind: settings.recordsUrl === null ? 'embedded' : 'postgresql', state: stateOf(recordsOk) },
      {
        store: 'analytics',
        kind: settings.clickhouse === null ? 'chdb' : 'clickhouse',
        state: engine === null ? 'elsewhere' : stateOf(analytics?.observations != null),
      },
      { store: 'journal', kind: settings.journal, state: level === 'ok' ? 'ok' : 'degraded' },
      { store: 'blobs', kind: settings.blobs === null ? 'files' : 's3', state: stateOf(blobsOk) },
      { store: 'coordination', kind: coordination.kind, state: stateOf(!coordination.away) },
    ],
    processes: coordination.processes,
    consumer: analytics === null ? null : { lagRecords: analytics.lagRecords, lagSeconds: analytics.lagMs / 1000, deadLetters: analytics.deadLetters },
    observations: analytics?.observations ?? null,
    ledger: ledgerOf(parts.ledger()),
    journal: { backlogBytes, payloadLimitBytes, level },
    disk,
    memoryBytes: { front: process.memoryUsage.rss(), engine: analytics?.rssBytes ?? null },
    calls: { inFlight: parts.gateway().callsInFlight, bytesInFlight: parts.gateway().bytesInFlight },
    deployments: deploymentsOf(parts.gateway().deployments),
  };
  return { ...facts, degraded: degradedModes(facts) };
}

/** What does not work as it should, worst first; each has a page in docs/runbooks. */
export function degradedModes(facts: Omit<ConsoleHealth, 'degraded'>): ConsoleHealth['degraded'] {
  const away = (store: string): boolean => facts.stores.some((row) => row.store === store && row.state === 'away');
  const checks: [ConsoleHealth['degraded'][number], boolean][] = [
    ['records-away', away('records')],
    ['analytics-away', away('analytics')],
    ['blobs-away', away('blobs')],
    ['coordination-away', away('coordination')],
    ['journal-full', facts.journal.level === 'full'],
    ['journal-filling', facts.journal.level === 'warning'],
    ['ledger-behind', facts.ledger.behind],
    ['events-late', (facts.consumer?.lagSeconds ?? 0) > LAG_SECONDS],
    ['dead-letters', (facts.consumer?.deadLetters ?? 0) > 0],
    ['disk-low', facts.disk !== null && (facts.disk.freeBytes < LOW_DISK_BYTES || facts.disk.freeBytes < facts.disk.totalBytes * LOW_DISK_SHARE)],
  ];
  return checks.flatMap(([mode, holds]) => (holds ? [mode] : []));
}

function stateOf(answers: boolean): 'ok' | 'away' {
  return answers ? 'ok' : 'away';
}

function deploymentsOf(all: readonly DeploymentState[]): ConsoleHealth['deployments'] {
  const nowMs = Date.now();
  return {
    total: all.length,
    ready: all.filter(({ ready }) => ready).length,
    resting: all.filter(({ restingUntilMs }) => (restingUntilMs ?? 0) > nowMs).length,
  };
}

/** The ledger says more than the page shows. */
function ledgerOf({ queued, behind }: ConsoleHealth['ledger']): ConsoleHealth['ledger'] {
  return { queued, behind };
}

async function within(work: Promise<unknown>): Promise<boolean> {
  const timeout = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), PING_TIMEOUT_MS).unref());
  return await Promise.race([
    work.then(
      () => true,
      () => false,
    ),
    timeout,
  ]);
}

/** Of the file system that the data folder is on; null when it does not say. */
async function diskOf(path: string): Promise<{ freeBytes: number; totalBytes: number } | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}
