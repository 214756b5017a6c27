// Counts of tokens as Anthropic's and Google's clients ask for them: the upstream's own count where it speaks the client's language, an estimate of the texts elsewhere. Nothing is billed and nothing is written down.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { findGroup } from './admit.ts';
import { authenticate } from './authenticate.ts';
import { readBody } from './body.ts';
import type { BytePool } from './byte-pool.ts';
import { Call, type ClientResponse } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { ownFailure, transportFailure, upstreamFailure } from './errors.ts';
import { passedHeaders } from './exchange.ts';
import type { PathMatch } from './paths.ts';
import { pick } from './pick.ts';
import { sendFailure, sendWhole } from './reply.ts';
import { type Asked, readRequest } from './request.ts';
import type { Snapshot } from './snapshot.ts';
import { splice } from './splice.ts';
import type { Target } from './target.ts';
import { upstreamModel, withEdits } from './upstream-body.ts';
import { estimateTokens } from './usage.ts';

const TIMEOUT_MS = 30_000;
const LONGEST_ANSWER = 64 * 1024;

export interface Counting {
  readonly snapshot: Snapshot;
  readonly deps: GatewayDeps;
  readonly pool: BytePool;
}

/** Where a count is asked for. */
export type CountPath = Extract<PathMatch, { kind: 'count-tokens' }>;

/** Answers `{"input_tokens": n}` or `{"totalTokens": n}`. Never rejects. */
export async function countTokens(counting: Counting, at: CountPath, http: [IncomingMessage, ServerResponse]): Promise<void> {
  const { snapshot, deps, pool } = counting;
  const [request, response] = http;
  const call = new Call(deps, snapshot, at, http);
  snapshot.enter();
  response.on('close', () => {
    if (!response.writableFinished) call.leave();
  });
  try {
    const caller = await authenticate(request, deps, snapshot.config.keyHeaderName);
    call.body = await readBody(call, pool, deps.settings.limits.maxRequestBytes);
    call.asked = readRequest(call.body, at.pathModel, at.endpoint);
    call.key = caller.key;
    const target = pickFor(call, deps);
    if (target.upstream?.native.has(at.endpoint) === true && target.dispatcher !== null) await forward(call, target, deps);
    else sendCount(response, JSON.stringify(at.endpoint === 'messages' ? { input_tokens: estimate(call.asked) } : { totalTokens: estimate(call.asked) }));
  } catch (error) {
    sendFailure(call, deps, ownFailure(error));
  } finally {
    pool.give(call.heldBytes);
    snapshot.leave();
  }
}

function pickFor(call: Call, deps: GatewayDeps): Target {
  const { routing } = call.snapshot.config;
  return pick(findGroup(call).targets, new Set(), { routing, prices: deps.prices, nowMs: deps.clock.nowMs(), random: Math.random }) as Target;
}

async function forward(call: Call, target: Target, deps: GatewayDeps): Promise<void> {
  const upstream = target.upstream as NonNullable<Target['upstream']>;
  const model = upstreamModel(call, target);
  const replace = new Map(call.endpoint === 'messages' ? [['model', Buffer.from(JSON.stringify(model))]] : []);
  const drop = withEdits(upstream.nativeEdits?.('count-tokens', call.request.headers), target.drop, replace);
  const spliced = splice((call.asked as Asked).scanned, { replace, drop, rename: upstream.rename });
  const body = upstream.tokenCount?.request(spliced) ?? spliced;
  const origin = { label: target.errorLabel, deployment: target.deployment };
  const path = upstream.path('count-tokens', model);
  const signed = (await upstream.authorize?.({ path, body, stream: false })) ?? [];
  const headers = [...passedHeaders(call, upstream), ...signed];
  const sending = { origin: upstream.origin, path, method: 'POST', headers, body } as const;
  let answer: Dispatcher.ResponseData;
  try {
    answer = await (target.dispatcher as Dispatcher).request({ ...sending, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    sendFailure(call, deps, transportFailure(error as Error, origin));
    return;
  }
  const text = (await answer.body.text()).slice(0, LONGEST_ANSWER);
  const counted = upstream.tokenCount?.read(answer.statusCode, text);
  if (counted === null) sendCount(call.response, JSON.stringify({ input_tokens: estimate(call.asked as Asked) }));
  else if (counted !== undefined && Number.isFinite(counted)) sendCount(call.response, JSON.stringify({ input_tokens: counted }));
  else if (answer.statusCode === 200 && counted === undefined) sendCount(call.response, text);
  else sendFailure(call, deps, upstreamFailure(answer.statusCode, text, origin, null));
}

function sendCount(response: ClientResponse, json: string): void {
  sendWhole(response, 200, ['content-type', 'application/json'], Buffer.from(json));
}

/** Texts of system, messages and tools; a picture counts as Anthropic's usual 1,600 at most. */
function estimate(asked: Asked): number {
  const body = JSON.parse(asked.scanned.bytes.toString('utf8')) as Record<string, unknown>;
  return tokensIn([body.system, body.messages, body.tools, body.systemInstruction, body.contents, body.generateContentRequest]);
}

const PICTURE_TOKENS = 1600;

function tokensIn(value: unknown): number {
  if (typeof value === 'string') return estimateTokens(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, entry) => sum + tokensIn(entry), 0);
  if (typeof value !== 'object' || value === null) return 0;
  if ((value as { type?: unknown }).type === 'base64' || (value as { inlineData?: unknown }).inlineData !== undefined) return PICTURE_TOKENS;
  return Object.entries(value).reduce((sum, [key, entry]) => sum + estimateTokens(key) + tokensIn(entry), 0);
}
