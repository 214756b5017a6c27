// What admin.sock's GET /status tells: every store's state in one look.
import type { Settings } from '#settings/settings.ts';
import type { CoordinationState } from '#stores/coordination/port.ts';
import type { EngineLink } from './engine-link.ts';
import type { Stores } from './open-stores.ts';
import type { PlatformStatus, PlatformUrls } from './platform.ts';
import { VERSION } from './version.ts';

export interface StatusParts {
  settings: Settings;
  stores: Stores;
  engine: EngineLink | null;
  coordination: CoordinationState;
  urls: PlatformUrls;
  startedAt: Date;
}

const PING_TIMEOUT_MS = 2000;

/** Asks records and engine now; never rejects. */
export async function platformStatus({ settings, stores, engine, coordination, urls, startedAt }: StatusParts): Promise<PlatformStatus> {
  const [recordsOk, analytics] = await Promise.all([stores.records.ping(PING_TIMEOUT_MS), engine?.status() ?? null]);
  const { backlogBytes, payloadLimitBytes, level } = stores.journal.state();
  return {
    version: VERSION,
    role: settings.role,
    pid: process.pid,
    startedAt: startedAt.toISOString(),
    dataDir: settings.dataDir,
    urls,
    records: { kind: settings.recordsUrl === null ? 'embedded' : 'external', ok: recordsOk },
    analytics: {
      kind: settings.clickhouse === null ? 'chdb' : 'clickhouse',
      state: analytics === null ? 'away' : 'ready',
      observations: analytics?.observations ?? null,
      lagRecords: analytics?.lagRecords ?? null,
    },
    journal: { backlogBytes, payloadLimitBytes, level },
    coordination,
    memoryBytes: { front: process.memoryUsage.rss(), engine: analytics?.rssBytes ?? null },
  };
}
