// Test only: whole rows with chosen columns, and an analytics store in a temporary folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logRows, metricRows } from '#observe/fold/signal-rows.ts';
import { dataPointsOf, type MetricPoint } from '#observe/ingest/otlp-metrics.ts';
import { type FoldedRows, nothingFolded, type ObservationRow, type OtelLogRow, type OtelMetricRow, type ScoreRow, type TraceRow } from '#observe/rows.ts';
import { SEARCH_INDEX_NAME } from '#observe/search/folded.ts';
import { openChdb } from '#stores/analytics/chdb.ts';
import { openClickhouse } from '#stores/analytics/clickhouse.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { startTestClickhouse } from '#stores/analytics/test-http-server.ts';
import { migrateAnalytics } from './migrate.ts';

export const PROJECT = 'project-1';

function stored(at: string) {
  return { project_id: PROJECT, row_version: '1', is_deleted: 0 as const, retention_class: 0, received_at: at, created_at: at, updated_at: at, stamps: '' };
}

/** An observation of trace `trace-1` at 2026-11-20 12:00 UTC unless said otherwise. */
export function observation(id: string, over: Partial<ObservationRow> = {}): ObservationRow {
  const at = over.start_time ?? '2026-11-20T12:00:00.123456Z';
  return {
    ...stored(at),
    trace_id: 'trace-1',
    id,
    type: 'SPAN',
    parent_observation_id: '',
    name: `name of ${id}`,
    start_time: at,
    end_time: null,
    completion_start_time: null,
    original_times: '',
    environment: 'default',
    level: 'DEFAULT',
    status_message: null,
    version: null,
    release: null,
    input: null,
    output: null,
    metadata: {},
    provided_model_name: null,
    internal_model_id: null,
    model_parameters: null,
    provided_usage_details: {},
    usage_details: {},
    provided_cost_details: {},
    cost_details: {},
    total_cost: null,
    currency: 'USD',
    price_id: null,
    cost_source: '',
    prompt_id: null,
    prompt_name: null,
    prompt_version: null,
    is_trace: 0,
    trace_name: null,
    user_id: null,
    session_id: null,
    tags: [],
    call_id: '',
    key_id: '',
    key_alias: null,
    team_id: null,
    http_status: null,
    ...over,
  };
}

/** A trace at 2026-11-20 12:00 UTC unless said otherwise. */
export function trace(id: string, over: Partial<TraceRow> = {}): TraceRow {
  const at = over.timestamp ?? '2026-11-20T12:00:00.000000Z';
  return {
    ...stored(at),
    id,
    timestamp: at,
    original_times: '',
    name: `name of ${id}`,
    user_id: null,
    session_id: null,
    environment: 'default',
    release: null,
    version: null,
    public: 0,
    bookmarked: 0,
    tags: [],
    input: null,
    output: null,
    metadata: {},
    ...over,
  };
}

/** A numeric score of trace `trace-1` unless said otherwise. */
export function score(id: string, over: Partial<ScoreRow> = {}): ScoreRow {
  const at = over.timestamp ?? '2026-11-20T12:00:05.000000Z';
  return {
    ...stored(at),
    id,
    timestamp: at,
    trace_id: 'trace-1',
    observation_id: '',
    session_id: '',
    dataset_run_id: '',
    name: 'quality',
    source: 'API',
    data_type: 'NUMERIC',
    value: 0.5,
    string_value: null,
    comment: null,
    metadata: {},
    environment: 'default',
    config_id: null,
    queue_id: null,
    author_user_id: null,
    ...over,
  };
}

const ORIGIN = { projectId: PROJECT, sequence: 1n, receivedAtUs: Date.UTC(2026, 10, 20, 12) * 1000, retentionClass: () => 0 };
const EMITTER = { resource: { 'service.name': 'service' }, scope: { name: 'scope', version: '1' } };

/** A log record of 2026-11-20 12:00 UTC unless said otherwise. */
export function logRow(id: string, over: Partial<OtelLogRow> = {}): OtelLogRow {
  const record = {
    ...EMITTER,
    timeNs: 0n,
    observedNs: 0n,
    severityNumber: 9,
    severityText: 'INFO',
    body: id,
    attributes: {},
    traceId: '',
    spanId: '',
    eventName: '',
    flags: 0,
  };
  return { ...(logRows([record], ORIGIN)[0] as OtelLogRow), id, ...over };
}

/** A gauge's point of 2026-11-20 12:00 UTC unless said otherwise. */
export function metricRow(id: string, over: Partial<OtelMetricRow> = {}): OtelMetricRow {
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: 1, asDouble: 1 }] } }] }] }] };
  const point = { ...(dataPointsOf(request)[0] as MetricPoint), timeNs: BigInt(ORIGIN.receivedAtUs) * 1000n };
  return { ...(metricRows([point], ORIGIN)[0] as OtelMetricRow), id, ...over };
}

/** Folded rows with only the given lists. */
export function folded(rows: Partial<FoldedRows>): FoldedRows {
  return { ...nothingFolded(), ...rows };
}

export interface TemporaryAnalytics {
  analytics: Analytics;
  path: string;
  close: () => Promise<void>;
}

/** A migrated store in a temporary folder; `close` removes it. 'http' = the ClickHouse adapter against the test server in front of the same engine. */
export async function temporaryAnalytics(engine: 'chdb' | 'http' = 'chdb'): Promise<TemporaryAnalytics> {
  const folder = mkdtempSync(join(tmpdir(), 'genai-store-'));
  const path = join(folder, 'analytics');
  const server = engine === 'http' ? await startTestClickhouse(path) : null;
  const analytics = server ? openClickhouse(server) : await openChdb({ path, maxMemoryBytes: 1_000_000_000, indexesByMerge: [SEARCH_INDEX_NAME] });
  await migrateAnalytics(analytics);
  return {
    analytics,
    path,
    close: async () => {
      await analytics.close();
      await server?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
