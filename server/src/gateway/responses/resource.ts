// A stored response by its id: read, its input, cancel, delete. From the records where the gateway keeps it, from the deployment's upstream where that one does. Nothing is billed.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { authenticate } from '#gateway/authenticate.ts';
import { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { openAiDialect } from '#gateway/dialects/openai.ts';
import { type Failure, ownFailure } from '#gateway/errors.ts';
import type { PathMatch } from '#gateway/paths.ts';
import { sendWhole } from '#gateway/reply.ts';
import type { Snapshot } from '#gateway/snapshot.ts';
import type { Target } from '#gateway/target.ts';
import { askUpstream, isAskable, UpstreamRefused } from '#gateway/upstream-request.ts';
import { AppError } from '#lib/errors.ts';
import { objectsOf, parsed } from '#lib/json.ts';
import { endBackground, tellSeen } from './background/end.ts';
import { watchResponse } from './background/watch.ts';
import type { StoredResponse } from './port.ts';
import { isResponseId, ownerOf } from './turn.ts';

const MOST_ITEMS = 100;

/** An address of a stored response. */
export type ResponsePath = Extract<PathMatch, { kind: 'response' }>;

/** Methods that a path of a stored response takes. */
export function methodsOf({ part }: ResponsePath): readonly string[] {
  if (part === null) return ['GET', 'DELETE'];
  return part === 'cancel' ? ['POST'] : ['GET'];
}

interface Answer {
  readonly status: number;
  readonly json: string;
}

/** Answers the request. Never rejects. */
export async function serveResponse(
  { snapshot, deps }: { snapshot: Snapshot; deps: GatewayDeps },
  at: ResponsePath,
  [request, response]: [IncomingMessage, ServerResponse],
): Promise<void> {
  snapshot.enter();
  request.resume();
  try {
    const { key, keyId } = await authenticate(request, deps, snapshot.config.keyHeaderName);
    const owner = ownerOf({ key, keyId: key === null ? keyId : key.id });
    const found = isResponseId(at.id) ? await deps.responses.find(at.id, owner) : null;
    if (found === null) throw notFound(at.id);
    const asking = { at, method: request.method ?? 'GET', query: new URLSearchParams((request.url ?? '').split('?')[1] ?? '') };
    const call = new Call(deps, snapshot, { endpoint: 'responses', route: '/v1/responses', pathModel: null }, [request, response]);
    call.key = key;
    call.keyId = keyId;
    if (asking.query.get('stream') === 'true') return await streamAgain(call, deps, { found, asking });
    const answer = await answerTo(call, { found, asking, deps });
    if (asking.method === 'DELETE' && !(await deps.responses.remove(at.id, owner))) throw notFound(at.id);
    send(response, answer);
  } catch (error) {
    sendError(response, error instanceof UpstreamRefused ? error.failure : ownFailure(error));
  } finally {
    snapshot.leave();
  }
}

/** @throws AppError 400 for all but a response that its upstream keeps, UpstreamRefused. */
async function streamAgain(call: Call, deps: GatewayDeps, { found, asking }: { found: StoredResponse; asking: Asking }): Promise<void> {
  if (found.content !== null || asking.method !== 'GET' || asking.at.part !== null)
    throw refused('Only a response in the background can be streamed again: read this one whole.', 'stream');
  await watchResponse(call, deps, { found, target: keeperOf(call.snapshot, found), query: asking.query });
}

async function answerTo(call: Call, { found, asking, deps }: { found: StoredResponse; asking: Asking; deps: GatewayDeps }): Promise<Answer> {
  if (found.content !== null) return answerHere(found, found.content, asking);
  const kept = await askKept({ snapshot: call.snapshot, deps }, found, asking);
  return showsAnswer(asking) ? await lookedAt(call, kept) : kept;
}

function showsAnswer({ at, method }: Asking): boolean {
  return method !== 'DELETE' && at.part !== 'input_items';
}

/** What the upstream keeps is what it said: guards of the reading key look at it as they did at the call's answer. @throws AppError 400 when one refuses. */
async function lookedAt(call: Call, answer: Answer): Promise<Answer> {
  const guards = call.snapshot.guards?.of(call) ?? null;
  if (guards === null || !guards.has('post_call')) return answer;
  const { bytes, refusal } = await guards.answer(Buffer.from(answer.json));
  if (refusal !== null) throw refusal;
  return bytes === null ? answer : { ...answer, json: bytes.toString('utf8') };
}

interface Asking {
  readonly at: ResponsePath;
  readonly method: string;
  readonly query: URLSearchParams;
}

function answerHere({ id }: StoredResponse, content: NonNullable<StoredResponse['content']>, { at, method, query }: Asking): Answer {
  if (at.part === 'cancel') throw refused('Only a response in the background can be cancelled.', null);
  if (method === 'DELETE') return { status: 200, json: JSON.stringify({ id, object: 'response', deleted: true }) };
  return { status: 200, json: at.part === 'input_items' ? JSON.stringify(inputPage(content.input, query)) : content.response };
}

/** OpenAI's list: newest first unless asked otherwise, after a known item. */
function inputPage(input: string, query: URLSearchParams): object {
  const items = objectsOf(parsed(input));
  const ordered = query.get('order') === 'asc' ? items : items.reverse();
  const after = query.get('after');
  const start = after === null ? 0 : ordered.findIndex((item) => item.id === after) + 1;
  if (after !== null && start === 0) throw refused('"after" must be the id of an item of the list.', 'after');
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ITEMS) throw refused(`"limit" must be a whole number from 1 to ${MOST_ITEMS}.`, 'limit');
  const data = ordered.slice(start, start + limit);
  return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: start + limit < ordered.length };
}

