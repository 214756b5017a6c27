// Files of batches: taken in, looked through and sent on; listed, read, streamed back and deleted by their owner alone.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Call } from '#gateway/call.ts';
import { ClientGone } from '#gateway/errors.ts';
import type { Group } from '#gateway/snapshot.ts';
import type { Target } from '#gateway/target.ts';
import { askUpstream, isAskable, openUpstream, refusalIn, UpstreamRefused } from '#gateway/upstream-request.ts';
import { AppError } from '#lib/errors.ts';
import { countOf, type Fields, fieldsOf, parsed, textOf } from '#lib/json.ts';
import { type Asking, keeperOf, listOf, notFound, pageOf, sendJson } from './asking.ts';
import { checkLines, LONGEST_LINE } from './check-lines.ts';
import type { FilePath } from './paths.ts';
import type { BatchFile } from './port.ts';
import { Spool } from './spool.ts';
import { receiveUpload, type Upload } from './upload.ts';

/** Uploads that one process takes in side by side: each has its file on the disk twice and a few lines in memory. */
const MOST_UPLOADS = 8;
const HELD_BYTES = 2 * LONGEST_LINE;
const MOST_LISTED = 10_000;
const TRIES = 3;
const SENDING_MS = 300_000;
let uploads = 0;

/** Answers a request about files. @throws what is told to the client. */
export async function serveFile(asking: Asking<FilePath>): Promise<void> {
  const { at, request } = asking;
  if (at.id === null) return request.method === 'POST' ? await takeIn(asking) : await list(asking);
  const file = /^file-[0-9a-f]{32}$/.test(at.id) ? await asking.deps.batches.findFile(at.id, asking.sees) : null;
  if (file === null) throw notFound('File', at.id);
  const target = keeperOf(asking.snapshot, `File ${file.id}`, file.deploymentId);
  if (at.part === 'content') await sendContent(asking, file, target);
  else if (request.method === 'DELETE') await remove(asking, file, target);
  else await show(asking, file, target);
}

async function list(asking: Asking): Promise<void> {
  const page = pageOf(asking, MOST_LISTED, 100);
  const found = await asking.deps.batches.listFiles({ ...page, limit: page.limit + 1, purpose: asking.query.get('purpose') });
  sendJson(
    asking.response,
    listOf(
      found,
      found.map((file) => shownFile(file, {})),
      page.limit,
    ),
  );
}

/** The file as OpenAI shows one; what only the upstream knows comes from it. */
function shownFile(file: BatchFile, told: Fields): object {
  return {
    ...{ status: 'processed', ...told },
    ...{ id: file.id, object: 'file', bytes: file.sizeBytes, created_at: Math.floor(file.createdAtMs / 1000), filename: file.filename, purpose: file.purpose },
    ...(file.expiresAtMs === null ? {} : { expires_at: Math.floor(file.expiresAtMs / 1000) }),
  };
}

const below = (file: BatchFile, part = ''): string => `/${encodeURIComponent(file.upstreamId)}${part}`;

async function show({ response, signal }: Asking, file: BatchFile, target: Target): Promise<void> {
  const { status, status_details, bytes } = fieldsOf(parsed(await askUpstream(target, { endpoint: 'files', below: below(file), method: 'GET', signal })));
  // How much a batch gave is known to its upstream alone.
  const sized = file.counted === null ? { ...file, sizeBytes: countOf(bytes) } : file;
  sendJson(response, shownFile(sized, { ...(status === undefined ? {} : { status }), ...(status_details == null ? {} : { status_details }) }));
}

async function remove({ deps, response }: Asking, file: BatchFile, target: Target): Promise<void> {
  try {
    await askUpstream(target, { endpoint: 'files', below: below(file), method: 'DELETE' });
  } catch (error) {
    // What the upstream has forgotten is deleted.
    if (!(error instanceof UpstreamRefused) || error.failure.upstreamStatus !== 404) throw error;
  }
  await deps.batches.removeFile(file.id);
  sendJson(response, { id: file.id, object: 'file', deleted: true });
}

