// What the data plane counts.
import type { Counter, Histogram, Metrics } from '#telemetry/metrics.ts';
import type { BytePool } from './byte-pool.ts';
import type { Call } from './call.ts';
import { tellCall } from './call-event.ts';
import type { GatewayDeps } from './deps.ts';

export interface Meters {
  readonly calls: Counter;
  readonly seconds: Histogram;
  readonly tokens: Counter;
  readonly retries: Counter;
  /** LiteLLM's: calls that another model answered, or did not. */
  readonly fallbacks: { readonly successful: Counter; readonly failed: Counter };
}

const FALLBACK = ['requested_model', 'fallback_model'];

/** Registers the metrics; `inFlight` is read at exposition. */
export function createMeters(metrics: Metrics, pool: BytePool, inFlight: () => number): Meters {
  const held = metrics.gauge({ name: 'genai_gateway_bytes_in_flight', help: 'Bytes of request and answer bodies held in memory.' });
  const open = metrics.gauge({ name: 'genai_gateway_calls_in_flight', help: 'Calls between their first header and their settlement.' });
  metrics.onCollect(() => {
    held.set(pool.inUse);
    open.set(inFlight());
  });
  return {
    calls: metrics.counter({ name: 'genai_gateway_calls_total', help: 'Calls by the status that the client got.', labels: ['endpoint', 'model', 'status'] }),
    seconds: metrics.histogram({
      name: 'genai_gateway_call_seconds',
      help: 'From the first header to the settlement.',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    }),
    tokens: metrics.counter({ name: 'genai_gateway_tokens_total', help: 'Tokens of settled calls.', labels: ['model', 'direction'] }),
    fallbacks: {
      successful: metrics.counter({ name: 'litellm_deployment_successful_fallbacks_total', help: 'Calls that a fallback model answered.', labels: FALLBACK }),
      failed: metrics.counter({ name: 'litellm_deployment_failed_fallbacks_total', help: 'Calls that no fallback model answered.', labels: FALLBACK }),
    },
    retries: metrics.counter({ name: 'genai_gateway_retries_total', help: 'Tries beyond the first of a call, fallbacks included.' }),
  };
}

/** Registers how many realtime sessions are open. */
export function createSessionGauge(metrics: Metrics, open: () => number): void {
  const gauge = metrics.gauge({ name: 'genai_gateway_realtime_sessions', help: 'Realtime sessions that are open.' });
  metrics.onCollect(() => gauge.set(open()));
}

/** Counts a finished call and tells of it. */
export function record(call: Call, meters: Meters, deps: GatewayDeps): void {
  const status = call.gone ? 499 : call.response.statusCode;
  // Names that the configuration does not have would make the series unbounded.
  const model = call.passed ? call.route : (call.group?.name ?? '');
  const endUs = deps.clock.nowUs();
  const seconds = (endUs - call.startedAtUs) / 1e6;
  meters.calls.add(1, call.passed ? `pass-through ${call.request.method} ${call.route}` : call.endpoint, model, String(status));
  meters.seconds.observe(seconds);
  if (call.usage !== null) {
    meters.tokens.add(call.usage.total - call.usage.output, model, 'input');
    meters.tokens.add(call.usage.output, model, 'output');
  }
  if (call.retries + call.fallbacks > 0) meters.retries.add(call.retries + call.fallbacks);
  if (call.fallbacks > 0) meters.fallbacks[status < 400 ? 'successful' : 'failed'].add(1, call.asked?.model ?? '', call.model);
  tellCall(call, deps, { status, model, endUs });
}
