// GET, POST /api/public/v2/prompts; GET, DELETE /v2/prompts/{name}; PATCH its versions; GET, POST /api/public/prompts (langfuse.md §1.7).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf, invalidRequest, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { authorOf } from './creator.ts';
import { createPrompt, deletePrompt, labelPrompt, readPrompt } from './prompts.ts';
import { administers } from './protected-labels.ts';
import { createPromptBody, createPromptV1Body, deleteParameters, getParameters, getV1Parameters, listParameters, newLabelsBody, PRODUCTION } from './schema.ts';
import { promptMetaOf } from './shape.ts';
import { listNames } from './sql.ts';

/** The routes over the records. */
export function promptRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const one = '/api/public/v2/prompts/:promptName';
  return [
    {
      ...common,
      method: 'GET',
      path: '/api/public/v2/prompts',
      summary: 'List prompts by name',
      query: listParameters,
      handle: (context) => list(records, context),
    },
    {
      ...common,
      method: 'POST',
      path: '/api/public/v2/prompts',
      summary: 'Create the next version of a prompt',
      body: createPromptBody,
      handle: (context) => create(records, context),
    },
    { ...common, method: 'GET', path: one, summary: 'Get a version of a prompt', query: getParameters, handle: (context) => get(records, context) },
    { ...common, method: 'DELETE', path: one, summary: 'Delete versions of a prompt', query: deleteParameters, handle: (context) => remove(records, context) },
    {
      ...common,
      method: 'PATCH',
      path: `${one}/versions/:version`,
      summary: 'Put labels on a version of a prompt',
      body: newLabelsBody,
      handle: (context) => label(records, context),
    },
    {
      ...common,
      method: 'GET',
      path: '/api/public/prompts',
      summary: 'Get a version of a prompt (before labels)',
      query: getV1Parameters,
      handle: (context) => getV1(records, context),
    },
    {
      ...common,
      method: 'POST',
      path: '/api/public/prompts',
      summary: 'Create the next version of a prompt (before labels)',
      body: createPromptV1Body,
      handle: (context) => createV1(records, context),
    },
  ];
}

function keyOf({ http, principal }: RouteContext): { projectId: string; name: string } {
  return { projectId: projectOf(principal), name: http.req.param('promptName') ?? '' };
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, listParameters);
  const { rows, total } = await listNames(records, projectOf(principal), asked);
  return http.json({ data: rows.map(promptMetaOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function create(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const wished = await bodyOf(http, createPromptBody);
  return http.json(await createPrompt(records, projectOf(principal), { ...wished, ...authorOf(principal) }), 201);
}

async function get(records: Records, context: RouteContext): Promise<Response> {
  const { version, label: asked, resolve } = parameters(context.http, getParameters);
  return context.http.json(await readPrompt(records, keyOf(context), { version, label: asked, resolve: resolve === 'true' }));
}

async function remove(records: Records, context: RouteContext): Promise<Response> {
  await deletePrompt(records, keyOf(context), { ...parameters(context.http, deleteParameters), mayMoveProtected: administers(context.principal) });
  return new Response(null, { status: 204 });
}

const versionInPath = z.coerce.number().int().min(1).max(2_147_483_647);

async function label(records: Records, context: RouteContext): Promise<Response> {
  const version = versionInPath.safeParse(context.http.req.param('version'));
  if (!version.success) throw invalidRequest('The version in the path must be a whole number from 1 on.');
  const { newLabels } = await bodyOf(context.http, newLabelsBody);
  return context.http.json(
    await labelPrompt(records, { ...keyOf(context), version: version.data }, { labels: newLabels, mayMoveProtected: administers(context.principal) }),
  );
}

async function getV1(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const { name, version } = parameters(http, getV1Parameters);
  return http.json(await readPrompt(records, { projectId: projectOf(principal), name }, { version, resolve: true }));
}

async function createV1(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const { isActive, ...wished } = await bodyOf(http, createPromptV1Body);
  const labels = isActive ? [...wished.labels, PRODUCTION] : wished.labels;
  return http.json(await createPrompt(records, projectOf(principal), { ...wished, labels, ...authorOf(principal) }), 201);
}