/** Parameters that go on; everything else stays here. */
const PASSED = ['include', 'include[]', 'limit', 'order', 'after', 'before'];

/** What runs in the background is counted whatever its owner does with it. */
async function askKept({ snapshot, deps }: { snapshot: Snapshot; deps: GatewayDeps }, found: StoredResponse, asking: Asking): Promise<Answer> {
  const target = snapshot.targetOf(found.deploymentId);
  if (asking.method === 'DELETE' && target !== null) await endBackground(deps, found, target);
  const answer = await askKeeper(snapshot, found, asking);
  if (asking.method !== 'DELETE' && asking.at.part !== 'input_items') await tellSeen(deps, found, answer.json);
  return answer;
}

/** @throws AppError 404 when the configuration has its deployment no more. */
function keeperOf(snapshot: Snapshot, { id, deploymentId }: Pick<StoredResponse, 'id' | 'deploymentId'>): Target {
  const target = snapshot.targetOf(deploymentId);
  if (target !== null && isAskable(target) && target.upstream?.native.has('responses') === true) return target;
  throw new AppError(`Response with id '${id}' is kept by a deployment that the configuration no longer has.`, { status: 404, code: 'not_found_error' });
}

async function askKeeper(snapshot: Snapshot, { id, deploymentId }: StoredResponse, { at, method, query }: Asking): Promise<Answer> {
  const target = keeperOf(snapshot, { id, deploymentId });
  const passed = new URLSearchParams();
  for (const [name, value] of query) if (PASSED.includes(name)) passed.append(name, value);
  try {
    const below = `/${id}${at.part === null ? '' : `/${at.part}`}`;
    return { status: 200, json: await askUpstream(target, { endpoint: 'responses', below, method: method as Dispatcher.HttpMethod, query: passed }) };
  } catch (error) {
    // What the upstream has forgotten is deleted.
    if (method === 'DELETE' && error instanceof UpstreamRefused && error.failure.upstreamStatus === 404)
      return { status: 200, json: JSON.stringify({ id, object: 'response', deleted: true }) };
    throw error;
  }
}

function send(response: ServerResponse, { status, json }: Answer): void {
  sendWhole(response, status, ['content-type', 'application/json'], Buffer.from(json));
}

function sendError(response: ServerResponse, failure: Failure): void {
  const retry = failure.retryAfterMs === null ? [] : ['retry-after', String(Math.ceil(failure.retryAfterMs / 1000))];
  sendWhole(response, failure.status, ['content-type', 'application/json', ...retry], Buffer.from(openAiDialect.envelope(failure)));
}

/** OpenAI's words; the same for what is another's. */
function notFound(id: string): AppError {
  return new AppError(`Response with id '${id.slice(0, 100)}' not found.`, { status: 404, code: 'invalid_request_error' });
}

function refused(message: string, param: string | null): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', ...(param === null ? {} : { param }) });
}
