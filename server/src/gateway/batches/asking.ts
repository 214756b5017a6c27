// One request about files or batches: who asks, for whom it is answered, what is held for it, and how its end is told.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate } from '#gateway/authenticate.ts';
import type { BytePool } from '#gateway/byte-pool.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { openAiDialect } from '#gateway/dialects/openai.ts';
import { ClientGone, type Failure, ownFailure } from '#gateway/errors.ts';
import { sendWhole } from '#gateway/reply.ts';
import { ownerOf } from '#gateway/responses/turn.ts';
import type { Snapshot } from '#gateway/snapshot.ts';
import type { Target } from '#gateway/target.ts';
import { UpstreamRefused } from '#gateway/upstream-request.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { BatchPath, FilePath } from './paths.ts';

export interface Asking<Path = FilePath | BatchPath> {
  readonly at: Path;
  readonly deps: GatewayDeps;
  readonly snapshot: Snapshot;
  readonly pool: BytePool;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly clientAddress: string | null;
  readonly query: URLSearchParams;
  readonly key: VirtualKey | null;
  readonly keyId: string;
  /** Whose what is made here is. */
  readonly owner: string;
  /** Whose may be seen: null = everybody's (the master key). */
  readonly sees: string | null;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

type Given = Pick<Asking, 'at' | 'deps' | 'snapshot' | 'pool' | 'request' | 'response' | 'clientAddress'>;

/** @throws AppError 401, 403 for whoever may not ask. */
export async function openAsking(given: Given): Promise<Asking> {
  const { deps, snapshot, request, response } = given;
  const left = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) left.abort(new ClientGone());
  });
  const caller = await authenticate(request, deps, snapshot.config.keyHeaderName);
  const keyId = caller.key === null ? caller.keyId : caller.key.id;
  const owner = ownerOf({ key: caller.key, keyId });
  const query = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
  return { ...given, query, key: caller.key, keyId, owner, sees: caller.key === null ? null : owner, signal: left.signal };
}

export function sendJson(response: ServerResponse, value: unknown): void {
  sendWhole(response, 200, ['content-type', 'application/json'], Buffer.from(JSON.stringify(value)));
}

/** An error in OpenAI's envelope; nothing to whoever left. */
export function sendRefusal({ deps, response }: Pick<Asking, 'deps' | 'response'>, error: unknown): void {
  if (error instanceof ClientGone || response.destroyed) return;
  if (!(error instanceof AppError) && !(error instanceof UpstreamRefused))
    deps.log.error('a request about files or batches failed inside the gateway', { error });
  const failure: Failure = error instanceof UpstreamRefused ? error.failure : ownFailure(error);
  const headers = ['content-type', 'application/json'];
  if (failure.retryAfterMs !== null) headers.push('retry-after', String(Math.max(1, Math.ceil(failure.retryAfterMs / 1000))));
  if (failure.status === 401 && failure.errorClass === null) headers.push('www-authenticate', 'Bearer');
  // A body that is still coming in would be read as the next request.
  if (failure.status === 413) headers.push('connection', 'close');
  sendWhole(response, failure.status, headers, Buffer.from(openAiDialect.envelope(failure)));
}

/** The deployment that keeps something. @throws AppError 404 when the configuration has it no more. */
export function keeperOf(snapshot: Snapshot, what: string, deploymentId: string): Target {
  const target = snapshot.targetOf(deploymentId);
  if (target !== null && target.upstream?.batchPath !== undefined && target.dispatcher !== null) return target;
  throw new AppError(`${what} is kept by a deployment that the configuration no longer has.`, { status: 404, code: 'not_found_error' });
}

/** `limit` and `after` of a list. @throws AppError 400. */
export function pageOf(
  { query, sees }: Asking,
  most: number,
  usual: number,
): { owner: string | null; after: string | null; limit: number; oldestFirst: boolean } {
  const limit = Number(query.get('limit') ?? usual);
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new AppError(`"limit" must be a whole number from 1 to ${most}.`, { status: 400, code: 'invalid_request_error', param: 'limit' });
  return { owner: sees, after: query.get('after'), limit, oldestFirst: query.get('order') === 'asc' };
}

/** A page as OpenAI's clients read it; `found` may hold one more than was asked for. */
export function listOf(found: readonly { readonly id: string }[], shown: readonly unknown[], limit: number): object {
  const page = found.slice(0, limit);
  return {
    object: 'list',
    data: shown.slice(0, limit),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: found.length > limit,
  };
}

/** OpenAI's words; the same for what is another's and for what never was. */
export function notFound(what: 'File' | 'Batch', id: string): AppError {
  const message = what === 'File' ? `No such File object: ${id.slice(0, 100)}` : `No batch found with id '${id.slice(0, 100)}'.`;
  return new AppError(message, { status: 404, code: 'invalid_request_error', param: 'id' });
}