/** Straight from the upstream to the client, as fast as the client reads. */
async function sendContent(asking: Asking, file: BatchFile, target: Target): Promise<void> {
  const { response, signal } = asking;
  refuseUnread(asking, file);
  const answer = await openUpstream(target, { endpoint: 'files', below: below(file, '/content'), method: 'GET', signal });
  if (answer.status < 200 || answer.status >= 300) throw await refusalIn(target, answer);
  const length = answer.headers['content-length'];
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${file.filename.replace(/[^\w.-]/g, '_')}"`,
    'x-content-type-options': 'nosniff',
    ...(typeof length === 'string' ? { 'content-length': length } : {}),
  });
  await pipeline(answer.body, response).catch((error: unknown) => {
    // The client has left, or the upstream has cut the answer off: the connection is closed either way, so that nobody takes a part for the whole.
    if (!signal.aborted) asking.deps.log.warn('the content of a file ended early', { fileId: file.id, error });
    response.destroy();
  });
}

/** A guard that looks at answers would look at these: nobody does on this way. */
function refuseUnread({ deps, snapshot, key, keyId, request, response }: Asking, file: BatchFile): void {
  if (file.purpose !== 'batch_output' || snapshot.guards === null) return;
  const call = new Call(deps, snapshot, { endpoint: 'chat', route: '/files', pathModel: null }, [request, response]);
  call.key = key;
  call.keyId = keyId;
  if (snapshot.guards.of(call)?.has('post_call') !== true) return;
  throw new AppError('A guardrail of this key looks at answers, and the answers of a batch are read by nobody on their way: read them with a key without it.', {
    status: 400,
    code: 'guardrail_violation',
  });
}

async function takeIn(asking: Asking<FilePath>): Promise<void> {
  const { pool } = asking;
  if (uploads >= MOST_UPLOADS || !pool.take(HELD_BYTES))
    throw new AppError('The gateway takes in as many files as it may: try again in a moment.', { status: 429, code: 'rate_limit_error', retryAfterSeconds: 5 });
  uploads += 1;
  try {
    const folder = join(asking.deps.settings.dataDir, 'uploads');
    const upload = await receiveUpload(asking.request, folder, asking.signal);
    try {
      await passOn(asking, upload, folder);
    } finally {
      await upload.content.close();
    }
  } finally {
    uploads -= 1;
    pool.give(HELD_BYTES);
  }
}

async function passOn(asking: Asking<FilePath>, { content, filename, fields }: Upload, folder: string): Promise<void> {
  const { deps, snapshot, key, keyId, request, response, owner } = asking;
  const purpose = fields.get('purpose') ?? '';
  if (purpose !== 'batch') throw purposeRefused(purpose);
  const provider = asking.at.provider ?? fields.get('custom_llm_provider') ?? asking.query.get('custom_llm_provider');
  const lines = await Spool.open(folder);
  try {
    const choose = (group: Group): Target => chooseKeeper(group, provider, deps.clock.nowMs());
    const rules = { deps, snapshot, key, keyId, http: [request, response], model: oneModel(asking, fields), choose } as const;
    const { target, model, counted } = await checkLines({ ...rules, http: [request, response] }, content, lines);
    const told = fieldsOf(parsed(await sendOn(asking, { lines, filename, fields }, target)));
    const upstreamId = textOf(told.id);
    if (upstreamId === '') throw new AppError('The upstream took the file and gave it no id.', { status: 502, code: 'api_error' });
    const expires = countOf(told.expires_at);
    const file = {
      ...{ id: `file-${randomBytes(16).toString('hex')}`, owner, deploymentId: target.deployment.id, upstreamId, model, purpose: 'batch' as const, filename },
      ...{ sizeBytes: content.size, counted, expiresAtMs: expires === 0 ? null : expires * 1000 },
    };
    await deps.batches.keepFile(file);
    sendJson(response, shownFile({ ...file, createdAtMs: deps.clock.nowMs() }, typeof told.status === 'string' ? { status: told.status } : {}));
  } finally {
    await lines.close();
  }
}

