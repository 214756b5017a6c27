// DELETE /api/public/traces, /traces/{id} and /scores/{id} (langfuse.md §1.4, §1.6), answered by the engine; and the receipts of what was deleted.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf } from '#observe/api/body.ts';
import { notFound, pageMeta, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import type { Deletions } from './port.ts';
import { type DeletionRow, deletionById, listDeletions, type ReceiptOwner } from './receipts.ts';

const traceIdsBody = z.strictObject({ traceIds: z.array(z.string().min(1).max(800)).min(1, 'At least 1 traceId is required.').max(1_000) });

/** The front says in this header how far the journal was durable when the request came. */
export const ACCEPTED_HEADER = 'x-genai-durable-sequence';
/** Names the receipt: Langfuse's answers have no place for it. */
const RECEIPT_HEADER = 'x-genai-deletion-id';

export function deletionRoutes(deletions: Deletions): Route[] {
  const common = { method: 'DELETE', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    {
      ...common,
      path: '/api/public/traces',
      summary: 'Delete traces with their observations and scores',
      body: traceIdsBody,
      handle: (context) => many(deletions, context),
    },
    {
      ...common,
      path: '/api/public/traces/:traceId',
      summary: 'Delete a trace with its observations and scores',
      handle: (context) => one(deletions, context),
    },
    { ...common, path: '/api/public/scores/:scoreId', summary: 'Delete a score', handle: (context) => score(deletions, context) },
  ];
}

/** Receipts, from the records. */
export function receiptRoutes(records: Pick<Records, 'query'>): Route[] {
  const common = { method: 'GET', surface: 'observe', dialect: 'langfuse' } as const;
  return [
    {
      ...common,
      access: ['project-key'],
      path: '/api/public/deletions',
      summary: 'Receipts of what was deleted',
      handle: (context) => list(records, projectOf(context.principal), context),
    },
    {
      ...common,
      access: ['project-key'],
      path: '/api/public/deletions/:deletionId',
      summary: 'The receipt of a deletion',
      async handle({ http, principal }) {
        const row = await deletionById(records, http.req.param('deletionId') ?? '');
        if (row === null || row.project_id !== projectOf(principal)) throw notFound('Deletion not found');
        return http.json(receiptOf(row));
      },
    },
  ];
}

async function many(deletions: Deletions, { http, principal }: RouteContext): Promise<Response> {
  const { traceIds } = await bodyOf(http, traceIdsBody);
  http.header(RECEIPT_HEADER, await deletions.traces(projectOf(principal), [...new Set(traceIds)]));
  return http.json({ message: 'Traces deleted successfully' });
}

async function one(deletions: Deletions, { http, principal }: RouteContext): Promise<Response> {
  http.header(RECEIPT_HEADER, await deletions.traces(projectOf(principal), [http.req.param('traceId') ?? '']));
  return http.json({ message: 'Trace deleted successfully' });
}

async function score(deletions: Deletions, { http, principal }: RouteContext): Promise<Response> {
  const accepted = http.req.header(ACCEPTED_HEADER) ?? '';
  const acceptedUpTo = /^\d{1,20}$/.test(accepted) ? BigInt(accepted) : 0n;
  http.header(RECEIPT_HEADER, await deletions.score(projectOf(principal), http.req.param('scoreId') ?? '', acceptedUpTo));
  return http.json({ message: 'Score deletion queued successfully' }, 202);
}

const PAGE = z.object({ page: z.coerce.number().int().min(1).default(1), limit: z.coerce.number().int().min(1).max(100).default(50) });

async function list(records: Pick<Records, 'query'>, projectId: string, context: RouteContext): Promise<Response> {
  return await page(records, { projectId }, context);
}

/** A page of the receipts of an organisation, its deleted projects among them. */
export async function organizationReceipts(records: Pick<Records, 'query'>, organizationId: string, context: RouteContext): Promise<Response> {
  return await page(records, { organizationId }, context);
}

async function page(records: Pick<Records, 'query'>, owner: ReceiptOwner, { http }: RouteContext): Promise<Response> {
  const { success, data } = PAGE.safeParse({ page: http.req.query('page') || undefined, limit: http.req.query('limit') || undefined });
  const asked = success ? data : { page: 1, limit: 50 };
  const { rows, total } = await listDeletions(records, owner, asked);
  return http.json({ data: rows.map(receiptOf), meta: pageMeta(asked.page, asked.limit, total) });
}

function receiptOf(row: DeletionRow): Record<string, unknown> {
  const at = (instant: Date | null): string | null => instant?.toISOString() ?? null;
  const status = row.gone_at ? 'gone' : row.hidden_at ? 'hidden' : 'requested';
  return {
    id: row.id,
    projectId: row.project_id,
    kind: row.kind,
    subjects: row.subjects,
    status,
    requestedAt: at(row.requested_at),
    hiddenAt: at(row.hidden_at),
    rowsRemovedAt: at(row.purged_at),
    archiveRewrittenAt: at(row.archived_at),
    goneAt: at(row.gone_at),
    removed: row.counts,
    removedBytes: Number(row.bytes),
  };
}
