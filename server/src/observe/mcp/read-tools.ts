// The tools that read traces, observations, scores, sessions and metrics: each is one read of the public API in the caller's own name.
import { z } from 'zod';
import { conditionsSchema } from '#observe/filter/filter.ts';
import { notFound } from '#observe/filter/parameters.ts';
import { metricsQueryShape } from '#observe/metrics/query.ts';
import { type ProjectTool, type ToolCall, tool } from './tool.ts';
import { viewsInWords } from './views-in-words.ts';

const word = z.string().min(1).max(800);
/** A segment of a path: dots alone would be another path. */
const id = word.refine((value) => !/^\.+$/.test(value), 'This is not an id');
const instant = z.iso.datetime({ offset: true });
const words = z.array(word).min(1).max(50);
const page = z.number().int().min(1).max(1_000_000).optional();
const limit = z.number().int().min(1).max(100).optional().describe('Rows of a page; 20 when it is not given');
const filter = conditionsSchema
  .optional()
  .describe('Further conditions, all of which hold: [{ "type": "stringOptions", "column": "environment", "operator": "any of", "value": ["production"] }]');
const found = { environment: words.optional(), filter, page, limit };

/** GET of the public API; lists give 20 rows where nothing is said, because a model reads the answer. @throws AppError 404, 400, 503. */
async function read(call: ToolCall, path: string, asked: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const query = new URLSearchParams(Object.entries(asked).flatMap(([name, value]) => parametersOf(name, value)));
  const text = query.toString();
  const answer = await call.ask(call.principal, text === '' ? path : `${path}?${text}`);
  if (answer === null) throw notFound('Nothing of that id is in this project.');
  return answer;
}

/** What the route takes as JSON text, and lists as the same name several times. */
function parametersOf(name: string, value: unknown): [string, string][] {
  if (value === undefined) return [];
  if (name === 'filter' || name === 'query') return [[name, JSON.stringify(value)]];
  return (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]);
}

const list =
  (path: string) =>
  async (call: ToolCall, input: { limit?: number | undefined } & Readonly<Record<string, unknown>>): Promise<unknown> =>
    await read(call, path, { ...input, limit: input.limit ?? 20 });

export const readTools: readonly ProjectTool[] = [
  tool({
    name: 'listTraces',
    title: 'List traces',
    description: 'Lists the traces of the project, newest first, without their contents unless `fields` names them.',
    effect: 'read',
    input: {
      name: word.optional(),
      userId: word.optional(),
      sessionId: word.optional(),
      tags: words.optional().describe('Tags that a trace has, all of them'),
      release: word.optional(),
      version: word.optional(),
      fromTimestamp: instant.optional(),
      toTimestamp: instant.optional(),
      orderBy: z.string().max(100).optional().describe('For example timestamp.desc'),
      searchQuery: z.string().max(1_000).optional().describe('Words that inputs or outputs contain'),
      fields: z
        .array(z.enum(['core', 'io', 'scores', 'observations', 'metrics']))
        .min(1)
        .optional(),
      ...found,
    },
    run: async (call, { fields, ...asked }) => await list('/api/public/traces')(call, { ...asked, fields: (fields ?? ['core', 'metrics']).join(',') }),
  }),
  tool({
    name: 'getTrace',
    title: 'Get a trace',
    description: 'Gets a trace with its observations and scores. What is long is shortened: getObservation reads one observation.',
    effect: 'read',
    input: { traceId: id },
    run: async (call, { traceId }) => await read(call, `/api/public/traces/${encodeURIComponent(traceId)}`),
  }),
  tool({
    name: 'listObservations',
    title: 'List observations',
    description: 'Lists observations (generations, spans, events, tool calls …) of the project, newest first.',
    effect: 'read',
    input: {
      traceId: word.optional(),
      parentObservationId: word.optional(),
      name: word.optional(),
      type: words.optional().describe('For example GENERATION, SPAN, EVENT, TOOL, AGENT'),
      level: z.enum(['DEBUG', 'DEFAULT', 'WARNING', 'ERROR']).optional(),
      userId: word.optional(),
      version: word.optional(),
      fromStartTime: instant.optional(),
      toStartTime: instant.optional(),
      searchQuery: z.string().max(1_000).optional(),
      ...found,
    },
    run: list('/api/public/observations'),
  }),
  tool({
    name: 'getObservation',
    title: 'Get an observation',
    description: 'Gets one observation with its input, output, model, usage and cost.',
    effect: 'read',
    input: { observationId: id },
    run: async (call, { observationId }) => await read(call, `/api/public/observations/${encodeURIComponent(observationId)}`),
  }),
  tool({
    name: 'listScores',
    title: 'List scores',
    description: 'Lists the scores of the project: of traces, observations, sessions and dataset runs.',
    effect: 'read',
    input: {
      name: word.optional(),
      traceId: word.optional(),
      sessionId: word.optional(),
      userId: word.optional(),
      source: z.enum(['API', 'EVAL', 'ANNOTATION']).optional(),
      dataType: z.enum(['NUMERIC', 'CATEGORICAL', 'BOOLEAN', 'CORRECTION', 'TEXT']).optional(),
      fromTimestamp: instant.optional(),
      toTimestamp: instant.optional(),
      ...found,
    },
    run: list('/api/public/v2/scores'),
  }),
  tool({
    name: 'getScore',
    title: 'Get a score',
    description: 'Gets one score.',
    effect: 'read',
    input: { scoreId: id },
    run: async (call, { scoreId }) => await read(call, `/api/public/v2/scores/${encodeURIComponent(scoreId)}`),
  }),
  tool({
    name: 'listSessions',
    title: 'List sessions',
    description: 'Lists the sessions of the project, newest first.',
    effect: 'read',
    input: { fromTimestamp: instant.optional(), toTimestamp: instant.optional(), environment: words.optional(), page, limit },
    run: list('/api/public/sessions'),
  }),
  tool({
    name: 'getSession',
    title: 'Get a session',
    description: 'Gets a session with its traces.',
    effect: 'read',
    input: { sessionId: id },
    run: async (call, { sessionId }) => await read(call, `/api/public/sessions/${encodeURIComponent(sessionId)}`),
  }),
  tool({
    name: 'queryMetrics',
    title: 'Measure usage, cost, latency and quality',
    description: `Counts, sums and percentiles over a time range, by dimensions and by time. ${viewsInWords()}`,
    effect: 'read',
    input: metricsQueryShape,
    run: async (call, query) => await read(call, '/api/public/metrics', { query }),
  }),
];
