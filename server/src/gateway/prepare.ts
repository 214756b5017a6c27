// The last step before a try is sent: credentials that a call needs for itself, and the several requests of a call that takes more than one.
import type { Dispatcher } from 'undici';
import { noRoom } from './body.ts';
import type { Call } from './call.ts';
import { type Failure, ownFailure } from './errors.ts';
import { type Exchange, forwardedHeaders } from './exchange.ts';
import { FanOut } from './fan-out.ts';
import type { Upstream } from './providers/provider.ts';
import type { Asked } from './request.ts';
import type { Target } from './target.ts';

export interface Preparing {
  readonly call: Call;
  readonly target: Target;
  readonly upstream: Upstream;
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  /** Counts bytes that are held for the call; false = there is no room. */
  hold(bytes: number): boolean;
}

export interface Prepared {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  readonly headers: string[];
}

/**
 * What sends it and with which headers; the failure when there are no credentials. A promise only when there is something to wait for.
 * @throws AppError 508 for a call that goes in circles.
 */
export function prepareSending(
  preparing: Preparing,
  { path, headers, body, parts, copiedBytes = 0 }: Exchange,
): Prepared | Failure | Promise<Prepared | Failure> {
  const { call, target, upstream, dispatcher } = preparing;
  if (!preparing.hold(copiedBytes)) return ownFailure(noRoom());
  const all = forwardedHeaders(call, target, headers);
  if (parts !== undefined) return fannedOut(preparing, { path, headers: all, parts });
  if (upstream.authorize === undefined) return { dispatcher, headers: all };
  return authorized(upstream, { path, body, stream: (call.asked as Asked).stream }, all).then((signed) =>
    Array.isArray(signed) ? { dispatcher, headers: signed } : signed,
  );
}

type Parts = Pick<Exchange, 'path' | 'headers'> & { readonly parts: NonNullable<Exchange['parts']> };

/** Each request carries a signature of its own. */
async function fannedOut({ upstream, dispatcher, hold }: Preparing, { path, headers, parts }: Parts): Promise<Prepared | Failure> {
  const requests: { headers: string[]; body: Buffer }[] = [];
  for (const body of parts.bodies) {
    const signed = upstream.authorize === undefined ? headers : await authorized(upstream, { path, body, stream: false }, headers);
    if (!Array.isArray(signed)) return signed;
    requests.push({ headers: signed, body });
  }
  return { dispatcher: new FanOut({ dispatcher, requests, combine: parts.combine, partly: parts.partly === true, hold }), headers };
}

/** The headers with what the upstream's credentials add; the failure when there are none. */
async function authorized(upstream: Upstream, sending: Parameters<NonNullable<Upstream['authorize']>>[0], headers: string[]): Promise<string[] | Failure> {
  try {
    return [...headers, ...((await upstream.authorize?.(sending)) ?? [])];
  } catch (error) {
    return ownFailure(error);
  }
}
