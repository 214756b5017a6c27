// The data plane's paths as lines of the route table: for /openapi.json, the docs and preflights. The data plane itself matches them before any router does (paths.ts).
import { z } from 'zod';
import type { Route } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { BATCH_PREFIXES } from './batches/paths.ts';
import { PROVIDER_DOORS } from './pass-through/doors.ts';
import { GENERATE_METHODS, GENERATE_PREFIXES, MODEL_PREFIXES, MODEL_SUFFIXES, PATHS, RESPONSE_PREFIXES } from './paths.ts';
import type { Endpoint } from './providers/provider.ts';
import { REALTIME_PATHS } from './realtime/paths.ts';

/** What request.ts reads; every other field goes to the upstream as it came. A test holds the two to the same refusals. */
const shared = {
  model: z.string().min(1).describe('A name that GET /v1/models lists; a model in the path wins'),
  num_retries: z.number().min(0).optional().describe('Tries again on failures that may pass (LiteLLM)'),
  timeout: z.number().positive().optional().describe('Seconds for the whole call (LiteLLM)'),
  fallbacks: z.array(z.string()).optional().describe('Models to try next (LiteLLM)'),
  user: z.string().optional().describe('End user, for the log and the trace'),
  metadata: z
    .looseObject({ session_id: z.string().optional(), tags: z.array(z.string()).optional() })
    .optional()
    .describe('Kept in the trace'),
};
const chatBody = z.looseObject({
  ...shared,
  messages: z.array(z.looseObject({ role: z.string() })),
  stream: z.boolean().optional(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).optional(),
  max_tokens: z.number().optional(),
  max_completion_tokens: z.number().optional(),
  mock_response: z.string().optional().describe('Answered without an upstream (LiteLLM)'),
});
const completionsBody = z.looseObject({ ...shared, prompt: z.unknown(), stream: z.boolean().optional(), max_tokens: z.number().optional() });
const embeddingsBody = z.looseObject({ ...shared, input: z.unknown() });
const responsesBody = z.looseObject({ ...shared, input: z.unknown(), stream: z.boolean().optional(), max_output_tokens: z.number().optional() });
const generateBody = z.looseObject({ contents: z.array(z.looseObject({})), generationConfig: z.looseObject({}).optional() });
const countBody = z.looseObject({
  model: shared.model,
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  system: z.unknown().optional(),
  tools: z.array(z.looseObject({})).optional(),
});
const messagesBody = countBody.extend({
  max_tokens: z.number(),
  stream: z.boolean().optional(),
  metadata: z.looseObject({ user_id: z.string().optional() }).optional().describe('user_id goes to Anthropic; the rest is kept in the trace'),
});
const modelList = z.object({
  object: z.literal('list'),
  data: z.array(z.object({ id: z.string(), object: z.literal('model'), created: z.number(), owned_by: z.string() })),
});

/** What can be called, by endpoint. */
const CALLS: Readonly<Record<Endpoint, Pick<Route, 'summary' | 'body' | 'dialect'>>> = {
  chat: { summary: 'A chat completion, streamed or whole', body: chatBody, dialect: 'openai' },
  completions: { summary: 'A text completion, streamed or whole', body: completionsBody, dialect: 'openai' },
  embeddings: { summary: 'Embeddings', body: embeddingsBody, dialect: 'openai' },
  responses: {
    summary: 'A response (OpenAI Responses) for a model of any provider, streamed or whole; kept for its owner unless store is false',
    body: responsesBody,
    dialect: 'openai',
  },
  'generate-content': { summary: 'Gemini generateContent for a model of any provider', body: generateBody, dialect: 'google' },
  moderations: {
    summary: 'Moderations of OpenAI; without a model the first one that moderates',
    body: z.looseObject({ input: z.unknown(), model: z.string().optional() }),
    dialect: 'openai',
  },
  rerank: {
    summary: 'Documents in the order of their relevance to a query (Cohere’s language)',
    body: z.looseObject({ ...shared, query: z.unknown(), documents: z.array(z.unknown()), top_n: z.number().optional() }),
    dialect: 'openai',
  },
  speech: {
    summary: 'A text as sound, streamed as it comes',
    body: z.looseObject({ ...shared, input: z.string(), voice: z.unknown().optional(), stream_format: z.string().optional() }),
    dialect: 'openai',
  },
  transcriptions: { summary: 'The words of a sound (multipart/form-data with the fields model and file)', dialect: 'openai' },
  translations: { summary: 'The words of a sound in English (multipart/form-data with the fields model and file)', dialect: 'openai' },
  'image-generations': {
    summary: 'Pictures of a text, whole or with those before they are finished (stream, partial_images)',
    body: z.looseObject({ ...shared, prompt: z.string(), n: z.number().optional(), size: z.string().optional(), quality: z.string().optional() }),
    dialect: 'openai',
  },
  'image-edits': { summary: 'Pictures changed by a text (multipart/form-data with the fields model, prompt, image, mask; or JSON)', dialect: 'openai' },
  'image-variations': { summary: 'Variations of a picture (multipart/form-data with the fields model and image)', dialect: 'openai' },
  'realtime-session': { summary: 'A realtime session over a WebSocket (OpenAI’s events)', dialect: 'openai' },
  realtime: { summary: 'A response of a realtime session', dialect: 'openai' },
  'realtime-transcription': { summary: 'What was heard in a realtime session', dialect: 'openai' },
  'pass-through': { summary: 'Passed to the provider as it is, with the provider’s credential', body: z.looseObject({}), dialect: 'openai' },
  mcp: { summary: 'Tools of the MCP servers behind the gateway', body: z.looseObject({}), dialect: 'openai' },
  messages: { summary: 'Anthropic Messages for a model of any provider, streamed or whole', body: messagesBody, dialect: 'anthropic' },
};

