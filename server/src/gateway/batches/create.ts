// A batch begins: within its key's models, limits and budgets, written down before the upstream hears of it, held at its reservation until it ends.
import type { OrganisationPath } from '#call-record.ts';
import { findGroup } from '#gateway/admit.ts';
import { readBody } from '#gateway/body.ts';
import { Call } from '#gateway/call.ts';
import { takeLimits } from '#gateway/limits.ts';
import type { Reservation } from '#gateway/ports.ts';
import { readPassed } from '#gateway/request.ts';
import { budgetExceeded, claimsOf, findRules } from '#gateway/rules.ts';
import { organisationPath, release } from '#gateway/settle.ts';
import type { Target } from '#gateway/target.ts';
import { traceContext } from '#gateway/trace-context.ts';
import { askUpstream, UpstreamRefused } from '#gateway/upstream-request.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';
import { formatPicos } from '#lib/money.ts';
import { type Asking, keeperOf, notFound, sendJson } from './asking.ts';
import { endpointOfUrl } from './check-lines.ts';
import type { BatchPath } from './paths.ts';
import type { Batch, BatchCall, BatchFile, CountedLines } from './port.ts';
import { batchReservation } from './reserve.ts';
import { hasEnded, OUR_KEY, seenBatch, shownBatch } from './shown.ts';

/** Longer than a creation is waited for: only then is it looked for at the upstream. */
const LOST_AFTER_MS = 120_000;
const CREATION_MS = 60_000;
/** Of ours or of LiteLLM's: not the upstream's. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['model', 'custom_llm_provider', 'litellm_metadata', 'guardrails', 'tags', 'user']);

/** @throws what is told to the client; then nothing of the batch is left, unless the upstream may have begun it. */
export async function createBatch(asking: Asking<BatchPath>): Promise<void> {
  const { deps, snapshot, pool, request, response, key, keyId } = asking;
  const call = new Call(deps, snapshot, { endpoint: 'chat', route: '/batches', pathModel: null }, [request, response]);
  call.key = key;
  call.keyId = keyId;
  call.clientAddress = asking.clientAddress;
  response.on('close', () => {
    if (!response.writableFinished) call.leave();
  });
  try {
    call.body = await readBody(call, pool, deps.settings.limits.maxRequestBytes);
    const fields = parsed(call.body.toString('utf8'));
    if (!isFields(fields)) throw refused('The body must be a JSON object.', null);
    const file = await inputFile(asking, fields);
    call.asked = { ...readPassed(call.body, true), model: file.model };
    findGroup(call);
    findRules(call, deps);
    const limited = takeLimits(call, deps);
    if (limited instanceof Promise) await limited;
    const target = keeperOf(snapshot, `File ${file.id}`, file.deploymentId);
    await begin(asking, { call, file, target, fields });
  } finally {
    release(call, deps);
    pool.give(call.heldBytes);
  }
}

interface Beginning {
  readonly call: Call;
  readonly file: BatchFile & { readonly counted: CountedLines };
  readonly target: Target;
  readonly fields: Fields;
}

async function inputFile({ deps, sees }: Asking, fields: Fields): Promise<Beginning['file']> {
  const id = textOf(fields.input_file_id);
  if (id === '') throw refused('"input_file_id" is missing: the id that the upload of the file answered.', 'input_file_id');
  const file = await deps.batches.findFile(id, sees);
  if (file === null) throw notFound('File', id);
  const { counted } = file;
  if (counted === null) throw refused('This file is what a batch gave: upload the lines of the next one.', 'input_file_id');
  const endpoint = textOf(fields.endpoint);
  if (endpointOfUrl(endpoint) !== endpointOfUrl(counted.url)) {
    const message = endpoint === '' ? '"endpoint" is missing' : `"endpoint" is ${endpoint.slice(0, 100)}`;
    throw refused(`${message}, and the lines of the file call ${counted.url}.`, 'endpoint');
  }
  const model = fields.model ?? file.model;
  if (model !== file.model) throw refused(`The lines of the file are for ${file.model}, and "model" names another.`, 'model');
  return { ...file, counted };
}

