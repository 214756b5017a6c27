// What is told of a finished call: one wide line in the log and, where traces of the platform are collected, a span with one for each try. Bounded; no content, no key.
import { formatPicos } from '#lib/money.ts';
import type { FlatFields } from '#telemetry/log.ts';
import { newSpanId } from '#telemetry/spans.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { parseTraceparent } from './trace-context.ts';

const LONGEST_ERROR = 300;

/** After the settlement; `model` is a name of the configuration or ''. */
export function tellCall(call: Call, deps: GatewayDeps, told: { status: number; model: string; endUs: number }): void {
  const parent = parseTraceparent(call.request.headers.traceparent);
  const traceId = parent?.traceId ?? call.id;
  deps.log.event('call', wideEvent(call, traceId, told));
  if (deps.spans?.keeps(traceId) === true) recordSpans(call, deps, { ...told, traceId, parentSpanId: parent?.spanId ?? null });
}

function wideEvent(call: Call, traceId: string, { status, model, endUs }: { status: number; model: string; endUs: number }): FlatFields {
  const last = call.attempts.at(-1);
  const { key, usage } = call;
  return {
    callId: call.id,
    traceId,
    endpoint: call.endpoint,
    model,
    deployment: last?.deploymentId ?? null,
    provider: last?.provider ?? null,
    status,
    stream: call.asked?.stream ?? false,
    seconds: seconds(endUs - call.startedAtUs),
    firstTokenSeconds: call.firstTokenAtUs === null ? null : seconds(call.firstTokenAtUs - call.startedAtUs),
    upstreamSeconds: seconds(call.upstreamUs),
    attempts: call.attempts.length,
    retries: call.retries,
    fallbacks: call.fallbacks,
    bytesIn: (call.form?.scanned.bytes ?? call.body).byteLength,
    inputTokens: usage === null ? null : usage.total - usage.output,
    outputTokens: usage?.output ?? null,
    cost: call.costPicos === null ? null : formatPicos(call.costPicos + call.besidePicos),
    keyId: call.keyId.slice(0, 12),
    keyAlias: key?.alias ?? null,
    teamId: key?.teamId ?? null,
    projectId: key?.projectId ?? null,
    gone: call.gone,
    errorClass: last?.errorClass ?? null,
    error: last?.errorMessage?.slice(0, LONGEST_ERROR) ?? null,
  };
}

function seconds(us: number): number {
  return Math.round(us) / 1e6;
}

function recordSpans(
  call: Call,
  deps: GatewayDeps,
  told: { status: number; model: string; endUs: number; traceId: string; parentSpanId: string | null },
): void {
  const { traceId, status, model } = told;
  // Never the call's own span id: that one is the stored observation's.
  const spanId = newSpanId();
  deps.spans?.record({
    traceId,
    spanId,
    parentSpanId: told.parentSpanId,
    name: `${call.endpoint} ${model}`.trim(),
    kind: 'server',
    startUs: call.startedAtUs,
    endUs: told.endUs,
    attributes: {
      'http.request.method': 'POST',
      'http.route': call.route,
      'http.response.status_code': status,
      'genai.call_id': call.id,
      'genai.model': model,
      'genai.attempts': call.attempts.length,
      'genai.project_id': call.key?.projectId ?? null,
    },
    isError: status >= 500,
  });
  for (const attempt of call.attempts) {
    deps.spans?.record({
      traceId,
      spanId: newSpanId(),
      parentSpanId: spanId,
      name: `${attempt.provider} ${attempt.upstreamModel}`,
      kind: 'client',
      startUs: attempt.startedAtUs,
      endUs: attempt.endedAtUs,
      attributes: {
        'genai.deployment_id': attempt.deploymentId,
        'genai.outcome': attempt.outcome,
        'http.response.status_code': attempt.httpStatus,
        'error.type': attempt.errorClass,
      },
      isError: attempt.outcome === 'failure',
    });
  }
}
