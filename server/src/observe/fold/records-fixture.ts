// Journal records for tests: batches, OTLP exports and settled calls as the doors and the gateway write them.
import type { CallSettled } from '#call-record.ts';
import { encodeHeader, type IngestHeader } from '#observe/ingest/header.ts';
import { JournalKind, type JournalRecord } from '#stores/journal/port.ts';

export const NOW_US = Date.UTC(2026, 10, 23, 12) * 1000;
export const PROJECT = 'project-1';

/** ISO text of NOW_US plus milliseconds. */
export function at(ms: number): string {
  return new Date(NOW_US / 1000 + ms).toISOString();
}

/** A batch event. */
export function event(id: string, type: string, timestampMs: number, body: unknown): Record<string, unknown> {
  return { id, type, timestamp: at(timestampMs), body };
}

function record(sequence: number, kind: JournalRecord['kind'], parts: Buffer[]): JournalRecord {
  return { sequence: BigInt(sequence), kind, project: PROJECT, parts };
}

const header = (contentType: string, more: Partial<IngestHeader> = {}): Buffer =>
  encodeHeader({ receivedAtUs: NOW_US, contentType, sdk: { name: '', version: '', integration: '' }, refused: [], ...more });

/** A batch as POST /api/public/ingestion journals it. */
export function batchRecord(sequence: number, batch: unknown[], more: Partial<IngestHeader> = {}): JournalRecord {
  return record(sequence, JournalKind.ingestionBatch, [header('application/json', more), Buffer.from(JSON.stringify({ batch }))]);
}

/** An OTLP/JSON export as its route journals it. */
export function otlpRecord(sequence: number, request: unknown, more: Partial<IngestHeader> = {}): JournalRecord {
  return record(sequence, JournalKind.otlpTraces, [header('application/json', more), Buffer.from(JSON.stringify(request))]);
}

/** An export of plain spans; attributes are given as an object of strings, numbers and booleans. */
export function spansRequest(spans: Record<string, unknown>[], scope = 'test', resource: Record<string, unknown> = {}): unknown {
  const pairs = (attributes: unknown) => Object.entries((attributes ?? {}) as Record<string, unknown>).map(([key, value]) => ({ key, value: anyValue(value) }));
  return {
    resourceSpans: [
      {
        resource: { attributes: pairs(resource) },
        scopeSpans: [{ scope: { name: scope, version: '1' }, spans: spans.map((span) => ({ ...span, attributes: pairs(span.attributes) })) }],
      },
    ],
  };
}

function anyValue(value: unknown): Record<string, unknown> {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { stringValue: String(value) };
}

/** Nanoseconds of NOW_US plus milliseconds, as OTLP/JSON writes them. */
export function nanos(ms: number): string {
  return `${NOW_US + ms * 1000}000`;
}

/** A settled call that succeeded; override what a test is about. */
export function settledCall(more: Partial<CallSettled> = {}): CallSettled {
  const callId = more.callId ?? '019ab0d2c4007abc8def0123456789ab';
  return {
    callId,
    traceId: callId,
    spanId: callId.slice(16),
    parentSpanId: null,
    endpoint: 'chat',
    stream: false,
    startedAtUs: NOW_US,
    endedAtUs: NOW_US + 500_000,
    firstTokenAtUs: null,
    model: 'gpt-4o-mini',
    outcome: 'success',
    httpStatus: 200,
    errorClass: null,
    errorMessage: null,
    path: {
      organizationId: 'org',
      costCentre: null,
      teamId: 'team-1',
      teamAlias: 'Team',
      keyId: 'f'.repeat(64),
      keyAlias: 'app-key',
      keyUserId: null,
      projectId: PROJECT,
    },
    endUser: 'user-7',
    sessionId: 'session-9',
    traceName: null,
    tags: ['b', 'a'],
    environment: null,
    release: null,
    version: null,
    metadata: null,
    usage: { input: 100, output: 20, total: 120 },
    usageEstimated: false,
    cost: '0.000027',
    currency: 'USD',
    attempts: [
      {
        index: 0,
        deploymentId: 'd1',
        provider: 'azure',
        upstreamModel: 'gpt-4o-mini',
        apiBase: null,
        startedAtUs: NOW_US,
        endedAtUs: NOW_US + 500_000,
        outcome: 'success',
        httpStatus: 200,
        errorClass: null,
        errorMessage: null,
        usage: { input: 100, output: 20, total: 120 },
        usageEstimated: false,
        cost: '0.000027',
        currency: 'USD',
        priceId: 'price-1',
      },
    ],
    content: 'full',
    answerFormat: 'json',
    ...more,
  };
}

/** The record of a settled call with its bytes. */
export function callRecord(sequence: number, call: CallSettled, request = '', answer = ''): JournalRecord {
  return record(sequence, JournalKind.callSettled, [Buffer.from(JSON.stringify(call)), Buffer.from(request), Buffer.from(answer)]);
}
