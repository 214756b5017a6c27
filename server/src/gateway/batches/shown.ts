// A batch as its owner sees it, and what is kept of how the upstream tells it: ids of ours in the place of the upstream's.
import { createHash } from 'node:crypto';
import type { GatewayDeps } from '#gateway/deps.ts';
import { type Fields, fieldsOf, textOf } from '#lib/json.ts';
import type { Batch, Seen } from './port.ts';

/** By this the batch is found again at an upstream whose answer was lost. */
export const OUR_KEY = 'genai_batch';
const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** Whether nothing of it will run any more. */
export function hasEnded(status: string): boolean {
  return ENDED.has(status);
}

/** The object of OpenAI's API. */
export function shownBatch(batch: Batch): Fields {
  const { told } = batch;
  const metadata = Object.fromEntries(Object.entries(fieldsOf(told.metadata)).filter(([key]) => key !== OUR_KEY));
  return {
    ...told,
    id: batch.id,
    object: 'batch',
    model: batch.model,
    status: batch.status,
    input_file_id: batch.inputFileId,
    output_file_id: batch.outputFileId,
    error_file_id: batch.errorFileId,
    created_at: Math.floor(batch.createdAtMs / 1000),
    metadata: told.metadata == null || Object.keys(metadata).length === 0 ? null : metadata,
  };
}

/** Keeps the files that a batch gave as its owner's; `nextAtMs` is when the background looks again. */
export async function seenBatch({ batches, clock }: Pick<GatewayDeps, 'batches' | 'clock'>, batch: Batch, told: Fields, nextAtMs?: number): Promise<Seen> {
  const keep = async (upstreamId: string, name: string): Promise<string | null> => {
    if (upstreamId === '') return null;
    const id = `file-${createHash('sha256').update(`${batch.id} ${upstreamId}`).digest('hex').slice(0, 32)}`;
    const { owner, deploymentId, model } = batch;
    const filename = `${batch.id}_${name}.jsonl`;
    await batches.keepFile({ id, owner, deploymentId, upstreamId, model, purpose: 'batch_output', filename, sizeBytes: 0, counted: null, expiresAtMs: null });
    return id;
  };
  const status = textOf(told.status) || batch.status;
  return {
    upstreamId: textOf(told.id) || (batch.upstreamId ?? ''),
    told,
    status,
    outputFileId: await keep(textOf(told.output_file_id), 'output'),
    errorFileId: await keep(textOf(told.error_file_id), 'error'),
    nextAtMs: nextAtMs ?? (hasEnded(status) ? clock.nowMs() : nextLookMs(batch, clock.nowMs())),
  };
}

const SOONEST_MS = 5_000;
const LATEST_MS = 300_000;

/** A batch is looked at the less often the older it is: a tenth of its age, 5 s to 5 min, a little apart from others. */
export function nextLookMs({ createdAtMs }: Pick<Batch, 'createdAtMs'>, nowMs: number): number {
  const wait = Math.min(LATEST_MS, Math.max(SOONEST_MS, (nowMs - createdAtMs) / 10));
  return nowMs + Math.round(wait * (0.9 + Math.random() * 0.2));
}
