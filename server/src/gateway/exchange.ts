// What is sent to a deployment for a call and how its answer is read: the client's bytes spliced when both ends speak the same language, a translation when not.
import { AppError } from '#lib/errors.ts';
import type { Call } from './call.ts';
import { chatTranslation } from './chat-translation.ts';
import { readClientCall } from './dialects/registry.ts';
import { formExchange } from './media/form-exchange.ts';
import { givenPictures } from './media/given-pictures.ts';
import { isMeantFor } from './media/media-call.ts';
import { type EmbeddingAnswer, embeddingList, readEmbeddings } from './providers/embeddings.ts';
import { drawnList, readPictures } from './providers/pictures.ts';
import type { Upstream } from './providers/provider.ts';
import { readRerank } from './providers/rerank.ts';
import type { AnswerTranslation, WireCall, WireFacts } from './providers/wire.ts';
import { type Asked, GATEWAY_FIELDS } from './request.ts';
import { scanObject } from './scan.ts';
import { splice } from './splice.ts';
import type { Target } from './target.ts';
import { upstreamBody } from './upstream-body.ts';

export interface Exchange {
  readonly path: string;
  readonly headers: string[];
  readonly body: Buffer;
  /** The body in pieces, in the place of `body`. */
  readonly pieces?: readonly Buffer[];
  /** Null: the answer passes as it is. */
  readonly translation: AnswerTranslation | null;
  /** Bytes that the body holds beside the client's own. */
  readonly copiedBytes?: number;
  /** The call needs these requests in the place of `body`, and their answers are put together. */
  readonly parts?: ExchangeParts;
}

export interface ExchangeParts {
  readonly bodies: readonly Buffer[];
  /** Some answers are enough: what the others failed of is told only when there is none. */
  readonly partly?: boolean;
  /** @throws Error when an answer makes no sense. */
  combine(answers: readonly EmbeddingAnswer[]): Record<string, unknown>;
}

/** What is sent, in one piece or in several. */
export function bytesOf({ body, pieces }: Exchange): Buffer | readonly Buffer[] {
  return pieces ?? body;
}

/** Why the deployment's upstream cannot do what the client calls; null when it can. */
export function refusalOf(upstream: Upstream, call: Call, target: Target): AppError | null {
  if (!serves(upstream, call, target)) return notServed(call, target);
  return call.asked?.background === true && !upstream.native.has(call.endpoint) ? notInBackground(call, target) : null;
}

/** The deployment's upstream has no way to do what the client calls. */
export function notServed(call: Call, target: Target): AppError {
  const message = `${call.route} is not supported for ${target.deployment.providerName} deployments: use a model of another provider.`;
  return new AppError(message, { status: 501, code: 'not_supported', param: 'model' });
}

/** Only an upstream with Responses of its own goes on when nobody waits. */
function notInBackground(call: Call, target: Target): AppError {
  const message = `background is supported for models of OpenAI and Azure OpenAI only, and ${call.route} of ${target.deployment.providerName} deployments is translated: wait for the answer, or stream it.`;
  return new AppError(message, { status: 501, code: 'not_supported', param: 'background' });
}

/** Whether an upstream can serve what the client calls. */
export function serves(upstream: Upstream, call: Call, { deployment }: Target): boolean {
  if (!isMeantFor(deployment, call.endpoint)) return false;
  if (call.endpoint === 'embeddings' && upstream.embeddings !== undefined) return true;
  if (call.endpoint === 'rerank' && upstream.rerank !== undefined) return true;
  if (isDrawn(call) && upstream.pictures !== undefined) return true;
  return upstream.native.has(call.endpoint) || (upstream.wire !== undefined && readClientCall(call.endpoint) !== null);
}

/**
 * The exchange of a call with an upstream that serves it.
 * @throws AppError 400 for what the upstream's language cannot say.
 */
