// POST, GET and PATCH /api/public/media, and the signed addresses that content is sent to and fetched from (langfuse.md §1.8).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf, invalidRequest, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { notFound, projectOf } from '#observe/filter/parameters.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import { blobKey } from './blob-key.ts';
import { CONTENT_TYPES, endingOf } from './content-types.ts';
import { MAX_MEDIA_BYTES, mediaIdOf } from './media-id.ts';
import { addressOf } from './origin.ts';
import { receive } from './receive.ts';
import type { UrlSigner } from './signed-url.ts';
import { announceMedia, linkMedia, type MediaRow, markUploaded, mediaById, noteUpload } from './sql.ts';
import { createTurns, type Turns } from './turns.ts';

const AT_ONCE = 4;
const WAITING_AT_MOST = 200;
const ADDRESS_HOLDS_MS = 3_600_000;

export interface MediaDependencies {
  records: Records;
  blobs: Blobs;
  signer: UrlSigner;
  /** What is stored instead of a medium that is text; absent = what was sent. */
  mask?: (projectId: string, contentType: string, bytes: Buffer) => Buffer;
}

const announcement = z
  .object({
    traceId: z.string().min(1).max(800).nullish(),
    observationId: z.string().min(1).max(800).nullish(),
    datasetId: z.string().min(1).max(800).nullish(),
    datasetItemId: z.string().min(1).max(800).nullish(),
    contentType: z.enum(CONTENT_TYPES),
    contentLength: z.number().int().positive().max(MAX_MEDIA_BYTES),
    sha256Hash: z.string().regex(/^[A-Za-z0-9+/=]{44}$/, 'sha256Hash must be a 44 character base64 encoded SHA-256 hash'),
    field: z.enum(['input', 'output', 'metadata', 'expectedOutput']),
  })
  .superRefine((body, context) => {
    const fail = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const ofTrace = Boolean(body.traceId);
    const ofItem = Boolean(body.datasetId && body.datasetItemId);
    if (ofTrace === ofItem) fail('traceId', 'name either a traceId, or a datasetId and a datasetItemId');
    if (body.observationId && !ofTrace) fail('observationId', 'needs traceId');
    if (body.field === (ofTrace ? 'expectedOutput' : 'output'))
      fail('field', ofTrace ? 'is input, output or metadata of a trace' : 'is input, expectedOutput or metadata of an item');
  });

const uploadReport = z.object({
  uploadedAt: z.iso.datetime({ offset: true }),
  uploadHttpStatus: z.number().int().min(0).max(999),
  uploadHttpError: z.string().max(10_000).nullish(),
  uploadTimeMs: z.number().nullish(),
});

/** The routes over records and blobs. */
export function mediaRoutes(dependencies: MediaDependencies): Route[] {
  const turns = createTurns(AT_ONCE, WAITING_AT_MOST);
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const signed = { surface: 'observe', dialect: 'langfuse', access: ['anonymous'] } as const;
  const one = '/api/public/media/:mediaId';
  return [
    {
      ...common,
      method: 'POST',
      path: '/api/public/media',
      summary: 'Announce a medium and get an address to send it to',
      body: announcement,
      handle: (context) => announce(dependencies, context),
    },
    { ...common, method: 'GET', path: one, summary: 'Get a medium with an address to fetch it', handle: (context) => get(dependencies, context) },
    { ...common, method: 'PATCH', path: one, summary: 'Say how an upload went', body: uploadReport, handle: (context) => report(dependencies, context) },
    {
      ...signed,
      method: 'PUT',
      path: '/api/public/media/upload/:projectId/:mediaId',
      summary: 'Send the content of a medium (signed address)',
      maxBodyBytes: MAX_MEDIA_BYTES,
      handle: (context) => upload(dependencies, turns, context),
    },
    {
      ...signed,
      method: 'GET',
      path: '/api/public/media/content/:projectId/:mediaId',
      summary: 'Fetch the content of a medium (signed address)',
      handle: (context) => content(dependencies, turns, context),
    },
  ];
}

