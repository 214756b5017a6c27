// What the platform tells of its own requests: a count, and a span where the operator named a collector.
import { randomBytes } from 'node:crypto';
import { watchBudgets } from '#gateway/budget-gauges.ts';
import type { LiteLlmMetricsOptions } from '#gateway/litellm-metrics.ts';
import type { RequestEvent } from '#http/app.ts';
import { AppError } from '#lib/errors.ts';
import type { GatewayConfig, Settings } from '#settings/settings.ts';
import type { Log } from '#telemetry/log.ts';
import { createMetrics, type Metrics } from '#telemetry/metrics.ts';
import { NO_SPANS, newSpanId, openSpans, type Spans } from '#telemetry/spans.ts';
import type { EngineLink } from './engine-link.ts';
import { watchEngine } from './engine-metrics.ts';
import type { Stores } from './open-stores.ts';

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/;
/** Asked every few seconds by machines; a span of each would bury the others. */
const PROBES = /^\/(?:health|metrics|api\/public\/(?:health|ready))/;

interface TelemetryInput {
  settings: Settings;
  engine: EngineLink | null;
  stores: Stores;
  log: Log;
  version: string;
}

interface OwnTelemetry {
  metrics: Metrics;
  spans: Spans;
  /** Counts and traces an answered request of the route table. */
  tellRequest(event: RequestEvent): void;
}

function openOwnTelemetry(settings: Pick<Settings, 'otlp' | 'role'>, version: string): OwnTelemetry {
  const metrics = createMetrics();
  const spans = spansOf(settings, version, metrics);
  return { metrics, spans, tellRequest: requestTeller(metrics, spans) };
}

/** Nothing is collected unless the settings name a collector. @throws AppError for a header list that is none. */
function spansOf({ otlp, role }: Pick<Settings, 'otlp' | 'role'>, version: string, metrics: Metrics): Spans {
  if (otlp === null) return NO_SPANS;
  return openSpans({ endpoint: otlp.endpoint, headers: headersOf(otlp.headers), ratio: otlp.ratio, version, role, metrics });
}

/** OTEL_EXPORTER_OTLP_HEADERS: `name=value` joined by commas, values percent-encoded. */
function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const [, name, value] = /^\s*([\w-]+)\s*=(.*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined) {
      throw new AppError('GENAI_OTLP_HEADERS must read name=value,name=value with percent-encoded values.', { status: 500, code: 'otlp_headers' });
    }
    headers[name.toLowerCase()] = decodeURIComponent(value.trim());
  }
  return headers;
}

/** Counts every answered request of the route table, and makes a span of those that are neither probes nor exports of our own spans. */
function requestTeller(metrics: Metrics, spans: Spans): (event: RequestEvent) => void {
  const requests = metrics.counter({
    name: 'genai_http_requests_total',
    help: 'Requests outside the data plane by route and class of status',
    labels: ['method', 'route', 'status'],
  });
  return (event) => {
    requests.add(1, event.method, event.route, `${Math.floor(event.status / 100)}xx`);
    if (spans.enabled && !event.isOwnTelemetry && !PROBES.test(event.route)) recordRequest(spans, event);
  };
}

function recordRequest(spans: Spans, event: RequestEvent): void {
  const [, traceId = randomBytes(16).toString('hex'), parentSpanId = null] = TRACEPARENT.exec(event.traceparent ?? '') ?? [];
  const endUs = (performance.timeOrigin + performance.now()) * 1000;
  spans.record({
    traceId,
    spanId: newSpanId(),
    parentSpanId,
    name: `${event.method} ${event.route}`,
    kind: 'server',
    startUs: endUs - event.durationMs * 1000,
    endUs,
    attributes: {
      'http.request.method': event.method,
      'http.route': event.route,
      'http.response.status_code': event.status,
      'genai.request_id': event.requestId,
      'genai.role_of_caller': event.role,
    },
    isError: event.status >= 500,
  });
}

/** What the process tells of itself, the engine's gauges among it. */
export function openTelemetry(
  { settings, engine, stores, log, version }: TelemetryInput,
  config: () => GatewayConfig,
): OwnTelemetry & { gauges: { close(): void } } {
  const own = openOwnTelemetry(settings, version);
  const { metrics } = own;
  const stops = [watchBudgets(metrics, { records: stores.records, isOn: prometheusOf(config).isOn, log })];
  if (engine !== null) stops.push(watchEngine(metrics, engine));
  const close = (): void => {
    for (const stop of stops) stop();
  };
  return { ...own, gauges: { close } };
}

/** LiteLLM's metrics cost a few microseconds a call: only who asks for them pays. */
export function prometheusOf(config: () => GatewayConfig): LiteLlmMetricsOptions {
  return { isOn: () => config().callbacks.includes('prometheus'), endUsers: () => config().endUserMetrics };
}
