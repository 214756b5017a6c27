// Test only: what exports need, over real stores: records, a filled chDB, a bucket. Run as a program it exports until it is killed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createEgress } from '#http/egress.ts';
import { createSealer } from '#lib/sealed.ts';
import type { ScheduleBody } from '#observe/blob-export/schema.ts';
import { migrateAnalytics } from '#observe/store/migrate.ts';
import { folded, observation, PROJECT, score, trace } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import type { Settings } from '#settings/settings.ts';
import { openChdb } from '#stores/analytics/chdb.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Records } from '#stores/records/port.ts';
import { openRecords } from '#stores/records/postgres.ts';
import { createLog } from '#telemetry/log.ts';
import { createMetrics } from '#telemetry/metrics.ts';
import { exportsInEngine } from './engine-export.ts';
import type { EngineLink } from './engine-link.ts';
import { type Exports, openExports } from './open-exports.ts';

export const sealer = createSealer(Buffer.alloc(32, 7));
export const SECRET = 'test-secret-key';

/** Every hour from 12:00 to 12:00 + `hours` on 2026-11-20 one trace, three observations and a score; some replaced by a newer version, one deleted, all of another project left alone. */
export async function fill(analytics: Analytics, hours: number): Promise<void> {
  const at = (hour: number, minute: number): string => new Date(Date.UTC(2026, 10, 20, 12 + hour, minute)).toISOString().replace('Z', '000Z');
  const rows = Array.from({ length: hours }, (_, hour) => ({
    traces: [trace(`t${hour}`, { timestamp: at(hour, 1), input: `問い "${hour}", a`, metadata: { k: 'v,"1"' }, tags: ['a', 'b'], public: 1 })],
    observations: [0, 1, 2].map((index) =>
      observation(`o${hour}-${index}`, {
        trace_id: `t${hour}`,
        start_time: at(hour, index * 20),
        usage_details: { input: '7' },
        cost_details: { input: '0.5' },
        total_cost: '0.5',
      }),
    ),
    scores: [score(`s${hour}`, { trace_id: `t${hour}`, timestamp: at(hour, 59) })],
  }));
  const newer = [observation('o0-0', { trace_id: 't0', start_time: at(0, 0), row_version: '2', name: 'newer' })];
  const deleted = [observation('o0-1', { trace_id: 't0', start_time: at(0, 20), row_version: '2', is_deleted: 1 })];
  const others = [observation('foreign', { project_id: 'project-2', start_time: at(0, 5) })];
  const parts = [
    { traces: rows.flatMap((row) => row.traces), observations: rows.flatMap((row) => row.observations), scores: rows.flatMap((row) => row.scores) },
    { observations: [...newer, ...deleted, ...others] },
  ];
  const writer = createWriter(analytics);
  for (const [index, part] of parts.entries()) await writer.write(folded(part), { firstSequence: BigInt(index + 1), lastSequence: BigInt(index + 1) });
}

export interface ExportPlatform {
  exports: Exports;
  /** How far behind the store is. */
  lag: { ms: number | null };
  /** What the engine has stored; '0' while another worker stores. */
  stored: { sequence: string };
  close(): Promise<void>;
}

/** The part of the house that exports, with its way out. */
export async function openExportPlatform(records: Records, analytics: Analytics, folder: string, role: Settings['role'] = 'all'): Promise<ExportPlatform> {
  const egress = createEgress({ allow: ['127.0.0.1'] });
  const lag: { ms: number | null } = { ms: 0 };
  const stored = { sequence: role === 'worker' ? '0' : '1' };
  const engine = {
    exports: exportsInEngine(analytics, join(folder, 'exports')),
    ready: async () => {},
    status: async () => (lag.ms === null ? null : { lagMs: lag.ms, consumedSequence: stored.sequence }),
  };
  const input = {
    settings: { role },
    stores: { records, consumers: { analytics: folder } },
    engine: engine as unknown as EngineLink,
    log: createLog({ level: 'silent' as 'error' }),
  };
  const exports = await openExports(input as Parameters<typeof openExports>[0], { egress, sealer }, createMetrics());
  return {
    exports,
    lag,
    stored,
    async close() {
      await exports.close();
      await egress.close();
    },
  };
}

/** A whole history by the hour as JSON lines. */
export function schedule(over: Partial<ScheduleBody>): ScheduleBody {
  return {
    type: 'S3_COMPATIBLE',
    bucketName: 'somebody',
    endpoint: null,
    region: 'ap-northeast-1',
    accessKeyId: 'test-access-key',
    secretAccessKey: SECRET,
    prefix: 'exports/',
    exportFrequency: 'hourly',
    enabled: true,
    forcePathStyle: true,
    fileType: 'JSONL',
    exportMode: 'FULL_HISTORY',
    exportStartDate: null,
    compressed: false,
    exportSource: null,
    exportFieldGroups: null,
    ...over,
  };
}

/** Objects of a whole export by the hour of what `fill` wrote. */
export function expectedNames(hours: number, ending: string): string[] {
  const ends = Array.from({ length: hours }, (_, hour) => new Date(Date.UTC(2026, 10, 20, 13 + hour)).toISOString().slice(0, 19).replaceAll(':', '-'));
  return ['observations', 'scores', 'traces'].flatMap((table) => ends.map((end) => `exports/${PROJECT}/${table}/${end}.${ending}`)).sort();
}

if (import.meta.main) {
  const [socketFolder = '', folder = ''] = process.argv.slice(2);
  const path = join(folder, 'analytics');
  const isNew = !existsSync(path);
  const analytics = await openChdb({ path, maxMemoryBytes: 1_000_000_000 });
  if (isNew) {
    await migrateAnalytics(analytics);
    await fill(analytics, Number(process.argv[4]));
  }
  await openExportPlatform(openRecords({ socketFolder }), analytics, folder);
}