async function announce({ records, signer }: MediaDependencies, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, announcement);
  const projectId = projectOf(principal);
  const mediaId = mediaIdOf(body.sha256Hash);
  const row = await records.transaction(async (session) => {
    const media = await announceMedia(session, {
      project_id: projectId,
      id: mediaId,
      sha256_hash: body.sha256Hash,
      content_type: body.contentType,
      content_length: body.contentLength,
    });
    if (media.sha256_hash !== body.sha256Hash) throw invalidRequest('Another medium has the same id: its content differs from the one that is announced.');
    await linkMedia(session, media, {
      traceId: body.traceId ?? '',
      observationId: body.observationId ?? '',
      datasetId: body.datasetId ?? '',
      datasetItemId: body.datasetItemId ?? '',
      field: body.field,
    });
    return media;
  });
  const uploadUrl = row.uploaded_at === null ? addressOf(http, signer.sign('upload', { projectId, mediaId }, Date.now() + ADDRESS_HOLDS_MS)) : null;
  return http.json({ mediaId, uploadUrl }, 201);
}

async function get({ records, signer }: MediaDependencies, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const row = await mediaById(records, projectId, http.req.param('mediaId') ?? '');
  if (row === null || row.uploaded_at === null) throw notFound('Media asset not found or not yet uploaded');
  const expiresAtMs = Date.now() + ADDRESS_HOLDS_MS;
  return http.json({
    mediaId: row.id,
    contentType: row.content_type,
    contentLength: Number(row.content_length),
    uploadedAt: row.uploaded_at.toISOString(),
    url: addressOf(http, signer.sign('content', { projectId, mediaId: row.id }, expiresAtMs)),
    urlExpiry: new Date(expiresAtMs).toISOString(),
  });
}

async function report({ records }: MediaDependencies, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, uploadReport);
  const key = { projectId: projectOf(principal), id: http.req.param('mediaId') ?? '' };
  if (!(await noteUpload(records, key, { status: body.uploadHttpStatus, error: body.uploadHttpError ?? null }))) throw notFound('Media asset not found');
  return http.json({ message: 'OK' });
}

/** The medium that a signed address names. @throws AppError 401 for an address that was not signed here or has expired, 404. */
async function addressed({ records, signer }: MediaDependencies, action: 'upload' | 'content', { http }: RouteContext): Promise<MediaRow> {
  const name = { projectId: http.req.param('projectId') ?? '', mediaId: http.req.param('mediaId') ?? '' };
  if (!signer.verify(action, name, { expires: http.req.query('expires') ?? '', signature: http.req.query('signature') ?? '' }))
    throw new AppError('This address was not signed here or has expired: ask for a new one.', { status: 401, code: 'UnauthorizedError' });
  const row = await mediaById(records, name.projectId, name.mediaId);
  if (row === null) throw notFound('Media asset not found');
  return row;
}

async function upload(dependencies: MediaDependencies, turns: Turns, context: RouteContext): Promise<Response> {
  const row = await addressed(dependencies, 'upload', context);
  return await turns(async () => {
    const bytes = await receive(context.http, { contentType: row.content_type, contentLength: Number(row.content_length), sha256Base64: row.sha256_hash });
    const kept = dependencies.mask?.(row.project_id, row.content_type, bytes) ?? bytes;
    await dependencies.blobs.put(blobKey(row), kept, { contentType: row.content_type });
    await markUploaded(dependencies.records, row.project_id, row.id, kept.byteLength);
    return new Response(null, { status: 200, headers: { etag: `"${row.sha256_hash}"` } });
  });
}

/** Whatever it is, it is a file to keep: a page or a picture with scripts must not run under this origin. */
async function content(dependencies: MediaDependencies, turns: Turns, context: RouteContext): Promise<Response> {
  const row = await addressed(dependencies, 'content', context);
  const bytes = row.uploaded_at === null ? null : await turns(() => dependencies.blobs.get(blobKey(row)));
  if (bytes === null) throw notFound('Media asset not found or not yet uploaded');
  return new Response(Buffer.from(bytes), {
    headers: {
      'content-type': row.content_type,
      'content-disposition': `attachment; filename="${row.id}.${endingOf(row.content_type)}"`,
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, max-age=3600',
      'cross-origin-resource-policy': 'cross-origin',
    },
  });
}
