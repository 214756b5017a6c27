// /api/public/annotation-queues with their items and assignments (langfuse.md §1.12).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf, conflict, invalidRequest, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { limitParameter, notFound, pageMeta, pageParameter, parameters, projectOf } from '#observe/filter/parameters.ts';
import { configsById } from '#observe/score-configs/sql.ts';
import type { Records } from '#stores/records/port.ts';
import { isUniqueViolation } from '#stores/records/sql.ts';
import {
  assign,
  deleteQueueItem,
  insertQueue,
  insertQueueItem,
  isMember,
  listQueueItems,
  listQueues,
  type QueueItemRow,
  type QueueRow,
  queueById,
  queueItemById,
  setItemStatus,
  unassign,
} from './sql.ts';

const status = z.enum(['PENDING', 'COMPLETED']);
const queueBody = z.strictObject({
  name: z.string().min(1).max(255),
  description: z.string().max(10_000).nullish(),
  scoreConfigIds: z.array(z.string().min(1).max(800)).max(100),
});
const itemBody = z.strictObject({ objectId: z.string().min(1).max(800), objectType: z.enum(['TRACE', 'OBSERVATION', 'SESSION']), status: status.nullish() });
const itemChange = z.strictObject({ status: status.nullish() });
const assignmentBody = z.strictObject({ userId: z.string().min(1).max(800) });
const pageParameters = z.object({ page: pageParameter, limit: limitParameter(100) });
const itemParameters = pageParameters.extend({ status: z.preprocess((value) => (value === '' ? undefined : value), status.optional()) });

/** The routes over the records. */
export function annotationQueueRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const all = '/api/public/annotation-queues';
  const one = `${all}/:queueId`;
  const item = `${one}/items/:itemId`;
  return [
    { ...common, method: 'GET', path: all, summary: 'List annotation queues', query: pageParameters, handle: (context) => list(records, context) },
    { ...common, method: 'POST', path: all, summary: 'Create an annotation queue', body: queueBody, handle: (context) => create(records, context) },
    {
      ...common,
      method: 'GET',
      path: one,
      summary: 'Get an annotation queue',
      handle: async (context) => context.http.json(queueOf(await foundQueue(records, context))),
    },
    {
      ...common,
      method: 'GET',
      path: `${one}/items`,
      summary: 'List items of an annotation queue',
      query: itemParameters,
      handle: (context) => listItems(records, context),
    },
    {
      ...common,
      method: 'POST',
      path: `${one}/items`,
      summary: 'Put an item into an annotation queue',
      body: itemBody,
      handle: (context) => addItem(records, context),
    },
    { ...common, method: 'GET', path: item, summary: 'Get an item of an annotation queue', handle: (context) => getItem(records, context) },
    { ...common, method: 'PATCH', path: item, summary: 'Complete or reopen an item', body: itemChange, handle: (context) => changeItem(records, context) },
    { ...common, method: 'DELETE', path: item, summary: 'Take an item out of an annotation queue', handle: (context) => removeItem(records, context) },
    {
      ...common,
      method: 'POST',
      path: `${one}/assignments`,
      summary: 'Assign a person to an annotation queue',
      body: assignmentBody,
      handle: (context) => addAssignment(records, context),
    },
    {
      ...common,
      method: 'DELETE',
      path: `${one}/assignments`,
      summary: 'End an assignment',
      body: assignmentBody,
      handle: (context) => removeAssignment(records, context),
    },
  ];
}

function queueOf(row: QueueRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    scoreConfigIds: row.score_config_ids,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

function itemOf(row: QueueItemRow): Record<string, unknown> {
  return {
    id: row.id,
    queueId: row.queue_id,
    objectId: row.object_id,
    objectType: row.object_type,
    status: row.status,
    completedAt: row.completed_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

async function foundQueue(records: Records, { http, principal }: RouteContext): Promise<QueueRow> {
  const row = await queueById(records, projectOf(principal), http.req.param('queueId') ?? '');
  if (row === null) throw notFound('Annotation queue not found');
  return row;
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageParameters);
  const { rows, total } = await listQueues(records, projectOf(principal), asked);
  return http.json({ data: rows.map(queueOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function create(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, queueBody);
  const projectId = projectOf(principal);
  const configIds = [...new Set(body.scoreConfigIds)];
  if ((await configsById(records, projectId, configIds)).length !== configIds.length)
    throw invalidRequest('At least one of the score config IDs cannot be found for the given project');
  try {
    const row = await insertQueue(records, {
      id: randomUUID(),
      project_id: projectId,
      name: body.name,
      description: body.description ?? null,
      score_config_ids: configIds,
    });
    return http.json(queueOf(row));
  } catch (error) {
    if (isUniqueViolation(error)) throw conflict(`An annotation queue with the name ${body.name} exists already: choose another name.`);
    throw error;
  }
}

async function listItems(records: Records, context: RouteContext): Promise<Response> {
  const asked = parameters(context.http, itemParameters);
  const queue = await foundQueue(records, context);
  const { rows, total } = await listQueueItems(records, queue.id, asked);
  return context.http.json({ data: rows.map(itemOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function addItem(records: Records, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, itemBody);
  const queue = await foundQueue(records, context);
  const row = await insertQueueItem(records, {
    id: randomUUID(),
    project_id: queue.project_id,
    queue_id: queue.id,
    object_type: body.objectType,
    object_id: body.objectId,
    status: body.status ?? 'PENDING',
  });
  return context.http.json(itemOf(row));
}

const itemIdOf = ({ http }: RouteContext): string => http.req.param('itemId') ?? '';

function there(row: QueueItemRow | null): QueueItemRow {
  if (row === null) throw notFound('Annotation queue item not found');
  return row;
}

async function getItem(records: Records, context: RouteContext): Promise<Response> {
  const queue = await foundQueue(records, context);
  return context.http.json(itemOf(there(await queueItemById(records, queue.id, itemIdOf(context)))));
}

async function changeItem(records: Records, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, itemChange);
  const queue = await foundQueue(records, context);
  return context.http.json(itemOf(there(await setItemStatus(records, { queueId: queue.id, id: itemIdOf(context) }, body.status ?? null))));
}

async function removeItem(records: Records, context: RouteContext): Promise<Response> {
  const queue = await foundQueue(records, context);
  if (!(await deleteQueueItem(records, { queueId: queue.id, id: itemIdOf(context) }))) throw notFound('Annotation queue item not found');
  return context.http.json({ success: true, message: 'Annotation queue item deleted successfully' });
}

async function addAssignment(records: Records, context: RouteContext): Promise<Response> {
  const { userId } = await bodyOf(context.http, assignmentBody);
  const queue = await foundQueue(records, context);
  if (!(await isMember(records, queue.project_id, userId))) throw notFound('User not found or not authorized for this project');
  await assign(records, { queueId: queue.id, userId, projectId: queue.project_id });
  return context.http.json({ userId, queueId: queue.id, projectId: queue.project_id });
}

async function removeAssignment(records: Records, context: RouteContext): Promise<Response> {
  const { userId } = await bodyOf(context.http, assignmentBody);
  const queue = await foundQueue(records, context);
  await unassign(records, { queueId: queue.id, userId });
  return context.http.json({ success: true });
}