/** What LiteLLM's clients name a model by, beside the lines. */
function oneModel({ query }: Asking, fields: ReadonlyMap<string, string>): string | null {
  const named = fields.get('target_model_names') ?? query.get('target_model_names') ?? fields.get('model') ?? query.get('model');
  const names = (named ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length <= 1) return names[0] ?? null;
  throw new AppError('Name one model in target_model_names: a file is kept by one deployment.', {
    status: 400,
    code: 'invalid_request_error',
    param: 'target_model_names',
  });
}

/**
 * A deployment that runs batches: one that is for them before others, one that is well before one that rests.
 * @throws AppError 400 when the model has none.
 */
function chooseKeeper(group: Group, provider: string | null, nowMs: number): Target {
  const able = group.targets.filter((target) => target.upstream?.batchPath !== undefined && isAskable(target) && isOf(target, provider));
  // Where every key reads what the provider keeps, files cannot belong to somebody.
  const closed = able.filter(({ deployment }) => deployment.passThrough !== true);
  const best = closed.filter(({ deployment }) => deployment.mode === 'batch');
  const wanted = best.length > 0 ? best : closed;
  const awake = wanted.filter(({ health }) => !health.isResting(nowMs));
  const choice = awake.length > 0 ? awake : wanted;
  const chosen = choice[Math.floor(Math.random() * choice.length)];
  if (chosen !== undefined) return chosen;
  const why =
    able.length > 0
      ? 'its deployment is open for pass-through (use_in_pass_through), where no file belongs to anybody'
      : `none of its deployments runs batches${provider === null ? '' : ` at ${provider.slice(0, 50)}`}: openai, azure, groq and litellm_proxy do`;
  throw new AppError(`${group.name} has no batches here: ${why}.`, { status: 400, code: 'invalid_request_error', param: 'model' });
}

function isOf({ deployment }: Target, provider: string | null): boolean {
  return provider === null || provider === deployment.providerName;
}

/** Sent again when it was not taken: the file is on the disk. A second copy would cost nothing. */
async function sendOn(
  { signal }: Asking,
  { lines, filename, fields }: { lines: Spool; filename: string; fields: ReadonlyMap<string, string> },
  target: Target,
): Promise<string> {
  const boundary = `genai-${randomBytes(16).toString('hex')}`;
  const texts = [['purpose', 'batch'], ...[...fields].filter(([name]) => name.startsWith('expires_after'))];
  const part = (disposition: string, more = ''): string => `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n${more}\r\n`;
  const name = filename.replace(/[\r\n"\\]/g, '_');
  const head = Buffer.from(
    texts.map(([field, value]) => `${part(`name="${(field ?? '').replace(/[\r\n"\\]/g, '_')}"`)}${value}\r\n`).join('') +
      part(`name="file"; filename="${name}"`, 'content-type: application/jsonl\r\n'),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const length = head.length + lines.size + tail.length;
  async function* body(): AsyncGenerator<Buffer> {
    yield head;
    yield* lines.read();
    yield tail;
  }
  for (let tried = 1; ; tried++) {
    try {
      const stream = Readable.from(body(), { objectMode: false });
      const sent = { type: `multipart/form-data; boundary=${boundary}`, length, stream };
      return await askUpstream(target, { endpoint: 'files', below: '', method: 'POST', body: sent, timeoutMs: SENDING_MS, signal });
    } catch (error) {
      if (signal.aborted) throw new ClientGone();
      const again = error instanceof UpstreamRefused && (error.mayHaveHappened || error.failure.status === 429);
      if (!again || tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** tried * (0.5 + Math.random())));
    }
  }
}

function purposeRefused(purpose: string): AppError {
  const message =
    purpose === ''
      ? 'The upload states no purpose: send "purpose" with "batch".'
      : `Files for "${purpose.slice(0, 50)}" are not kept here: only those of batches are.`;
  return new AppError(message, { status: purpose === '' ? 400 : 501, code: purpose === '' ? 'invalid_request_error' : 'not_supported', param: 'purpose' });
}
