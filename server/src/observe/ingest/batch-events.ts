// The events of POST /api/public/ingestion as schemas: what is accepted, what is dropped, which error an event gets. Contract: Langfuse's public API (batch ingestion).

import { z } from 'zod';
import { wordOf } from '#lib/json.ts';
import { parseInstant } from './instants.ts';

const MAX_ID = 800;

const id = z
  .string()
  .min(1)
  .max(MAX_ID)
  .refine((value) => !value.includes('\r'), 'must not contain carriage returns');
const reference = id.nullish();
const text = z.string().nullish();
const instant = z
  .string()
  .refine((value) => parseInstant(value) !== null, 'Invalid datetime: ISO 8601 with an offset')
  .nullish();
const free = z.unknown().optional();

const traceBody = z.object({
  id: reference,
  timestamp: instant,
  name: z.string().max(1000).nullish(),
  input: free,
  output: free,
  sessionId: text,
  userId: text,
  environment: text,
  metadata: free,
  release: text,
  version: text,
  public: z.boolean().nullish(),
  tags: z.array(z.string()).nullish(),
});

const eventShape = {
  id: reference,
  traceId: reference,
  environment: text,
  name: text,
  startTime: instant,
  metadata: free,
  input: free,
  output: free,
  level: z.enum(['DEBUG', 'DEFAULT', 'WARNING', 'ERROR']).nullish(),
  statusMessage: text,
  parentObservationId: reference,
  version: text,
};
const spanShape = { ...eventShape, endTime: instant };
const generationShape = {
  ...spanShape,
  completionStartTime: instant,
  model: text,
  modelParameters: z.record(z.string(), z.unknown()).nullish(),
  usage: free,
  usageDetails: free,
  costDetails: free,
  promptName: text,
  promptVersion: z.number().int().min(0).max(0x7fffffff).nullish(),
};
const OBSERVATION_TYPES = ['GENERATION', 'SPAN', 'EVENT', 'AGENT', 'TOOL', 'CHAIN', 'RETRIEVER', 'EVALUATOR', 'EMBEDDING', 'GUARDRAIL'] as const;

const scoreBody = z
  .object({
    id: reference,
    traceId: reference,
    sessionId: reference,
    datasetRunId: reference,
    observationId: reference,
    name: z.string().min(1).max(1000).optional(),
    value: z.union([z.number(), z.string(), z.boolean()]),
    source: z.enum(['API', 'EVAL', 'ANNOTATION']).nullish(),
    comment: text,
    metadata: free,
    environment: text,
    dataType: z.enum(['NUMERIC', 'CATEGORICAL', 'BOOLEAN', 'CORRECTION', 'TEXT']).nullish(),
    configId: text,
    queueId: text,
    timestamp: instant,
  })
  .superRefine((body, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (!body.traceId && !body.sessionId && !body.datasetRunId) fail('traceId', 'one of traceId, sessionId or datasetRunId is required');
    if (body.observationId && !body.traceId) fail('observationId', 'needs traceId');
    if (body.dataType !== 'CORRECTION' && body.name === undefined) fail('name', 'is required');
    const wrong = scoreValueProblem(body.dataType ?? null, body.value);
    if (wrong !== null) fail('value', wrong);
  });

function scoreValueProblem(dataType: string | null, value: number | string | boolean): string | null {
  switch (dataType) {
    case 'NUMERIC':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'must be a number for NUMERIC';
    case 'CATEGORICAL':
      return typeof value === 'string' ? null : 'must be a string for CATEGORICAL';
    case 'BOOLEAN':
      return value === 0 || value === 1 || typeof value === 'boolean' ? null : 'must be 0 or 1 for BOOLEAN';
    case 'CORRECTION':
      return typeof value === 'string' ? null : 'must be a string for CORRECTION';
    case 'TEXT':
      return typeof value === 'string' && value.length >= 1 && value.length <= 500 ? null : 'must be a string of 1 to 500 characters for TEXT';
    default:
      return null;
  }
}

const generationBody = z.object(generationShape);
const spanBody = z.object(spanShape);

/** Event type -> schema of its body; `required` marks updates, whose body must name what it updates. */
const bodies = {
  'trace-create': traceBody,
  'score-create': scoreBody,
  'event-create': z.object(eventShape),
  'span-create': spanBody,
  'span-update': z.object({ ...spanShape, id }),
  'generation-create': generationBody,
  'generation-update': z.object({ ...generationShape, id }),
  'agent-create': generationBody,
  'tool-create': generationBody,
  'chain-create': generationBody,
  'retriever-create': generationBody,
  'evaluator-create': generationBody,
  'embedding-create': generationBody,
  'guardrail-create': generationBody,
  'observation-create': z.object({ ...generationShape, type: z.enum(OBSERVATION_TYPES) }),
  'observation-update': z.object({ ...generationShape, id, type: z.enum(OBSERVATION_TYPES) }),
  'sdk-log': z.object({ log: free }),
} as const;

type BatchEventType = keyof typeof bodies;
export type TraceBody = z.infer<typeof traceBody>;
export type ScoreBody = z.infer<typeof scoreBody>;
export type ObservationBody = z.infer<typeof generationBody> & { type?: (typeof OBSERVATION_TYPES)[number] };

export interface BatchEvent {
  id: string;
  type: BatchEventType;
  /** Microseconds. */
  timestampUs: number;
  body: TraceBody | ScoreBody | ObservationBody | { log?: unknown };
}

/** Why an event is refused: the entry of `errors` in the 207 answer. */
export interface EventRefusal {
  id: string;
  status: number;
  message: string;
  error: string;
}

const envelope = z.object({ id, timestamp: z.string().refine((value) => parseInstant(value) !== null, 'Invalid datetime: ISO 8601 with an offset') });

/** One element of `batch`, parsed or refused; never throws. */
export function parseBatchEvent(value: unknown): { event: BatchEvent } | { refusal: EventRefusal } {
  const raw = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const named = typeof raw.id === 'string' ? raw.id.slice(0, MAX_ID) : 'unknown';
  const head = envelope.safeParse(raw);
  if (!head.success) return { refusal: invalid(named, head.error) };
  const schema = Object.hasOwn(bodies, wordOf(raw.type)) ? bodies[raw.type as BatchEventType] : undefined;
  if (!schema)
    return { refusal: { id: named, status: 400, message: 'Invalid request data', error: `type: "${wordOf(raw.type).slice(0, 60)}" is not an event type` } };
  const body = schema.safeParse(raw.body);
  if (!body.success) return { refusal: invalid(named, body.error, 'body') };
  return { event: { id: head.data.id, type: raw.type as BatchEventType, timestampUs: parseInstant(head.data.timestamp) as number, body: body.data } };
}

/** The body of POST /api/public/scores, parsed or the issues. */
export function parseScore(value: unknown): { body: ScoreBody } | { issues: unknown[] } {
  const parsed = scoreBody.safeParse(value);
  return parsed.success ? { body: parsed.data } : { issues: parsed.error.issues };
}

function invalid(eventId: string, error: z.ZodError, prefix = ''): EventRefusal {
  const issues = error.issues.slice(0, 5).map((issue) => `${[prefix, ...issue.path].filter((part) => part !== '').join('.')}: ${issue.message}`);
  return { id: eventId, status: 400, message: 'Invalid request data', error: issues.join('; ') };
}
