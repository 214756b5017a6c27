// GET, POST /api/public/comments and GET /comments/{id} (langfuse.md §1.12).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import type { Principal } from '#identity/principal.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { bodyOf, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { limitParameter, notFound, pageMeta, pageParameter, parameters, projectOf, wordParameter } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { type CommentRow, commentById, insertComment, listComments, promptExists } from './sql.ts';

const OBJECT_TYPES = ['TRACE', 'OBSERVATION', 'SESSION', 'PROMPT'] as const;
type ObjectType = (typeof OBJECT_TYPES)[number];

const commentBody = z.strictObject({
  projectId: z.string().min(1).max(800),
  objectType: z.enum(OBJECT_TYPES),
  objectId: z.string().min(1).max(800),
  content: z.string().trim().min(1).max(5_000),
  authorUserId: z.string().min(1).max(800).nullish(),
});

const listParameters = z
  .object({
    page: pageParameter,
    limit: limitParameter(100),
    objectType: z.preprocess((value) => (value === '' ? undefined : value), z.enum(OBJECT_TYPES).optional()),
    objectId: wordParameter,
    authorUserId: wordParameter,
  })
  .refine((asked) => asked.objectId === undefined || asked.objectType !== undefined, {
    path: ['objectType'],
    message: 'objectType is required when objectId is given',
  });

/** The routes over the records; `ask` finds out whether what is commented on is there. */
export function commentRoutes(records: Records, ask: AskEngine): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const all = '/api/public/comments';
  return [
    { ...common, method: 'GET', path: all, summary: 'List comments', query: listParameters, handle: (context) => list(records, context) },
    {
      ...common,
      method: 'POST',
      path: all,
      summary: 'Comment on a trace, observation, session or prompt',
      body: commentBody,
      handle: (context) => create(records, ask, context),
    },
    { ...common, method: 'GET', path: `${all}/:commentId`, summary: 'Get a comment', handle: (context) => get(records, context) },
  ];
}

function commentOf(row: CommentRow): Record<string, unknown> {
  return {
    id: row.id,
    projectId: row.project_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    objectType: row.object_type,
    objectId: row.object_id,
    content: row.content,
    authorUserId: row.author_user_id,
  };
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, listParameters);
  const { rows, total } = await listComments(records, projectOf(principal), asked);
  return http.json({ data: rows.map(commentOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function get(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const row = await commentById(records, projectOf(principal), http.req.param('commentId') ?? '');
  if (row === null) throw notFound('Comment not found within authorized project');
  return http.json(commentOf(row));
}

async function create(records: Records, ask: AskEngine, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, commentBody);
  const projectId = projectOf(principal);
  if (body.projectId !== projectId) throw notFound('The project of the comment is not the project of the key');
  const there =
    body.objectType === 'PROMPT'
      ? await promptExists(records, projectId, body.objectId)
      : await isStored((path) => ask(principal, path), body.objectType, body.objectId);
  if (!there) throw notFound(`Reference object, ${body.objectType}: ${body.objectId} not found in project`);
  const id = randomUUID();
  await insertComment(records, {
    id,
    project_id: projectId,
    object_type: body.objectType,
    object_id: body.objectId,
    content: body.content,
    // Who is signed in writes as nobody else; a key may say for whom it writes.
    author_user_id: personOf(principal) ?? body.authorUserId ?? null,
  });
  return http.json({ id });
}

const personOf = (principal: Principal): string | undefined => (principal.kind === 'project-key' ? principal.person?.userId : undefined);

async function isStored(read: (path: string) => Promise<unknown>, objectType: Exclude<ObjectType, 'PROMPT'>, id: string): Promise<boolean> {
  if (objectType === 'OBSERVATION') return (await read(`/api/public/observations/${encodeURIComponent(id)}`)) !== null;
  const filter = JSON.stringify([{ type: 'string', column: objectType === 'TRACE' ? 'id' : 'sessionId', operator: '=', value: id }]);
  const found = (await read(`/api/public/traces?limit=1&fields=core&filter=${encodeURIComponent(filter)}`)) as { data?: unknown[] } | null;
  return (found?.data?.length ?? 0) > 0;
}
