// The doors of ingestion, nothing else.
import type { Route } from '#http/route.ts';
import type { ScoreCheck } from '#observe/score-configs/check.ts';
import type { JournalWriter } from '#stores/journal/port.ts';
import type { Mask } from './accept.ts';
import { ingestBatch } from './batch-route.ts';
import { type DoorDependencies, type IngestCount, MAX_INGEST_BYTES } from './door.ts';
import { ingestTraces } from './otlp-route.ts';
import { createScore } from './score-route.ts';

export interface IngestDependencies {
  journal: JournalWriter;
  /** A project's masking between acceptance and append; absent = bodies are kept as received. */
  mask?: Mask;
  /** Why scores that name a config do not fit it; absent = none is refused. */
  scoreProblems?: ScoreCheck;
  /** Called once a request that was answered: where metrics and logs come from. */
  count?: (event: IngestCount) => void;
  /** Microseconds since 1970; absent = the clock. */
  nowUs?: () => number;
}

/** POST ingestion, OTLP traces and scores. All answer only when the journal says durable, and 503 with Retry-After when it is full. */
export function createIngestRoutes(dependencies: IngestDependencies): Route[] {
  const door: DoorDependencies = {
    journal: dependencies.journal,
    mask: dependencies.mask ?? ((_, body) => body),
    nowUs: dependencies.nowUs ?? (() => Date.now() * 1000),
    scoreProblems: dependencies.scoreProblems ?? (async (_, scores) => scores.map(() => null)),
    count: dependencies.count ?? (() => {}),
  };
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
      handle: (context) => ingestTraces(context, door),
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
