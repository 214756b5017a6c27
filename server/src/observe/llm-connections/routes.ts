// GET, PUT /llm-connections, DELETE /llm-connections/{id} of the public API (langfuse.md §1.12), and a try-out.
import type { Egress } from '#http/egress.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Sealer } from '#lib/sealed.ts';
import { bodyOf, invalidRequest } from '#observe/api/body.ts';
import { notFound, pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { type AskModel, adapterProblem, GATEWAY_PROVIDER, JUDGE_ENVIRONMENT } from './chat.ts';
import { connectionById, connectionView, deleteConnection, listConnections, openConnection, putConnection } from './connections.ts';
import { connectionBody, connectionPage, testBody } from './schema.ts';

export interface ConnectionRouteParts {
  records: Records;
  sealer: Sealer;
  egress: Pick<Egress, 'check'>;
  askModel: AskModel;
}

/** The routes over the records. */
export function llmConnectionRoutes(parts: ConnectionRouteParts): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  const path = '/api/public/llm-connections';
  return [
    {
      ...common,
      method: 'GET',
      path,
      summary: 'List LLM connections, without their secrets',
      query: connectionPage,
      handle: (context) => list(parts, context),
    },
    {
      ...common,
      method: 'PUT',
      path,
      summary: 'Create an LLM connection, or replace the one of this name',
      body: connectionBody,
      handle: (context) => put(parts, context),
    },
    { ...common, method: 'DELETE', path: `${path}/:id`, summary: 'Delete an LLM connection', handle: (context) => remove(parts, context) },
    {
      ...common,
      method: 'POST',
      path: `${path}/:id/test`,
      summary: 'Ask a model of the connection one short question',
      body: testBody,
      handle: (context) => test(parts, context),
    },
  ];
}

async function list({ records }: ConnectionRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, connectionPage);
  const { rows, total } = await listConnections(records, projectOf(principal), asked);
  return http.json({ data: rows.map(connectionView), meta: pageMeta(asked.page, asked.limit, total) });
}

async function put({ records, sealer, egress }: ConnectionRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, connectionBody);
  if (body.provider === GATEWAY_PROVIDER)
    throw invalidRequest(`${GATEWAY_PROVIDER} is the connection to this platform's own gateway and keeps its own key: choose another name.`);
  if (body.baseURL) egress.check(body.baseURL);
  return http.json(connectionView(await putConnection(records, sealer, projectOf(principal), body)));
}

async function remove({ records }: ConnectionRouteParts, { http, principal }: RouteContext): Promise<Response> {
  if (!(await deleteConnection(records, projectOf(principal), http.req.param('id') ?? ''))) throw notFound('LLM connection not found');
  return http.json({ message: 'LLM connection deleted' });
}

const TEST_TIMEOUT_MS = 30_000;

async function test({ records, sealer, askModel }: ConnectionRouteParts, { http, principal, signal }: RouteContext): Promise<Response> {
  const { model } = await bodyOf(http, testBody);
  const row = await connectionById(records, projectOf(principal), http.req.param('id') ?? '');
  if (row === null) throw notFound('LLM connection not found');
  const problem = adapterProblem(row.adapter);
  if (problem !== null) throw new AppError(problem, { status: 422, code: 'adapter_not_served' });
  const startedAt = performance.now();
  const reply = await askModel({
    connection: openConnection(sealer, row),
    model,
    messages: [{ role: 'user', content: 'Answer with the one word: ready' }],
    timeoutMs: TEST_TIMEOUT_MS,
    signal,
    trace: { name: 'connection-test', environment: JUDGE_ENVIRONMENT, metadata: {} },
  });
  return http.json({ model: reply.model, text: reply.text.slice(0, 200), latencyMs: Math.round(performance.now() - startedAt) });
}
