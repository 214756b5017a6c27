// The doors of ingestion, nothing else.
import type { Route } from '#http/route.ts';
import { ingestBatch } from './batch-route.ts';
import { doorOf, type IngestDependencies, MAX_INGEST_BYTES } from './door.ts';
import { ingestExport } from './otlp-route.ts';
import { createScore } from './score-route.ts';

/** POST ingestion, OTLP exports and scores. All answer only when the journal says durable, and 503 with Retry-After when it is full. */
export function createIngestRoutes(dependencies: IngestDependencies): Route[] {
  const door = doorOf(dependencies);
  const shared = { method: 'POST', surface: 'observe', dialect: 'langfuse', maxBodyBytes: MAX_INGEST_BYTES } as const;
  return [
    {
      ...shared,
      path: '/api/public/ingestion',
      access: ['project-key', 'project-public-key'],
      summary: 'Accepts a batch of traces, observations and scores (Langfuse SDKs before OpenTelemetry, LiteLLM)',
      handle: (context) => ingestBatch(context, door),
    },
    {
      ...shared,
      path: '/api/public/otel/v1/traces',
      access: ['project-key'],
      summary: 'Accepts an OTLP/HTTP trace export (JSON or protobuf, gzip or not)',
      handle: (context) => ingestExport('traces', context, door),
    },
    {
      ...shared,
      path: '/api/public/otel/v1/metrics',
      access: ['project-key'],
      summary: 'Accepts an OTLP/HTTP metrics export (JSON or protobuf, gzip or not)',
      handle: (context) => ingestExport('metrics', context, door),
    },
    {
      ...shared,
      path: '/api/public/otel/v1/logs',
      access: ['project-key'],
      summary: 'Accepts an OTLP/HTTP logs export (JSON or protobuf, gzip or not)',
      handle: (context) => ingestExport('logs', context, door),
    },
    {
      ...shared,
      path: '/api/public/scores',
      access: ['project-key', 'project-public-key'],
      summary: 'Creates or updates a score',
      handle: (context) => createScore(context, door),
    },
  ];
}
