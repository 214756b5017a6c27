// Batches: begun, listed, looked at and cancelled by their owner alone. Whoever sees that one has ended wakes the look that counts it.
import { askUpstream } from '#gateway/upstream-request.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, parsed } from '#lib/json.ts';
import { type Asking, keeperOf, listOf, notFound, pageOf, sendJson } from './asking.ts';
import { createBatch } from './create.ts';
import type { BatchPath } from './paths.ts';
import type { Batch } from './port.ts';
import { hasEnded, seenBatch, shownBatch } from './shown.ts';

const MOST_LISTED = 100;

/** Answers a request about batches. @throws what is told to the client. */
export async function serveBatch(asking: Asking<BatchPath>): Promise<void> {
  const { at, request, deps, sees } = asking;
  if (at.id === null) return request.method === 'POST' ? await createBatch(asking) : await list(asking);
  const batch = /^batch_[0-9a-f]{32}$/.test(at.id) ? await deps.batches.find(at.id, sees) : null;
  if (batch === null) throw notFound('Batch', at.id);
  await look(asking, batch);
}

async function list(asking: Asking): Promise<void> {
  const page = pageOf(asking, MOST_LISTED, 20);
  const found = await asking.deps.batches.list({ ...page, limit: page.limit + 1 });
  sendJson(asking.response, listOf(found, found.map(shownBatch), page.limit));
}

/** One that has ended stands here; of an open one the upstream is asked. */
async function look(asking: Asking<BatchPath>, batch: Batch): Promise<void> {
  const { at, deps, response, snapshot, signal } = asking;
  const cancels = at.part === 'cancel';
  if (hasEnded(batch.status) || batch.upstreamId === null) {
    if (cancels)
      throw new AppError(
        `Cannot cancel a batch with status '${batch.status}'${batch.upstreamId === null ? ' that the upstream has not taken yet' : ''}.`,
        CONFLICT,
      );
    return sendJson(response, shownBatch(batch));
  }
  const target = keeperOf(snapshot, `Batch ${batch.id}`, batch.deploymentId);
  const below = `/${encodeURIComponent(batch.upstreamId)}${cancels ? '/cancel' : ''}`;
  const told = fieldsOf(parsed(await askUpstream(target, { endpoint: 'batches', below, method: cancels ? 'POST' : 'GET', ...(cancels ? {} : { signal }) })));
  const seen = await seenBatch(deps, batch, told);
  await deps.batches.note(batch.id, seen);
  if (cancels || hasEnded(seen.status)) await deps.batches.hurry(batch.id);
  sendJson(response, shownBatch({ ...batch, ...seen }));
}

const CONFLICT = { status: 409, code: 'invalid_request_error' };