const PASSED_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** One line for each path and method that the data plane takes. */
export function llmRoutes(): Route[] {
  const routes: Route[] = [];
  for (const [path, match] of PATHS) {
    if (match.kind === 'call') routes.push(callRoute(path, match.endpoint));
    else if (match.kind === 'count-tokens')
      routes.push({
        ...line('POST', path, 'Input tokens of a Messages call: Anthropic’s own count, an estimate for other providers'),
        body: countBody,
        dialect: 'anthropic',
      });
    else routes.push({ ...line('GET', path, 'The models that the key may use'), response: modelList }, line('GET', `${path}/:model`, 'One model'));
  }
  for (const prefix of MODEL_PREFIXES) for (const [suffix, endpoint] of MODEL_SUFFIXES) routes.push(callRoute(`${prefix}:model${suffix}`, endpoint));
  for (const prefix of GENERATE_PREFIXES) routes.push(...generateRoutes(prefix));
  for (const { name } of PROVIDER_DOORS)
    for (const method of PASSED_METHODS)
      routes.push(line(method, `/${name}/*`, `Passed on to ${name} with the credential of a deployment that is open for it (use_in_pass_through)`));
  routes.push(...mcpRoutes(), ...realtimeRoutes());
  for (const prefix of RESPONSE_PREFIXES) routes.push(...responseRoutes(`${prefix}:response`));
  for (const [prefix, provider] of BATCH_PREFIXES) routes.push(...batchRoutes(prefix, provider));
  return routes;
}

function realtimeRoutes(): Route[] {
  return [...REALTIME_PATHS].map(([path, { part }]) =>
    part === 'socket'
      ? line('GET', path, 'A realtime session over a WebSocket (?model=), in OpenAI’s events')
      : {
          ...line('POST', path, 'A short-lived secret that opens realtime sessions of one model in the name of the key'),
          body: z.looseObject({ session: z.looseObject({}).optional() }),
        },
  );
}

function mcpRoutes(): Route[] {
  const tools = 'Tools of the MCP servers that the key may use (Model Context Protocol, streamable HTTP)';
  return [
    line('POST', '/mcp', tools),
    line('POST', '/mcp/:servers', `${tools}; the path names servers, with commas between them`),
    line('POST', '/:server/mcp', `${tools}; the path names one server`),
    line('GET', '/mcp-rest/tools/list', 'The same tools by a plain request'),
    line('POST', '/mcp-rest/tools/call', 'Call such a tool by a plain request'),
  ];
}

function responseRoutes(path: string): Route[] {
  return [
    line('GET', path, 'A stored response of the key’s team (of the key without one)'),
    line('DELETE', path, 'Delete a stored response for good'),
    line('GET', `${path}/input_items`, 'What a stored response was asked'),
    line('POST', `${path}/cancel`, 'Cancel a response in the background: refused where there is none'),
  ];
}

const batchBody = z.looseObject({
  input_file_id: z.string(),
  endpoint: z.string().describe('What every line of the file calls'),
  completion_window: z.string().optional(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

function batchRoutes(prefix: string, provider: string | null): Route[] {
  const at = provider === null ? '' : `, at ${provider}`;
  const [files, batches] = [`${prefix}/files`, `${prefix}/batches`];
  return [
    line('POST', files, `Upload the lines of a batch (multipart/form-data with purpose and file)${at}`),
    line('GET', files, 'Files of the key’s team (of the key without one)'),
    line('GET', `${files}/:file`, 'One file'),
    line('DELETE', `${files}/:file`, 'Delete a file, here and where it is kept'),
    line('GET', `${files}/:file/content`, 'What a file holds, streamed'),
    { ...line('POST', batches, `Begin a batch of a file’s lines${at}`), body: batchBody },
    line('GET', batches, 'Batches of the key’s team (of the key without one)'),
    line('GET', `${batches}/:batch`, 'One batch'),
    line('POST', `${batches}/:batch/cancel`, 'Cancel a batch'),
  ];
}

function generateRoutes(prefix: string): Route[] {
  return GENERATE_METHODS.map((method) => {
    const route = callRoute(`${prefix}:model{.+${method}}`, 'generate-content');
    const summary = method === ':countTokens' ? 'Input tokens of a Gemini call: Google’s own count, an estimate for other providers' : route.summary;
    return { ...route, summary: method === ':streamGenerateContent' ? `${summary}, streamed (alt=sse)` : summary };
  });
}

function callRoute(path: string, endpoint: Endpoint): Route {
  const { summary, body, dialect } = CALLS[endpoint];
  return { ...line('POST', path, `${summary}${path.includes(':model') ? '; the model is named by the path' : ''}`), ...(body && { body }), dialect };
}

function line(method: Route['method'], path: string, summary: string): Route {
  return { method, path, summary, surface: 'llm', dialect: 'openai', access: ['virtual-key', 'master'], handle: notServed };
}

/** Reached only where this process runs no data plane. */
function notServed(): never {
  throw new AppError('Model calls are not served by this process: use the gateway role.', { status: 404, code: 'not_found_error' });
}
