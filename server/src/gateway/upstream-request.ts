// A plain request to what an upstream keeps (responses, files, batches): no call, no bill, no other deployment.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { type Failure, transportFailure, upstreamFailure } from './errors.ts';
import type { Upstream } from './providers/provider.ts';
import type { Target } from './target.ts';

const NOTHING = Buffer.alloc(0);
const TIMEOUT_MS = 30_000;
const LONGEST_ANSWER = 32 * 1024 * 1024;

export interface UpstreamAsk {
  readonly endpoint: 'responses' | 'files' | 'batches';
  /** Behind the endpoint's path: '' or, for example, '/batch_1/cancel'. */
  readonly below: string;
  readonly method: Dispatcher.HttpMethod;
  readonly query?: URLSearchParams;
  /** JSON, or the content with its type and its length. */
  readonly body?: string | { readonly type: string; readonly length: number; readonly stream: Readable };
  readonly timeoutMs?: number;
  /** Ends it early: the client left. */
  readonly signal?: AbortSignal;
}

export interface OpenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Dispatcher.ResponseData['body'];
}

/** What the upstream refused, or why it was not reached. */
export class UpstreamRefused extends Error {
  readonly failure: Failure;
  /** The upstream may have done it all the same. */
  readonly mayHaveHappened: boolean;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
    this.mayHaveHappened = failure.upstreamStatus === null || failure.upstreamStatus >= 500;
  }
}

/** Whether the deployment can be asked. */
export function isAskable(target: Target): boolean {
  return target.upstream !== null && target.dispatcher !== null && target.problem === null;
}

/** The answer as soon as its head is there. `timeoutMs` holds until then. @throws UpstreamRefused when there is none. */
export async function openUpstream(target: Target, ask: UpstreamAsk): Promise<OpenAnswer> {
  const { upstream, dispatcher, deployment } = target;
  if (upstream === null || dispatcher === null)
    throw target.problem ?? new AppError('The deployment cannot be asked.', { status: 503, code: 'service_unavailable' });
  const path = pathOf(upstream, deployment, ask);
  const { headers, body } = sentBody(upstream.headers, ask.body);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(timedOut()), ask.timeoutMs ?? TIMEOUT_MS);
  try {
    // Only signatures look at bodies, and who signs keeps nothing in OpenAI's form.
    headers.push(...((await upstream.authorize?.({ path, body: NOTHING, stream: false })) ?? []));
    const answer = await dispatcher.request({
      origin: upstream.origin,
      path,
      method: ask.method,
      headers,
      body,
      signal: ask.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, ask.signal]),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  } catch (error) {
    if (ask.signal?.aborted) throw ask.signal.reason;
    if (error instanceof AppError) throw error;
    throw new UpstreamRefused(transportFailure(error as Error, { label: target.errorLabel, deployment }));
  } finally {
    clearTimeout(timer);
  }
}

/** @throws AppError 400 for what the provider does not keep. */
function pathOf(upstream: Upstream, { providerName, upstreamModel }: Deployment, { endpoint, below, query: asked }: UpstreamAsk): string {
  const at = endpoint === 'responses' ? upstream.path('responses', upstreamModel) : upstream.batchPath?.(endpoint);
  if (at === undefined) throw new AppError(`${providerName} has no ${endpoint} here.`, { status: 400, code: 'invalid_request_error' });
  const [base = '', fixed] = at.split('?');
  const query = new URLSearchParams(fixed);
  for (const [name, value] of asked ?? []) query.append(name, value);
  return `${base}${below}${query.size === 0 ? '' : `?${query}`}`;
}

/** The whole answer as text. @throws UpstreamRefused for what is no 2xx; AppError 502 when it is too large. */
export async function askUpstream(target: Target, ask: UpstreamAsk): Promise<string> {
  const signal = AbortSignal.any([AbortSignal.timeout(ask.timeoutMs ?? TIMEOUT_MS), ...(ask.signal === undefined ? [] : [ask.signal])]);
  const { status, body } = await openUpstream(target, { ...ask, signal });
  const origin = { label: target.errorLabel, deployment: target.deployment };
  let text: string;
  try {
    text = await readText(body);
  } catch (error) {
    if (error instanceof AppError || ask.signal?.aborted) throw error;
    throw new UpstreamRefused(transportFailure(error as Error, origin));
  }
  if (status >= 200 && status < 300) return text;
  throw new UpstreamRefused(upstreamFailure(status, text, origin, null));
}

/** The refusal that an answer is; its body is read for it. */
export async function refusalIn(target: Target, { status, body }: OpenAnswer): Promise<UpstreamRefused> {
  return new UpstreamRefused(upstreamFailure(status, await readText(body), { label: target.errorLabel, deployment: target.deployment }, null));
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > LONGEST_ANSWER) throw new AppError('What the upstream keeps is too large to be read.', { status: 502, code: 'api_error' });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sentBody(own: readonly string[], body: UpstreamAsk['body']): { headers: string[]; body: string | Readable | null } {
  if (body === undefined || typeof body === 'string') return { headers: [...own], body: body ?? null };
  const headers: string[] = [];
  for (let index = 0; index < own.length; index += 2)
    if ((own[index] as string).toLowerCase() !== 'content-type') headers.push(own[index] as string, own[index + 1] as string);
  headers.push('content-type', body.type, 'content-length', String(body.length));
  return { headers, body: body.stream };
}

function timedOut(): Error {
  return Object.assign(new Error('the upstream did not answer in time'), { code: 'GENAI_TIMEOUT' });
}