async function begin(asking: Asking<BatchPath>, beginning: Beginning): Promise<void> {
  const { deps, response, owner } = asking;
  const { call, file, target } = beginning;
  const held = await hold(asking, beginning);
  let spentPicos = 0n;
  try {
    const batch = newBatch(beginning, {
      owner,
      path: organisationPath(call, deps),
      reservedPicos: held.picos,
      accounts: deps.budgets.accountsOf([...claimsOf(call), ...target.claims]),
    });
    await deps.batches.begin({ ...batch, nextAtMs: deps.clock.nowMs() + LOST_AFTER_MS });
    // From here on the ledger counts it.
    spentPicos = held.picos ?? 0n;
    try {
      const told = fieldsOf(
        parsed(await askUpstream(target, { endpoint: 'batches', below: '', method: 'POST', body: upstreamBody(file, batch), timeoutMs: CREATION_MS })),
      );
      const seen = await seenBatch(deps, batch, told);
      // Should this fail, it is found at the upstream later.
      await deps.batches
        .note(batch.id, seen)
        .catch((error: unknown) => deps.log.warn('a batch has begun and could not be noted', { batchId: batch.id, error }));
      if (hasEnded(seen.status)) await deps.batches.hurry(batch.id);
      sendJson(response, shownBatch({ ...batch, ...seen }));
    } catch (error) {
      if (!(error instanceof UpstreamRefused) || error.mayHaveHappened) throw error;
      await deps.batches.withdraw(batch.id);
      spentPicos = 0n;
      throw error;
    }
  } finally {
    for (const reservation of held.reservations) deps.budgets.settle(reservation, spentPicos);
  }
}

interface Held {
  readonly picos: bigint | null;
  readonly reservations: readonly Reservation[];
}

/** Room in every budget, the deployment's and its provider's included. @throws AppError when one has none. */
async function hold({ deps, snapshot, keyId }: Asking, { call, file, target }: Beginning): Promise<Held> {
  const { config } = snapshot;
  const claims = claimsOf(call);
  const strict = config.budgetMode === 'strict' && (config.maxBudget !== null || claims.some(({ maxPicos }) => maxPicos !== null));
  const picos = batchReservation(deps, { counted: file.counted, target, keyId, model: file.model, strict });
  const own = await deps.budgets.reserve(claims, picos ?? 0n, strict);
  const refuse = (answer: Exclude<typeof own, { admitted: true }>): AppError =>
    budgetExceeded(answer, { spent: formatPicos(answer.spentPicos), max: formatPicos(answer.maxPicos) }, config.compat.budgetStatus);
  if (!own.admitted) throw refuse(own);
  if (target.claims.length === 0) return { picos, reservations: [own.reservation] };
  const aside = await deps.budgets.reserveAside(target.claims, picos ?? 0n);
  if (aside.admitted) return { picos, reservations: [own.reservation, aside.reservation] };
  deps.budgets.settle(own.reservation, 0n);
  throw new AppError(`No deployments available - crossed budget: the budget of ${target.deployment.providerName} or of its deployment is used up.`, {
    status: 429,
    code: 'budget_exceeded',
    retryable: false,
  });
}

function newBatch(
  { call, file, target, fields }: Beginning,
  { path, ...more }: Pick<Batch, 'owner' | 'reservedPicos' | 'accounts'> & { path: OrganisationPath },
): Batch {
  const { deployment } = target;
  const started: BatchCall['started'] = {
    callId: call.id,
    attempt: 0,
    startedAtUs: call.startedAtUs,
    model: file.model,
    deploymentId: deployment.id,
    provider: deployment.providerName,
    upstreamModel: deployment.upstreamModel,
    reserved: more.reservedPicos === null ? null : formatPicos(more.reservedPicos),
    currency: 'USD',
    priceId: null,
    path,
  };
  return {
    ...more,
    id: `batch_${call.id}`,
    deploymentId: deployment.id,
    upstreamId: null,
    model: file.model,
    inputFileId: file.id,
    outputFileId: null,
    errorFileId: null,
    call: { started, context: { ...traceContext(call), clientAddress: call.clientAddress }, apiBase: target.upstream?.apiBase ?? null },
    told: toldAtFirst(fields),
    status: 'validating',
    createdAtMs: Math.floor(call.startedAtUs / 1000),
    settled: false,
    failures: 0,
  };
}

/** What the client asked for, until the upstream has said something itself. */
function toldAtFirst(fields: Fields): Fields {
  const sent = Object.fromEntries(Object.entries(fields).filter(([name]) => !OWN_FIELDS.has(name) && name !== 'input_file_id'));
  return { ...sent, request_counts: { total: 0, completed: 0, failed: 0 }, errors: null };
}

function upstreamBody(file: BatchFile, { id, told }: Batch): string {
  const { request_counts: _, errors: __, ...sent } = told;
  return JSON.stringify({ ...sent, input_file_id: file.upstreamId, metadata: { ...fieldsOf(told.metadata), [OUR_KEY]: id } });
}

function refused(message: string, param: string | null): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', ...(param === null ? {} : { param }) });
}