export function exchangeFor(call: Call, target: Target, upstream: Upstream, model: string): Exchange {
  const asked = call.asked as Asked;
  if (upstream.native.has(call.endpoint)) {
    const headers =
      upstream.passes === undefined ? ((upstream.endpointHeaders?.[call.endpoint] ?? upstream.headers) as string[]) : passedHeaders(call, upstream);
    const translation = upstream.nativeAnswer ?? null;
    const path = upstream.path(call.endpoint, model, asked.stream);
    if (call.form !== null) return { path, body: call.body, translation, ...formExchange(call, call.form, target, { model, headers }) };
    return { path, headers, body: upstreamBody(call, target, model), translation };
  }
  const facts = factsOf(call, target, model);
  if (call.endpoint === 'embeddings') return embeddingsExchange(asked, target, upstream, facts);
  if (call.endpoint === 'rerank') return rerankExchange(asked, target, upstream, { ...facts, id: call.id });
  if (isDrawn(call)) return picturesExchange(call, target, upstream, facts);
  const client = (readClientCall(call.endpoint) as NonNullable<ReturnType<typeof readClientCall>>)(bodyOf(asked), {
    callId: call.id,
    previousId: call.turn?.previousId ?? null,
    kept: call.turn?.wanted === true && call.turn.keepsContent,
  });
  const wire = (upstream.wire as NonNullable<Upstream['wire']>)(wantedOf({ ...target.deployment.defaultParameters, ...client.chat }, target), facts);
  return {
    path: upstream.path('chat', model, asked.stream),
    headers: [...upstream.headers, ...(wire.headers ?? [])],
    body: wireBody(wire, upstream, asked.stream),
    translation: chatTranslation(client, wire),
  };
}

/** Without what the deployment never gets. */
function wantedOf<Chat extends object>(chat: Chat, { deployment }: Target): Chat {
  const never = deployment.additionalDrops ?? [];
  return never.length === 0 ? chat : (Object.fromEntries(Object.entries(chat).filter(([key]) => !never.includes(key))) as Chat);
}

function factsOf(call: Call, target: Target, model: string): WireFacts {
  return {
    deployment: target.deployment,
    model,
    stream: (call.asked as Asked).stream,
    dropParams: target.deployment.dropParams ?? call.snapshot.config.dropParams,
    id: `chatcmpl-${call.id}`,
    nowSeconds: Math.floor(call.startedAtUs / 1e6),
  };
}

function embeddingsExchange(asked: Asked, target: Target, upstream: Upstream, facts: WireFacts): Exchange {
  const body = { ...target.deployment.defaultParameters, ...bodyOf(asked) };
  const embedding = (upstream.embeddings as NonNullable<Upstream['embeddings']>)(readEmbeddings(body), facts);
  const bodies = embedding.bodies.map((part) => Buffer.from(JSON.stringify(part)));
  const combine = (answers: readonly EmbeddingAnswer[]) => embeddingList(answers.map(embedding.read), facts.model, body.encoding_format);
  const exchange = { path: upstream.path('embeddings', facts.model), headers: upstream.headers as string[], body: Buffer.concat(bodies), translation: null };
  return { ...exchange, parts: { bodies, combine } };
}

function rerankExchange(asked: Asked, target: Target, upstream: Upstream, facts: WireFacts): Exchange {
  const wanted = wantedOf({ ...target.deployment.defaultParameters, ...bodyOf(asked) }, target);
  const { body, answer } = (upstream.rerank as NonNullable<Upstream['rerank']>)(readRerank(wanted), facts);
  return {
    path: upstream.path('rerank', facts.model),
    headers: upstream.headers as string[],
    body: Buffer.from(JSON.stringify(body)),
    translation: { whole: answer, stream: noStream },
  };
}

/** Pictures that an upstream can make or change in a language of its own. */
function isDrawn({ endpoint }: Pick<Call, 'endpoint'>): boolean {
  return endpoint === 'image-generations' || endpoint === 'image-edits';
}

function picturesExchange(call: Call, target: Target, upstream: Upstream, facts: WireFacts): Exchange {
  const wanted = wantedOf({ ...target.deployment.defaultParameters, ...bodyOf(call.asked as Asked) }, target);
  const asked = readPictures(wanted, givenPictures(call), target.deployment.providerName, facts.dropParams);
  const { bodies, read } = (upstream.pictures as NonNullable<Upstream['pictures']>)(asked, facts);
  const sent = bodies.map((part) => Buffer.from(JSON.stringify(part)));
  const exchange = { path: upstream.path(call.endpoint, facts.model), headers: upstream.headers as string[] };
  // Uploaded pictures stand in the body once more, as text.
  const copiedBytes = asked.given.length === 0 ? 0 : sent.reduce((sum, { length }) => sum + length, 0);
  const [body = Buffer.alloc(0)] = sent;
  if (sent.length === 1)
    return { ...exchange, body, copiedBytes, translation: { whole: (answer) => drawnList([read(answer)], facts.nowSeconds), stream: noStream } };
  const combine = (answers: readonly EmbeddingAnswer[]) =>
    drawnList(
      answers.map((answer) => read(answer.body)),
      facts.nowSeconds,
    );
  return { ...exchange, body, copiedBytes, translation: null, parts: { bodies: sent, combine, partly: true } };
}

function noStream(): never {
  throw new Error('the answer is a stream, which nobody asked for');
}

/** The client's object without LiteLLM's own fields. */
function bodyOf(asked: Asked): Record<string, unknown> {
  const body = JSON.parse(asked.scanned.bytes.toString('utf8')) as Record<string, unknown>;
  // A Messages body names its user there; everywhere else metadata is for the gateway.
  return Object.fromEntries(Object.entries(body).filter(([key]) => key === 'metadata' || !GATEWAY_FIELDS.has(key)));
}

/** What a client says about this one call and its upstream is to hear as well, the same at every try. */
const FORWARDED = ['idempotency-key', 'x-client-request-id'];

/** How often a call has passed through a gateway like this one. Only sent to addresses that somebody wrote: they may lead back here. */
const HOPS = 'x-genai-hops';
const MAX_HOPS = 4;

/**
 * The headers with those of the client that follow a call to its upstream.
 * @throws AppError 508 for a call that goes in circles.
 */
export function forwardedHeaders(call: Call, target: Target, headers: string[]): string[] {
  let all = headers;
  if (target.deployment.apiBase !== null) {
    const hops = Number(call.request.headers[HOPS] ?? 0);
    if (!(hops < MAX_HOPS)) throw circle(target);
    all = [...all, HOPS, String(hops + 1)];
  }
  for (const name of FORWARDED) {
    const value = call.request.headers[name];
    if (typeof value === 'string' && value !== '' && !headers.includes(name)) all = [...all, name, value.slice(0, LONGEST_FORWARDED)];
  }
  return all;
}

const LONGEST_FORWARDED = 512;

function circle(target: Target): AppError {
  const message = `The call goes in circles: the api_base of ${target.deployment.modelName} leads back to this gateway.`;
  return new AppError(message, { status: 508, code: 'loop_detected', param: 'model' });
}

/** The client's versions and beta features, which replace the configured ones. */
export function passedHeaders(call: Call, upstream: Upstream): string[] {
  const passed = new Map<string, string>();
  for (const name of upstream.passes ?? []) {
    const value = call.request.headers[name];
    if (typeof value === 'string' && value !== '') passed.set(name, value);
  }
  const headers: string[] = [];
  for (let index = 0; index < upstream.headers.length; index += 2) {
    const name = upstream.headers[index] as string;
    headers.push(name, passed.get(name) ?? (upstream.headers[index + 1] as string));
    passed.delete(name);
  }
  for (const [name, value] of passed) headers.push(name, value);
  return headers;
}

/** The translated body with the same edits that a spliced one gets. */
function wireBody(wire: WireCall, upstream: Upstream, stream: boolean): Buffer {
  const body = stream && upstream.streamUsage ? { ...wire.body, stream_options: { include_usage: true } } : wire.body;
  const bytes = Buffer.from(JSON.stringify(body));
  if (upstream.rename.size === 0 && upstream.drop.size === 0) return bytes;
  return splice(scanObject(bytes), { replace: NO_VALUES, drop: upstream.drop, rename: upstream.rename });
}

const NO_VALUES: ReadonlyMap<string, Buffer> = new Map();
